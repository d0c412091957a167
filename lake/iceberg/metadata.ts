// Table metadata as the specification writes it in JSON (formats v1 to v3; members we do not know are carried untouched).
// The object *is* the JSON: kebab-case keys, unknown fields kept, 64-bit ids as bigint where they exceed 2^53.
// Spec: https://iceberg.apache.org/spec/#table-metadata

import type { Schema } from './schema.ts';

/** A 64-bit integer: number below 2^53, bigint above (other writers' snapshot ids). Compare with `sameLong`. */
export type Long = number | bigint;

export interface PartitionField {
  readonly 'source-id': number;
  readonly 'field-id': number;
  readonly name: string;
  readonly transform: string;
}

export interface PartitionSpec {
  readonly 'spec-id': number;
  readonly fields: readonly PartitionField[];
}

export interface SortOrder {
  readonly 'order-id': number;
  readonly fields: readonly unknown[];
}

export interface Snapshot {
  readonly 'snapshot-id': Long;
  readonly 'parent-snapshot-id'?: Long;
  readonly 'sequence-number': Long;
  /** Epoch milliseconds. */
  readonly 'timestamp-ms': number;
  /** Absent in old format v1 snapshots, which list their `manifests` themselves: Foz carries those and does not read them. */
  readonly 'manifest-list'?: string;
  readonly summary: Readonly<Record<string, string>>;
  readonly 'schema-id'?: number;
}

export interface SnapshotRef {
  readonly 'snapshot-id': Long;
  readonly type: 'branch' | 'tag';
  readonly 'min-snapshots-to-keep'?: number;
  readonly 'max-snapshot-age-ms'?: number;
  readonly 'max-ref-age-ms'?: number;
}

export interface TableMetadata {
  readonly 'format-version': number;
  readonly 'table-uuid': string;
  readonly location: string;
  readonly 'last-sequence-number': Long;
  readonly 'last-updated-ms': number;
  readonly 'last-column-id': number;
  readonly 'current-schema-id': number;
  readonly schemas: readonly Schema[];
  readonly 'default-spec-id': number;
  readonly 'partition-specs': readonly PartitionSpec[];
  readonly 'last-partition-id': number;
  readonly 'default-sort-order-id': number;
  readonly 'sort-orders': readonly SortOrder[];
  readonly properties: Readonly<Record<string, string>>;
  /** -1, null or absent: no snapshot yet. */
  readonly 'current-snapshot-id'?: Long | null;
  readonly snapshots: readonly Snapshot[];
  readonly 'snapshot-log': readonly { readonly 'snapshot-id': Long; readonly 'timestamp-ms': number }[];
  readonly 'metadata-log': readonly { readonly 'metadata-file': string; readonly 'timestamp-ms': number }[];
  readonly refs: Readonly<Record<string, SnapshotRef>>;
  readonly [other: string]: unknown;
}

export function sameLong(a: Long, b: Long): boolean {
  return a === b || (typeof a !== typeof b && BigInt(a) === BigInt(b));
}

export function currentSchema(metadata: TableMetadata): Schema {
  const schema = metadata.schemas.find((candidate) => candidate['schema-id'] === metadata['current-schema-id']);
  if (!schema) throw new Error(`schema ${metadata['current-schema-id']} is not in the metadata of table ${metadata['table-uuid']}`);
  return schema;
}

export function snapshotById(metadata: TableMetadata, id: Long): Snapshot | undefined {
  return metadata.snapshots.find((snapshot) => sameLong(snapshot['snapshot-id'], id));
}

/** The snapshot that branch `main` points to, or undefined for an empty table. */
export function mainSnapshot(metadata: TableMetadata): Snapshot | undefined {
  const main = metadata.refs['main'];
  return main && snapshotById(metadata, main['snapshot-id']);
}
