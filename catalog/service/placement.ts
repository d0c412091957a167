// Places of tables and views: chosen here where a client names none, checked where it does.

import type { CatalogStore, StoredNamespace } from '../store/catalog-store.ts';
import { defaultNamespaceLocation, defaultTableLocation, locationProblem, overlapProblem, pathPropertyProblem } from './locations.ts';
import type { ObjectStores } from './object-stores.ts';
import type { Placed } from './relations.ts';

export interface Placement {
  /** Under the location of its namespace, with the uuid in its name. */
  locationOf(namespace: StoredNamespace, name: string, uuid: string): string;
  /** Why files may not lie where `next` says, as far as `base` (null: there is none yet) did not say so already. */
  problem(next: Placed, base: Placed | null): Promise<string | null>;
}

export interface PlacementOptions {
  readonly store: CatalogStore;
  readonly objectStores: ObjectStores;
}

export function placement({ store, objectStores: { prefixes } }: PlacementOptions): Placement {
  return {
    locationOf(row, name, uuid) {
      const above = row.properties['location'] ?? defaultNamespaceLocation(prefixes[0] ?? '', row.namespace);
      return defaultTableLocation(above, name, uuid);
    },
    async problem(next, base) {
      if (next.properties !== base?.properties) {
        const problem = pathPropertyProblem(prefixes, next.properties);
        if (problem !== null) return problem;
      }
      if (next.location === base?.location) return null;
      return locationProblem(prefixes, next.location) ?? overlapProblem(store, prefixes, next.location);
    },
  };
}
