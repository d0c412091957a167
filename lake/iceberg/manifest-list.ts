// A manifest list: the Avro file a snapshot points to, one line a manifest with what a reader needs to skip it. Bytes
// in, lines out; no I/O. Written as format v2; read from any writer of v1 to v3.
// Spec: https://iceberg.apache.org/spec/#manifest-lists

import { LakeError } from '../../runtime/errors.ts';
import { readAvroFile, writeAvroFile, type AvroRecord, type AvroTypes } from './avro-file.ts';
import type { ManifestEntry } from './manifest.ts';
import { bytesOf, fieldReader, isRecord, longOf, manifestListSchema, numberOf, type FieldReader } from './manifest-schema.ts';
import type { Long, Snapshot } from './metadata.ts';
import { summarisePartitions, type PartitionSummary, type TypedPartitionField } from './partition.ts';

export interface ManifestFile {
  /** Absolute location. */
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  readonly specId: number;
  readonly content: 'data' | 'deletes';
  /** Of the commit that added the manifest; 0 in files of format v1. */
  readonly sequenceNumber: Long;
  /** Lowest data sequence number of its live files. */
  readonly minSequenceNumber: Long;
  readonly addedSnapshotId: Long;
  /** Counts are null only in files of format v1. */
  readonly addedFiles: number | null;
  readonly existingFiles: number | null;
  readonly deletedFiles: number | null;
  readonly addedRows: number | null;
  readonly existingRows: number | null;
  readonly deletedRows: number | null;
  /** One a field of the spec, in its order; null when the writer gave none. */
  readonly partitions: readonly PartitionSummary[] | null;
  readonly keyMetadata: Uint8Array | null;
}

export function writeManifestList(
  manifests: readonly ManifestFile[],
  snapshot: Omit<Snapshot, 'manifest-list' | 'summary'>,
  types?: AvroTypes,
): Uint8Array {
  const file = {
    schema: manifestListSchema,
    metadata: new Map([
      ['snapshot-id', String(snapshot['snapshot-id'])],
      ['parent-snapshot-id', String(snapshot['parent-snapshot-id'] ?? 'null')],
      ['sequence-number', String(snapshot['sequence-number'])],
      ['format-version', '2'],
    ]),
    records: manifests.map(recordOfManifest),
  };
  return writeAvroFile(file, types);
}

/** Throws OBJECT_CORRUPT. */
export function readManifestList(bytes: Uint8Array, location: string, types?: AvroTypes): readonly ManifestFile[] {
  const avro = readAvroFile(bytes, location, types);
  const reader = fieldReader(avro.schema);
  const partitionReader = reader.inside(507);
  return avro.records.map((record) => manifestOfRecord(record, reader, partitionReader, location));
}

/** The line of a manifest just written, counted from its entries. Its sequence numbers are those of the snapshot it is added by. */
export function manifestFileOf(
  written: Pick<ManifestFile, 'path' | 'length' | 'specId' | 'sequenceNumber' | 'addedSnapshotId'>,
  entries: readonly ManifestEntry[],
  partitionFields: readonly TypedPartitionField[],
): ManifestFile {
  const counts = { added: [0, 0], existing: [0, 0], deleted: [0, 0] };
  let minSequenceNumber: Long = written.sequenceNumber;
  for (const { status, sequenceNumber, file } of entries) {
    const [files = 0, rows = 0] = counts[status];
    counts[status] = [files + 1, rows + file.recordCount];
    if (status !== 'deleted' && sequenceNumber !== null && sequenceNumber < minSequenceNumber) minSequenceNumber = sequenceNumber;
  }
  return {
    ...written,
    content: 'data',
    minSequenceNumber,
    addedFiles: counts.added[0] ?? 0,
    existingFiles: counts.existing[0] ?? 0,
    deletedFiles: counts.deleted[0] ?? 0,
    addedRows: counts.added[1] ?? 0,
    existingRows: counts.existing[1] ?? 0,
    deletedRows: counts.deleted[1] ?? 0,
    partitions: summarisePartitions(
      partitionFields,
      entries.map((entry) => entry.file.partition),
    ),
    keyMetadata: null,
  };
}

/** Files a reader would find; null when the writer did not count. */
export function liveFiles(manifest: ManifestFile): number | null {
  return manifest.addedFiles === null || manifest.existingFiles === null ? null : manifest.addedFiles + manifest.existingFiles;
}

function recordOfManifest(manifest: ManifestFile): AvroRecord {
  return {
    manifest_path: manifest.path,
    manifest_length: manifest.length,
    partition_spec_id: manifest.specId,
    content: manifest.content === 'data' ? 0 : 1,
    sequence_number: manifest.sequenceNumber,
    min_sequence_number: manifest.minSequenceNumber,
    added_snapshot_id: manifest.addedSnapshotId,
    added_files_count: manifest.addedFiles ?? 0,
    existing_files_count: manifest.existingFiles ?? 0,
    deleted_files_count: manifest.deletedFiles ?? 0,
    added_rows_count: manifest.addedRows ?? 0,
    existing_rows_count: manifest.existingRows ?? 0,
    deleted_rows_count: manifest.deletedRows ?? 0,
    partitions:
      manifest.partitions?.map((summary) => ({
        contains_null: summary.containsNull,
        contains_nan: summary.containsNan ?? null,
        lower_bound: summary.lowerBound && Buffer.from(summary.lowerBound),
        upper_bound: summary.upperBound && Buffer.from(summary.upperBound),
      })) ?? null,
    key_metadata: manifest.keyMetadata && Buffer.from(manifest.keyMetadata),
  };
}

function manifestOfRecord(record: AvroRecord, reader: FieldReader, partitionReader: FieldReader, location: string): ManifestFile {
  const get = (id: number): unknown => reader.get(record, id);
  const [path, length, specId, addedSnapshotId] = [get(500), numberOf(get(501)), numberOf(get(502)), longOf(get(503))];
  if (typeof path !== 'string' || length === null || specId === null)
    throw new LakeError('OBJECT_CORRUPT', `${location} holds a manifest without path, length or partition spec`);
  const [partitions, keyMetadata] = [get(507), get(519)];
  return {
    path,
    length,
    specId,
    content: get(517) === 1 ? 'deletes' : 'data',
    sequenceNumber: longOf(get(515)) ?? 0,
    minSequenceNumber: longOf(get(516)) ?? 0,
    addedSnapshotId: addedSnapshotId ?? -1,
    addedFiles: numberOf(get(504)),
    existingFiles: numberOf(get(505)),
    deletedFiles: numberOf(get(506)),
    addedRows: numberOf(get(512)),
    existingRows: numberOf(get(513)),
    deletedRows: numberOf(get(514)),
    partitions: Array.isArray(partitions) ? partitions.filter(isRecord).map((summary) => summaryOfRecord(summary, partitionReader)) : null,
    keyMetadata: bytesOf(keyMetadata),
  };
}

function summaryOfRecord(record: AvroRecord, reader: FieldReader): PartitionSummary {
  const [containsNan, lower, upper] = [reader.get(record, 518), reader.get(record, 510), reader.get(record, 511)];
  return {
    containsNull: reader.get(record, 509) === true,
    ...(typeof containsNan === 'boolean' ? { containsNan } : {}),
    lowerBound: bytesOf(lower),
    upperBound: bytesOf(upper),
  };
}
