// The one statement that turns records into a Parquet file: decode, prove, cast, rescue, write. Stage by stage, each a
// subquery around the one before: for every live shape the value is decoded (only where no earlier shape proved it),
// written back to JSON, and compared with the text that came in. What no shape proves keeps its text in `_rescued`.
//
// The proof has two forms. `to_json(typed) = value` is exact. Where it fails, `to_json(typed) = json(value)` lets other
// spellings of the same value pass (1.0E7, \u00e9, spaces); since DuckDB's reader is lenient, what it would wave through
// besides (trailing commas, bare NaN, −0 as an integer) is looked for outside strings and refused.

import { fieldNamed, isList, isStruct, type IcebergType, type Schema, type StructType } from '../../lake/iceberg/schema.ts';
import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { isEnvelopeShape, isEnvelopeTimeKey } from '../../lake/raw/infer-shape.ts';
import { reasonNotUtf8 } from '../../lake/raw/raw-schema.ts';
import { envelopeTimeColumn, valueColumn } from '../../lake/raw/shape-columns.ts';
import type { Shape, ShapeField, ShapeType } from '../../lake/raw/shape.ts';

export const reasonNoShape = 'no-shape';
export const reasonMalformed = 'malformed';
export const reasonEmpty = 'empty';
/** The row has killed a process that decoded it. */
export const reasonPoison = 'poison';

export interface DecodeStatement {
  /** Id of the rows for `foz_rows`. */
  readonly rowsId: number;
  readonly schema: Schema;
  /** In the order they are tried. */
  readonly shapes: readonly Shape[];
  /** Reasons that rows carry by number, from 1. */
  readonly reasons: readonly string[];
  /** The shape that the rows' scanner has decoded already, where it could, into the column `scanned`. */
  readonly scanned: Shape | null;
  /** Leave out the rows that none of the shapes proves. */
  readonly provenOnly: boolean;
  /** Whether malformed texts are sorted out first: without, the statement fails on one, and costs a parse less. */
  readonly guarded: boolean;
  /** An expression over `header_set`, and what it needs beside the rows. */
  readonly headers: { readonly expression: string; readonly join: string };
}

/** A SELECT with the schema's columns, in its order. */
export function decodeSelect(statement: DecodeStatement): string {
  const { schema, shapes } = statement;
  const text = statement.guarded ? 'CASE WHEN json_valid(value) THEN value END' : 'value';
  let from = `SELECT *, ${text} AS json_text FROM foz_rows(${statement.rowsId})${statement.headers.join}`;
  from = `SELECT *, ${statement.scanned ? 'scanned IS NOT NULL' : 'false'} AS is_scanned FROM (${from})`;
  shapes.forEach((shape, i) => {
    // The lenient form: the strict one throws for every row that does not fit, at 300 µs each; the proof is what decides.
    const decoded = `from_json(json_text, ${literal(structure(shape.root))})`;
    const waits = i === 0 ? 'json_text IS NOT NULL' : `json_text IS NOT NULL AND NOT ${proven(i)}`;
    from = `SELECT *, CASE WHEN ${waits} THEN ${statement.guarded ? `TRY(${decoded})` : decoded} END AS d${i} FROM (${from})`;
    from = `SELECT *, CASE WHEN d${i} IS NULL THEN false ELSE ${proof(i, shape, schema)} END AS ok${i} FROM (${from})`;
  });
  if (statement.provenOnly) from = `SELECT * FROM (${from}) WHERE bytes IS NULL OR ${proven(shapes.length)}`;
  from = `SELECT *, CASE WHEN bytes IS NOT NULL AND NOT ${proven(shapes.length)} THEN TRY(decode(bytes)) END AS rest FROM (${from})`;
  const columns = schema.fields.map((field) => `${columnExpression(field.name, field.type, statement)} AS ${quoted(field.name)}`);
  return `SELECT ${columns.join(',\n')} FROM (${from})`;
}

function proven(count: number): string {
  return `(${['is_scanned', ...Array.from({ length: count }, (_, i) => `ok${i}`)].join(' OR ')})`;
}

/** DuckDB's notation of a JSON structure. */
function structure(type: ShapeType): string {
  switch (type.kind) {
    case 'struct':
      return `{${type.fields.map((field) => `${JSON.stringify(field.name)}:${structure(field.type)}`).join(',')}}`;
    case 'list':
      return `[${structure(type.element)}]`;
    default:
      return `"${{ null: 'NULL', boolean: 'BOOLEAN', long: 'BIGINT', double: 'DOUBLE', string: 'VARCHAR', json: 'JSON' }[type.kind]}"`;
  }
}

/** Outside strings: what DuckDB's JSON reader accepts although it is no JSON, or reads as another value. */
const lenient = literal(String.raw`(?i)nan|inf|,\s*[\]}]|-0(?:[^.0-9e]|$)`);
const strings = literal(String.raw`"(?:[^"\\]|\\.)*"`);

function outsideStrings(text: string): string {
  return `regexp_replace(${text}, ${strings}, '#', 'g')`;
}

function proof(i: number, shape: Shape, schema: Schema): string {
  const text = `to_json(d${i})::VARCHAR`;
  const second = `${text} = TRY(json(json_text))::VARCHAR AND NOT regexp_matches(${outsideStrings('value')}, ${lenient})`;
  const equal = `CASE WHEN ${text} = json_text THEN true WHEN d${i} IS NOT NULL THEN ${second} ELSE false END`;
  const checks = shapeChecks(`d${i}`, shape, schema);
  return checks.length === 0 ? `coalesce(${equal}, false)` : `coalesce(${equal} AND ${checks.join(' AND ')}, false)`;
}

/** What the text comparison cannot see: NaN and infinity are written as they were read; a narrower column may not hold the value. */
function shapeChecks(decoded: string, shape: Shape, schema: Schema): readonly string[] {
  const checks: string[] = [];
  const walk = (type: ShapeType, at: string, column: IcebergType | undefined): void => {
    if (type.kind === 'struct') {
      for (const field of type.fields)
        walk(field.type, `${at}.${quoted(field.name)}`, column && isStruct(column) ? fieldNamed(column, field.name)?.type : undefined);
    } else if (type.kind === 'double') {
      // −0.0 is refused too: DuckDB's Parquet dictionaries hold it and 0.0 as one value.
      checks.push(`coalesce(isfinite(${at}) AND NOT (${at} = 0 AND signbit(${at})), true)`);
      if (column === 'float') checks.push(`coalesce(${at}::FLOAT::DOUBLE = ${at}, true)`);
    } else if (type.kind === 'long' && column === 'double') {
      checks.push(`coalesce(${at} BETWEEN -9007199254740992 AND 9007199254740992, true)`);
    } else if (type.kind === 'string' && column === 'double') {
      checks.push(`coalesce(${at} IN ('NaN', 'Infinity', '-Infinity'), true)`);
    } else if (type.kind === 'long' && column === 'int') {
      checks.push(`coalesce(${at} BETWEEN -2147483648 AND 2147483647, true)`);
    } else if (type.kind === 'json' || type.kind === 'list') {
      const text = `${at}::VARCHAR`;
      checks.push(
        `CASE WHEN contains(${text}, 'NaN') OR contains(${text}, 'Inf') OR contains(${text}, 'nan') OR contains(${text}, 'inf') THEN NOT regexp_matches(${outsideStrings(text)}, '(?i)nan|inf') ELSE true END`,
      );
    }
  };
  const { root } = shape;
  if (root.kind !== 'struct') return checks;
  if (!isEnvelopeShape(root)) {
    walk(root, decoded, fieldNamed(schema, valueColumn)?.type);
    return checks;
  }
  const times = fieldNamed(schema, envelopeTimeColumn)?.type;
  for (const field of root.fields) {
    const owner = isEnvelopeTimeKey(field.name) ? times : schema;
    walk(field.type, `${decoded}.${quoted(field.name)}`, owner && isStruct(owner) ? fieldNamed(owner, field.name)?.type : undefined);
  }
  return checks;
}

function columnExpression(name: string, type: IcebergType, statement: DecodeStatement): string {
  switch (name) {
    case '_log_partition':
    case '_log_offset':
    case '_log_time':
    case '_log_key':
    case '_record_time':
      return name.slice(1);
    case '_headers':
      return statement.headers.expression;
    case '_shape':
      return byShape(statement, (shape) => String(shape.number), 'INTEGER');
    case '_rescued':
      return rescued(type, statement);
    case 'op':
      return byShape(statement, (shape, decoded) => (isEnvelopeShape(shape.root) ? `${decoded}.op` : null), 'VARCHAR');
    case 'changed_at':
      return byShape(statement, (shape, decoded) => changedAt(shape.root, decoded), 'TIMESTAMPTZ');
    default:
      return byShape(statement, (shape, decoded) => topColumn(name, type, shape.root, decoded), duckdbType(type));
  }
}

function byShape(statement: DecodeStatement, expression: (shape: Shape, decoded: string) => string | null, type: string): string {
  const branches = statement.shapes.flatMap((shape, i) => {
    const then = expression(shape, `d${i}`);
    return then === null ? [] : [`WHEN ok${i} THEN ${then}`];
  });
  const scanned = statement.scanned && expression(statement.scanned, 'scanned');
  if (scanned !== null) branches.unshift(`WHEN is_scanned THEN ${scanned}`);
  return branches.length === 0 ? `NULL::${type}` : `CASE ${branches.join(' ')} ELSE NULL::${type} END`;
}

/** From source.ts_us where it lies in years 1 to 9999: beyond, Trino fails on the whole table. */
function changedAt(root: ShapeType, decoded: string): string | null {
  if (!isEnvelopeShape(root)) return null;
  const source = root.fields.find((field) => field.name === 'source')?.type;
  if (source?.kind !== 'struct' || source.fields.find((field) => field.name === 'ts_us')?.type.kind !== 'long') return null;
  const micros = `${decoded}."source".ts_us`;
  return `CASE WHEN ${micros} BETWEEN -62135596800000000 AND 253402300799999999 THEN make_timestamptz(${micros}) END`;
}

function topColumn(name: string, type: IcebergType, root: ShapeType, decoded: string): string | null {
  if (!isEnvelopeShape(root)) return name === valueColumn ? pack(root, decoded, type) : null;
  if (name === envelopeTimeColumn) {
    const times: readonly ShapeField[] = root.fields.filter((field) => isEnvelopeTimeKey(field.name));
    return times.length > 0 && isStruct(type) ? packFields(times, decoded, type) : null;
  }
  const field = root.fields.find((candidate) => candidate.name === name);
  return field ? pack(field.type, `${decoded}.${quoted(name)}`, type) : null;
}

/** A decoded value as a value of the column's type; the same expression where they are the same. */
function pack(type: ShapeType, at: string, column: IcebergType): string {
  if (type.kind === 'null') return `NULL::${duckdbType(column)}`;
  if (isSame(type, column)) return at;
  if (type.kind === 'struct' && isStruct(column)) return `CASE WHEN ${at} IS NOT NULL THEN ${packFields(type.fields, at, column)} END`;
  if (type.kind === 'list' && isList(column)) return `list_transform(${at}, lambda x: ${pack(type.element, 'x', column.element)})`;
  return `${at}::${duckdbType(column)}`;
}

function packFields(fields: readonly ShapeField[], at: string, column: StructType): string {
  const byName = new Map(fields.map((field) => [field.name, field.type]));
  const parts = column.fields.map((field) => {
    const type = byName.get(field.name);
    return `${quoted(field.name)} := ${type ? pack(type, `${at}.${quoted(field.name)}`, field.type) : `NULL::${duckdbType(field.type)}`}`;
  });
  return `struct_pack(${parts.join(', ')})`;
}

function isSame(type: ShapeType, column: IcebergType): boolean {
  if (type.kind === 'struct') {
    if (!isStruct(column) || column.fields.length !== type.fields.length) return false;
    return type.fields.every((field, i) => {
      const other = column.fields[i];
      return other !== undefined && other.name === field.name && isSame(field.type, other.type);
    });
  }
  if (type.kind === 'list') return isList(column) && isSame(type.element, column.element);
  return type.kind === column;
}

function rescued(type: IcebergType, statement: DecodeStatement): string {
  const known = (prefix: string) =>
    statement.reasons.map((reason, i) => `WHEN reason = ${i + 1} THEN ${literal(prefix + reason)}`).join(' ');
  const notUtf8 = `CASE WHEN reason = 0 THEN ${literal(reasonNotUtf8)} ${known(`${reasonNotUtf8}: `)} ELSE ${literal(reasonNotUtf8)} END`;
  const reason = `CASE WHEN rest IS NULL THEN ${notUtf8} ${known('')} WHEN octet_length(bytes) = 0 THEN ${literal(reasonEmpty)} WHEN json_text IS NULL THEN ${literal(reasonMalformed)} ELSE ${literal(reasonNoShape)} END`;
  const pair = `struct_pack("text" := coalesce(rest, to_base64(bytes)), reason := ${reason})`;
  return `CASE WHEN bytes IS NULL OR ${proven(statement.shapes.length)} THEN NULL::${duckdbType(type)} ELSE ${pair} END`;
}
