// The Avro schemas of manifests and manifest lists. A field is known by its field id, never by its name: names have
// changed between versions of the specification and differ between writers.
// Spec: https://iceberg.apache.org/spec/#manifests and #manifest-lists (format v2)

import type { AvroRecord, AvroSchema } from './avro-file.ts';
import type { Long } from './metadata.ts';
import { avroTypeOf, type TypedPartitionField } from './partition.ts';

type Attributes = { readonly [attribute: string]: AvroSchema | number | boolean | null | readonly AvroSchema[] };

export function manifestEntrySchema(partition: readonly TypedPartitionField[]): AvroSchema {
  return {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      required(0, 'status', 'int'),
      optional(1, 'snapshot_id', 'long'),
      optional(3, 'sequence_number', 'long'),
      optional(4, 'file_sequence_number', 'long'),
      required(2, 'data_file', dataFileSchema(partition)),
    ],
  };
}

function dataFileSchema(partition: readonly TypedPartitionField[]): AvroSchema {
  return {
    type: 'record',
    name: 'r2',
    fields: [
      required(134, 'content', 'int'),
      required(100, 'file_path', 'string'),
      required(101, 'file_format', 'string'),
      required(102, 'partition', { type: 'record', name: 'r102', fields: partition.map(partitionField) }),
      required(103, 'record_count', 'long'),
      required(104, 'file_size_in_bytes', 'long'),
      optional(108, 'column_sizes', mapOfInt(117, 118, 'long')),
      optional(109, 'value_counts', mapOfInt(119, 120, 'long')),
      optional(110, 'null_value_counts', mapOfInt(121, 122, 'long')),
      optional(137, 'nan_value_counts', mapOfInt(138, 139, 'long')),
      optional(125, 'lower_bounds', mapOfInt(126, 127, 'bytes')),
      optional(128, 'upper_bounds', mapOfInt(129, 130, 'bytes')),
      optional(131, 'key_metadata', 'bytes'),
      optional(132, 'split_offsets', { type: 'array', items: 'long', 'element-id': 133 }),
      optional(135, 'equality_ids', { type: 'array', items: 'int', 'element-id': 136 }),
      optional(140, 'sort_order_id', 'int'),
    ],
  };
}

export const manifestListSchema: AvroSchema = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    required(500, 'manifest_path', 'string'),
    required(501, 'manifest_length', 'long'),
    required(502, 'partition_spec_id', 'int'),
    required(517, 'content', 'int'),
    required(515, 'sequence_number', 'long'),
    required(516, 'min_sequence_number', 'long'),
    required(503, 'added_snapshot_id', 'long'),
    required(504, 'added_files_count', 'int'),
    required(505, 'existing_files_count', 'int'),
    required(506, 'deleted_files_count', 'int'),
    required(512, 'added_rows_count', 'long'),
    required(513, 'existing_rows_count', 'long'),
    required(514, 'deleted_rows_count', 'long'),
    optional(507, 'partitions', {
      type: 'array',
      'element-id': 508,
      items: {
        type: 'record',
        name: 'r508',
        fields: [
          required(509, 'contains_null', 'boolean'),
          optional(518, 'contains_nan', 'boolean'),
          optional(510, 'lower_bound', 'bytes'),
          optional(511, 'upper_bound', 'bytes'),
        ],
      },
    }),
    optional(519, 'key_metadata', 'bytes'),
  ],
};

/** Partition field names are any text; Avro names are not. As other writers do: `_xHEX` for each character not allowed. */
export function avroName(name: string): string {
  const text = name.replaceAll(/[^A-Za-z0-9_]/gu, (character) => `_x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}`);
  return /^[0-9]/.test(text) ? `_${text}` : text;
}

/** Reads fields of decoded records by field id. */
export interface FieldReader {
  /** Undefined where the writer had no such field. */
  get(record: AvroRecord, id: number): unknown;
  readonly ids: readonly number[];
  /** A reader for the record inside field `id`: itself, the items of an array, or the other branch of an optional. */
  inside(id: number): FieldReader;
}

export function fieldReader(schema: AvroSchema): FieldReader {
  const fields = recordFields(schema);
  const byId = new Map(fields.map((field) => [field.id, field]));
  return {
    get: (record, id) => {
      const field = byId.get(id);
      return field && record[field.name];
    },
    ids: fields.flatMap((field) => (field.id === undefined ? [] : [field.id])),
    inside: (id) => fieldReader(byId.get(id)?.type ?? 'null'),
  };
}

export function longOf(value: unknown): Long | null {
  return typeof value === 'number' || typeof value === 'bigint' ? value : null;
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** A copy: what was read does not hold its whole block in memory. */
export function bytesOf(value: unknown): Uint8Array | null {
  return value instanceof Uint8Array ? Uint8Array.from(value) : null;
}

export function isRecord(value: unknown): value is AvroRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface AvroField {
  readonly name: string;
  readonly id: number | undefined;
  readonly type: AvroSchema;
}

function recordFields(schema: AvroSchema): readonly AvroField[] {
  const record = recordInside(schema);
  const fields: unknown = record?.['fields'];
  if (!Array.isArray(fields)) return [];
  return fields.filter(isRecord).map((field) => {
    const id = field['field-id'];
    return { name: String(field['name']), id: typeof id === 'number' ? id : undefined, type: schemaOf(field['type']) };
  });
}

function recordInside(schema: AvroSchema): AvroRecord | null {
  if (Array.isArray(schema)) return schema.map(recordInside).find((found) => found !== null) ?? null;
  if (!isRecord(schema)) return null;
  if (schema['type'] === 'record') return schema;
  return recordInside(schemaOf(schema['type'] === 'array' ? schema['items'] : schema['type']));
}

function schemaOf(value: unknown): AvroSchema {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(schemaOf);
  return isRecord(value) ? value : 'null';
}

function required(id: number, name: string, type: AvroSchema): AvroSchema {
  return { name, type, 'field-id': id };
}

function optional(id: number, name: string, type: AvroSchema): AvroSchema {
  return { name, type: ['null', type], default: null, 'field-id': id };
}

/** Spec: a map whose keys are no strings is an array of key-value records. */
function mapOfInt(keyId: number, valueId: number, value: AvroSchema): AvroSchema {
  const fields = [required(keyId, 'key', 'int'), required(valueId, 'value', value)];
  return { type: 'array', logicalType: 'map', items: { type: 'record', name: `k${keyId}_v${valueId}`, fields } };
}

function partitionField(field: TypedPartitionField): AvroSchema {
  const name = avroName(field.name);
  const attributes: Attributes = name === field.name ? {} : { 'iceberg-field-name': field.name };
  return { name, type: ['null', avroTypeOf(field.type)], default: null, 'field-id': field.id, ...attributes };
}
