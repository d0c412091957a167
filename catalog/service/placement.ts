// Places of tables and views: chosen here where a client names none, checked where it does.

import type { CatalogStore, StoredNamespace } from '../store/catalog-store.ts';
import type { Claim } from '../store/relation-store.ts';
import {
  claimOf,
  claimProblem,
  defaultNamespaceLocation,
  defaultTableLocation,
  folderProblem,
  metadataFolder,
  pathPropertyProblem,
  sharedFolderProblem,
  type Placed,
} from './locations.ts';
import type { ObjectStores } from './object-stores.ts';

export interface Placement {
  /** Under the location of its namespace, with the uuid in its name. */
  locationOf(namespace: StoredNamespace, name: string, uuid: string): string;
  /** Why files may not lie where `next` says, as far as `base` (null: there is none yet) did not say so already. */
  problem(next: Placed, base: Placed | null): Promise<string | null>;
  /** What the store is to hold against all others in the step that makes it so; null: nothing. */
  claim(next: Placed, base: Placed | null): Claim | null;
  /** As well; and a table's metadata lies in `metadata/` of its folder, by which it is known whose the folder is. */
  tableProblem(next: Placed, base: Placed | null): Promise<string | null>;
  /** Of several tables that change at once, `placed` among them made or moved, as far as each alone cannot tell. */
  togetherProblem(placed: readonly Placed[], all: readonly Placed[]): string | null;
}

export interface PlacementOptions {
  readonly store: CatalogStore;
  readonly objectStores: ObjectStores;
}

export function placement({ store, objectStores: { prefixes } }: PlacementOptions): Placement {
  const problem: Placement['problem'] = async (next, base) => {
    const misplaced = next.properties === base?.properties ? null : pathPropertyProblem(prefixes, next);
    const outside = misplaced ?? (next.location === base?.location ? null : folderProblem(prefixes, next.location));
    if (outside !== null) return outside;
    const claim = claimOf(prefixes, next, base);
    return claim && claimProblem(store, claim, next, base);
  };
  return {
    locationOf(row, name, uuid) {
      const above = row.properties['location'] ?? defaultNamespaceLocation(prefixes[0] ?? '', row.namespace);
      return defaultTableLocation(above, name, uuid);
    },
    problem,
    claim: (next, base) => claimOf(prefixes, next, base),
    togetherProblem: (placed, all) => sharedFolderProblem(prefixes, placed, all),
    tableProblem: async (next, base) => (await problem(next, base)) ?? metadataPathProblem(next),
  };
}

function metadataPathProblem(placed: Placed): string | null {
  const folder = metadataFolder(placed);
  if (isOwnMetadata(placed.location, `${folder}/`)) return null;
  return `property write.metadata.path: ${folder} is not below ${placed.location}/metadata, by which the catalog knows whose folder it is`;
}

/** Whether a metadata file stands where a table at `location` keeps its own. */
export function isOwnMetadata(location: string, metadataFile: string): boolean {
  return metadataFile.startsWith(`${location}/metadata/`);
}
