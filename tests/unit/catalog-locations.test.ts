// Where tables may lie: in the warehouse and below each prefix that is allowed beside it, told by exact strings, whichever
// request names the place.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { locationProblem } from '../../catalog/service/locations.ts';
import { objectStores } from '../../catalog/service/object-stores.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { assertRefused, idSchema, keysOf, setProperty, withCatalogWorld } from './catalog-http-fixture.ts';

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
