// An append: one manifest with the new files, one manifest list = the manifests of main's head + the new one, and the
// snapshot that names it. The objects are durable when this returns and invisible until a commit adds the snapshot.
// The cost is that of the head's manifest list, which merging keeps short (merge-manifests.ts), not of the history.
//
// Called again for the same commit id after a conflict, with newer metadata and any snapshot id: the manifest is kept
// (its entries take snapshot id and sequence numbers from the list, by inheritance) and only the list is written anew.

import type { EpochMs } from '../../runtime/clock.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { AppendCache } from './append-cache.ts';
import type { DataFile } from './data-file.ts';
import { writeManifest, type ManifestEntry } from './manifest.ts';
import { manifestFileOf, writeManifestList, type ManifestFile } from './manifest-list.ts';
import { checkWritable, liveManifestsOf, putMetadataObject } from './metadata-object.ts';
import { currentSchema, mainSnapshot, type Snapshot, type TableMetadata } from './metadata.ts';
import { nextSnapshot } from './next-snapshot.ts';
import { specById, typedPartitionFields } from './partition.ts';
import { appendSummary } from './summary.ts';

export { createAppendCache, type AppendCache } from './append-cache.ts';

export interface AppendInput {
  /** What the commit's requirements will assert: table uuid and head of main. */
  readonly metadata: TableMetadata;
  readonly store: ObjectStore;
  /** Of the default partition spec. Empty is legal: a snapshot that only carries its summary. */
  readonly files: readonly DataFile[];
  readonly summary: Readonly<Record<string, string>>;
  /** Below 2^53 and random: `newSnapshotId`. */
  readonly snapshotId: number;
  /** Unique for ever; the same on every rebase. Names the objects. */
  readonly commitId: string;
  readonly now: EpochMs;
  readonly cache?: AppendCache;
}

export interface PreparedAppend {
  readonly snapshot: Snapshot;
  /** The new manifest; null when there were no files. */
  readonly manifest: ManifestFile | null;
  /** Locations written or found written by this call; unreachable when the commit fails (I5: never deleted there). */
  readonly written: readonly string[];
}

/** Errors: those of the store, TABLE_UNSUPPORTED, OBJECT_CORRUPT. */
export async function prepareAppend(input: AppendInput, signal?: AbortSignal): Promise<PreparedAppend> {
  const { metadata, store, cache, commitId } = input;
  checkWritable(metadata);
  const parent = mainSnapshot(metadata);
  const identity = nextSnapshot(metadata, input.snapshotId, input.now);
  const kept = await liveManifestsOf(store, parent, cache, signal);

  const reused = cache?.manifests.get(commitId);
  const manifest = input.files.length === 0 ? null : (reused ?? (await putManifest(input, signal)));
  // Spec: an added manifest carries the sequence number and snapshot id of the snapshot that adds it.
  const sequenceNumber = identity['sequence-number'];
  const added = manifest && { ...manifest, sequenceNumber, minSequenceNumber: sequenceNumber, addedSnapshotId: input.snapshotId };
  if (added) cache?.manifests.set(commitId, added);

  const manifests = added ? [...kept, added] : kept;
  const list = writeManifestList(manifests, identity, cache?.types);
  const location = await putMetadataObject(store, metadata, `snap-${input.snapshotId}-${commitId}`, list, signal);
  cache?.lists.set(location, manifests);
  return {
    snapshot: {
      ...identity,
      'manifest-list': location,
      summary: appendSummary(
        input.files.map((file) => ({ ...file, content: 'data' as const })),
        parent?.summary,
        input.summary,
      ),
    },
    manifest: added,
    written: added && !reused ? [added.path, location] : [location],
  };
}

async function putManifest(input: AppendInput, signal: AbortSignal | undefined): Promise<ManifestFile> {
  const { metadata, store } = input;
  const spec = specById(metadata, metadata['default-spec-id']);
  const partitionFields = typedPartitionFields(metadata, spec);
  const entries = input.files.map((file): ManifestEntry => ({
    status: 'added',
    snapshotId: null,
    sequenceNumber: null,
    fileSequenceNumber: null,
    file: { ...file, content: 'data' },
  }));
  const bytes = writeManifest({ schema: currentSchema(metadata), spec, partitionFields, entries }, input.cache?.types);
  const path = await putMetadataObject(store, metadata, `${input.commitId}-m0`, bytes, signal);
  const written = { path, length: bytes.length, specId: spec['spec-id'], sequenceNumber: 0, addedSnapshotId: input.snapshotId };
  return manifestFileOf(written, entries, partitionFields);
}
