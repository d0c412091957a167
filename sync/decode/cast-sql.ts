// Casts to a contract's types, as SQL: what a decoded value becomes, and whether it would be written back as it stood in
// the record. DuckDB's own casts are lenient (12.305 rounds, spaces and signs are read over), so the check decides, and
// the cast counts only where it holds. Both take and give null for null.

import { decimalParts } from '../../lake/iceberg/evolve.ts';
import { isList, isMap, isStruct, type IcebergType } from '../../lake/iceberg/schema.ts';
import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { wireJson, type Wire } from '../../lake/raw/wire.ts';

/** Beyond years 1 to 9999 Trino fails on the whole table. */
const [daysMin, daysMax] = [-719_162, 2_932_896];
const [microsMin, microsMax] = ['-62135596800000000', '253402300799999999'];
const [millisMin, millisMax] = ['-62135596800000', '253402300799999'];

const instant = literal('%Y-%m-%dT%H:%M:%S.%fZ');

/** The form that the column takes now: a decimal may have been widened, an int become long, since the shape was made. */
export function currentWire(wire: Wire, column: IcebergType | undefined): Wire {
  if (typeof wire !== 'string' || typeof column !== 'string') return wire;
  const [before, now] = [decimalParts(wire), decimalParts(column)];
  if (before && now && before.scale === now.scale) return column;
  return wire === 'int' && column === 'long' ? column : wire;
}

/** A value of the form as a value of the column. */
export function castSql(wire: Wire, value: string, column: IcebergType): string {
  const typed = typeof wire === 'string' ? scalar(wire, value) : parts(wire, parsed(wire, value), 0);
  return isSameType(wire, column) ? typed : `${typed}::${duckdbType(column)}`;
}

/** Whether the value would come back: true for null, never null. */
export function castCheckSql(wire: Wire, value: string): string {
  if (typeof wire === 'string') return `coalesce(${scalarCheck(wire, value)}, ${value} IS NULL)`;
  const read = parsed(wire, value);
  const text = `to_json(${read})::VARCHAR`;
  const exact = `(${text} = ${value}::VARCHAR OR ${text} = TRY(json(${value}))::VARCHAR)`;
  const equal = wire.kind === 'struct' ? `CASE WHEN ${value} IS NULL OR ${exact} THEN true ELSE ${anyOrder(wire, read, value)} END` : exact;
  const inner = partChecks(wire, read, 0);
  return `coalesce(${[equal, ...inner].join(' AND ')}, ${value} IS NULL)`;
}

/**
 * Whether the object has exactly the struct's members, whatever their order: a contract may name them in another one than
 * the source, whose type got a field more at its end. Within lists and maps the order counts.
 */
function anyOrder(wire: Wire, read: string, json: string): string {
  if (typeof wire === 'string' || wire.kind !== 'struct') return `coalesce(to_json(${read})::VARCHAR, 'null') = ${json}::VARCHAR`;
  const members = wire.fields.map(({ name, wire: inner }) => {
    const member = `json_extract(${json}, ${literal(`$.${quoted(name)}`)})`;
    return `${member} IS NOT NULL AND ${anyOrder(inner, `${read}.${quoted(name)}`, member)}`;
  });
  const isSame = [`json_type(${json}) = 'OBJECT'`, `len(json_keys(${json})) = ${wire.fields.length}`, ...members].join(' AND ');
  return `CASE WHEN ${json}::VARCHAR = 'null' THEN ${read} IS NULL ELSE coalesce(${isSame}, false) END`;
}

function scalar(wire: string, value: string): string {
  if (decimalParts(wire)) return `TRY_CAST(${value} AS ${duckdbType(wire)})`;
  switch (wire) {
    case 'int':
      return `TRY_CAST(${value} AS INTEGER)`;
    case 'date':
      return `CASE WHEN ${value} BETWEEN ${daysMin} AND ${daysMax} THEN DATE '1970-01-01' + ${value}::INTEGER END`;
    case 'timestamp':
      return `CASE WHEN ${value} BETWEEN ${microsMin} AND ${microsMax} THEN make_timestamp(${value}) END`;
    case 'timestamptz':
      return `make_timestamptz(epoch_us(TRY_CAST(${value} AS TIMESTAMP)))`;
    case 'timestamptz-ms':
      return `CASE WHEN ${value} BETWEEN ${millisMin} AND ${millisMax} THEN make_timestamptz(${value} * 1000) END`;
    case 'binary':
      return `TRY(from_base64(${value}))`;
    default:
      return value;
  }
}

function scalarCheck(wire: string, value: string): string {
  const decimal = decimalParts(wire);
  if (decimal) {
    const text = `TRY_CAST(${value} AS ${duckdbType(wire)})::VARCHAR`;
    // Without a digit before the point DuckDB writes none: .5
    return `${decimal.precision === decimal.scale ? `regexp_replace(${text}, '^(-?)[.]', '\\10.')` : text} = ${value}`;
  }
  switch (wire) {
    case 'int':
      return `${value} BETWEEN -2147483648 AND 2147483647`;
    case 'date':
      return `${value} BETWEEN ${daysMin} AND ${daysMax}`;
    case 'timestamp':
      return `${value} BETWEEN ${microsMin} AND ${microsMax}`;
    case 'timestamptz': {
      const read = `TRY_CAST(${value} AS TIMESTAMP)`;
      return `${read} BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999' AND strftime(${read}, ${instant}) = ${value}`;
    }
    case 'timestamptz-ms':
      return `${value} BETWEEN ${millisMin} AND ${millisMax}`;
    case 'binary':
      return `to_base64(TRY(from_base64(${value}))) = ${value}`;
    case 'double':
      // −0.0 too: DuckDB's Parquet dictionaries hold it and 0.0 as one value.
      return `isfinite(${value}) AND NOT (${value} = 0 AND signbit(${value}))`;
    default:
      return 'true';
  }
}

type Nested = Exclude<Wire, string>;

function parsed(wire: Nested, value: string): string {
  return `from_json(${value}, ${literal(structure(wire))})`;
}

/** DuckDB's notation of a JSON structure, before any cast. */
function structure(wire: Wire): string {
  if (typeof wire === 'string')
    return `"${{ boolean: 'BOOLEAN', long: 'BIGINT', double: 'DOUBLE', string: 'VARCHAR', json: 'JSON' }[wireJson(wire)]}"`;
  if (wire.kind === 'list') return `[${structure(wire.element)}]`;
  if (wire.kind === 'struct') return `{${wire.fields.map((field) => `${JSON.stringify(field.name)}:${structure(field.wire)}`).join(',')}}`;
  return JSON.stringify(`MAP(VARCHAR, ${jsonType(wire.value)})`);
}

/** The same as a type name: maps are named so. */
function jsonType(wire: Wire): string {
  if (typeof wire === 'string')
    return { boolean: 'BOOLEAN', long: 'BIGINT', double: 'DOUBLE', string: 'VARCHAR', json: 'JSON' }[wireJson(wire)];
  if (wire.kind === 'list') return `${jsonType(wire.element)}[]`;
  if (wire.kind === 'map') return `MAP(VARCHAR, ${jsonType(wire.value)})`;
  return `STRUCT(${wire.fields.map((field) => `${quoted(field.name)} ${jsonType(field.wire)}`).join(', ')})`;
}

function isPlain(wire: Wire): boolean {
  if (typeof wire === 'string') return scalar(wire, 'x') === 'x';
  if (wire.kind === 'list') return isPlain(wire.element);
  return wire.kind === 'map' ? isPlain(wire.value) : wire.fields.every((field) => isPlain(field.wire));
}

/** A parsed value with its parts cast. */
function parts(wire: Wire, value: string, depth: number): string {
  if (isPlain(wire)) return value;
  if (typeof wire === 'string') return scalar(wire, value);
  const item = `x${depth}`;
  if (wire.kind === 'list') return `list_transform(${value}, lambda ${item}: ${parts(wire.element, item, depth + 1)})`;
  if (wire.kind === 'map') {
    const entry = `struct_pack(key := ${item}.key, "value" := ${parts(wire.value, `${item}."value"`, depth + 1)})`;
    return `CASE WHEN ${value} IS NOT NULL THEN map_from_entries(list_transform(map_entries(${value}), lambda ${item}: ${entry})) END`;
  }
  const fields = wire.fields.map((field) => `${quoted(field.name)} := ${parts(field.wire, `${value}.${quoted(field.name)}`, depth + 1)}`);
  return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${fields.join(', ')}) END`;
}

/** Conditions on the parts, each true where there is nothing to judge. */
function partChecks(wire: Wire, value: string, depth: number): readonly string[] {
  const item = `x${depth}`;
  const allOf = (list: string, inner: Wire, at: string): readonly string[] => {
    const checks = partChecks(inner, at, depth + 1);
    return checks.length === 0 ? [] : [`coalesce(len(list_filter(${list}, lambda ${item}: NOT (${checks.join(' AND ')}))) = 0, true)`];
  };
  if (typeof wire === 'string') {
    const check = scalarCheck(wire, value);
    return check === 'true' ? [] : [`coalesce(${check}, ${value} IS NULL)`];
  }
  if (wire.kind === 'list') return allOf(value, wire.element, item);
  if (wire.kind === 'struct') return wire.fields.flatMap((field) => partChecks(field.wire, `${value}.${quoted(field.name)}`, depth + 1));
  const keys = `map_keys(${value})`;
  return [`coalesce(len(list_distinct(${keys})) = len(${keys}), true)`, ...allOf(`map_entries(${value})`, wire.value, `${item}."value"`)];
}

function isSameType(wire: Wire, column: IcebergType): boolean {
  if (typeof wire === 'string') return wire === column || (wire === 'timestamptz-ms' && column === 'timestamptz');
  if (wire.kind === 'list') return isList(column) && isSameType(wire.element, column.element);
  if (wire.kind === 'map') return isMap(column) && isSameType(wire.value, column.value);
  return (
    isStruct(column) &&
    column.fields.length === wire.fields.length &&
    wire.fields.every((field, i) => {
      const other = column.fields[i];
      return other !== undefined && other.name === field.name && isSameType(field.wire, other.type);
    })
  );
}
