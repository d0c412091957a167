// Where tables may lie: in the warehouse and below each prefix that is allowed beside it, told by exact strings, whichever
// request names the place.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { locationProblem } from '../../catalog/service/locations.ts';
import { objectStores } from '../../catalog/service/object-stores.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { assertRefused, idSchema, idView, keysOf, setProperty, withCatalogWorld, type Answered } from './catalog-http-fixture.ts';

const elsewhere = [
  's3://bucket/t',
  'memory://other/t',
  'memory://other/sharedt',
  'memory://other/shared',
  'memory://lake',
  'memory://lake/../other/t',
  'memory://lake/a/../../t',
  'memory://lake/./t',
  'memory://lake//t',
  'memory://lake/%2e%2e/t',
  'memory://lake/t?x',
  'memory://lake/t\u0000',
  'memory:///lake/t',
  'MEMORY://lake/t',
  '/lake/t',
  '',
];

const assertTaken = (answered: Answered) => assertRefused(answered, 400, 'BadRequestException', /or files of another$/);
const assertLevel = (answered: Answered) =>
  assertRefused(answered, 400, 'BadRequestException', /has a level "metadata", .* give a `location`/);
const commit = (update: object) => ({ requirements: [], updates: [update] });

test('a table in a prefix that is allowed has its metadata there, from create to purge', () =>
  withCatalogWorld(
    async ({ ok, lake, other }) => {
      await ok('POST', 'namespaces', { namespace: ['a'], properties: { location: 'memory://other/shared/a' } });
      await ok('POST', 'namespaces/a/tables', { name: 't', schema: idSchema });
      await ok('POST', 'namespaces/a/tables/t', { requirements: [], updates: [setProperty('p', '1')] });
      const files = await keysOf(other);
      assert.equal(files.length, 2);
      assert.ok(
        files.every((key) => /^shared\/a\/t-[0-9a-f]{32}\/metadata\/0000[01]-/.test(key)),
        files.join(' '),
      );
      assert.deepEqual(await keysOf(lake), []);
      await ok('DELETE', 'namespaces/a/tables/t?purgeRequested=true');
      assert.deepEqual(await keysOf(other), []);
    },
    { dropGraceMs: 0 },
  ));

test('places elsewhere are refused in every request that names one, and nothing comes to be', () =>
  withCatalogWorld(async ({ call, ok, lake, other }) => {
    await ok('POST', 'namespaces', { namespace: ['a'] });
    await ok('POST', 'namespaces/a/tables', { name: 'there', schema: idSchema });
    const before = await keysOf(lake);
    for (const location of elsewhere) {
      const paths = { 'write.data.path': location };
      const requests: readonly (readonly [string, unknown])[] = [
        ['namespaces', { namespace: ['b'], properties: { location } }],
        ['namespaces/a/properties', { updates: { location } }],
        ['namespaces/a/tables', { name: 't', schema: idSchema, location }],
        ['namespaces/a/tables', { name: 't', schema: idSchema, location, 'stage-create': true }],
        ['namespaces/a/tables', { name: 't', schema: idSchema, properties: paths }],
        ['namespaces/a/tables/there', commit({ action: 'set-location', location })],
        ['namespaces/a/tables/there', commit({ action: 'set-properties', updates: paths })],
        [
          'transactions/commit',
          { 'table-changes': [{ identifier: { namespace: ['a'], name: 'there' }, ...commit({ action: 'set-location', location }) }] },
        ],
        ['namespaces/a/register', { name: 't', 'metadata-location': `${location}/metadata/0.metadata.json` }],
      ];
      for (const [path, body] of requests) assertRefused(await call('POST', path, body), 400, 'BadRequestException', /./);
    }
    assert.deepEqual([await keysOf(lake), await keysOf(other)], [before, []]);
    assert.deepEqual((await ok('GET', 'namespaces/a/tables'))['identifiers'], [{ namespace: ['a'], name: 'there' }]);
    assert.deepEqual((await ok('GET', 'namespaces'))['namespaces'], [['a']]);
  }));

test('files of a table may lie beside its folder, and never in another table’s, dropped ones that are kept among them', () =>
  withCatalogWorld(
    async ({ call, ok }) => {
      await ok('POST', 'namespaces', { namespace: ['a'] });
      const create = (name: string, properties = {}, location = `memory://lake/a/${name}`) =>
        call('POST', 'namespaces/a/tables', { name, schema: idSchema, location, properties });
      const set = (name: string, path: string, property = 'write.data.path') =>
        call('POST', `namespaces/a/tables/${name}`, commit({ action: 'set-properties', updates: { [property]: path } }));
      for (const name of ['mine', 'other', 'gone']) assert.equal((await create(name)).status, 200);
      await ok('DELETE', 'namespaces/a/tables/gone?purgeRequested=true');
      for (const path of [
        'memory://lake/a/mine',
        'memory://lake/a/mine/data',
        'memory://lake/a',
        'memory://lake/data/',
        'memory://lake/a/others',
      ])
        assert.equal((await set('mine', path)).status, 200, path);
      for (const folder of ['memory://lake/a/other', 'memory://lake/a/gone'])
        for (const path of [folder, `${folder}/`, `${folder}/data`, `${folder}/metadata/deep/er`]) {
          const inside = new RegExp(
            `^property write\\.[a-z-]+\\.path: location ${path.replace(/\/$/, '')} lies inside the table at ${folder}$`,
          );
          for (const property of ['write.data.path', 'write.object-storage.path', 'write.folder-storage.path'])
            assertRefused(await set('mine', path, property), 400, 'BadRequestException', inside);
          assertRefused(await create('fresh', { 'write.data.path': path }), 400, 'BadRequestException', inside);
        }
      const { metadata } = await ok('GET', 'namespaces/a/tables/mine');
      assert.partialDeepStrictEqual(metadata, { properties: { 'write.data.path': 'memory://lake/a/others' } });
    },
    { dropGraceMs: 1_000_000 },
  ));

test('a table whose files lie in another one’s folder from before goes on', () =>
  withCatalogWorld(async ({ ok, store }) => {
    await ok('POST', 'namespaces', { namespace: ['a'] });
    await ok('POST', 'namespaces/a/tables', {
      name: 't',
      schema: idSchema,
      properties: { 'write.data.path': 'memory://lake/a/late/data' },
    });
    const late = { ident: { namespace: ['a'], name: 'late' }, kind: 'table', uuid: 'u' } as const;
    await store.insertRelation({ ...late, metadataLocation: 'memory://lake/a/late/metadata/0.metadata.json' });
    await ok('POST', 'namespaces/a/tables/t', { requirements: [], updates: [setProperty('p', '1')] });
  }));

test('no table is laid over, or around, a path that another sends files to or once did, and a purge takes none of them', () =>
  withCatalogWorld(
    async ({ call, ok, lake }) => {
      await ok('POST', 'namespaces', { namespace: ['a'] });
      const create = (name: string, location = `memory://lake/a/${name}`, properties = {}) =>
        call('POST', 'namespaces/a/tables', { name, schema: idSchema, location, properties });
      const set = (name: string, path: string) =>
        call('POST', `namespaces/a/tables/${name}`, commit({ action: 'set-properties', updates: { 'write.data.path': path } }));
      assert.equal((await create('t', undefined, { 'write.data.path': 'memory://lake/out/data/' })).status, 200);
      await lake.put('out/data/live.parquet', Buffer.from('live'));
      assert.equal((await set('t', 'memory://lake/later')).status, 200);
      assert.equal((await create('mover')).status, 200);
      for (const location of ['memory://lake/out', 'memory://lake/out/data', 'memory://lake/later']) {
        assertTaken(await create('u', location));
        assertTaken(await call('POST', 'namespaces/a/views', { ...idView('v'), location }));
        for (const path of ['namespaces/a/tables/mover', 'transactions/commit']) {
          const move = { identifier: { namespace: ['a'], name: 'mover' }, ...commit({ action: 'set-location', location }) };
          assertTaken(await call('POST', path, path.endsWith('commit') ? { 'table-changes': [move] } : move));
        }
      }
      // A path may be shared, and led by one that others lie under; it is free again when the last table has gone.
      assert.equal((await create('shares', undefined, { 'write.data.path': 'memory://lake/out/data' })).status, 200);
      assert.equal((await set('shares', 'memory://lake/a')).status, 200);
      await ok('DELETE', 'namespaces/a/tables/t?purgeRequested=true');
      assertTaken(await create('u', 'memory://lake/out'));
      assert.deepEqual(await keysOf(lake, 'out/'), ['out/data/live.parquet']);
      await ok('DELETE', 'namespaces/a/tables/shares');
      assert.equal((await create('u', 'memory://lake/out')).status, 200);
    },
    { dropGraceMs: 0 },
  ));

test('the folder that a table was moved from holds its older files, and is nobody else’s', () =>
  withCatalogWorld(async ({ call, ok }) => {
    await ok('POST', 'namespaces', { namespace: ['a'] });
    const create = (name: string, location: string) => call('POST', 'namespaces/a/tables', { name, schema: idSchema, location });
    const move = (location: string) => call('POST', 'namespaces/a/tables/t', commit({ action: 'set-location', location }));
    assert.equal((await create('t', 'memory://lake/a/one')).status, 200);
    assert.equal((await move('memory://lake/a/two')).status, 200);
    assertRefused(await create('u', 'memory://lake/a/one'), 400, 'BadRequestException', /files of another/);
    assert.equal((await move('memory://lake/a/one')).status, 200, 'it may come back');
    assertRefused(await create('u', 'memory://lake/a/two'), 400, 'BadRequestException', /files of another/);
  }));

test('of requests that ask for one folder at once, or for one in the other, one has it, and the others leave no file', async () => {
  const store = memoryCatalogStore();
  let waiting: number | null = null;
  const all = Promise.withResolvers<void>();
  // All have looked, and found the place free, before one takes it.
  const arrive = async () => {
    if (waiting === null) return;
    if (++waiting === 4) all.resolve();
    await all.promise;
  };
  const raced: CatalogStore = {
    ...store,
    insertRelation: async (...given) => (await arrive(), store.insertRelation(...given)),
    swapRelation: async (...given) => (await arrive(), store.swapRelation(...given)),
    moveRelation: async (...given) => (await arrive(), store.moveRelation(...given)),
    changeTables: async (...given) => (await arrive(), store.changeTables(...given)),
  };
  await withCatalogWorld(
    async ({ call, ok, lake }) => {
      await ok('POST', 'namespaces', { namespace: ['a'] });
      const create = (name: string, location: string) => call('POST', 'namespaces/a/tables', { name, schema: idSchema, location });
      for (const name of ['x', 'y']) await create(name, `memory://lake/a/${name}`);
      const before = await keysOf(lake);
      const move = commit({ action: 'set-location', location: 'memory://lake/same' });
      waiting = 0;
      const answers = await Promise.all([
        create('t', 'memory://lake/same'),
        create('u', 'memory://lake/same/in'),
        call('POST', 'namespaces/a/tables/x', move),
        call('POST', 'transactions/commit', { 'table-changes': [{ identifier: { namespace: ['a'], name: 'y' }, ...move }] }),
      ]);
      const refusals = answers.filter(({ status }) => status >= 300);
      assert.equal(refusals.length, 3);
      for (const refusal of refusals)
        assertRefused(
          refusal,
          400,
          'BadRequestException',
          /^location memory:\/\/lake\/same(\/in)? (already holds a table|lies inside the table at)/,
        );
      assert.equal((await keysOf(lake)).length, before.length + 1);
    },
    { store: raced },
  );
});

test('a commit that sends files nowhere else is one swap as before, whatever paths its table has', async () => {
  const store = memoryCatalogStore();
  const calls: string[] = [];
  const counted: CatalogStore = {
    ...store,
    swapRelation: (...given) => (calls.push('swap'), store.swapRelation(...given)),
    moveRelation: (...given) => (calls.push('move'), store.moveRelation(...given)),
    hasTableUnder: (...given) => (calls.push('under'), store.hasTableUnder(...given)),
    tableFolderAmong: (...given) => (calls.push('among'), store.tableFolderAmong(...given)),
  };
  await withCatalogWorld(
    async ({ ok }) => {
      await ok('POST', 'namespaces', { namespace: ['a'] });
      const path = { 'write.data.path': 'memory://lake/out' };
      await ok('POST', 'namespaces/a/tables', { name: 't', schema: idSchema, properties: path });
      calls.length = 0;
      for (const updates of [{ p: '1' }, { p: '2', ...path }])
        await ok('POST', 'namespaces/a/tables/t', commit({ action: 'set-properties', updates }));
      assert.deepEqual(calls, ['swap', 'swap']);
      await ok('POST', 'namespaces/a/tables/t', commit({ action: 'set-properties', updates: { 'write.data.path': 'memory://lake/more' } }));
      assert.deepEqual(calls.slice(2), ['among', 'move']);
    },
    { store: counted },
  );
});

test('no place has a level that makes the folder above it look like a table’s; a namespace of that name lies elsewhere', () =>
  withCatalogWorld(async ({ call, ok }) => {
    await ok('POST', 'namespaces', { namespace: ['a'] });
    assertLevel(await call('POST', 'namespaces', { namespace: ['a', 'metadata'] }));
    assertLevel(await call('POST', 'namespaces/a/properties', { updates: { location: 'memory://lake/a/metadata' } }));
    for (const location of ['memory://lake/a/metadata', 'memory://lake/a/metadata/t', 'memory://other/shared/in/metadata']) {
      assertLevel(await call('POST', 'namespaces/a/tables', { name: 't', schema: idSchema, location }));
      assertLevel(await call('POST', 'namespaces/a/views', { ...idView('v'), location }));
    }
    await ok('POST', 'namespaces', { namespace: ['a', 'metadata'], properties: { location: 'memory://lake/a/meta' } });
    await ok('POST', 'namespaces', { namespace: ['metadata'] });
    for (const namespace of ['a', 'a%1Fmetadata', 'metadata'])
      for (const name of ['one', 'metadata']) await ok('POST', `namespaces/${namespace}/tables`, { name, schema: idSchema });
  }));

test('where one prefix is allowed in another, a table of the outer one’s shuts others out of the inner one', () =>
  withCatalogWorld(
    async ({ call, ok }) => {
      await ok('POST', 'namespaces', { namespace: ['a'] });
      const create = (name: string, location: string) => call('POST', 'namespaces/a/tables', { name, schema: idSchema, location });
      assert.equal((await create('t', 'memory://lake/inner')).status, 200);
      assertRefused(
        await create('u', 'memory://lake/inner/u'),
        400,
        'BadRequestException',
        /lies inside the table at memory:\/\/lake\/inner$/,
      );
    },
    { allowed: [{ prefix: 'memory://lake/inner', store: memoryStore('lake') }] },
  ));

test('prefixes are exact strings, and the longest that fits says which store it is', () => {
  const [lake, inner, root] = [memoryStore('lake'), memoryStore('inner'), memoryStore('root')];
  const stores = objectStores([
    { prefix: 'memory://lake/warehouse', store: lake },
    { prefix: 'memory://lake/warehouse/inner', root: 'memory://lake/warehouse/inner', store: inner },
    { prefix: 'file:/data', root: 'file:/data', store: root },
  ]);
  assert.deepEqual(stores.at('memory://lake/warehouse/t/x'), { store: lake, key: 'warehouse/t/x' });
  assert.deepEqual(stores.at('memory://lake/warehouse/inner/t'), { store: inner, key: 't' });
  assert.deepEqual(stores.at('file:/data/t/x'), { store: root, key: 't/x' });
  for (const location of ['file:///data/t', 'file:/database/t', 'file:/data', 'memory://lake/t'])
    assert.equal(stores.at(location), null, location);
});

test('what is let through is a plain path below a prefix, whatever it is made of', () => {
  const prefixes = ['s3://lake/wh', 'file:/data'];
  const part = fc.constantFrom(
    's3:',
    '',
    '.',
    '..',
    '/',
    '//',
    'lake',
    'wh',
    'whx',
    'file:',
    'data',
    't',
    '%2e',
    '%2F',
    '*',
    '?',
    '#',
    '\\',
    '\u0000',
    ' ',
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.array(part, { maxLength: 8 }), fc.array(fc.string(), { maxLength: 4 })),
      fc.constantFrom('/', ''),
      (parts, joint) => {
        for (const location of [parts.join(joint), ...prefixes.map((prefix) => `${prefix}${joint}${parts.join(joint)}`)]) {
          if (locationProblem(prefixes, location) !== null) continue;
          const prefix = prefixes.find((candidate) => location.startsWith(`${candidate}/`));
          assert.ok(prefix !== undefined, location);
          const levels = location.slice(prefix.length + 1).split('/');
          assert.ok(levels.length > 0 && levels.every((level) => level !== '' && level !== '.' && level !== '..'), location);
          assert.doesNotMatch(location, /[%?#\\\p{Cc}]/u);
        }
      },
    ),
    { numRuns: process.env['FOZ_TEST_LONG'] === '1' ? 200_000 : 2_000 },
  );
});
