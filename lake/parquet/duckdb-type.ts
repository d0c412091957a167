// Iceberg types in DuckDB's SQL. Only types that every engine reads are ever written: no HUGEINT, unsigned, INTERVAL,
// ENUM, TIMETZ or JSON annotation; `time` never occurs in a table of Foz (Spark refuses it).

import { assert } from '../../runtime/errors.ts';
import { decimalParts } from '../iceberg/evolve.ts';
import { isList, isMap, isStruct, type IcebergType } from '../iceberg/schema.ts';

const primitives: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
  string: 'VARCHAR',
  uuid: 'UUID',
  binary: 'BLOB',
};

export function duckdbType(type: IcebergType): string {
  if (isStruct(type)) return `STRUCT(${type.fields.map((field) => `${quoted(field.name)} ${duckdbType(field.type)}`).join(', ')})`;
  if (isList(type)) return `${duckdbType(type.element)}[]`;
  if (isMap(type)) return `MAP(${duckdbType(type.key)}, ${duckdbType(type.value)})`;
  assert(typeof type === 'string', 'an Iceberg type is a name, a struct, a list or a map');
  const decimal = decimalParts(type);
  const name = decimal ? `DECIMAL(${decimal.precision},${decimal.scale})` : primitives[type];
  assert(name !== undefined, `no DuckDB type for Iceberg type ${type}`);
  return name;
}

/** An identifier. DuckDB compares them without case: two that differ only in case never meet in one struct. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal; backslashes stand for themselves. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
