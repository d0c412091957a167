// The races of race-suite.ts in memory and on SQLite, where each client has a connection of its own; and one on a store that is
// broken, to see that the check would tell.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { linearizabilityProblem } from './cas-register.ts';
import { initialValue, prepareRace, raceClients } from './race-clients.ts';
import { raceSuite } from './race-suite.ts';
import { memoryWorld, sqliteWorld, withStore } from './store-world.ts';

raceSuite(memoryWorld, { operations: 2000 });
raceSuite(sqliteWorld, { operations: 800 });

const lookingFirst = (store: CatalogStore): CatalogStore => ({
  ...store,
  async swapRelation(kind, ident, expected, next) {
    const location = async () => (await store.getRelation(kind, ident))?.metadataLocation;
    if ((await location()) !== expected) return 'lost';
    return store.swapRelation(kind, ident, (await location()) ?? '', next);
  },
});

const remembering = (store: CatalogStore): CatalogStore => {
  const known = new Map<string, Awaited<ReturnType<CatalogStore['getRelation']>>>();
  let reads = 0;
  return {
    ...store,
    async getRelation(kind, ident) {
      if (++reads % 5 !== 0 || !known.has(ident.name)) known.set(ident.name, await store.getRelation(kind, ident));
      return known.get(ident.name) ?? null;
    },
  };
};

for (const [name, broken] of [
  ['that looks first and swaps later', lookingFirst],
  ['that answers from memory now and then', remembering],
] as const)
  test(`a store ${name} is found out`, () =>
    withStore(memoryWorld, async (store) => {
      await prepareRace(store, 1);
      const stores = Array.from({ length: 8 }, () => broken(store));
      const [history = []] = await raceClients({ stores, tables: 1, operations: 1000, seed: 1 });
      assert.notEqual(linearizabilityProblem(initialValue, history), null);
    }));
