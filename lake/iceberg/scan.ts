// Snapshot × predicate → files. Manifests are skipped by their partition summaries, files by partition value and column
// statistics; what is left is a superset of what matches. Files of rows deleted by other engines are reported or refused,
// never ignored.

import { LakeError } from '../../runtime/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createAvroTypes, type AvroTypes } from './avro-file.ts';
import { inheritEntry, readManifest, type ManifestEntry, type ManifestFileEntry } from './manifest.ts';
import { liveFiles, type ManifestFile } from './manifest-list.ts';
import { manifestsOf, storeKey } from './metadata-object.ts';
import { currentSchema, mainSnapshot, snapshotById, type Long, type Snapshot, type TableMetadata } from './metadata.ts';
import { specById, typedPartitionFields, type TypedPartitionField } from './partition.ts';
import { mayMatch, type Predicate } from './predicate.ts';
import type { Schema } from './schema.ts';
import { fileRanges, manifestRanges } from './value-ranges.ts';

export interface ScanInput {
  readonly metadata: TableMetadata;
  readonly store: ObjectStore;
  /** Default: main's head. */
  readonly snapshotId?: Long;
  readonly predicate?: Predicate;
  /** `refuse` (default): a table with delete files is an error. `report`: they are listed, the caller applies them. */
  readonly deletes?: 'refuse' | 'report';
  /** Manifests read at once. */
  readonly readsMax?: number;
}

export interface ScanFile {
  readonly file: ManifestFileEntry;
  readonly specId: number;
  /** Deletes apply to files of lower (equality) or equal (position) data sequence number. */
  readonly sequenceNumber: Long;
  /** Snapshot that added it. */
  readonly snapshotId: Long;
}

export interface ScanPlan {
  /** Null: the table has no snapshot yet. */
  readonly snapshot: Snapshot | null;
  /** The table's current schema for main; the snapshot's own for a snapshot that was asked for. */
  readonly schema: Schema;
  readonly files: readonly ScanFile[];
  readonly deleteFiles: readonly ScanFile[];
  readonly manifestsRead: number;
  readonly manifestsSkipped: number;
  readonly filesSkipped: number;
}

/** Errors: those of the store, OBJECT_CORRUPT, TABLE_UNSUPPORTED (delete files; objects outside the store). */
export async function planScan(input: ScanInput, signal?: AbortSignal): Promise<ScanPlan> {
  const { metadata, store, predicate, readsMax = 8 } = input;
  const snapshot = snapshotOf(input);
  const schema = schemaOf(input, snapshot);
  const manifests = (await manifestsOf(store, snapshot, undefined, signal)).filter((manifest) => liveFiles(manifest) !== 0);
  if (input.deletes !== 'report') refuseDeletes(manifests, metadata);
  const specs = new Map(
    [...new Set(manifests.map((manifest) => manifest.specId))].map((id) => [id, typedPartitionFields(metadata, specById(metadata, id))]),
  );
  const fieldsOf = (manifest: ManifestFile): readonly TypedPartitionField[] => specs.get(manifest.specId) ?? [];
  const wanted = manifests.filter(
    (manifest) =>
      predicate === undefined ||
      manifest.content === 'deletes' ||
      mayMatch(predicate, (leaf) => manifestRanges(leaf, manifest.partitions, fieldsOf(manifest), schema)),
  );
  const types = createAvroTypes();
  const plan: { files: ScanFile[]; deleteFiles: ScanFile[]; filesSkipped: number } = { files: [], deleteFiles: [], filesSkipped: 0 };
  for (let from = 0; from < wanted.length; from += readsMax) {
    const batch = wanted.slice(from, from + readsMax);
    const read = await Promise.all(batch.map((manifest) => liveEntries(store, manifest, types, signal)));
    for (const [i, manifest] of batch.entries()) {
      for (const file of read[i] ?? []) {
        if (manifest.content === 'deletes') plan.deleteFiles.push(file);
        else if (!predicate || mayMatch(predicate, (leaf) => fileRanges(leaf, file.file, fieldsOf(manifest), schema)))
          plan.files.push(file);
        else plan.filesSkipped++;
      }
    }
  }
  return { snapshot: snapshot ?? null, schema, ...plan, manifestsRead: wanted.length, manifestsSkipped: manifests.length - wanted.length };
}

function snapshotOf({ metadata, snapshotId }: ScanInput): Snapshot | undefined {
  if (snapshotId === undefined) return mainSnapshot(metadata);
  const snapshot = snapshotById(metadata, snapshotId);
  if (!snapshot)
    throw new LakeError('OBJECT_MISSING', `snapshot ${snapshotId} is not in table ${metadata['table-uuid']}: it expired or never was`, {
      context: { snapshotId, table: metadata['table-uuid'] },
    });
  return snapshot;
}

function schemaOf({ metadata, snapshotId }: ScanInput, snapshot: Snapshot | undefined): Schema {
  const own = snapshotId === undefined ? undefined : metadata.schemas.find((schema) => schema['schema-id'] === snapshot?.['schema-id']);
  return own ?? currentSchema(metadata);
}

export function refuseDeletes(manifests: readonly ManifestFile[], metadata: TableMetadata): void {
  const deletes = manifests.find((manifest) => manifest.content === 'deletes');
  if (deletes)
    throw new LakeError(
      'TABLE_UNSUPPORTED',
      `table ${metadata['table-uuid']} has row-level deletes of another engine (${deletes.path}); Foz does not apply them yet: rewrite the data files there, or read it with that engine`,
      { context: { table: metadata['table-uuid'], manifest: deletes.path } },
    );
}

async function liveEntries(
  store: ObjectStore,
  manifest: ManifestFile,
  types: AvroTypes,
  signal: AbortSignal | undefined,
): Promise<readonly ScanFile[]> {
  const { entries } = readManifest(await store.get(storeKey(store, manifest.path), undefined, signal), manifest.path, types);
  return entries.filter((entry) => entry.status !== 'deleted').map((entry) => scanFileOf(entry, manifest));
}

function scanFileOf(entry: ManifestEntry, manifest: ManifestFile): ScanFile {
  const { file, sequenceNumber, snapshotId } = inheritEntry(entry, manifest);
  return { file, specId: manifest.specId, sequenceNumber, snapshotId };
}
