// Which objects the snapshots of a table name, snapshot by snapshot: for an erasure, which has to know every snapshot
// that holds a file. Every manifest is read once, however many snapshots share it.

import type { ObjectStore } from '../store/object-store.ts';
import { createAvroTypes } from './avro-file.ts';
import { isTelling, readManifest, type ManifestEntry, type ManifestFileEntry } from './manifest.ts';
import type { ManifestFile } from './manifest-list.ts';
import { manifestListOf, manifestsOf, storeKey } from './metadata-object.ts';
import type { Snapshot } from './metadata.ts';

export interface SnapshotFiles {
  /** Live data files of all the snapshots, by location. */
  readonly live: ReadonlyMap<string, ManifestFileEntry>;
  /** Files that a manifest names as deleted, whether or not another snapshot has them still. */
  readonly deleted: ReadonlySet<string>;
  /** Live data files by snapshot id, as text. */
  readonly bySnapshot: ReadonlyMap<string, ReadonlySet<string>>;
  /** Deleted entries that still say what their file held, by snapshot id: another engine's. */
  readonly telling: ReadonlyMap<string, readonly ManifestFileEntry[]>;
  readonly manifestLists: ReadonlySet<string>;
  readonly manifests: ReadonlySet<string>;
  /** The first manifest of row-level deletes; null when there is none. */
  readonly deleteManifest: string | null;
}

/** Entries by manifest: manifests never change. */
export type ManifestEntries = Map<string, readonly ManifestEntry[]>;

/** `isLenient`: what is not in the store any more counts as empty (of snapshots that are no longer the table's). */
export async function snapshotFiles(
  snapshots: readonly Snapshot[],
  store: ObjectStore,
  known: ManifestEntries,
  options: { readonly isLenient?: boolean } = {},
  signal?: AbortSignal,
): Promise<SnapshotFiles> {
  const types = createAvroTypes();
  const live = new Map<string, ManifestFileEntry>();
  const [deleted, manifestLists, manifests] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const bySnapshot = new Map<string, ReadonlySet<string>>();
  const telling = new Map<string, ManifestFileEntry[]>();
  let deleteManifest: string | null = null;
  const isThere = async (location: string): Promise<boolean> =>
    options.isLenient !== true || (await store.head(storeKey(store, location), signal)) !== null;
  const entriesOf = async (manifest: ManifestFile): Promise<readonly ManifestEntry[]> => {
    const read = known.get(manifest.path);
    if (read) return read;
    if (!(await isThere(manifest.path))) return [];
    const { entries } = readManifest(await store.get(storeKey(store, manifest.path), undefined, signal), manifest.path, types);
    known.set(manifest.path, entries);
    return entries;
  };
  for (const snapshot of snapshots) {
    const files = new Set<string>();
    const told: ManifestFileEntry[] = [];
    telling.set(String(snapshot['snapshot-id']), told);
    bySnapshot.set(String(snapshot['snapshot-id']), files);
    const manifestList = manifestListOf(snapshot);
    if (!(await isThere(manifestList))) continue;
    manifestLists.add(manifestList);
    for (const manifest of await manifestsOf(store, snapshot, undefined, signal)) {
      manifests.add(manifest.path);
      if (manifest.content === 'deletes') deleteManifest ??= manifest.path;
      for (const entry of await entriesOf(manifest)) {
        const { status, file } = entry;
        if (isTelling(entry)) told.push(file);
        if (status === 'deleted') deleted.add(file.filePath);
        else {
          files.add(file.filePath);
          live.set(file.filePath, file);
        }
      }
    }
  }
  return { live, deleted, bySnapshot, telling, manifestLists, manifests, deleteManifest };
}
