// The one statement that turns records into a Parquet file: decode, prove, cast, rescue, write. Stage by stage, each a
// subquery around the one before: for every live shape the value is decoded (only where no earlier shape proved it),
// written back to JSON, and compared with the text that came in. What no shape proves keeps its text in `_rescued`.
//
// The proof has two forms. `to_json(typed) = value` is exact. Where it fails, `to_json(typed) = json(value)` lets other
// spellings of the same value pass (1.0E7, \u00e9, spaces); since DuckDB's reader is lenient, what it would wave through
// besides (trailing commas, bare NaN, −0 as an integer) is looked for outside strings and refused.
//
// Casts to a contract's types come after the proof (cast-sql.ts): a shape that fits decides the row, and a value of it that
// would not be written back as it came rescues the row, with its column as the reason.

import { fieldNamed, isList, isStruct, type IcebergType, type Schema, type StructType } from '../../lake/iceberg/schema.ts';
import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { isEnvelopeShape, isEnvelopeTimeKey } from '../../lake/raw/infer-shape.ts';
import { reasonNotUtf8 } from '../../lake/raw/raw-schema.ts';
import { envelopeTimeColumn, valueColumn } from '../../lake/raw/shape-columns.ts';
import { jsonKind } from '../../lake/raw/merge-shapes.ts';
import { columnName, type Shape, type ShapeField, type ShapeType } from '../../lake/raw/shape.ts';
import { wireJson } from '../../lake/raw/wire.ts';
import { maskedRow, type Enforcement } from '../contract/enforced-columns.ts';
import type { MaskSql } from '../contract/mask-sql.ts';
import { castCheckSql, castSql, currentWire } from './cast-sql.ts';

export const reasonNoShape = 'no-shape';
export const reasonMalformed = 'malformed';
export const reasonEmpty = 'empty';
/** A column of a contract's type would not give the value back. */
export const reasonNotAsTyped = 'not-as-typed';
/** The row has killed a process that decoded it. */
export const reasonPoison = 'poison';
/** The row alone does not fit into the memory of a statement. */
export const reasonOutOfMemory = 'out-of-memory';

export interface DecodeStatement {
  /** Id of the rows for `foz_rows`. */
  readonly rowsId: number;
  readonly schema: Schema;
  /** In the order they are tried. */
  readonly shapes: readonly Shape[];
  /** Reasons that rows carry by number, from 1. */
  readonly reasons: readonly string[];
  /** Those of rows that were read and fit no shape. */
  readonly readReasons: ReadonlySet<number>;
  /** The shape that the rows' scanner has decoded already, where it could, into the column `scanned`. */
  readonly scanned: Shape | null;
  /** Which rows: all, those that a shape proves, or also those that have its layout and so are no other's. */
  readonly kept: 'all' | 'proven' | 'settled';
  /** Whether malformed texts are sorted out first: without, the statement fails on one, and costs a parse less. */
  readonly guarded: boolean;
  /** An expression over `header_set`, and what it needs beside the rows. */
  readonly headers: { readonly expression: string; readonly join: string };
  /** What a contract adds; null without one. */
  readonly enforcement: Enforcement | null;
  /** The statement lists the violations of a row itself. */
  readonly isListed: boolean;
}

/** A SELECT with the schema's columns, in its order. */
export function decodeSelect(statement: DecodeStatement): string {
  const { schema, shapes } = statement;
  const text = statement.guarded ? 'CASE WHEN json_valid(value) THEN value END' : 'value';
  let from = `SELECT *, ${text} AS json_text FROM foz_rows(${statement.rowsId})${statement.headers.join}`;
  const judged = judgements(statement);
  from = `SELECT *, ${judged.scanned.expression} AS is_scanned FROM (${from})`;
  judged.shapes.forEach((judgement, i) => {
    const shape = shapes[i];
    if (!shape) return;
    // The lenient form: the strict one throws for every row that does not fit, at 300 µs each; the proof is what decides.
    const decoded = `from_json(json_text, ${literal(structure(shape.root))})`;
    const waits = i === 0 ? 'json_text IS NOT NULL' : `json_text IS NOT NULL AND NOT ${proven(judged, i)}`;
    from = `SELECT *, CASE WHEN ${waits} THEN ${statement.guarded ? `TRY(${decoded})` : decoded} END AS d${i} FROM (${from})`;
    from = `SELECT *, ${judgement.expression} AS ok${i} FROM (${from})`;
  });
  const isProven = proven(judged, shapes.length);
  const settled = statement.kept === 'settled' ? judged.misses.map((miss) => `OR ${miss} IS NOT NULL`).join(' ') : '';
  if (statement.kept !== 'all') from = `SELECT * FROM (${from}) WHERE bytes IS NULL OR ${isProven} ${settled}`;
  from = `SELECT *, CASE WHEN bytes IS NOT NULL AND NOT ${isProven} THEN TRY(decode(bytes)) END AS rest FROM (${from})`;
  const columns = schema.fields.map((field) => `${columnExpression(field.name, field.type, statement, judged)} AS ${quoted(field.name)}`);
  return `SELECT ${columns.join(',\n')} FROM (${from})`;
}

/** Whether a shape fits a row: a boolean column; with casts a text: null for no, empty for yes, else why it is rescued. */
interface Judgement {
  readonly expression: string;
  readonly isTrue: string;
}

interface Judgements {
  readonly scanned: Judgement;
  /** By shape, as tried. */
  readonly shapes: readonly Judgement[];
  /** Expressions, null but for rows that are rescued because a value would not come back from its type. */
  readonly misses: readonly string[];
}

function judgements({ shapes, scanned, schema }: DecodeStatement): Judgements {
  const misses: string[] = [];
  const judge = (column: string, decoded: string, fits: string, shape: Shape | null): Judgement => {
    const casts = shape ? castChecks(decoded, shape, schema) : [];
    if (casts.length === 0) return { expression: fits, isTrue: column };
    misses.push(`nullif(${column}, '')`);
    const whens = casts.map(({ check, reason }) => `WHEN NOT ${check} THEN ${literal(reason)}`);
    return {
      expression: `CASE WHEN NOT (${fits}) THEN NULL ${whens.join(' ')} ELSE '' END`,
      isTrue: `(${column} IS NOT DISTINCT FROM '')`,
    };
  };
  return {
    scanned: judge('is_scanned', 'scanned', scanned ? 'scanned IS NOT NULL' : 'false', scanned),
    shapes: shapes.map((shape, i) =>
      judge(`ok${i}`, `d${i}`, `CASE WHEN d${i} IS NULL THEN false ELSE ${proof(i, shape, schema)} END`, shape),
    ),
    misses,
  };
}

/** Whether the scanner or one of the first shapes decoded the row. */
function proven(judged: Judgements, count: number): string {
  return `(${[judged.scanned, ...judged.shapes.slice(0, count)].map(({ isTrue }) => isTrue).join(' OR ')})`;
}

function leafKind(type: Exclude<ShapeType, { kind: 'struct' | 'list' }>): 'null' | 'boolean' | 'long' | 'double' | 'string' | 'json' {
  return type.kind === 'typed' ? wireJson(type.wire) : type.kind;
}

/** DuckDB's notation of a JSON structure. */
function structure(type: ShapeType): string {
  switch (type.kind) {
    case 'struct':
      return `{${type.fields.map((field) => `${JSON.stringify(field.name)}:${structure(field.type)}`).join(',')}}`;
    case 'list':
      return `[${structure(type.element)}]`;
    default:
      return `"${{ null: 'NULL', boolean: 'BOOLEAN', long: 'BIGINT', double: 'DOUBLE', string: 'VARCHAR', json: 'JSON' }[leafKind(type)]}"`;
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
        walk(
          field.type,
          `${at}.${quoted(field.name)}`,
          column && isStruct(column) ? fieldNamed(column, columnName(field))?.type : undefined,
        );
    } else if (column === undefined) {
      // No column would hold it: such a row is rescued, whatever made the shape so.
      if (type.kind !== 'null') checks.push(`${at} IS NULL`);
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
    } else if (jsonKind(type) === 'json' || type.kind === 'list') {
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

/** What must hold for the casts of a shape's values, with the reason for a row where it does not. */
function castChecks(decoded: string, shape: Shape, schema: Schema): readonly { readonly check: string; readonly reason: string }[] {
  const checks: { check: string; reason: string }[] = [];
  const walk = (type: ShapeType, at: string, path: string, column: IcebergType | undefined): void => {
    if (type.kind === 'struct') {
      for (const field of type.fields) {
        const inner = column && isStruct(column) ? fieldNamed(column, columnName(field))?.type : undefined;
        walk(field.type, `${at}.${quoted(field.name)}`, path === '' ? field.name : `${path}.${field.name}`, inner);
      }
    } else if (type.kind === 'typed' && column !== undefined) {
      const wanted = typeof column === 'string' ? column : column.type;
      const check = castCheckSql(currentWire(type.wire, column), at);
      checks.push({ check, reason: `${reasonNotAsTyped}: ${path} is no ${wanted} that is written back as it came` });
    }
  };
  const { root } = shape;
  if (root.kind === 'struct') walk(root, decoded, '', isEnvelopeShape(root) ? schema : fieldNamed(schema, valueColumn)?.type);
  return checks;
}

function columnExpression(name: string, type: IcebergType, statement: DecodeStatement, judged: Judgements): string {
  const { enforcement } = statement;
  const masks = enforcement?.masks ?? null;
  switch (name) {
    case '_log_partition':
    case '_log_offset':
    case '_log_time':
    case '_record_time':
      return name.slice(1);
    case '_log_key':
      return masks ? masks.key('log_key') : 'log_key';
    case '_headers':
      return statement.headers.expression;
    case '_violations': {
      if (!enforcement) return `NULL::${duckdbType(type)}`;
      const ofShape = (shape: Shape, decoded: string) => enforcement.violations(shape, decoded, statement.isListed);
      // A rescued row is judged by its text, unless nobody should read that.
      const isRescued = `bytes IS NOT NULL AND reason IN (${[0, ...statement.readReasons].join(', ')}) AND NOT ${proven(judged, statement.shapes.length)}`;
      return `CASE WHEN ${isRescued} THEN ${enforcement.judged} ELSE ${byShape(statement, judged, ofShape, duckdbType(type))} END`;
    }
    case '_shape':
      return byShape(statement, judged, (shape) => String(shape.number), 'INTEGER');
    case '_rescued':
      return rescued(type, statement, judged);
    case 'op':
      return byShape(statement, judged, (shape, decoded) => (isEnvelopeShape(shape.root) ? `${decoded}.op` : null), 'VARCHAR');
    case 'changed_at':
      return byShape(statement, judged, (shape, decoded) => changedAt(shape.root, decoded), 'TIMESTAMPTZ');
    default:
      return byShape(statement, judged, (shape, decoded) => topColumn(name, type, shape.root, decoded, masks), duckdbType(type));
  }
}

function byShape(
  statement: DecodeStatement,
  judged: Judgements,
  expression: (shape: Shape, decoded: string) => string | null,
  type: string,
): string {
  const branches = statement.shapes.flatMap((shape, i) => {
    const then = expression(shape, `d${i}`);
    return then === null ? [] : [`WHEN ${judged.shapes[i]?.isTrue ?? 'false'} THEN ${then}`];
  });
  const scanned = statement.scanned && expression(statement.scanned, 'scanned');
  if (scanned !== null) branches.unshift(`WHEN ${judged.scanned.isTrue} THEN ${scanned}`);
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

function topColumn(name: string, type: IcebergType, root: ShapeType, decoded: string, masks: MaskSql | null): string | null {
  if (!isEnvelopeShape(root)) {
    if (name !== valueColumn) return null;
    return masks ? maskedRow(root, decoded, type, masks, true, pack) : pack(root, decoded, type);
  }
  if (name === envelopeTimeColumn) {
    const times: readonly ShapeField[] = root.fields.filter((field) => isEnvelopeTimeKey(field.name));
    return times.length > 0 && isStruct(type) ? packFields(times, decoded, type) : null;
  }
  const field = root.fields.find((candidate) => candidate.name === name);
  if (!field) return null;
  const value = `${decoded}.${quoted(name)}`;
  return masks && (name === 'before' || name === 'after')
    ? maskedRow(field.type, value, type, masks, false, pack)
    : pack(field.type, value, type);
}

/** A decoded value as a value of the column's type; the same expression where they are the same. */
function pack(type: ShapeType, at: string, column: IcebergType): string {
  if (type.kind === 'null') return `NULL::${duckdbType(column)}`;
  if (isSame(type, column)) return at;
  if (type.kind === 'typed') return castSql(currentWire(type.wire, column), at, column);
  if (type.kind === 'struct' && isStruct(column)) return `CASE WHEN ${at} IS NOT NULL THEN ${packFields(type.fields, at, column)} END`;
  if (type.kind === 'list' && isList(column)) return `list_transform(${at}, lambda x: ${pack(type.element, 'x', column.element)})`;
  return `${at}::${duckdbType(column)}`;
}

function packFields(fields: readonly ShapeField[], at: string, column: StructType): string {
  const byName = new Map(fields.map((field) => [columnName(field), field]));
  const parts = column.fields.map((field) => {
    const from = byName.get(field.name);
    const value = from ? pack(from.type, `${at}.${quoted(from.name)}`, field.type) : `NULL::${duckdbType(field.type)}`;
    return `${quoted(field.name)} := ${value}`;
  });
  return `struct_pack(${parts.join(', ')})`;
}

function isSame(type: ShapeType, column: IcebergType): boolean {
  if (type.kind === 'struct') {
    if (!isStruct(column) || column.fields.length !== type.fields.length) return false;
    return type.fields.every((field, i) => {
      const other = column.fields[i];
      return other !== undefined && field.column === undefined && other.name === field.name && isSame(field.type, other.type);
    });
  }
  if (type.kind === 'list') return isList(column) && isSame(type.element, column.element);
  return type.kind === column;
}

function rescued(type: IcebergType, statement: DecodeStatement, judged: Judgements): string {
  const known = (prefix: string) =>
    statement.reasons.map((reason, i) => `WHEN reason = ${i + 1} THEN ${literal(prefix + reason)}`).join(' ');
  const notUtf8 = `CASE WHEN reason = 0 THEN ${literal(reasonNotUtf8)} ${known(`${reasonNotUtf8}: `)} ELSE ${literal(reasonNotUtf8)} END`;
  const missed = judged.misses.map((miss) => `WHEN ${miss} IS NOT NULL THEN ${miss}`).join(' ');
  const reason = `CASE WHEN rest IS NULL THEN ${notUtf8} ${known('')} ${missed} WHEN octet_length(bytes) = 0 THEN ${literal(reasonEmpty)} WHEN json_text IS NULL THEN ${literal(reasonMalformed)} ELSE ${literal(reasonNoShape)} END`;
  // Nobody can tell what of such a text is to be masked.
  const text = statement.enforcement?.masks ? 'NULL::VARCHAR' : 'coalesce(rest, to_base64(bytes))';
  const pair = `struct_pack("text" := ${text}, reason := ${reason})`;
  return `CASE WHEN bytes IS NULL OR ${proven(judged, statement.shapes.length)} THEN NULL::${duckdbType(type)} ELSE ${pair} END`;
}
