// A value of a column that was replaced, in the type that took its name over: null where it is none of it. Lists, maps and
// structs are read from the text of the record's JSON, in which their parts stand as the connector writes them: dates as
// days, instants as milliseconds (nested ones come from Cassandra alone), decimals as text, bytes as base64.

import { decimalParts } from '../../iceberg/evolve.ts';
import { isList, isMap, isStruct, type IcebergType } from '../../iceberg/schema.ts';
import { quoted } from '../../parquet/duckdb-type.ts';
import type { Dialect } from './dialect.ts';

export function convertedSql(value: string, from: IcebergType, to: IcebergType, dialect: Dialect): string {
  if (typeof from === 'string' && typeof to === 'string') return scalarSql(value, from, to, dialect);
  const text = from === 'string' ? value : isPlain(from) ? dialect.jsonText(value) : null;
  if (text === null) return `CAST(NULL AS ${dialect.typeName(to)})`;
  if (to === 'string') return text;
  return typeof to === 'string' ? scalarSql(text, 'string', to, dialect) : partsSql(dialect.ofJson(text, readType(to)), to, dialect, 0);
}

function scalarSql(value: string, from: string, to: string, dialect: Dialect): string {
  if (from === to) return value;
  switch (`${from} ${to}`) {
    case 'long date':
      return `CASE WHEN ${value} BETWEEN -719162 AND 2932896 THEN ${dialect.ofDays(value)} END`;
    case 'long timestamp':
      return `CASE WHEN ${value} BETWEEN -62135596800000000 AND 253402300799999999 THEN ${dialect.ofMicros(value)} END`;
    case 'long timestamptz':
      return `CASE WHEN ${value} BETWEEN -62135596800000 AND 253402300799999 THEN ${dialect.instantOfMillis(value)} END`;
    case 'string timestamptz':
      return dialect.instantOfText(value);
    case 'string binary':
      return `TRY(from_base64(${value}))`;
    default:
      return isCastable(from, to) ? `TRY_CAST(${value} AS ${dialect.typeName(to)})` : `CAST(NULL AS ${dialect.typeName(to)})`;
  }
}

/** Where both are text or numbers. Of text, every type can be read. */
function isCastable(from: string, to: string): boolean {
  return from === 'string' || to === 'string' || (isNumber(from) && isNumber(to));
}

/** Whether JSON has every part as it is. */
function isPlain(type: IcebergType): boolean {
  if (isStruct(type)) return type.fields.every((field) => isPlain(field.type));
  if (isList(type)) return isPlain(type.element);
  if (isMap(type)) return type.key === 'string' && isPlain(type.value);
  return type === readType(type);
}

/** What the parts are in JSON. */
function readType(type: IcebergType): IcebergType {
  if (isStruct(type)) return { ...type, fields: type.fields.map((field) => ({ ...field, type: readType(field.type) })) };
  if (isList(type)) return { ...type, element: readType(type.element) };
  if (isMap(type)) return { ...type, key: 'string', value: readType(type.value) };
  if (typeof type !== 'string' || decimalParts(type)) return 'string';
  if (['int', 'long', 'date', 'timestamp', 'timestamptz'].includes(type)) return 'long';
  if (type === 'float' || type === 'double') return 'double';
  return type === 'boolean' ? 'boolean' : 'string';
}

/** A value that was read from JSON, its parts in their own types. */
function partsSql(value: string, type: IcebergType, dialect: Dialect, depth: number): string {
  if (isPlain(type)) return value;
  const item = `x${depth}`;
  if (isList(type)) return dialect.eachItem(value, item, (inner) => partsSql(inner, type.element, dialect, depth + 1));
  if (isMap(type)) return dialect.eachValue(value, item, (inner) => partsSql(inner, type.value, dialect, depth + 1));
  if (isStruct(type)) {
    const parts = type.fields.map((field) => partsSql(`${value}.${quoted(field.name)}`, field.type, dialect, depth + 1));
    return `CASE WHEN ${value} IS NOT NULL THEN ${dialect.structOf(parts, type)} END`;
  }
  const read = readType(type);
  return typeof type === 'string' && typeof read === 'string' ? scalarSql(value, read, type, dialect) : value;
}

function isNumber(type: string): boolean {
  return ['int', 'long', 'float', 'double'].includes(type) || decimalParts(type) !== null;
}
