// A contract as PostgreSQL tables: types, keys, NOT NULL, and the rules that a CHECK can say. A pattern is written where
// PostgreSQL's expressions read it alike; the rest of the rules stay with the contract. Enums become text with a CHECK, so
// that the script needs no types from elsewhere.

import { databaseOfBody } from '../column-type.ts';
import type { Contract, ContractTable } from '../contract.ts';
import { patternOf } from '../draft/posix-pattern.ts';
import { isJsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import type { PhysicalType } from '../physical-type.ts';
import { bodyColumns } from './body-columns.ts';
import { exportType } from './export-type.ts';
import { sqlLiteral, sqlName, sqlRemark } from './sql-text.ts';

export function postgresDdl(contract: Contract): string {
  const head = sqlRemark(`${contract.name ?? contract.id} ${contract.version} (contract ${contract.id})`);
  return `${[head, ...contract.tables.map(tableDdl)].join('\n\n')}\n`;
}

function tableDdl(table: ContractTable): string {
  const database = databaseOfBody(table.body);
  const name = sqlName(table.name);
  const columns = bodyColumns(table).map(({ column, schema }) => {
    const type = exportType(schema, database);
    const parts = [
      sqlName(column.name),
      postgresType(type),
      ...(column.isRequired ? ['NOT NULL'] : []),
      ...(column.isUnique ? ['UNIQUE'] : []),
    ];
    return [...parts, ...checks(column.name, type, schema)].join(' ');
  });
  const key = keyOf(table);
  const rows = [...columns, ...(key.length === 0 ? [] : [`PRIMARY KEY (${key.map(sqlName).join(', ')})`])];
  const comments = table.columns.flatMap((column) =>
    column.description === null ? [] : [`COMMENT ON COLUMN ${name}.${sqlName(column.name)} IS ${sqlLiteral(column.description)};`],
  );
  const about = table.description === null ? [] : [`COMMENT ON TABLE ${name} IS ${sqlLiteral(table.description)};`];
  return [`CREATE TABLE ${name} (\n  ${rows.join(',\n  ')}\n);`, ...about, ...comments].join('\n');
}

/** Names of the key's columns, in its order. */
export function keyOf({ columns }: ContractTable): readonly string[] {
  return columns
    .filter(({ keyPosition }) => keyPosition !== null)
    .toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0))
    .map(({ name }) => name);
}

const byKind: Readonly<Partial<Record<PhysicalType['kind'], string>>> = {
  boolean: 'boolean',
  int16: 'smallint',
  int32: 'integer',
  int64: 'bigint',
  integer: 'numeric',
  nanoseconds: 'bigint',
  float32: 'real',
  float64: 'double precision',
  uuid: 'uuid',
  date: 'date',
  time: 'time',
  timetz: 'time with time zone',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  interval: 'interval',
  binary: 'bytea',
  json: 'jsonb',
  map: 'jsonb',
  struct: 'jsonb',
};

function postgresType(type: PhysicalType): string {
  if (type.kind === 'decimal') {
    const { precision, scale } = type;
    return precision === null || precision < 1 ? 'numeric' : `numeric(${precision},${scale ?? 0})`;
  }
  if (type.kind === 'array') {
    // Arrays of arrays are one type there, whatever their depth.
    return type.element === null ? 'jsonb' : `${postgresType(type.element).replace(/\[\]$/, '')}[]`;
  }
  if (type.kind === 'string') return type.length === null || type.length < 1 ? 'text' : `varchar(${type.length})`;
  return byKind[type.kind] ?? 'text';
}

function checks(name: string, type: PhysicalType, schema: JsonSchema): readonly string[] {
  if (!isJsonObject(schema)) return [];
  const column = sqlName(name);
  const conditions: string[] = [];
  const number = (keyword: string, write: (value: string) => string) => {
    const value = schema[keyword];
    if (typeof value === 'number' && Number.isFinite(value)) conditions.push(write(String(value)));
  };
  if (isNumeric(type)) {
    number('minimum', (value) => `${column} >= ${value}`);
    number('exclusiveMinimum', (value) => `${column} > ${value}`);
    number('maximum', (value) => `${column} <= ${value}`);
    number('exclusiveMaximum', (value) => `${column} < ${value}`);
  }
  if (isText(type)) {
    number('minLength', (value) => `char_length(${column}) >= ${value}`);
    // varchar(n) says it already.
    if (type.length === null || schema['maxLength'] !== type.length) number('maxLength', (value) => `char_length(${column}) <= ${value}`);
    const { pattern } = schema;
    // Read by the other's rules it must be the same text, then both mean the same.
    if (typeof pattern === 'string' && patternOf(pattern) === pattern) conditions.push(`${column} ~ ${sqlLiteral(pattern)}`);
  }
  const listed = schema['const'] === undefined ? schema['enum'] : [schema['const']];
  const values = Array.isArray(listed) ? constants(listed, type) : null;
  if (values !== null) conditions.push(`${column} IN (${values.join(', ')})`);
  return conditions.map((condition) => `CHECK (${condition})`);
}

function isNumeric({ kind }: PhysicalType): boolean {
  return ['int16', 'int32', 'int64', 'integer', 'decimal', 'float32', 'float64', 'nanoseconds'].includes(kind);
}

function isText({ kind }: PhysicalType): boolean {
  return kind === 'string' || kind === 'enum';
}

/** Null where one of them is no constant of the column's type. */
function constants(listed: readonly JsonValue[], type: PhysicalType): readonly string[] | null {
  const written = listed.flatMap((value) => {
    if (value === null) return [];
    if (typeof value === 'string' && isText(type)) return [sqlLiteral(value)];
    if (typeof value === 'number' && isNumeric(type)) return [String(value)];
    return typeof value === 'boolean' && type.kind === 'boolean' ? [String(value)] : [null];
  });
  const known = written.filter((value) => value !== null);
  return known.length === 0 || known.length < written.length ? null : known;
}
