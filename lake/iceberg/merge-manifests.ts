// Every commit adds a manifest; merging keeps the list short, so that a commit and a plan cost the same after years.
// Manifests are merged by size class, as a log-structured merge does: thirty of one class become one of the next, so an
// entry is rewritten once a class and not at every merge. Entries keep their snapshot id and sequence numbers, now
// explicit, and their data files are untouched: the snapshot is a `replace` that carries no offsets.
//
// Off the commit path. Ingest wins conflicts: when the head has moved, `rebaseMerge` writes a new list over the new
// head, as long as it still holds every manifest that was merged.

import type { EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createAvroTypes } from './avro-file.ts';
import type { AppendCache } from './append-cache.ts';
import type { TableCommit } from './commit.ts';
import { inheritEntry, readManifest, writeManifest, type ManifestEntry } from './manifest.ts';
import { liveFiles, manifestFileOf, writeManifestList, type ManifestFile } from './manifest-list.ts';
import { checkWritable, liveManifestsOf, putMetadataObject, storeKey } from './metadata-object.ts';
import { currentSchema, mainSnapshot, type Snapshot, type TableMetadata } from './metadata.ts';
import { nextSnapshot } from './next-snapshot.ts';
import { specById, typedPartitionFields } from './partition.ts';
import { totals } from './summary.ts';

export interface MergeLimits {
  /** As many manifests of one size class are merged; also the ratio between classes. */
  readonly manifestsMin: number;
  /** A merged manifest ends once its sources reach this size. Manifests above half of it are left alone. */
  readonly bytesTarget: number;
  /** Likewise in files. */
  readonly entriesTarget: number;
}

export const defaultMergeLimits: MergeLimits = { manifestsMin: 30, bytesTarget: 8 << 20, entriesTarget: 30_000 };

export interface MergeInput {
  readonly metadata: TableMetadata;
  readonly store: ObjectStore;
  readonly snapshotId: number;
  /** Unique for ever; names the objects. Not a commit of the offset chain. */
  readonly mergeId: string;
  readonly now: EpochMs;
  readonly cache?: AppendCache;
  readonly limits?: MergeLimits;
}

export interface PreparedMerge {
  readonly commit: TableCommit;
  readonly snapshot: Snapshot;
  readonly merged: readonly ManifestFile[];
  /** Locations of the manifests that `merged` stands for. */
  readonly replaced: ReadonlySet<string>;
  readonly entries: number;
}

/** Which manifests of a list to merge, by partition spec and size class; empty when there is nothing to gain. Pure. */
export function manifestsToMerge(manifests: readonly ManifestFile[], limits: MergeLimits): readonly (readonly ManifestFile[])[] {
  // One manifest merged into one is the same again, for ever.
  const manifestsMin = Math.max(2, limits.manifestsMin);
  const groups = new Map<string, ManifestFile[]>();
  for (const manifest of manifests) {
    const files = liveFiles(manifest) ?? 0;
    const isSmall = manifest.length < limits.bytesTarget / 2 && files < limits.entriesTarget / 2;
    // Encrypted manifests and those of deletes are not ours to rewrite.
    if (!isSmall || manifest.content !== 'data' || manifest.keyMetadata !== null) continue;
    const key = `${manifest.specId} ${sizeClass(files, manifestsMin)}`;
    groups.set(key, [...(groups.get(key) ?? []), manifest]);
  }
  return [...groups.values()].filter((group) => group.length >= manifestsMin);
}

/** Null when no size class is full. The objects are durable on return; nothing changes until `commit` is applied. */
export async function prepareMerge(input: MergeInput, signal?: AbortSignal): Promise<PreparedMerge | null> {
  const { metadata, store, cache, limits = defaultMergeLimits } = input;
  checkWritable(metadata);
  const manifests = await liveManifestsOf(store, mainSnapshot(metadata), cache, signal);
  const groups = manifestsToMerge(manifests, limits);
  if (groups.length === 0) return null;
  const merged: ManifestFile[] = [];
  for (const group of groups) merged.push(...(await mergeGroup(input, limits, group, merged.length, signal)));
  const replaced = new Set(groups.flat().map((manifest) => manifest.path));
  const entries = merged.reduce((sum, manifest) => sum + (liveFiles(manifest) ?? 0), 0);
  return commitMerge(input, { merged, replaced, entries }, manifests, signal);
}

/** The same merge over a newer head. Null when the head no longer holds what was merged: then begin again. */
export async function rebaseMerge(prepared: PreparedMerge, input: MergeInput, signal?: AbortSignal): Promise<PreparedMerge | null> {
  checkWritable(input.metadata);
  const manifests = await liveManifestsOf(input.store, mainSnapshot(input.metadata), input.cache, signal);
  const present = new Set(manifests.map((manifest) => manifest.path));
  if ([...prepared.replaced].some((path) => !present.has(path))) return null;
  return commitMerge(input, prepared, manifests, signal);
}

function sizeClass(files: number, ratio: number): number {
  let [size, next] = [0, ratio];
  for (; files >= next; next *= ratio) size++;
  return size;
}

/** One merged manifest at a time in memory. */
async function mergeGroup(
  input: MergeInput,
  limits: MergeLimits,
  group: readonly ManifestFile[],
  firstNumber: number,
  signal: AbortSignal | undefined,
): Promise<readonly ManifestFile[]> {
  const types = input.cache?.types ?? createAvroTypes();
  const merged: ManifestFile[] = [];
  let entries: ManifestEntry[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (entries.length > 0) merged.push(await putMerged(input, group[0]?.specId ?? 0, entries, firstNumber + merged.length, signal));
    entries = [];
    bytes = 0;
  };
  for (const manifest of group) {
    const stored = await input.store.get(storeKey(input.store, manifest.path), undefined, signal);
    const read = readManifest(stored, manifest.path, types);
    for (const entry of read.entries) {
      if (entry.status !== 'deleted') entries.push({ ...inheritEntry(entry, manifest), status: 'existing' });
    }
    bytes += manifest.length;
    if (bytes >= limits.bytesTarget || entries.length >= limits.entriesTarget) await flush();
  }
  await flush();
  checkCounts(group, merged);
  return merged;
}

/** Conservation, before anything refers to the merge: no file may be lost or doubled by it (I8). */
function checkCounts(group: readonly ManifestFile[], merged: readonly ManifestFile[]): void {
  const expected = group.reduce((sum, manifest) => sum + (liveFiles(manifest) ?? 0), 0);
  const found = merged.reduce((sum, manifest) => sum + (liveFiles(manifest) ?? 0), 0);
  if (expected !== found)
    throw new LakeError(
      'OBJECT_CORRUPT',
      `merging ${group.length} manifests: their list counts ${expected} files, the manifests hold ${found}`,
      {
        context: { first: group[0]?.path, expected, found },
      },
    );
}

async function putMerged(
  input: MergeInput,
  specId: number,
  entries: readonly ManifestEntry[],
  number: number,
  signal: AbortSignal | undefined,
): Promise<ManifestFile> {
  const { metadata, store, mergeId, snapshotId } = input;
  const spec = specById(metadata, specId);
  const partitionFields = typedPartitionFields(metadata, spec);
  const bytes = writeManifest({ schema: currentSchema(metadata), spec, partitionFields, entries }, input.cache?.types);
  const path = await putMetadataObject(store, metadata, `${mergeId}-m${number}`, bytes, signal);
  const sequenceNumber = nextSnapshot(metadata, snapshotId, input.now)['sequence-number'];
  return manifestFileOf({ path, length: bytes.length, specId, sequenceNumber, addedSnapshotId: snapshotId }, entries, partitionFields);
}

async function commitMerge(
  input: MergeInput,
  merge: Pick<PreparedMerge, 'merged' | 'replaced' | 'entries'>,
  manifests: readonly ManifestFile[],
  signal: AbortSignal | undefined,
): Promise<PreparedMerge> {
  const { metadata, store, snapshotId } = input;
  const parent = mainSnapshot(metadata);
  const identity = nextSnapshot(metadata, snapshotId, input.now);
  const merged = merge.merged.map((manifest) => ({
    ...manifest,
    sequenceNumber: identity['sequence-number'],
    addedSnapshotId: snapshotId,
  }));
  const kept = manifests.filter((manifest) => !merge.replaced.has(manifest.path));
  // Merged ones are the older: the list stays roughly in the order of arrival.
  const next = [...merged, ...kept];
  const location = await putMetadataObject(
    store,
    metadata,
    `snap-${snapshotId}-${input.mergeId}`,
    writeManifestList(next, identity, input.cache?.types),
    signal,
  );
  input.cache?.lists.set(location, next);
  const snapshot: Snapshot = {
    ...identity,
    'manifest-list': location,
    summary: {
      operation: 'replace',
      'manifests-created': String(merged.length),
      'manifests-replaced': String(merge.replaced.size),
      'manifests-kept': String(kept.length),
      'entries-processed': String(merge.entries),
      'changed-partition-count': '0',
      ...totals(parent?.summary, {}),
    },
  };
  return { commit: replaceCommit(metadata, parent, snapshot), snapshot, merged, replaced: merge.replaced, entries: merge.entries };
}

function replaceCommit(metadata: TableMetadata, parent: Snapshot | undefined, snapshot: Snapshot): TableCommit {
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': parent?.['snapshot-id'] ?? null },
    ],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshot['snapshot-id'] },
    ],
  };
}
