// What a table's metadata leads to: lists, manifests, live data and delete files, statistics, of every snapshot that any
// metadata file in the table's folder tells of. Names are taken out of a set of candidates as they are met, so memory is
// bounded by the candidates; each list and each manifest is read once, however many snapshots and metadata files share it.
// Names are compared as texts with those of a listing. `s3a://lake/x` and `s3://lake/x`, `file:/x` and `file:///x` are one
// object to other engines; here a name that the store would not spell so is an error, never an orphan's neighbour.

import { createAvroTypes } from '../../lake/iceberg/avro-file.ts';
import { readManifest } from '../../lake/iceberg/manifest.ts';
import { readManifestList, type ManifestFile } from '../../lake/iceberg/manifest-list.ts';
import { manifestListOf, manifestsOf, storeKey } from '../../lake/iceberg/metadata-object.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { checkKey } from '../../lake/store/object-key.ts';
import { keyOf, type ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError, type ErrorCode } from '../../runtime/errors.ts';

export interface NamedObjects {
  /**
   * Calls `name` for every location that the metadata leads to and that was not met before. `former`: metadata that is no
   * longer current, whose lists and manifests may be gone. Errors: those of the store, OBJECT_CORRUPT, OBJECT_MISSING for
   * current metadata; TABLE_UNSUPPORTED, also for a location that the store does not spell so.
   */
  visit(
    metadata: TableMetadata,
    name: (location: string) => void,
    options: { readonly isFormer: boolean },
    signal?: AbortSignal,
  ): Promise<void>;
  /** The same of a manifest list that no metadata names. What is gone or cannot be read leads nowhere: no commit can be read with it. */
  visitList(location: string, name: (location: string) => void, signal?: AbortSignal): Promise<void>;
}

export function namedObjects(store: ObjectStore): NamedObjects {
  const [lists, manifests] = [new Set<string>(), new Set<string>()];
  const types = createAvroTypes();
  type Visit = {
    readonly name: (location: string) => void;
    readonly lenient: readonly ErrorCode[];
    readonly signal?: AbortSignal | undefined;
  };
  const visitManifests = async (found: readonly ManifestFile[], { name, lenient, signal }: Visit): Promise<void> => {
    for (const { path } of found) {
      if (manifests.has(path)) continue;
      const read = await unless(lenient, async () => readManifest(await store.get(storeKey(store, path), undefined, signal), path, types));
      name(path);
      for (const { status, file } of read?.entries ?? []) if (status !== 'deleted') name(file.filePath);
      if (read !== null) manifests.add(path);
    }
  };
  return {
    async visit(metadata, named, { isFormer }, signal) {
      const name = (location: string): void => named(asSpelled(location, store));
      const lenient = isFormer ? (['OBJECT_MISSING'] as const) : [];
      for (const location of statisticsOf(metadata)) name(location);
      for (const snapshot of metadata.snapshots) {
        const list = manifestListOf(snapshot);
        if (lists.has(list)) continue;
        const found = await unless(lenient, () => manifestsOf(store, snapshot, undefined, signal));
        name(list);
        await visitManifests(found ?? [], { name, lenient, signal });
        if (found !== null) lists.add(list);
      }
    },
    async visitList(location, named, signal) {
      const name = (path: string): void => named(asSpelled(path, store));
      const lenient = ['OBJECT_MISSING', 'OBJECT_CORRUPT'] as const;
      const found = await unless(lenient, async () =>
        readManifestList(await store.get(storeKey(store, location), undefined, signal), location, types),
      );
      await visitManifests(found ?? [], { name, lenient, signal });
    },
  };
}

function asSpelled(location: string, store: ObjectStore): string {
  const key = keyOf(store, location);
  if (key !== null && isPlain(key)) return location;
  throw new LakeError(
    'TABLE_UNSUPPORTED',
    `${location} is named by the table and is no name that ${store.root} has for an object: which one of a listing it is cannot be told`,
    { context: { location, root: store.root } },
  );
}

function isPlain(key: string): boolean {
  try {
    return checkKey(key) === key;
  } catch {
    return false;
  }
}

async function unless<T>(lenient: readonly ErrorCode[], read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LakeError && lenient.includes(error.code)) return null;
    throw error;
  }
}

/** Puffin files of column statistics and of partition statistics. */
function statisticsOf(metadata: TableMetadata): readonly string[] {
  return ['statistics', 'partition-statistics'].flatMap((member) => {
    const files = metadata[member];
    if (!Array.isArray(files)) return [];
    return files.flatMap((file: unknown) =>
      typeof file === 'object' && file !== null && 'statistics-path' in file && typeof file['statistics-path'] === 'string'
        ? [file['statistics-path']]
        : [],
    );
  });
}
