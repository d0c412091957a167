// Metadata of format v1 as the members of later formats have it: the schema and the spec that stood alone become lists of
// one, and what was implied is said. Nothing is taken away: those members are still what v1 readers look at.
// Spec: https://iceberg.apache.org/spec/#table-metadata-fields, "v1"

import type { Json } from './read-metadata.ts';

/** Spec: ids of partition fields that a v1 writer did not write count up from here. */
const firstPartitionId = 1000;

/** Whatever is malformed comes back malformed: the caller checks every member. */
export function fromFormat1(metadata: Json): Json {
  const fields = partitionFields(metadata['partition-spec']);
  const specs = metadata['partition-specs'] ?? [{ 'spec-id': 0, fields }];
  return {
    'current-schema-id': 0,
    schemas: isObject(metadata['schema']) ? [{ ...metadata['schema'], type: 'struct', 'schema-id': 0 }] : undefined,
    'default-spec-id': 0,
    'partition-specs': specs,
    'last-partition-id': lastPartitionId(specs),
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    'default-sort-order-id': 0,
    ...metadata,
  };
}

function partitionFields(spec: unknown): readonly unknown[] {
  const fields: readonly unknown[] = Array.isArray(spec) ? spec : [];
  return fields.map((field, index) => (isObject(field) ? { 'field-id': firstPartitionId + index, ...field } : field));
}

function lastPartitionId(specs: unknown): number {
  const ids = (Array.isArray(specs) ? specs : [])
    .flatMap((spec: unknown) => (isObject(spec) && Array.isArray(spec['fields']) ? spec['fields'] : []))
    .map((field: unknown) => (isObject(field) ? Number(field['field-id']) : Number.NaN));
  return Math.max(firstPartitionId - 1, ...ids.filter(Number.isInteger));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
