// A small lake with one catalog over it, and what a restore makes of it.

import assert from 'node:assert/strict';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { metadataHeads } from '../../catalog/restore/metadata-heads.ts';
import { planRestore, restorePointers, type RestoreEntry } from '../../catalog/restore/restore-pointers.ts';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { StoredRelation } from '../../catalog/store/relation-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { silentLogger } from '../../runtime/log.ts';
import { SimulatedClock } from '../fault/simulation/simulated-clock.ts';

export const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;
export const users = { namespace: ['raw'], name: 'users' };
export const rides = { namespace: ['raw', 'eu'], name: 'rides-2' };

export const version = (at: number) => ({
  'version-id': 1,
  'timestamp-ms': at,
  'schema-id': 0,
  summary: {},
  representations: [{ type: 'sql' as const, sql: `select ${at}`, dialect: 'trino' }],
  'default-namespace': ['raw'],
});
export const daily = { name: 'daily', schema, version: version(1), location: null, properties: {} };

export function lake() {
  const clock = new SimulatedClock();
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const places = [{ prefix: objectStore.root, store: objectStore }];
  const catalog = memoryCatalog({ store, objectStore, clock });
  const commit = async (ident: typeof users, value: string) => {
    await clock.advanceBy(1_000);
    await catalog.commitTable(ident, { requirements: [], updates: [{ action: 'set-properties', updates: { value } }] });
  };
  const create = async (ident: typeof users) => {
    await catalog.ensureNamespace(ident.namespace);
    await catalog.createTable(ident, { schema });
  };
  const services = catalogServices({ store, places, clock, logger: silentLogger, dropGraceMs: 1_000_000 });
  const plan = async (into: CatalogStore | null) => {
    const { heads, ignored } = await metadataHeads(places);
    return { entries: await planRestore(heads, into, [objectStore.root]), ignored };
  };
  const restore = async (into: CatalogStore) => restorePointers((await plan(into)).entries, into, { warehouse: objectStore.root, clock });
  return { clock, store, objectStore, places, catalog, services, commit, create, plan, restore };
}

/** What a restore does to a copy that has this row alone, and the row that it is then. */
export async function restoredCopy(restore: ReturnType<typeof lake>['restore'], row: StoredRelation | undefined) {
  assert.ok(row);
  const copy = memoryCatalogStore();
  await copy.insertNamespace({ namespace: row.ident.namespace, properties: {} });
  await copy.insertRelation(row);
  return [steps(await restore(copy)).toSorted(), (await pointers(copy))[0]];
}

export const pointers = (store: CatalogStore) => store.allRelations({ after: null, limit: 100 });
export const steps = (entries: readonly RestoreEntry[]) => entries.map(({ step, ident }) => `${step} ${ident?.name ?? '?'}`);
