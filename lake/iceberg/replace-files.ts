// Data files in the place of others, as one snapshot over the head of main: an `overwrite`, a `delete` where nothing takes
// a place, a `replace` where only manifests are written anew or the rows are the same. Manifests that name a replaced file
// are written anew; the rest stand as they are. Row-level deletes name files by their place, so a head that has any is refused.
//
// Bounds are values of rows. So an entry that says "deleted" keeps its file's name and counts and loses its bounds, and
// manifests with deleted entries of other writers that still have theirs are written anew without them.
// Spec: https://iceberg.apache.org/spec/#manifests (status, snapshot_id of deleted entries)

import type { EpochMs } from '../../runtime/clock.ts';
import { assert } from '../../runtime/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createAvroTypes, type AvroTypes } from './avro-file.ts';
import type { DataFile } from './data-file.ts';
import { inheritEntry, isTelling, readManifest, writeManifest, type ManifestEntry, type ManifestFileEntry } from './manifest.ts';
import { manifestFileOf, writeManifestList, type ManifestFile } from './manifest-list.ts';
import { checkWritable, liveManifestsOf, putMetadataObject, storeKey } from './metadata-object.ts';
import { currentSchema, mainSnapshot, type Snapshot, type TableMetadata } from './metadata.ts';
import { nextSnapshot, type SnapshotIdentity } from './next-snapshot.ts';
import { specById, typedPartitionFields } from './partition.ts';
import { refuseDeletes } from './scan.ts';
import type { ManifestEntries } from './snapshot-files.ts';
import { totals } from './summary.ts';

export interface ReplaceInput {
  /** What the commit's requirements will assert: table uuid and head of main. */
  readonly metadata: TableMetadata;
  readonly store: ObjectStore;
  /** By location of a live file: what takes its place, of the same partition; null for nothing. */
  readonly replaced: ReadonlyMap<string, DataFile | null>;
  readonly summary: Readonly<Record<string, string>>;
  readonly snapshotId: number;
  /** Unique for ever; names the objects. */
  readonly commitId: string;
  readonly now: EpochMs;
  /** The same rows stand in other files: the snapshot is a `replace`, whatever files it adds. */
  readonly isSameRows?: boolean;
  /** What was read before, for the next try: manifests never change. */
  readonly known?: ManifestEntries;
}

/** Null when the head no longer holds every file that is to be replaced: then look again. Objects are durable on return. */
export async function prepareReplace(input: ReplaceInput, signal?: AbortSignal): Promise<Snapshot | null> {
  const { metadata, store, replaced } = input;
  checkWritable(metadata);
  const parent = mainSnapshot(metadata);
  const identity = nextSnapshot(metadata, input.snapshotId, input.now);
  const types = createAvroTypes();
  const manifests: ManifestFile[] = [];
  const removed: ManifestFileEntry[] = [];
  const added: DataFile[] = [];
  const written = new Map<number, ManifestEntry[]>();
  const live = await liveManifestsOf(store, parent, undefined, signal);
  refuseDeletes(live, metadata);
  for (const manifest of live) {
    const rewritten = rewriteEntries(await entriesOf(manifest, input, types, signal), manifest, input);
    if (rewritten === null) {
      manifests.push(manifest);
      continue;
    }
    const entries = written.get(manifest.specId) ?? [];
    written.set(manifest.specId, entries);
    for (const entry of rewritten.entries) entries.push(entry);
    for (const { file } of rewritten.removed) {
      removed.push(file);
      const next = replaced.get(file.filePath);
      if (!next) continue;
      added.push(next);
      entries.push(addedEntry(next));
    }
  }
  if (removed.length !== replaced.size) return null;
  let number = 0;
  for (const [specId, entries] of written)
    for (let at = 0; at < entries.length; at += entriesMax)
      manifests.push(await putManifest(input, identity, specId, entries.slice(at, at + entriesMax), number++, types, signal));
  const list = writeManifestList(manifests, identity, types);
  const name = `snap-${input.snapshotId}-${input.commitId}`;
  const location = await putMetadataObject(store, metadata, name, list, signal);
  return {
    ...identity,
    'manifest-list': location,
    summary: replaceSummary(removed, added, parent?.summary, input),
  };
}

/** Of one manifest that is written: the few that are written anew become one, so that little stands between a look and its swap. */
const entriesMax = 30_000;

async function entriesOf(
  { path }: ManifestFile,
  { store, known }: ReplaceInput,
  types: AvroTypes,
  signal: AbortSignal | undefined,
): Promise<readonly ManifestEntry[]> {
  const read = known?.get(path);
  if (read) return read;
  const { entries } = readManifest(await store.get(storeKey(store, path), undefined, signal), path, types);
  known?.set(path, entries);
  return entries;
}

/** Null for a manifest that stands as it is. */
function rewriteEntries(
  read: readonly ManifestEntry[],
  manifest: ManifestFile,
  { replaced, snapshotId }: ReplaceInput,
): { readonly entries: readonly ManifestEntry[]; readonly removed: readonly ManifestEntry[] } | null {
  const isReplaced = (entry: ManifestEntry): boolean => entry.status !== 'deleted' && replaced.has(entry.file.filePath);
  if (manifest.content !== 'data' || !read.some((entry) => isReplaced(entry) || isTelling(entry))) return null;
  const removed = read.filter(isReplaced);
  const entries = read.flatMap((entry): ManifestEntry[] => {
    const own = inheritEntry(entry, manifest);
    if (isReplaced(entry)) return [{ ...own, status: 'deleted', snapshotId, file: withoutBounds(entry.file) }];
    // Nobody reads what an earlier snapshot deleted but in that snapshot's own manifests.
    return entry.status === 'deleted' ? [] : [{ ...own, status: 'existing' }];
  });
  return { entries, removed };
}

function withoutBounds({ lowerBounds: _lower, upperBounds: _upper, ...file }: ManifestFileEntry): ManifestFileEntry {
  return file;
}

function addedEntry(file: DataFile): ManifestEntry {
  return { status: 'added', snapshotId: null, sequenceNumber: null, fileSequenceNumber: null, file: { ...file, content: 'data' } };
}

async function putManifest(
  { metadata, store, commitId, snapshotId }: ReplaceInput,
  identity: SnapshotIdentity,
  specId: number,
  entries: readonly ManifestEntry[],
  number: number,
  types: AvroTypes,
  signal: AbortSignal | undefined,
): Promise<ManifestFile> {
  const spec = specById(metadata, specId);
  const partitionFields = typedPartitionFields(metadata, spec);
  const bytes = writeManifest({ schema: currentSchema(metadata), spec, partitionFields, entries }, types);
  const path = await putMetadataObject(store, metadata, `${commitId}-m${number}`, bytes, signal);
  const sequenceNumber = identity['sequence-number'];
  return manifestFileOf({ path, length: bytes.length, specId, sequenceNumber, addedSnapshotId: snapshotId }, entries, partitionFields);
}

function replaceSummary(
  removed: readonly ManifestFileEntry[],
  added: readonly DataFile[],
  previous: Snapshot['summary'] | undefined,
  { summary, isSameRows }: Pick<ReplaceInput, 'summary' | 'isSameRows'>,
): Snapshot['summary'] {
  const [before, after] = [sum(removed), sum(added)];
  assert(isSameRows !== true || before.records === after.records, 'files of the same rows hold as many as those that they stand for');
  const partitions = new Set(removed.map((file) => JSON.stringify(Object.values(file.partition).map(String))));
  return {
    ...summary,
    operation: removed.length === 0 || isSameRows === true ? 'replace' : added.length === 0 ? 'delete' : 'overwrite',
    ...(added.length === 0
      ? {}
      : { 'added-data-files': String(added.length), 'added-records': String(after.records), 'added-files-size': String(after.bytes) }),
    'deleted-data-files': String(removed.length),
    'deleted-records': String(before.records),
    'removed-files-size': String(before.bytes),
    'changed-partition-count': String(partitions.size),
    ...totals(previous, {
      'total-records': after.records - before.records,
      'total-files-size': after.bytes - before.bytes,
      'total-data-files': added.length - removed.length,
    }),
  };
}

function sum(files: readonly { readonly recordCount: number; readonly fileSizeInBytes: number }[]) {
  return {
    records: files.reduce((total, file) => total + file.recordCount, 0),
    bytes: files.reduce((total, file) => total + file.fileSizeInBytes, 0),
  };
}
