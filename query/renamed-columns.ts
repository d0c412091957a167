// Files that were written under other column names. DuckDB finds top-level columns by field id, but what is inside a
// struct by name; so where a table has renamed or hidden such columns, each file is read under the names that it has, and
// the structs are put together again under the names of today.

import { indexFields } from '../lake/iceberg/check-schema.ts';
import type { TableMetadata } from '../lake/iceberg/metadata.ts';
import { isStruct, type IcebergType, type Schema, type StructField } from '../lake/iceberg/schema.ts';
import { duckdbType, quoted } from '../lake/parquet/duckdb-type.ts';

/** Names in one file by field id. */
export type FileNames = ReadonlyMap<number, string>;

/** Whether any column below the top level has been called otherwise. */
export function hasRenames({ schemas }: TableMetadata): boolean {
  const names = new Map<number, string>();
  for (const schema of schemas) {
    const fields = indexFields(schema);
    if (typeof fields === 'string') continue;
    for (const [id, { name }] of fields) {
      if ((names.get(id) ?? name) !== name) return true;
      names.set(id, name);
    }
  }
  return false;
}

/** Files that have the same columns under the same names. */
export function byNames(
  paths: readonly string[],
  namesIn: ReadonlyMap<string, FileNames>,
): readonly { readonly paths: readonly string[]; readonly names: FileNames }[] {
  const groups = new Map<string, { readonly paths: string[]; readonly names: FileNames }>();
  for (const path of paths) {
    const names = namesIn.get(path) ?? new Map<number, string>();
    const key = JSON.stringify([...names].sort(([a], [b]) => a - b));
    const group = groups.get(key);
    if (group) group.paths.push(path);
    else groups.set(key, { paths: [path], names });
  }
  return [...groups.values()];
}

/** The schema under a file's names: a column that it has not gets a name that no column has. */
export function asNamedIn(schema: Schema, names: FileNames): Schema {
  return { ...schema, fields: schema.fields.map((field) => ({ ...field, type: typeAsNamedIn(field.type, names) })) };
}

function typeAsNamedIn(type: IcebergType, names: FileNames): IcebergType {
  if (!isStruct(type)) return type;
  const fields = type.fields.map((field): StructField => {
    const name = names.get(field.id) ?? `_absent_${field.id}`;
    return { ...field, name, type: typeAsNamedIn(field.type, names) };
  });
  return { ...type, fields };
}

/** A value read under a file's names, under the names of today. */
export function renamedSql(value: string, type: IcebergType, names: FileNames): string {
  if (!isStruct(type) || duckdbType(typeAsNamedIn(type, names)) === duckdbType(type)) return value;
  const parts = type.fields.map((field) => {
    const inner = `${value}.${quoted(names.get(field.id) ?? `_absent_${field.id}`)}`;
    return `${quoted(field.name)} := ${renamedSql(inner, field.type, names)}`;
  });
  return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${parts.join(', ')}) END`;
}
