// From JSON values to typed metadata and commits: what arrives from a file or over HTTP is checked member by member, so
// that nothing later meets a string where it counts on a number. Members we do not know are left in place.

import { fromFormat1 } from './read-format1.ts';
import type { Long, PartitionField, PartitionSpec, Snapshot, SnapshotRef, SortOrder, TableMetadata } from './metadata.ts';
import type { IcebergType, Schema, StructField } from './schema.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Throws SyntaxError naming the member when the value is not table metadata. Optional lists that are absent come back empty. */
export function readMetadata(value: unknown): TableMetadata {
  if (!isRecord(value)) throw new SyntaxError('table metadata must be an object');
  const snapshots: unknown = value['snapshots'] ?? [];
  const metadata = {
    properties: {},
    'snapshot-log': [],
    'metadata-log': [],
    'last-sequence-number': 0,
    ...(value['format-version'] === 1 ? fromFormat1(value) : value),
    snapshots: Array.isArray(snapshots) ? snapshots.map(filledSnapshot) : snapshots,
    refs: value['refs'] ?? mainRef(value['current-snapshot-id']),
  };
  if (!isTableMetadata(metadata)) throw new SyntaxError(`table metadata: ${metadataProblem(metadata) ?? 'malformed'}`);
  return metadata;
}

/** Spec: writers older than refs only name the current snapshot. */
function mainRef(current: unknown): Json {
  if (!isLong(current) || current < 0) return {};
  return { main: { 'snapshot-id': current, type: 'branch' } };
}

/** Spec: snapshots of format v1 have no sequence number, which reads as 0, and need no summary. */
export function filledSnapshot(snapshot: unknown): unknown {
  if (!isRecord(snapshot) || (snapshot['sequence-number'] !== undefined && snapshot['summary'] !== undefined)) return snapshot;
  return { 'sequence-number': 0, summary: {}, ...snapshot };
}

function isTableMetadata(value: unknown): value is TableMetadata {
  return metadataProblem(value) === null;
}

function metadataProblem(value: unknown): string | null {
  if (!isRecord(value)) return 'must be an object';
  for (const [name, check] of metadataMembers) {
    if (!check(value[name])) return `member ${name} is missing or malformed`;
  }
  const current = value['current-snapshot-id'];
  return current === undefined || current === null || isLong(current) ? null : 'member current-snapshot-id is malformed';
}

/** Ids are 32-bit in the specification; larger ones would break readers in other languages. */
export const isInt = (value: unknown): value is number => Number.isInteger(value) && Number(value) === (Number(value) | 0);
export const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
export const isString = (value: unknown): value is string => typeof value === 'string';

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isLong(value: unknown): value is Long {
  return isInteger(value) || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value);
}

export function isListOf<T>(check: (item: unknown) => item is T): (value: unknown) => value is readonly T[] {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(check);
}

export function isMapOf<T>(check: (item: unknown) => item is T): (value: unknown) => value is Readonly<Record<string, T>> {
  return (value): value is Readonly<Record<string, T>> => isRecord(value) && Object.values(value).every(check);
}

const optional = (value: unknown, check: (present: unknown) => boolean): boolean => value === undefined || check(value);

export function isSchema(value: unknown): value is Schema {
  return (
    isRecord(value) &&
    isFields(value['fields']) &&
    optional(value['type'], (type) => type === 'struct') &&
    optional(value['schema-id'], isInt) &&
    optional(value['identifier-field-ids'], isListOf(isInt))
  );
}

const isFields = (value: unknown): value is readonly StructField[] => Array.isArray(value) && value.every(isField);

function isField(value: unknown): value is StructField {
  return (
    isRecord(value) &&
    isInt(value['id']) &&
    isString(value['name']) &&
    typeof value['required'] === 'boolean' &&
    isType(value['type']) &&
    optional(value['doc'], isString)
  );
}

function isType(value: unknown): value is IcebergType {
  if (isString(value)) return true;
  if (!isRecord(value)) return false;
  if (value['type'] === 'struct') return isFields(value['fields']);
  if (value['type'] === 'list')
    return isInt(value['element-id']) && typeof value['element-required'] === 'boolean' && isType(value['element']);
  return (
    value['type'] === 'map' &&
    isInt(value['key-id']) &&
    isInt(value['value-id']) &&
    typeof value['value-required'] === 'boolean' &&
    isType(value['key']) &&
    isType(value['value'])
  );
}

function isPartitionField(value: unknown): value is PartitionField {
  return (
    isRecord(value) && isInt(value['source-id']) && isInt(value['field-id']) && isString(value['name']) && isString(value['transform'])
  );
}

export function isPartitionSpec(value: unknown): value is PartitionSpec {
  return isRecord(value) && isInt(value['spec-id']) && isListOf(isPartitionField)(value['fields']);
}

export function isSortOrder(value: unknown): value is SortOrder {
  return isRecord(value) && isInt(value['order-id']) && Array.isArray(value['fields']);
}

export function isSnapshot(value: unknown): value is Snapshot {
  return (
    isRecord(value) &&
    isLong(value['snapshot-id']) &&
    isLong(value['sequence-number']) &&
    isInteger(value['timestamp-ms']) &&
    (isString(value['manifest-list']) || (value['manifest-list'] === undefined && isListOf(isString)(value['manifests']))) &&
    isMapOf(isString)(value['summary']) &&
    optional(value['schema-id'], isInt) &&
    (value['parent-snapshot-id'] === undefined || value['parent-snapshot-id'] === null || isLong(value['parent-snapshot-id']))
  );
}

export function isSnapshotRef(value: unknown): value is SnapshotRef {
  return (
    isRecord(value) &&
    isLong(value['snapshot-id']) &&
    (value['type'] === 'branch' || value['type'] === 'tag') &&
    ['min-snapshots-to-keep', 'max-snapshot-age-ms', 'max-ref-age-ms'].every((name) => optional(value[name], isInteger))
  );
}

function isLogEntry(value: unknown): value is Json {
  return isRecord(value) && isLong(value['snapshot-id']) && isInteger(value['timestamp-ms']);
}

function isMetadataLogEntry(value: unknown): value is Json {
  return isRecord(value) && isString(value['metadata-file']) && isInteger(value['timestamp-ms']);
}

const metadataMembers: ReadonlyMap<string, (value: unknown) => boolean> = new Map<string, (value: unknown) => boolean>([
  ['format-version', (value) => isInt(value) && value >= 1],
  ['table-uuid', isString],
  ['location', isString],
  ['last-sequence-number', isLong],
  ['last-updated-ms', isInteger],
  ['last-column-id', isInt],
  ['current-schema-id', isInt],
  ['schemas', isListOf(isSchema)],
  ['default-spec-id', isInt],
  ['partition-specs', isListOf(isPartitionSpec)],
  ['last-partition-id', isInt],
  ['default-sort-order-id', isInt],
  ['sort-orders', isListOf(isSortOrder)],
  ['properties', isMapOf(isString)],
  ['snapshots', isListOf(isSnapshot)],
  ['snapshot-log', isListOf(isLogEntry)],
  ['metadata-log', isListOf(isMetadataLogEntry)],
  ['refs', isMapOf(isSnapshotRef)],
]);
