// Iceberg schemas as the specification writes them in JSON. Pure data; field ids are the identity of a column.
// Spec: https://iceberg.apache.org/spec/#schemas

import { isDeepStrictEqual } from 'node:util';

export type PrimitiveType =
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'string'
  | 'uuid'
  | 'binary'
  | `decimal(${number},${number})`
  | `decimal(${number}, ${number})`
  | `fixed[${number}]`
  // Other writers' types (format v3) are carried, never written by Foz.
  | (string & {});

export interface StructField {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: IcebergType;
  readonly doc?: string;
}

export interface StructType {
  readonly type: 'struct';
  readonly fields: readonly StructField[];
}

export interface ListType {
  readonly type: 'list';
  readonly 'element-id': number;
  readonly element: IcebergType;
  readonly 'element-required': boolean;
}

export interface MapType {
  readonly type: 'map';
  readonly 'key-id': number;
  readonly key: IcebergType;
  readonly 'value-id': number;
  readonly value: IcebergType;
  readonly 'value-required': boolean;
}

export type IcebergType = PrimitiveType | StructType | ListType | MapType;

export interface Schema extends StructType {
  readonly 'schema-id': number;
  readonly 'identifier-field-ids'?: readonly number[];
}

export function isStruct(type: IcebergType): type is StructType {
  return typeof type === 'object' && type.type === 'struct';
}

export function isList(type: IcebergType): type is ListType {
  return typeof type === 'object' && type.type === 'list';
}

export function isMap(type: IcebergType): type is MapType {
  return typeof type === 'object' && type.type === 'map';
}

/** The highest field id used anywhere in the type; 0 when there is none. */
export function highestFieldId(type: IcebergType): number {
  if (isStruct(type)) return Math.max(0, ...type.fields.map((field) => Math.max(field.id, highestFieldId(field.type))));
  if (isList(type)) return Math.max(type['element-id'], highestFieldId(type.element));
  if (isMap(type)) return Math.max(type['key-id'], type['value-id'], highestFieldId(type.key), highestFieldId(type.value));
  return 0;
}

export function fieldNamed(struct: StructType, name: string): StructField | undefined {
  return struct.fields.find((field) => field.name === name);
}

/** Whether both have the same columns, whatever their schema ids. */
export function isSameSchema(a: Schema, b: Schema): boolean {
  return isDeepStrictEqual(a.fields, b.fields) && isDeepStrictEqual(a['identifier-field-ids'] ?? [], b['identifier-field-ids'] ?? []);
}
