// Manifests and manifest lists as objects in the store. Their keys end with a digest of their content: a key that is
// taken already holds exactly these bytes, so a repeated or unknown put needs no second look (I4, I5).

import { createHash } from 'node:crypto';
import { assert, LakeError } from '../../runtime/errors.ts';
import { keyOf, locationOf, type ObjectStore } from '../store/object-store.ts';
import type { AppendCache } from './append-cache.ts';
import { liveFiles, readManifestList, type ManifestFile } from './manifest-list.ts';
import type { Snapshot, TableMetadata } from './metadata.ts';

/** Stores `bytes` as `<table>/metadata/<name>-<digest>.avro` and returns its location. Durable on return. */
export async function putMetadataObject(
  store: ObjectStore,
  metadata: TableMetadata,
  name: string,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<string> {
  assert(
    /^[\w.-]+$/.test(name),
    `a metadata object cannot be named "${name}": letters, digits, dot, dash and underscore are safe in every store`,
  );
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const folder = metadata.properties['write.metadata.path'] ?? `${metadata.location.replace(/\/+$/, '')}/metadata`;
  const key = storeKey(store, `${folder}/${name}-${digest}.avro`);
  await store.put(key, bytes, { ifAbsent: true, contentType: 'application/octet-stream' }, signal);
  return locationOf(store, key);
}

/** The key of a location of the table. Throws TABLE_UNSUPPORTED where it lies outside the store. */
export function storeKey(store: ObjectStore, location: string): string {
  const key = keyOf(store, location);
  if (key === null)
    throw new LakeError('TABLE_UNSUPPORTED', `${location} lies outside the configured store ${store.root}`, {
      context: { location, root: store.root },
    });
  return key;
}

/** Throws TABLE_UNSUPPORTED for a format v1 snapshot that names its manifests itself. */
export function manifestListOf(snapshot: Snapshot): string {
  const location = snapshot['manifest-list'];
  if (location !== undefined) return location;
  throw new LakeError('TABLE_UNSUPPORTED', `snapshot ${snapshot['snapshot-id']} has no manifest list (format v1 without lists)`);
}

/** The manifests of a snapshot; none for an empty table. Throws OBJECT_MISSING, OBJECT_CORRUPT, TABLE_UNSUPPORTED. */
export async function manifestsOf(
  store: ObjectStore,
  snapshot: Snapshot | undefined,
  cache: AppendCache | undefined,
  signal?: AbortSignal,
): Promise<readonly ManifestFile[]> {
  if (!snapshot) return [];
  const location = manifestListOf(snapshot);
  const known = cache?.lists.get(location);
  if (known) return known;
  const manifests = readManifestList(await store.get(storeKey(store, location), undefined, signal), location, cache?.types);
  cache?.lists.set(location, manifests);
  return manifests;
}

/**
 * The manifests a new snapshot carries on: those that still hold files. Format v1 may leave counts out; written on as v2
 * they would read as "empty", so such a table is refused.
 */
export async function liveManifestsOf(
  store: ObjectStore,
  snapshot: Snapshot | undefined,
  cache: AppendCache | undefined,
  signal?: AbortSignal,
): Promise<readonly ManifestFile[]> {
  const manifests = await manifestsOf(store, snapshot, cache, signal);
  const uncounted = manifests.find((manifest) => liveFiles(manifest) === null);
  if (uncounted)
    throw new LakeError(
      'TABLE_UNSUPPORTED',
      `manifest ${uncounted.path} has no file counts (format v1); rewrite the manifests once with another engine`,
    );
  return manifests.filter((manifest) => liveFiles(manifest) !== 0);
}

/** Foz writes format v2; other versions have rules of their own. */
export function checkWritable(metadata: TableMetadata): void {
  if (metadata['format-version'] !== 2)
    throw new LakeError(
      'TABLE_UNSUPPORTED',
      `table ${metadata['table-uuid']} has format version ${metadata['format-version']}; Foz writes version 2`,
      {
        context: { table: metadata['table-uuid'], location: metadata.location },
      },
    );
}
