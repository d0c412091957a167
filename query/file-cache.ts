// Data files on local disk, each under the hash of its location: an object is written once and never changes, so a
// cached file is right for ever. Bounded: the files least recently used go first, never those that are in use.

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOf, type ObjectStore } from '../lake/store/object-store.ts';
import { LakeError } from '../runtime/errors.ts';

export interface FileCacheOptions {
  readonly directory: string;
  readonly bytesMax: number;
  /** Downloads at once. */
  readonly fetchesMax?: number;
}

export interface CachedObject {
  readonly location: string;
  readonly bytes: number;
}

export interface FileCache {
  /** Local paths of the objects, in order; fetched where they are not here yet. Kept until `release`. */
  hold(objects: readonly CachedObject[], signal?: AbortSignal): Promise<readonly string[]>;
  /** Nothing held before is in use any more: the cache goes back below its bound. */
  release(): Promise<void>;
  /** Nothing of these objects stays here. */
  forget(locations: readonly string[]): Promise<void>;
}

export async function openFileCache(store: ObjectStore, options: FileCacheOptions): Promise<FileCache> {
  const { directory, bytesMax, fetchesMax = 6 } = options;
  await mkdir(directory, { recursive: true });
  const held = new Set<string>();
  return {
    hold: async (objects, signal) => {
      const paths = objects.map(({ location }) => join(directory, cacheName(location)));
      for (const path of paths) held.add(path);
      let next = 0;
      const giveUp = (error: unknown): never => {
        next = objects.length;
        throw error;
      };
      const worker = async (): Promise<void> => {
        for (let at = next++; at < objects.length; at = next++) {
          const [object, path] = [objects[at], paths[at]];
          if (object && path !== undefined) await ensure(store, object, path, signal).catch(giveUp);
        }
      };
      // Nothing is on its way any more when this returns or throws: the folder may be removed then.
      const ended = await Promise.allSettled(Array.from({ length: Math.min(fetchesMax, objects.length) }, worker));
      for (const end of ended) if (end.status === 'rejected') throw end.reason;
      return paths;
    },
    release: async () => {
      held.clear();
      await evict(directory, bytesMax);
    },
    forget: async (locations) => {
      for (const location of locations) await rm(join(directory, cacheName(location)), { force: true });
    },
  };
}

function cacheName(location: string): string {
  return `${createHash('sha256').update(location).digest('hex').slice(0, 40)}.parquet`;
}

async function ensure(store: ObjectStore, object: CachedObject, path: string, signal?: AbortSignal): Promise<void> {
  const now = new Date();
  const cached = await stat(path).catch(() => null);
  if (cached?.size === object.bytes) return utimes(path, now, now).catch(() => undefined);
  const key = keyOf(store, object.location);
  if (key === null)
    throw new LakeError('TABLE_UNSUPPORTED', `data file ${object.location} lies outside the store ${store.root}`, {
      context: { expected: store.root, found: object.location },
    });
  const bytes = await store.getFile(key, path, signal);
  if (bytes !== object.bytes)
    throw new LakeError('OBJECT_CORRUPT', `data file ${object.location} is not as long as its manifest says`, {
      context: { location: object.location, expected: object.bytes, found: bytes },
    });
}

async function evict(directory: string, bytesMax: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.parquet'));
  const files = [];
  for (const name of names) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => null);
    if (found) files.push({ path, bytes: found.size, usedAt: found.mtimeMs });
  }
  let total = files.reduce((sum, file) => sum + file.bytes, 0);
  for (const file of files.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (total <= bytesMax) return;
    await rm(file.path, { force: true });
    total -= file.bytes;
  }
}
