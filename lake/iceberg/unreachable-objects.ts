// What no snapshot of a table refers to any more once some were expired: for the sweeper, which alone deletes, and only
// what is old enough (I4). Reads every manifest list and the manifests that tell the difference; meant for a background
// job, with memory bounded by the files of the expired snapshots, not by the table.

import type { ObjectStore } from '../store/object-store.ts';
import { createAppendCache } from './append-cache.ts';
import type { AvroTypes } from './avro-file.ts';
import { readManifest } from './manifest.ts';
import type { ManifestFile } from './manifest-list.ts';
import { manifestListOf, manifestsOf, storeKey } from './metadata-object.ts';
import type { Snapshot, TableMetadata } from './metadata.ts';

/** Absolute locations. */
export interface UnreachableObjects {
  readonly manifestLists: readonly string[];
  readonly manifests: readonly string[];
  readonly dataFiles: readonly string[];
}

/**
 * `metadata` is the table after the expiry was committed. An object of an expired snapshot that is already gone is no
 * error, so that an interrupted sweep can go on; one of a kept snapshot is (OBJECT_MISSING).
 */
export async function unreachableObjects(
  expired: readonly Snapshot[],
  metadata: TableMetadata,
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<UnreachableObjects> {
  const cache = createAppendCache();
  const keptLists = new Set(metadata.snapshots.map(manifestListOf));
  const kept = new Map<string, ManifestFile>();
  for (const snapshot of metadata.snapshots) {
    for (const manifest of await manifestsOf(store, snapshot, cache, signal)) kept.set(manifest.path, manifest);
  }
  const manifestLists = new Set<string>();
  const manifests = new Map<string, ManifestFile>();
  for (const snapshot of expired) {
    const location = manifestListOf(snapshot);
    if (keptLists.has(location) || !(await exists(store, location, signal))) continue;
    manifestLists.add(location);
    for (const manifest of await manifestsOf(store, snapshot, cache, signal)) {
      if (!kept.has(manifest.path)) manifests.set(manifest.path, manifest);
    }
  }
  const dataFiles = new Set<string>();
  for (const path of manifests.keys()) {
    if (await exists(store, path, signal)) for await (const file of filesOf(store, path, cache.types, signal)) dataFiles.add(file);
    else manifests.delete(path);
  }
  // Merged manifests still name the files of those they replaced.
  for (const path of kept.keys()) {
    if (dataFiles.size === 0) break;
    for await (const file of filesOf(store, path, cache.types, signal)) dataFiles.delete(file);
  }
  return { manifestLists: [...manifestLists], manifests: [...manifests.keys()], dataFiles: [...dataFiles] };
}

/**
 * Deleted entries count too: a file named so by a manifest that goes is a candidate, and one named so by a manifest that
 * stays waits until that goes. Late, never early.
 */
async function* filesOf(store: ObjectStore, path: string, types: AvroTypes, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const { entries } = readManifest(await store.get(storeKey(store, path), undefined, signal), path, types);
  for (const entry of entries) yield entry.file.filePath;
}

async function exists(store: ObjectStore, location: string, signal: AbortSignal | undefined): Promise<boolean> {
  return (await store.head(storeKey(store, location), signal)) !== null;
}
