// Catalog stores to run the suites on. A world makes an empty database for each test and opens handles on it, as several
// processes would.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';

export interface StoreWorld {
  readonly name: string;
  /** Whether a second handle is another connection, and what was written outlives all handles. */
  readonly isShared: boolean;
  withDatabase(run: (open: () => Promise<CatalogStore>) => Promise<void>): Promise<void>;
}

export const memoryWorld: StoreWorld = {
  name: 'memory',
  isShared: false,
  async withDatabase(run) {
    await using store = memoryCatalogStore();
    await run(async () => store);
  },
};

export const sqliteWorld: StoreWorld = {
  name: 'sqlite',
  isShared: true,
  async withDatabase(run) {
    const folder = await mkdtemp(join(tmpdir(), 'foz-store-'));
    const opened: CatalogStore[] = [];
    try {
      await run(async () => {
        const store = await sqliteCatalogStore({ path: join(folder, 'deep', 'catalog.db') });
        opened.push(store);
        return store;
      });
    } finally {
      for (const store of opened) await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    }
  },
};

/** For the parts of a store. */
export async function withStore(world: StoreWorld, run: (store: CatalogStore) => Promise<void>): Promise<void> {
  await world.withDatabase(async (open) => run(await open()));
}
