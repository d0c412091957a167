// Which names there are in the catalog, and what they point to: namespaces and their properties, rename, register,
// unregister, drop.

import assert from 'node:assert/strict';
import test from 'node:test';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import { LakeError } from '../../runtime/errors.ts';
import { assertRefused, idSchema, keysOf, setProperty, withCatalogWorld, type CatalogWorld } from './catalog-http-fixture.ts';

async function withTable(run: (world: CatalogWorld) => Promise<void>, options: Parameters<typeof withCatalogWorld>[1] = {}): Promise<void> {
  await withCatalogWorld(async (world) => {
    await world.ok('POST', 'namespaces', { namespace: ['a'] });
    await world.ok('POST', 'namespaces', { namespace: ['b'] });
    await world.ok('POST', 'namespaces/a/tables', { name: 't', schema: idSchema });
    await run(world);
  }, options);
}

const locationOf = async (world: CatalogWorld, table: string) =>
  String((await world.ok('GET', `namespaces/${table}`))['metadata-location']);

test('properties of a namespace: set, remove, tell what was not there; the same name twice and a place elsewhere are refused', () =>
  withCatalogWorld(async ({ call, ok }) => {
    await ok('POST', 'namespaces', { namespace: ['a'], properties: { owner: 'x', old: 'y' } });
    const changed = await ok('POST', 'namespaces/a/properties', { updates: { owner: 'z' }, removals: ['old', 'none', 'none'] });
    assert.deepEqual(changed, { updated: ['owner'], removed: ['old'], missing: ['none'] });
    assert.deepEqual((await ok('GET', 'namespaces/a'))['properties'], { owner: 'z', location: 'memory://lake/a' });
    const update = (body: unknown) => call('POST', 'namespaces/a/properties', body);
    assertRefused(await update({ updates: { p: '1' }, removals: ['p'] }), 422, 'UnprocessableEntityException', /same property: p/);
    assertRefused(await update({ updates: { location: 's3://else/a' } }), 400, 'BadRequestException', /outside the warehouse/);
    assertRefused(await update({ removals: ['location'] }), 400, 'BadRequestException', /cannot be removed/);
    assertRefused(
      await call('POST', 'namespaces/none/properties', { updates: {} }),
      404,
      'NoSuchNamespaceException',
      /^Namespace does not exist: none$/,
    );
    assert.deepEqual((await ok('GET', 'namespaces/a'))['properties'], { owner: 'z', location: 'memory://lake/a' });
  }));

test('names with dots are not levels: a.b beside a and its b, each with a table of its own', () =>
  withCatalogWorld(async ({ ok, call }) => {
    for (const namespace of [['a'], ['a', 'b'], ['a.b']]) await ok('POST', 'namespaces', { namespace });
    await ok('POST', 'namespaces/a.b/tables', { name: 'c.d', schema: idSchema });
    await ok('POST', 'namespaces/a%1Fb/tables', { name: 'c.d', schema: idSchema });
    assert.deepEqual((await ok('GET', 'namespaces/a.b/tables'))['identifiers'], [{ namespace: ['a.b'], name: 'c.d' }]);
    assert.deepEqual((await ok('GET', 'namespaces?parent=a'))['namespaces'], [['a', 'b']]);
    assert.equal((await call('HEAD', 'namespaces/a/tables/c.d')).status, 404);
    const rename = { source: { namespace: ['a', 'b'], name: 'c.d' }, destination: { namespace: ['a'], name: 'b.c.d' } };
    await ok('POST', 'tables/rename', rename);
    assert.equal((await call('HEAD', 'namespaces/a.b/tables/c.d')).status, 204);
    assert.equal((await call('HEAD', 'namespaces/a/tables/b.c.d')).status, 204);
  }));

test('a renamed table keeps its files, and a new one under its old name lies elsewhere', () =>
  withTable(async (world) => {
    const { ok, call } = world;
    const before = await locationOf(world, 'a/tables/t');
    const [source, destination] = [
      { namespace: ['a'], name: 't' },
      { namespace: ['b'], name: 'u' },
    ];
    await ok('POST', 'tables/rename', { source, destination });
    assert.equal(await locationOf(world, 'b/tables/u'), before);
    const rename = (from: object, to: object) => call('POST', 'tables/rename', { source: from, destination: to });
    assertRefused(await rename(source, destination), 404, 'NoSuchTableException', /^Table does not exist: a\.t$/);
    await ok('POST', 'namespaces/a/tables', { name: 't', schema: idSchema });
    assertRefused(await rename(source, destination), 409, 'AlreadyExistsException', /Cannot rename a\.t to b\.u\. Table already exists/);
    assertRefused(
      await rename(source, { namespace: ['none'], name: 'u' }),
      404,
      'NoSuchNamespaceException',
      /^Namespace does not exist: none$/,
    );
    await ok('DELETE', 'namespaces/a/tables/t?purgeRequested=true');
    assert.equal((await call('HEAD', 'namespaces/b/tables/u')).status, 204);
    assert.equal(await locationOf(world, 'b/tables/u'), before);
  }));

test('register: a table that left comes back by its metadata file, with members and ids this catalog does not know', () =>
  withTable(async (world) => {
    const { ok, call, lake } = world;
    const loaded = await ok('GET', 'namespaces/a/tables/t');
    const foreign = {
      ...(loaded['metadata'] as object),
      'current-snapshot-id': 8269702249027976535n,
      refs: { main: { 'snapshot-id': 8269702249027976535n, type: 'branch' } },
      snapshots: [
        {
          'snapshot-id': 8269702249027976535n,
          'sequence-number': 1,
          'timestamp-ms': 5,
          'manifest-list': 'memory://lake/m.avro',
          summary: { operation: 'append' },
          'of-its-writer': true,
        },
      ],
      'of-another-writer': { id: 9223372036854775807n },
    };
    const location = String(loaded['metadata-location']).replace(/[^/]*$/, '00007-foreign.metadata.json');
    await lake.put(location.slice('memory://lake/'.length), Buffer.from(stringifyJson(foreign)));
    const register = (name: string, metadata: string, more = {}) =>
      call('POST', 'namespaces/a/register', { name, 'metadata-location': metadata, ...more });
    assertRefused(await register('t', location), 409, 'AlreadyExistsException', /^Table already exists: a\.t$/);
    assertRefused(await register('u', location), 400, 'BadRequestException', /already holds a table/);
    const registered = await register('t', location, { overwrite: true });
    assert.deepEqual([registered.status, registered.body['metadata-location']], [200, location]);
    assert.deepEqual(registered.body['metadata'], foreign);
    const committed = await ok('POST', 'namespaces/a/tables/t', { requirements: [], updates: [setProperty('p', '1')] });
    assert.match(String(committed['metadata-location']), /\/00008-/);
    assert.partialDeepStrictEqual(committed['metadata'], {
      'of-another-writer': foreign['of-another-writer'],
      snapshots: foreign.snapshots,
    });
    await ok('DELETE', 'namespaces/a/tables/t');
    assert.deepEqual((await register('u', location)).body['metadata'], foreign);
  }));

test('register: files elsewhere, files that are not there, files that are no metadata are refused, and nothing is named', () =>
  withTable(async ({ call, ok, lake }) => {
    await lake.put('x/metadata/1.metadata.json', Buffer.from('{"format-version":2}'));
    const inside = { ...((await ok('GET', 'namespaces/a/tables/t'))['metadata'] as object), location: 's3://else/t' };
    await lake.put('x/metadata/2.metadata.json', Buffer.from(stringifyJson(inside)));
    await lake.put('x/metadata/3.metadata.json', Buffer.from(stringifyJson({ ...inside, location: 'memory://lake/y' })));
    const leading = { ...inside, location: 'memory://lake/x', properties: { 'write.data.path': 's3://else' } };
    await lake.put('x/metadata/4.metadata.json', Buffer.from(stringifyJson(leading)));
    const register = (location: string) => call('POST', 'namespaces/a/register', { name: 'u', 'metadata-location': location });
    for (const [location, reason] of [
      ['s3://else/t/metadata/1.metadata.json', /outside the warehouse/],
      ['memory://lake/../t/1.metadata.json', /not a plain path/],
      ['memory://lake/x/metadata/1.txt', /not the name of a .*metadata file/],
      ['memory://lake/x/metadata/none.metadata.json', /there is no metadata file/],
      ['memory://lake/x/metadata/1.metadata.json', /cannot be read.*table-uuid/],
      ['memory://lake/x/metadata/2.metadata.json', /does not lie in s3:\/\/else\/t\/metadata/],
      ['memory://lake/x/metadata/3.metadata.json', /does not lie in memory:\/\/lake\/y\/metadata/],
      ['memory://lake/x/metadata/4.metadata.json', /write.data.path: location s3:\/\/else is outside/],
    ] as const)
      assertRefused(await register(location), 400, 'BadRequestException', reason);
    assert.equal((await call('HEAD', 'namespaces/a/tables/u')).status, 404);
  }));

test('register: a file that is gone from the store is refused though the catalog remembers it, and what was there stays', () =>
  withTable(async (world) => {
    const { call, ok, lake } = world;
    const gone = await locationOf(world, 'a/tables/t');
    const now = String(
      (await ok('POST', 'namespaces/a/tables/t', { requirements: [], updates: [setProperty('p', '1')] }))['metadata-location'],
    );
    await ok('POST', 'namespaces/a/register', { name: 't', 'metadata-location': gone, overwrite: true });
    await ok('POST', 'namespaces/a/register', { name: 't', 'metadata-location': now, overwrite: true });
    await lake.delete([gone.slice('memory://lake/'.length)]);
    const refusal = /there is no metadata file memory:/;
    const overwritten = await call('POST', 'namespaces/a/register', { name: 't', 'metadata-location': gone, overwrite: true });
    assertRefused(overwritten, 400, 'BadRequestException', refusal);
    assert.equal(await locationOf(world, 'a/tables/t'), now);
    await ok('DELETE', 'namespaces/a/tables/t');
    assertRefused(
      await call('POST', 'namespaces/a/register', { name: 'u', 'metadata-location': gone }),
      400,
      'BadRequestException',
      refusal,
    );
  }));

test("a registered table whose log names another one's files takes none of them away", () =>
  withTable(async (world) => {
    const { ok, lake } = world;
    const victim = await locationOf(world, 'a/tables/t');
    const loaded = (await ok('GET', 'namespaces/a/tables/t'))['metadata'] as object;
    const log = [{ 'timestamp-ms': 1, 'metadata-file': victim }];
    const properties = { 'write.metadata.previous-versions-max': '1' };
    const hostile = { ...loaded, location: 'memory://lake/x', 'metadata-log': log, properties };
    await lake.put('x/metadata/0.metadata.json', Buffer.from(stringifyJson(hostile)));
    await ok('POST', 'namespaces/a/register', { name: 'u', 'metadata-location': 'memory://lake/x/metadata/0.metadata.json' });
    for (const n of ['1', '2', '3']) await ok('POST', 'namespaces/a/tables/u', { requirements: [], updates: [setProperty('n', n)] });
    assert.equal(await locationOf(world, 'a/tables/t'), victim);
    const left = (await keysOf(lake, 'x/')).map((key) => key.replace(/-.*/, ''));
    assert.deepEqual(left, ['x/metadata/00002', 'x/metadata/00003']);
  }));

test('a table keeps its metadata in its own folder, by which the catalog knows that the folder is taken', () =>
  withTable(async ({ call, ok }) => {
    const create = (path: string) =>
      call('POST', 'namespaces/a/tables', {
        name: 'u',
        schema: idSchema,
        location: 'memory://lake/x',
        properties: { 'write.metadata.path': path },
      });
    assertRefused(await create('memory://lake/elsewhere'), 400, 'BadRequestException', /not below memory:\/\/lake\/x\/metadata/);
    assertRefused(await create('s3://else'), 400, 'BadRequestException', /outside the warehouse/);
    assert.equal((await create('memory://lake/x/metadata/deep/')).status, 200);
    const inside = { name: 'v', schema: idSchema, location: 'memory://lake/x/data' };
    assertRefused(await call('POST', 'namespaces/a/tables', inside), 400, 'BadRequestException', /lies inside the table/);
    const move = { action: 'set-location', location: 'memory://lake/y' };
    assertRefused(
      await call('POST', 'namespaces/a/tables/u', { requirements: [], updates: [move] }),
      400,
      'BadRequestException',
      /not below memory:\/\/lake\/y\/metadata/,
    );
    await ok('POST', 'namespaces/a/tables/t', { requirements: [], updates: [move] });
  }));

test('unregister answers the last metadata; files stay, and a commit that comes later is refused', () =>
  withTable(async (world) => {
    const { ok, call, lake } = world;
    const location = await locationOf(world, 'a/tables/t');
    const left = await ok('POST', 'namespaces/a/tables/t/unregister');
    assert.equal(left['metadata-location'], location);
    assert.ok((await keysOf(lake)).includes(location.slice('memory://lake/'.length)));
    const commit = await call('POST', 'namespaces/a/tables/t', { requirements: [], updates: [setProperty('p', '1')] });
    assertRefused(commit, 404, 'NoSuchTableException', /^Table does not exist: a\.t$/);
    await ok('POST', 'namespaces/b/register', { name: 't', 'metadata-location': location });
  }));

/** Drops the table and makes one in its place. */
const dropAndMakeAgain = async ({ ok, call, lake }: CatalogWorld) => {
  const metadata = (await ok('GET', 'namespaces/a/tables/t'))['metadata'] as Record<string, string>;
  await ok('DELETE', 'namespaces/a/tables/t?purgeRequested=true');
  const again = await call('POST', 'namespaces/a/tables', { name: 't', schema: idSchema, location: metadata['location'] });
  return { again, keys: await keysOf(lake, String(metadata['location']).slice('memory://lake/'.length)) };
};

test('a table dropped with its files keeps its place until the grace is over; without a grace they go at once', async () => {
  await withTable(async (world) => {
    const { again, keys } = await dropAndMakeAgain(world);
    assertRefused(again, 400, 'BadRequestException', /dropped and is kept/);
    assert.equal(keys.length, 1);
    assert.equal((await world.store.listDropped('kept', { after: null, limit: 10 })).length, 1);
  });
  await withTable(
    async (world) => {
      const { again } = await dropAndMakeAgain(world);
      assert.equal(again.status, 200);
      assert.deepEqual(await world.store.listDropped('kept', { after: null, limit: 10 }), []);
    },
    { dropGraceMs: 0 },
  );
});

test('a table whose metadata file is gone is told apart from one that does not exist', () =>
  withTable(async (world) => {
    const location = await locationOf(world, 'a/tables/t');
    await world.lake.delete([location.slice('memory://lake/'.length)]);
    assertRefused(
      await world.call('GET', 'namespaces/a/tables/t'),
      404,
      'NotFoundException',
      /Failed to open input stream for file: memory/,
    );
    await using client = restCatalog({ uri: world.url });
    await assert.rejects(
      client.loadTable({ namespace: ['a'], name: 't' }),
      (error: unknown) => error instanceof LakeError && error.code === 'CATALOG_REFUSED',
    );
    assert.equal(await client.loadTable({ namespace: ['a'], name: 'none' }), null);
  }));

test('another separator of levels, where one is configured: %2E joins levels, a dot in a name does not; %1F is understood as ever', async () => {
  await withCatalogWorld(
    async ({ ok, call, url }) => {
      const config = (await ok('GET', 'config'))['overrides'];
      assert.deepEqual(config, { 'namespace-separator': '%2E' });
      for (const namespace of [['a'], ['a', 'b'], ['a.b'], ['a', 'b', 'c']]) await ok('POST', 'namespaces', { namespace });
      assert.deepEqual((await ok('GET', 'namespaces/a%2eb'))['namespace'], ['a', 'b']);
      assert.deepEqual((await ok('GET', 'namespaces/a%1Fb'))['namespace'], ['a', 'b']);
      assert.deepEqual((await ok('GET', 'namespaces/a.b'))['namespace'], ['a.b']);
      assert.deepEqual((await ok('GET', 'namespaces?pageToken=&parent=a.b'))['namespaces'], [['a', 'b', 'c']]);
      await using client = restCatalog({ uri: url });
      await client.createTable({ namespace: ['a', 'b'], name: 't.u' }, { schema: idSchema });
      assert.deepEqual(await client.listTables(['a', 'b']), [{ namespace: ['a', 'b'], name: 't.u' }]);
      assert.equal((await call('HEAD', 'namespaces/a%2Eb/tables/t.u')).status, 204);
    },
    { namespaceSeparator: '%2E' },
  );
  for (const namespaceSeparator of ['.', '%2F', '%25', '%zz'])
    await assert.rejects(
      withCatalogWorld(async () => undefined, { namespaceSeparator }),
      (error: unknown) => error instanceof LakeError && error.code === 'CONFIG_INVALID',
    );
});
