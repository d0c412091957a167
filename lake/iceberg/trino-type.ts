// What Trino calls an Iceberg type. Null: it has no such type, or names fields so alike that it could not tell them apart.

import { isList, isMap, isStruct, type IcebergType } from './schema.ts';

const scalars: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  int: 'integer',
  long: 'bigint',
  float: 'real',
  double: 'double',
  date: 'date',
  time: 'time(6)',
  timestamp: 'timestamp(6)',
  timestamptz: 'timestamp(6) with time zone',
  string: 'varchar',
  uuid: 'uuid',
  binary: 'varbinary',
};

export function trinoType(type: IcebergType): string | null {
  if (isStruct(type)) {
    const fields = type.fields.map(({ name, type: of }) => ({ name, type: trinoType(of) }));
    const isTold = fields.length > 0 && new Set(fields.map(({ name }) => name.toLowerCase())).size === fields.length;
    if (!isTold || fields.some((field) => field.type === null)) return null;
    return `row(${fields.map((field) => `"${field.name.replaceAll('"', '""')}" ${field.type}`).join(', ')})`;
  }
  if (isList(type)) return parametric('array', [trinoType(type.element)]);
  if (isMap(type)) return parametric('map', [trinoType(type.key), trinoType(type.value)]);
  if (/^decimal\(\d+,\s*\d+\)$/.test(type)) return type;
  return type.startsWith('fixed[') ? 'varbinary' : (scalars[type] ?? null);
}

function parametric(name: string, of: readonly (string | null)[]): string | null {
  return of.includes(null) ? null : `${name}(${of.join(', ')})`;
}
