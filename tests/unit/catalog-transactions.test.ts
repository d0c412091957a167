// Commits over several tables: all of it becomes visible at once, or nothing, and nothing is left behind.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Catalog } from '../../catalog/catalog.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { assertRefused, idSchema, keysOf, setProperty, withCatalogWorld, type CatalogWorld } from './catalog-http-fixture.ts';

const identifier = (name: string) => ({ namespace: ['a'], name });
const change = (name: string, updates: readonly unknown[], requirements: readonly unknown[] = []) => ({
  identifier: identifier(name),
  requirements,
  updates,
});
const create = (name: string) =>
  change(
    name,
    [
      { action: 'assign-uuid', uuid: '2df0d066-9102-4097-acae-ead53542ca76' },
      { action: 'add-schema', schema: idSchema },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
    [{ type: 'assert-create' }],
  );

async function withTwo(run: (world: CatalogWorld) => Promise<void>, store?: CatalogStore): Promise<void> {
  await withCatalogWorld(
    async (world) => {
      await world.ok('POST', 'namespaces', { namespace: ['a'] });
      for (const name of ['t', 'u']) await world.ok('POST', 'namespaces/a/tables', { name, schema: idSchema });
      await run(world);
    },
    store ? { store } : {},
  );
}

async function propertyOf({ ok }: CatalogWorld, name: string): Promise<unknown> {
  const metadata = (await ok('GET', `namespaces/a/tables/${name}`))['metadata'] as { readonly properties: Record<string, string> };
  return metadata.properties['p'];
}

const theirs = { requirements: [], updates: [{ action: 'set-properties', updates: { p: 'theirs' } }] } as const;

test('a transaction changes two tables and makes a third', () =>
  withTwo(async (world) => {
    const changes = [change('t', [setProperty('p', '1')]), create('v'), change('u', [setProperty('p', '2')])];
    await world.ok('POST', 'transactions/commit', { 'table-changes': changes });
    assert.deepEqual([await propertyOf(world, 't'), await propertyOf(world, 'u')], ['1', '2']);
    assert.equal((await world.call('HEAD', 'namespaces/a/tables/v')).status, 204);
  }));

test('one that cannot be done leaves every table as it was, and no file behind', () =>
  withTwo(async (world) => {
    const before = await keysOf(world.lake);
    const good = change('t', [setProperty('p', '1')]);
    const commit = (...changes: readonly unknown[]) => world.call('POST', 'transactions/commit', { 'table-changes': [good, ...changes] });
    const stale = change('u', [setProperty('p', '2')], [{ type: 'assert-current-schema-id', 'current-schema-id': 7 }]);
    assertRefused(await commit(stale), 409, 'CommitFailedException', /^Requirement failed: current schema changed/);
    assertRefused(await commit(change('none', [])), 404, 'NoSuchTableException', /^Table does not exist: a\.none$/);
    assertRefused(await commit(create('u')), 409, 'CommitFailedException', /table already exists/);
    assertRefused(await commit(good), 400, 'BadRequestException', /each table once/);
    assertRefused(await commit(change('u', [{ action: 'be-merry' }])), 400, 'BadRequestException', /unknown update be-merry/);
    assertRefused(
      await commit(change('u', [{ action: 'set-location', location: 's3://else/u' }])),
      400,
      'BadRequestException',
      /outside the warehouse/,
    );
    assertRefused(await commit({ updates: [] }), 400, 'BadRequestException', /must have an identifier/);
    assert.deepEqual([await propertyOf(world, 't'), await propertyOf(world, 'u')], [undefined, undefined]);
    assert.deepEqual(await keysOf(world.lake), before);
  }));

test('a table that moves in between is committed to as it is then, and one that the transaction only asserted counts as well', async () => {
  const store = memoryCatalogStore();
  let rival: Catalog | null = null;
  let swaps = 0;
  const raced: CatalogStore = {
    ...store,
    async changeTables(changes, record) {
      // The second table, which the transaction leaves as it is, moves before the first swap.
      if (++swaps === 1) await rival?.commitTable(identifier('u'), theirs);
      return store.changeTables(changes, record);
    },
  };
  await withTwo(async (served) => {
    rival = memoryCatalog({ objectStore: served.lake, store });
    const unmoved = change('u', [], [{ type: 'assert-current-schema-id', 'current-schema-id': 0 }]);
    await served.ok('POST', 'transactions/commit', { 'table-changes': [change('t', [setProperty('p', '1')]), unmoved] });
    assert.equal(swaps, 2);
    assert.deepEqual([await propertyOf(served, 't'), await propertyOf(served, 'u')], ['1', 'theirs']);
    const files = (await keysOf(served.lake)).filter((key) => key.includes('/t-'));
    assert.equal(files.length, 2, 'the file of the lost try is taken away');
  }, raced);
});

const both = (names: readonly string[], n: number) => ({
  'table-changes': names.map((name) => change(name, [setProperty(`p${n}`, '1')])),
});

test('transactions over the same tables in opposite order do not wait for each other', async () => {
  const store = memoryCatalogStore();
  const slow: CatalogStore = {
    ...store,
    async changeTables(changes, record) {
      // Others come meanwhile.
      await setTimeout(5);
      return store.changeTables(changes, record);
    },
  };
  await withTwo(async (world) => {
    const commits = Array.from({ length: 20 }, (_, n) =>
      world.ok('POST', 'transactions/commit', both(n % 2 === 0 ? ['t', 'u'] : ['u', 't'], n)),
    );
    const all = Promise.all(commits);
    assert.notEqual(await Promise.race([all, setTimeout(10_000, 'stuck', { ref: false })]), 'stuck');
    for (const name of ['t', 'u']) {
      const metadata = (await world.ok('GET', `namespaces/a/tables/${name}`))['metadata'] as { readonly properties: object };
      assert.equal(Object.keys(metadata.properties).length, 20);
    }
  }, slow);
});

test('unregister answers what was committed last, also while it was on its way', async () => {
  const store = memoryCatalogStore();
  let rival: Catalog | null = null;
  let drops = 0;
  const raced: CatalogStore = {
    ...store,
    async dropRelation(...given) {
      if (++drops === 1) await rival?.commitTable(identifier('t'), theirs);
      return store.dropRelation(...given);
    },
  };
  await withTwo(async (world) => {
    rival = memoryCatalog({ objectStore: world.lake, store });
    const left = await world.ok('POST', 'namespaces/a/tables/t/unregister');
    assert.equal(drops, 2);
    assert.partialDeepStrictEqual(left['metadata'], { properties: { p: 'theirs' } });
    assertRefused(await world.call('GET', 'namespaces/a/tables/t'), 404, 'NoSuchTableException', /^Table does not exist: a\.t$/);
  }, raced);
});

const made = (name: string, location: string, ...more: readonly unknown[]) => {
  const { updates, ...rest } = create(name);
  return { ...rest, updates: [...updates, { action: 'set-location', location }, ...more] };
};
const data = (path: string) => ({ action: 'set-properties', updates: { 'write.data.path': path } });

test('tables that a transaction makes share no folder, nor send files into one another’s', () =>
  withTwo(async (world) => {
    const commit = (...changes: readonly unknown[]) => world.call('POST', 'transactions/commit', { 'table-changes': changes });
    const before = await keysOf(world.lake);
    for (const [second, message] of [
      [made('w', 'memory://lake/x'), /^location memory:\/\/lake\/x is of two tables$/],
      [made('w', 'memory://lake/x/deep/er'), /^location memory:\/\/lake\/x\/deep\/er lies inside the table at memory:\/\/lake\/x$/],
      [
        made('w', 'memory://lake/y', data('memory://lake/x/data/')),
        /^location memory:\/\/lake\/x\/data lies inside the table at memory:\/\/lake\/x$/,
      ],
      [change('t', [data('memory://lake/x')]), /^location memory:\/\/lake\/x lies inside the table at memory:\/\/lake\/x$/],
    ] as const) {
      assertRefused(await commit(made('v', 'memory://lake/x'), second), 400, 'BadRequestException', message);
      assertRefused(await commit(second, made('v', 'memory://lake/x')), 400, 'BadRequestException', message);
    }
    assert.deepEqual(await keysOf(world.lake), before);
    const beside = made('w', 'memory://lake/xy', data('memory://lake/xy/data'));
    assert.equal((await commit(made('v', 'memory://lake/x', data('memory://lake/x/data')), beside)).status, 204);
  }));
