// Which object store a location lies in, told by its prefix: the warehouse and what is allowed beside it, each of which may
// be a bucket or a folder of its own. Prefixes are compared as exact strings: `file:/lake` and `file:///lake` are two.

import type { ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';

export interface StorePlace {
  /** Tables may lie below it; no trailing slash. */
  readonly prefix: string;
  readonly store: ObjectStore;
  /** How locations spell the store's root: a beginning of `prefix`. Default: `store.root`. */
  readonly root?: string;
}

export interface Warehouse {
  readonly objectStore: ObjectStore;
  /** Absolute prefix under `objectStore.root`; that root by default. */
  readonly warehouse?: string;
  /** Where tables may lie besides. */
  readonly allowed?: readonly StorePlace[];
}

/** The warehouse first. CONFIG_INVALID where its object store does not hold it. */
export function storePlaces({ objectStore, warehouse = objectStore.root, allowed = [] }: Warehouse): readonly StorePlace[] {
  const prefix = warehouse.replace(/\/+$/, '');
  if (prefix === objectStore.root || prefix.startsWith(`${objectStore.root}/`)) return [{ prefix, store: objectStore }, ...allowed];
  throw new LakeError('CONFIG_INVALID', `the warehouse ${prefix} is not under the object store ${objectStore.root}`, {
    context: { warehouse: prefix, root: objectStore.root },
  });
}

export interface PlacedObject {
  readonly store: ObjectStore;
  readonly key: string;
}

export interface ObjectStores {
  /** Of the warehouse first. */
  readonly prefixes: readonly string[];
  /** Null where nothing may be read or written. */
  at(location: string): PlacedObject | null;
}

/** Of several prefixes that fit, the longest counts. */
export function objectStores(places: readonly StorePlace[]): ObjectStores {
  const byLength = places.toSorted((a, b) => b.prefix.length - a.prefix.length);
  return {
    prefixes: places.map(({ prefix }) => prefix),
    at(location) {
      const place = byLength.find(({ prefix }) => location.startsWith(`${prefix}/`));
      if (!place) return null;
      return { store: place.store, key: location.slice((place.root ?? place.store.root).length + 1) };
    },
  };
}
