// The FIELD_IDS option of DuckDB's COPY: Iceberg finds columns by id, at every level.

import { isList, isMap, isStruct, type IcebergType, type StructType } from '../iceberg/schema.ts';
import { quoted } from './duckdb-type.ts';

export function fieldIds(struct: StructType): string {
  return `{${childrenOf(struct).join(', ')}}`;
}

function entry(name: string, id: number, type: IcebergType): string {
  const children = childrenOf(type);
  return children.length === 0 ? `${name}: ${id}` : `${name}: {__duckdb_field_id: ${id}, ${children.join(', ')}}`;
}

function childrenOf(type: IcebergType): readonly string[] {
  if (isStruct(type)) return type.fields.map((field) => entry(quoted(field.name), field.id, field.type));
  if (isList(type)) return [entry('element', type['element-id'], type.element)];
  if (isMap(type)) return [entry('key', type['key-id'], type.key), entry('value', type['value-id'], type.value)];
  return [];
}
