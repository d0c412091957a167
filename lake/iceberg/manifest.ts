// A manifest: an Avro file that lists data files (or delete files) of one partition spec, each with its status, the
// snapshot that added it and its statistics. Bytes in, entries out; no I/O. Written as format v2; read from any writer
// of v1 to v3, unknown fields ignored.
// Spec: https://iceberg.apache.org/spec/#manifests

import { LakeError } from '../../runtime/errors.ts';
import { readAvroFile, writeAvroFile, type AvroRecord, type AvroSchema, type AvroTypes } from './avro-file.ts';
import type { DataFile } from './data-file.ts';
import { bytesOf, fieldReader, isRecord, longOf, manifestEntrySchema, avroName, numberOf, type FieldReader } from './manifest-schema.ts';
import type { Long, PartitionSpec } from './metadata.ts';
import type { PartitionValue, PartitionValues, TypedPartitionField } from './partition.ts';
import type { Schema } from './schema.ts';

export type FileContent = 'data' | 'position-deletes' | 'equality-deletes';

/** A data or delete file of any writer. Every `DataFile` becomes one with content `data`. */
export interface ManifestFileEntry extends Omit<DataFile, 'fileFormat' | 'partition'> {
  readonly content: FileContent;
  /** Upper case: PARQUET, ORC, AVRO, PUFFIN. */
  readonly fileFormat: string;
  readonly partition: PartitionValues;
  readonly keyMetadata?: Uint8Array;
  readonly equalityIds?: readonly number[];
}

export interface ManifestEntry {
  readonly status: 'existing' | 'added' | 'deleted';
  /** Null: inherited from the manifest list (`inheritEntry`). */
  readonly snapshotId: Long | null;
  /** Of the data. Null: inherited. */
  readonly sequenceNumber: Long | null;
  /** Of the file's first manifest. Null: inherited. */
  readonly fileSequenceNumber: Long | null;
  readonly file: ManifestFileEntry;
}

export interface ManifestToWrite {
  readonly schema: Schema;
  readonly spec: PartitionSpec;
  readonly partitionFields: readonly TypedPartitionField[];
  readonly entries: readonly ManifestEntry[];
}

export interface ReadManifest {
  readonly content: 'data' | 'deletes';
  /** Null when the writer left it out; the manifest list says it too. */
  readonly specId: number | null;
  readonly entries: readonly ManifestEntry[];
}

/** A data manifest in format v2. */
export function writeManifest(manifest: ManifestToWrite, types?: AvroTypes): Uint8Array {
  const { schema, spec, partitionFields, entries } = manifest;
  const file = {
    schema: manifestEntrySchema(partitionFields),
    metadata: new Map([
      ['schema', JSON.stringify(schema)],
      ['schema-id', String(schema['schema-id'])],
      ['partition-spec', JSON.stringify(spec.fields)],
      ['partition-spec-id', String(spec['spec-id'])],
      ['format-version', '2'],
      ['content', 'data'],
    ]),
    records: entries.map((entry) => recordOfEntry(entry, partitionFields)),
  };
  return writeAvroFile(file, types);
}

/** Throws OBJECT_CORRUPT. */
export function readManifest(bytes: Uint8Array, location: string, types?: AvroTypes): ReadManifest {
  const avro = readAvroFile(bytes, location, types);
  const specId = avro.metadata.get('partition-spec-id');
  const readers = entryReaders(avro.schema);
  return {
    content: avro.metadata.get('content') === 'deletes' ? 'deletes' : 'data',
    specId: specId === undefined ? null : Number(specId),
    entries: avro.records.map((record) => entryOfRecord(record, readers, location)),
  };
}

/** Spec: what an entry leaves null comes from its manifest's line in the manifest list; only `added` entries leave it null. */
export function inheritEntry(
  entry: ManifestEntry,
  manifest: { readonly addedSnapshotId: Long; readonly sequenceNumber: Long },
): ManifestEntry & { readonly snapshotId: Long; readonly sequenceNumber: Long; readonly fileSequenceNumber: Long } {
  return {
    ...entry,
    snapshotId: entry.snapshotId ?? manifest.addedSnapshotId,
    sequenceNumber: entry.sequenceNumber ?? manifest.sequenceNumber,
    fileSequenceNumber: entry.fileSequenceNumber ?? manifest.sequenceNumber,
  };
}

/** A deleted entry whose bounds still say what the file held. */
export function isTelling({ status, file }: ManifestEntry): boolean {
  return status === 'deleted' && ((file.lowerBounds?.size ?? 0) > 0 || (file.upperBounds?.size ?? 0) > 0);
}

const statuses = ['existing', 'added', 'deleted'] as const;
const contents = ['data', 'position-deletes', 'equality-deletes'] as const;

function recordOfEntry(entry: ManifestEntry, partitionFields: readonly TypedPartitionField[]): AvroRecord {
  const { file } = entry;
  return {
    status: statuses.indexOf(entry.status),
    snapshot_id: entry.snapshotId,
    sequence_number: entry.sequenceNumber,
    file_sequence_number: entry.fileSequenceNumber,
    data_file: {
      content: contents.indexOf(file.content),
      file_path: file.filePath,
      file_format: file.fileFormat,
      partition: Object.fromEntries(partitionFields.map((field) => [avroName(field.name), avroValue(file.partition[field.id] ?? null)])),
      record_count: file.recordCount,
      file_size_in_bytes: file.fileSizeInBytes,
      column_sizes: pairs(file.columnSizes),
      value_counts: pairs(file.valueCounts),
      null_value_counts: pairs(file.nullValueCounts),
      nan_value_counts: pairs(file.nanValueCounts),
      lower_bounds: pairs(file.lowerBounds),
      upper_bounds: pairs(file.upperBounds),
      key_metadata: avroValue(file.keyMetadata ?? null),
      split_offsets: file.splitOffsets ?? null,
      equality_ids: file.equalityIds ?? null,
      sort_order_id: file.sortOrderId ?? null,
    },
  };
}

/** No statistics are an empty map: the same to a planner, and some readers' metadata tables stumble over a null. */
function pairs(map: ReadonlyMap<number, number | Uint8Array> = new Map()): readonly AvroRecord[] {
  return [...map].toSorted(([a], [b]) => a - b).map(([key, value]) => ({ key, value: avroValue(value) }));
}

/** The Avro library wants Buffers; the rest of the lake knows only bytes. */
function avroValue(value: PartitionValue): PartitionValue {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

interface EntryReaders {
  readonly entry: FieldReader;
  readonly file: FieldReader;
  readonly partition: FieldReader;
}

function entryReaders(schema: AvroSchema): EntryReaders {
  const entry = fieldReader(schema);
  const file = entry.inside(2);
  return { entry, file, partition: file.inside(102) };
}

function entryOfRecord(record: AvroRecord, readers: EntryReaders, location: string): ManifestEntry {
  const status = statuses[numberOf(readers.entry.get(record, 0)) ?? -1];
  const file = readers.entry.get(record, 2);
  if (!status || !isRecord(file)) throw new LakeError('OBJECT_CORRUPT', `${location} holds an entry without status or data file`);
  return {
    status,
    snapshotId: longOf(readers.entry.get(record, 1)),
    sequenceNumber: longOf(readers.entry.get(record, 3)),
    fileSequenceNumber: longOf(readers.entry.get(record, 4)),
    file: fileOfRecord(file, readers, location),
  };
}

function fileOfRecord(record: AvroRecord, { file, partition }: EntryReaders, location: string): ManifestFileEntry {
  const get = (id: number): unknown => file.get(record, id);
  const content = contents[numberOf(get(134)) ?? 0];
  const [filePath, recordCount, fileSizeInBytes] = [get(100), numberOf(get(103)), numberOf(get(104))];
  if (!content || typeof filePath !== 'string' || recordCount === null || fileSizeInBytes === null)
    throw new LakeError('OBJECT_CORRUPT', `${location} holds a data file without content, path, rows or size`);
  const partitionRecord = get(102);
  return {
    content,
    filePath,
    fileFormat: String(get(101)).toUpperCase(),
    partition: isRecord(partitionRecord)
      ? Object.fromEntries(partition.ids.map((id) => [id, partitionValue(partition.get(partitionRecord, id))]))
      : {},
    recordCount,
    fileSizeInBytes,
    ...given('columnSizes', mapOf(get(108), numberOf)),
    ...given('valueCounts', mapOf(get(109), numberOf)),
    ...given('nullValueCounts', mapOf(get(110), numberOf)),
    ...given('nanValueCounts', mapOf(get(137), numberOf)),
    ...given('lowerBounds', mapOf(get(125), bytesOf)),
    ...given('upperBounds', mapOf(get(128), bytesOf)),
    ...given('keyMetadata', bytesOf(get(131))),
    ...given('splitOffsets', numbersOf(get(132))),
    ...given('equalityIds', numbersOf(get(135))),
    ...given('sortOrderId', numberOf(get(140))),
  };
}

function given<K extends string, V>(key: K, value: V | null): Partial<Record<K, V>> {
  const out: Partial<Record<K, V>> = {};
  if (value !== null) out[key] = value;
  return out;
}

function mapOf<V>(value: unknown, read: (value: unknown) => V | null): ReadonlyMap<number, V> | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const map = new Map<number, V>();
  for (const pair of value.filter(isRecord)) {
    const [key, inner] = [numberOf(pair['key']), read(pair['value'])];
    if (key !== null && inner !== null) map.set(key, inner);
  }
  return map;
}

function numbersOf(value: unknown): readonly number[] | null {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'number') : null;
}

function partitionValue(value: unknown): PartitionValue {
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') return value;
  return bytesOf(value);
}
