// What one writer remembers between its commits, bounded: the manifest lists it wrote or read last, so that a commit on
// top of one's own reads nothing; and the manifest of a commit that is still being tried, so that a rebase after a
// conflict writes nothing but a new list. Losing it costs one read.

import type { ManifestFile } from './manifest-list.ts';

export interface AppendCache {
  /** By location. */
  readonly lists: BoundedMap<readonly ManifestFile[]>;
  /** By commit id. */
  readonly manifests: BoundedMap<ManifestFile>;
}

/** Forgets the least recently used value when full. */
export interface BoundedMap<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
}

export function createAppendCache(entriesMax = 16): AppendCache {
  return { lists: createBoundedMap(entriesMax), manifests: createBoundedMap(entriesMax) };
}

export function createBoundedMap<V>(entriesMax: number): BoundedMap<V> {
  const values = new Map<string, V>();
  return {
    get: (key) => {
      const value = values.get(key);
      if (value !== undefined) {
        values.delete(key);
        values.set(key, value);
      }
      return value;
    },
    set: (key, value) => {
      values.delete(key);
      values.set(key, value);
      const oldest = values.keys().next();
      if (values.size > entriesMax && !oldest.done) values.delete(oldest.value);
    },
  };
}
