// What every catalog store promises of namespaces and of the pointers of tables.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const ident = { namespace: ['raw', 'eu'], name: 'users' };
const row = (location: string) => ({ ident, kind: 'table' as const, uuid: 'u1', metadataLocation: location });
const forget = { at: 0, keepUntil: null, purge: false };
const all = { after: null, limit: 100 };

const prepare = async (store: CatalogStore) => {
  await store.insertNamespace({ namespace: ['raw'], properties: { location: 'm://raw' } });
  await store.insertNamespace({ namespace: ['raw', 'eu'], properties: { ключ: 'значение "\u0001' } });
};

export function catalogStoreSuite(world: StoreWorld): void {
  const check = (sentence: string, run: (store: CatalogStore) => Promise<void>) =>
    test(`${world.name}: ${sentence}`, () => withStore(world, run));

  check('a namespace needs its parent, is inserted once, and comes back as it was', async (store) => {
    assert.equal(await store.insertNamespace({ namespace: ['raw', 'eu'], properties: {} }), 'parent-missing');
    await prepare(store);
    assert.equal(await store.insertNamespace({ namespace: ['raw'], properties: {} }), 'exists');
    assert.deepEqual(await store.getNamespace(['raw', 'eu']), { namespace: ['raw', 'eu'], properties: { ключ: 'значение "\u0001' } });
    assert.equal(await store.getNamespace(['eu']), null);
  });

  check('names of properties stay what they are, also those that JSON escapes, and the audit log tells them so', async (store) => {
    // One after the other: the engine's own reader takes the second for the first.
    for (const [name, key] of [
      ['a', '\\'],
      ['b', '"'],
      ['c', '\n'],
    ] as const) {
      const before = { x: '0', [key]: '1' };
      const after = { x: '0', [key]: '2' };
      const told = { at: 1, actor: 'ada', action: 'namespace.update', subject: name, before, after } as const;
      const record = { audit: [told], reply: null };
      await store.insertNamespace({ namespace: [name], properties: before });
      assert.deepEqual((await store.getNamespace([name]))?.properties, before);
      const change = { set: { [key]: '2' }, remove: [] };
      assert.equal((await store.updateNamespace([name], change, record, before)).kind, 'updated');
      assert.deepEqual((await store.getNamespace([name]))?.properties, after);
      const everyEntry = { subject: name, actor: null, action: null, from: null, until: null };
      const [entry] = await store.audit.listAudit(everyEntry, { before: null, limit: 1 });
      assert.deepEqual(entry, { ...told, number: entry?.number });
      assert.deepEqual(await store.updateNamespace([name], { set: {}, remove: [key, 'none'] }), {
        kind: 'updated',
        removed: [key],
        missing: ['none'],
      });
      assert.equal(await store.deleteNamespace([name], null, { x: '0' }), 'deleted');
    }
  });

  check('a namespace with a table or a namespace in it is not deleted', async (store) => {
    await prepare(store);
    assert.equal(await store.deleteNamespace(['raw']), 'not-empty');
    await store.insertRelation(row('m://1'));
    assert.equal(await store.deleteNamespace(['raw', 'eu']), 'not-empty');
    await store.dropRelation('table', ident, forget);
    assert.equal(await store.deleteNamespace(['raw', 'eu']), 'deleted');
    assert.equal(await store.deleteNamespace(['raw', 'eu']), 'missing');
    assert.equal(await store.deleteNamespace(['raw']), 'deleted');
  });

  check('lists come in name order, page by page, one level at a time', async (store) => {
    await prepare(store);
    for (const namespace of [['raw', 'us'], ['b'], ['raw', 'as']]) await store.insertNamespace({ namespace, properties: {} });
    const names = async (parent: string[], after: string | null, limit: number) =>
      (await store.listNamespaces(parent, { after, limit })).map((found) => found.namespace.join('/'));
    assert.deepEqual(await names([], null, 10), ['b', 'raw']);
    assert.deepEqual(await names(['raw'], null, 2), ['raw/as', 'raw/eu']);
    assert.deepEqual(await names(['raw'], 'eu', 2), ['raw/us']);
    for (const table of ['c', 'a', 'b']) await store.insertRelation({ ...row(`m://${table}`), ident: { ...ident, name: table } });
    assert.deepEqual(
      (await store.listRelations('table', ident.namespace, { after: 'a', limit: 1 })).map((found) => found.ident),
      [{ ...ident, name: 'b' }],
    );
    assert.deepEqual(await store.listRelations('table', ['raw'], all), []);
  });

  check('a table is inserted once, into a namespace that exists', async (store) => {
    assert.equal(await store.insertRelation(row('m://1')), 'namespace-missing');
    await prepare(store);
    assert.equal(await store.insertRelation(row('m://1')), 'inserted');
    assert.equal(await store.insertRelation(row('m://2')), 'exists');
    assert.deepEqual(await store.getRelation('table', ident), row('m://1'));
    assert.deepEqual(await store.dropRelation('table', ident, forget), row('m://1'));
    assert.equal(await store.dropRelation('table', ident, forget), null);
  });

  check('the swap moves the pointer only from what is expected', async (store) => {
    await prepare(store);
    assert.equal(await store.swapRelation('table', ident, 'm://1', 'm://2'), 'missing');
    await store.insertRelation(row('m://1'));
    assert.equal(await store.swapRelation('table', ident, 'm://0', 'm://2'), 'lost');
    assert.equal(await store.swapRelation('table', ident, 'm://1', 'm://2'), 'swapped');
    assert.equal(await store.swapRelation('table', ident, 'm://1', 'm://3'), 'lost');
    assert.deepEqual(await store.getRelation('table', ident), row('m://2'));
  });

  check('I3: in every sixteen-way race exactly one swap wins, and the pointer is the winner', async (store) => {
    await prepare(store);
    await store.insertRelation(row('m://0'));
    for (let round = 0; round < 10; round++) {
      const base = (await store.getRelation('table', ident))?.metadataLocation ?? '';
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, index) => store.swapRelation('table', ident, base, `m://${round}-${index}`)),
      );
      const winners = outcomes.flatMap((outcome, index) => (outcome === 'swapped' ? [`m://${round}-${index}`] : []));
      assert.equal(winners.length, 1);
      assert.deepEqual([(await store.getRelation('table', ident))?.metadataLocation], winners);
    }
  });

  check('whether a table lies under a prefix is exact at its edges', async (store) => {
    await prepare(store);
    await store.insertRelation(row('m://lake/t-1/metadata/0.json'));
    const answers = await Promise.all(
      ['m://lake/t-1/', 'm://lake/', 'm://lake/t-1/metadata/', 'm://lake/t/', 'm://lake/t-1/metadata/0.json/', 'm://lake/u'].map((prefix) =>
        store.hasTableUnder(prefix),
      ),
    );
    assert.deepEqual(answers, [true, true, true, false, false, false]);
  });
}

/** What only stores promise that several processes can open. */
export function sharedCatalogStoreSuite(world: StoreWorld): void {
  test(`${world.name}: what was inserted is there after the store is opened again, and two handles on it exclude each other`, () =>
    world.withDatabase(async (open) => {
      const before = await open();
      await prepare(before);
      await before.insertRelation(row('m://0'));
      await before[Symbol.asyncDispose]();
      const [one, two] = [await open(), await open()];
      for (let round = 0; round < 10; round++) {
        const base = (await one.getRelation('table', ident))?.metadataLocation ?? '';
        const outcomes = await Promise.all(
          [one, two].map((store, index) => store.swapRelation('table', ident, base, `m://${round}-${index}`)),
        );
        assert.deepEqual([...outcomes].sort(), ['lost', 'swapped']);
        assert.equal((await two.getRelation('table', ident))?.metadataLocation, `m://${round}-${outcomes.indexOf('swapped')}`);
      }
    }));

  test(`${world.name}: handles that open an empty store at once bring up one schema`, () =>
    world.withDatabase(async (open) => {
      const stores = await Promise.all(Array.from({ length: 6 }, open));
      assert.deepEqual(
        await Promise.all(stores.map((store, at) => store.insertNamespace({ namespace: [`n${at}`], properties: {} }))),
        stores.map(() => 'inserted'),
      );
      assert.equal((await stores[0]?.listNamespaces([], all))?.length, stores.length);
    }));

  test(`${world.name}: a namespace is not deleted under a table that another process puts into it`, () =>
    world.withDatabase(async (open) => {
      const [one, two] = [await open(), await open()];
      await prepare(one);
      for (let round = 0; round < 10; round++) {
        const [deleted, inserted] = await Promise.all([one.deleteNamespace(ident.namespace), two.insertRelation(row('m://1'))]);
        const isDeleted = deleted === 'deleted';
        assert.deepEqual([deleted, inserted], isDeleted ? ['deleted', 'namespace-missing'] : ['not-empty', 'inserted']);
        await one.dropRelation('table', ident, forget);
        await one.insertNamespace({ namespace: ident.namespace, properties: {} });
      }
    }));
}
