// A map with a limit, for caches that are handed in.

/** Forgets the least recently used value when full. */
export interface BoundedMap<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
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
