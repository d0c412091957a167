// The catalog under test, as it is served: its own port, a fresh store, a warehouse in a folder of its own, and the
// folder that the kit names itself allowed.

import { join } from 'node:path';
import { serveCatalog } from '../../catalog/serve.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { postgresCatalogStore } from '../../catalog/store/postgres-catalog-store.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { postgresWorld } from '../integration/postgres-world.ts';
import { kitBase } from './kit.ts';

export const storeKinds = ['sqlite', 'postgres'] as const;
export type StoreKind = (typeof storeKinds)[number];

export interface ServedForKit extends AsyncDisposable {
  readonly url: string;
  readonly warehouse: string;
}

export async function serveForKit(kind: StoreKind, scratch: string): Promise<ServedForKit> {
  await using opening = new AsyncDisposableStack();
  const store = await openStore(kind, scratch, opening);
  const objectStore = filesystemStore({ root: join(scratch, 'warehouse'), fsync: false });
  // As the kit spells the place that it names itself; its purged tables are made again at once, in the same place.
  const kitStore = filesystemStore({ root: kitBase, fsync: false });
  const allowed = [`file:${kitBase}`, `file://${kitBase}`].map((prefix) => ({ prefix, root: prefix, store: kitStore }));
  const served = await serveCatalog({ port: 0, store, objectStore, allowed, dropGraceMs: 0 });
  opening.defer(() => served.close());
  const parts = opening.move();
  return { url: served.url, warehouse: objectStore.root, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

async function openStore(kind: StoreKind, scratch: string, parts: AsyncDisposableStack): Promise<CatalogStore> {
  if (kind === 'sqlite') return parts.use(await sqliteCatalogStore({ path: join(scratch, 'catalog.sqlite') }));
  const world = parts.use(await postgresWorld());
  return parts.use(await postgresCatalogStore({ url: await world.newDatabase() }));
}
