// Views as engines use them over REST: one name space with tables, versions, refusals by type and message.

import assert from 'node:assert/strict';
import test from 'node:test';
import { assertRefused, idSchema, keysOf, setProperty, withCatalogWorld, type CatalogWorld } from './catalog-http-fixture.ts';

const version = (sql: string, over: object = {}) => ({
  'version-id': 1,
  'timestamp-ms': 1000,
  'schema-id': 0,
  summary: { 'engine-name': 'Trino' },
  representations: [{ type: 'sql', dialect: 'trino', sql }],
  'default-catalog': 'lake',
  'default-namespace': ['a'],
  ...over,
});

const view = (name: string, over: object = {}) => ({
  name,
  schema: idSchema,
  'view-version': version('SELECT 1 id'),
  properties: { comment: 'first' },
  ...over,
});

const replacement = (sql: string) => [
  { action: 'add-view-version', 'view-version': version(sql) },
  { action: 'set-current-view-version', 'view-version-id': -1 },
];

async function withView(run: (world: CatalogWorld) => Promise<void>): Promise<void> {
  await withCatalogWorld(async (world) => {
    await world.ok('POST', 'namespaces', { namespace: ['a'] });
    await world.ok('POST', 'namespaces', { namespace: ['b'] });
    await world.ok('POST', 'namespaces/a/tables', { name: 't', schema: idSchema });
    await world.ok('POST', 'namespaces/a/views', view('v'));
    await run(world);
  });
}

const metadataOf = async ({ ok }: CatalogWorld, path = 'a/views/v') =>
  (await ok('GET', `namespaces/${path}`))['metadata'] as Record<string, unknown>;

const missing = /^View does not exist: /;

test('create, list, load, look: the answer names a file that holds what it says', () =>
  withView(async (world) => {
    const { ok, call, lake } = world;
    await ok('POST', 'namespaces/a/views', view('w'));
    assert.deepEqual((await ok('GET', 'namespaces/a/views'))['identifiers'], [
      { namespace: ['a'], name: 'v' },
      { namespace: ['a'], name: 'w' },
    ]);
    const page = await ok('GET', 'namespaces/a/views?pageSize=1');
    assert.deepEqual(page['identifiers'], [{ namespace: ['a'], name: 'v' }]);
    const rest = await ok('GET', `namespaces/a/views?pageSize=1&pageToken=${String(page['next-page-token'])}`);
    assert.deepEqual([rest['identifiers'], rest['next-page-token']], [[{ namespace: ['a'], name: 'w' }], null]);
    const loaded = await ok('GET', 'namespaces/a/views/v');
    const metadata = await metadataOf(world);
    assert.match(String(metadata['location']), /^memory:\/\/lake\/a\/v-[0-9a-f]{32}$/);
    assert.deepEqual(metadata['versions'], [version('SELECT 1 id')]);
    const location = String(loaded['metadata-location']);
    assert.ok(location.startsWith(`${String(metadata['location'])}/metadata/00000-`));
    const file = JSON.parse(Buffer.from(await lake.get(location.slice('memory://lake/'.length))).toString('utf8'));
    assert.deepEqual(file, metadata);
    assert.deepEqual(
      [(await call('HEAD', 'namespaces/a/views/v')).status, (await call('HEAD', 'namespaces/a/views/x')).status],
      [204, 404],
    );
    assertRefused(await call('GET', 'namespaces/a/views/x'), 404, 'NoSuchViewException', /^View does not exist: a\.x$/);
    assertRefused(await call('GET', 'namespaces/none/views'), 404, 'NoSuchNamespaceException', /^Namespace does not exist: none$/);
  }));

test('a view and a table cannot have one name, and neither is taken for the other', () =>
  withView(async ({ call, ok }) => {
    const created = (body: object) => call('POST', 'namespaces/a/views', body);
    assertRefused(await created(view('v')), 409, 'AlreadyExistsException', /^View already exists: a\.v$/);
    assertRefused(await created(view('t')), 409, 'AlreadyExistsException', /^Table with same name already exists: a\.t$/);
    const table = await call('POST', 'namespaces/a/tables', { name: 'v', schema: idSchema });
    assertRefused(table, 409, 'AlreadyExistsException', /^View with same name already exists: a\.v$/);
    assertRefused(await call('GET', 'namespaces/a/views/t'), 404, 'NoSuchViewException', missing);
    assertRefused(await call('GET', 'namespaces/a/tables/v'), 404, 'NoSuchTableException', /^Table does not exist: a\.v$/);
    assertRefused(await call('DELETE', 'namespaces/a/views/t'), 404, 'NoSuchViewException', missing);
    assertRefused(await call('DELETE', 'namespaces/a/tables/v'), 404, 'NoSuchTableException', /a\.v$/);
    assertRefused(await call('DELETE', 'namespaces/a'), 409, 'NamespaceNotEmptyException', /not empty/);
    await ok('DELETE', 'namespaces/a/tables/t');
    await ok('POST', 'namespaces/a/views', view('t'));
  }));

test('replace: the next version over REST, under its uuid; what is not so is a conflict, what can never be is told', () =>
  withView(async (world) => {
    const { call, ok } = world;
    const uuid = (await metadataOf(world))['view-uuid'];
    const requirements = [{ type: 'assert-view-uuid', uuid }];
    await ok('POST', 'namespaces/a/views/v', { requirements, updates: replacement('SELECT 2 id') });
    const replaced = await metadataOf(world);
    assert.equal(replaced['current-version-id'], 2);
    assert.deepEqual((replaced['version-log'] as unknown[]).length, 2);
    const again = await ok('POST', 'namespaces/a/views/v', { requirements, updates: replacement('SELECT 2 id') });
    assert.deepEqual(again['metadata'], replaced, 'the same once more changes nothing');
    const commit = (body: object, path = 'a/views/v') => call('POST', `namespaces/${path}`, body);
    const other = [{ type: 'assert-view-uuid', uuid: '11111111-9102-4097-acae-ead53542ca76' }];
    assertRefused(
      await commit({ requirements: other, updates: [] }),
      409,
      'CommitFailedException',
      /^Requirement failed: view UUID does not match/,
    );
    const lossy = [
      { action: 'add-view-version', 'view-version': version('x', { representations: [{ type: 'sql', dialect: 'spark', sql: 'x' }] }) },
    ];
    const dropped = await commit({ updates: [...lossy, { action: 'set-current-view-version', 'view-version-id': -1 }] });
    assertRefused(dropped, 400, 'IllegalArgumentException', /^Cannot replace view due to loss of view dialects/);
    assertRefused(
      await commit({ updates: [{ action: 'add-snapshot' }] }),
      400,
      'BadRequestException',
      /add-snapshot does not apply to a view/,
    );
    assertRefused(
      await commit({ identifier: { namespace: ['a'], name: 'w' }, updates: [] }),
      400,
      'BadRequestException',
      /names view w but was sent to v/,
    );
    assertRefused(await commit({ updates: [] }, 'a/views/x'), 404, 'NoSuchViewException', missing);
    assert.deepEqual(await metadataOf(world), replaced);
  }));

test('commits that race all land, one after the other, each on what the one before left', () =>
  withView(async (world) => {
    const commits = Array.from({ length: 12 }, (_, n) =>
      world.ok('POST', 'namespaces/a/views/v', { updates: [setProperty(`p${n}`, 'x')] }),
    );
    await Promise.all(commits);
    assert.equal(Object.keys((await metadataOf(world))['properties'] as object).length, 13);
    const last = String((await world.ok('GET', 'namespaces/a/views/v'))['metadata-location']);
    assert.match(last, /\/00012-/);
  }));

test('rename: within and across namespaces, the metadata stays; taken names and missing ones are refused', () =>
  withView(async (world) => {
    const { call, ok } = world;
    const before = await ok('GET', 'namespaces/a/views/v');
    const rename = (from: readonly [string, string], to: readonly [string, string]) =>
      call('POST', 'views/rename', { source: { namespace: [from[0]], name: from[1] }, destination: { namespace: [to[0]], name: to[1] } });
    assert.equal((await rename(['a', 'v'], ['b', 'w'])).status, 204);
    assert.deepEqual(await ok('GET', 'namespaces/b/views/w'), before);
    assertRefused(await rename(['a', 'v'], ['b', 'x']), 404, 'NoSuchViewException', /^View does not exist: a\.v$/);
    assertRefused(await rename(['b', 'w'], ['none', 'w']), 404, 'NoSuchNamespaceException', /^Namespace does not exist: none$/);
    assertRefused(
      await rename(['b', 'w'], ['a', 't']),
      409,
      'AlreadyExistsException',
      /^Cannot rename b\.w to a\.t\. Table already exists$/,
    );
    await ok('POST', 'namespaces/a/views', view('v'));
    assertRefused(
      await rename(['b', 'w'], ['a', 'v']),
      409,
      'AlreadyExistsException',
      /^Cannot rename b\.w to a\.v\. View already exists$/,
    );
    assertRefused(await rename(['b', 'w'], ['a', '../v']), 400, 'BadRequestException', /the name "\.\.\/v"/);
    assert.equal((await rename(['b', 'w'], ['b', 'w'])).status, 204, 'to itself is nothing');
    assertRefused(await call('POST', 'views/rename', { source: 'v' }), 400, 'BadRequestException', /source must be an identifier/);
  }));

test('drop forgets the name and leaves the files; register takes one of them up again', () =>
  withView(async (world) => {
    const { call, ok, lake } = world;
    const before = await ok('GET', 'namespaces/a/views/v');
    const register = (body: object) => call('POST', 'namespaces/b/register-view', body);
    const location = before['metadata-location'];
    assertRefused(
      await register({ name: 't', 'metadata-location': 'memory://else/x.metadata.json' }),
      400,
      'BadRequestException',
      /outside the warehouse/,
    );
    assert.equal((await call('DELETE', 'namespaces/a/views/v')).status, 204);
    assertRefused(await call('GET', 'namespaces/a/views/v'), 404, 'NoSuchViewException', missing);
    assert.ok((await keysOf(lake)).includes(String(location).slice('memory://lake/'.length)));
    const registered = await register({ name: 'again', 'metadata-location': location });
    assert.deepEqual(registered.body, before);
    assertRefused(
      await register({ name: 'again', 'metadata-location': location }),
      409,
      'AlreadyExistsException',
      /^View already exists: b\.again$/,
    );
    assert.equal((await call('DELETE', 'namespaces/b/views/again')).status, 204);
    await lake.delete([String(location).slice('memory://lake/'.length)]);
    assertRefused(
      await register({ name: 'again', 'metadata-location': location }),
      400,
      'BadRequestException',
      /there is no metadata file/,
    );
    const table = (await ok('GET', 'namespaces/a/tables/t'))['metadata-location'];
    assertRefused(
      await register({ name: 'x', 'metadata-location': table }),
      400,
      'BadRequestException',
      /view metadata: member view-uuid is missing/,
    );
  }));

test('a view lies where it may: the warehouse and what is allowed beside it, and in no folder of a table', () =>
  withView(async (world) => {
    const { call, ok, other } = world;
    const create = (over: object) => call('POST', 'namespaces/a/views', view('w', over));
    for (const location of ['s3://else/w', 'memory://lake/../w', 'memory://other/w', 'memory://lake'])
      assertRefused(await create({ location }), 400, 'BadRequestException', /^location /);
    const inside = String(((await ok('GET', 'namespaces/a/tables/t'))['metadata'] as Record<string, unknown>)['location']);
    assertRefused(await create({ location: `${inside}/w` }), 400, 'BadRequestException', /lies inside the table at/);
    assertRefused(
      await create({ properties: { 'write.metadata.path': 's3://else/x' } }),
      400,
      'BadRequestException',
      /property write\.metadata\.path/,
    );
    assert.equal((await create({ location: 'memory://other/shared/w/' })).status, 200);
    assert.equal((await keysOf(other)).length, 1);
    const moved = await call('POST', 'namespaces/a/views/w', { updates: [{ action: 'set-location', location: 's3://else/w' }] });
    assertRefused(moved, 400, 'BadRequestException', /^location s3:\/\/else\/w is outside/);
  }));

test('what cannot be read is refused by the member that is wrong', () =>
  withView(async ({ call }) => {
    const create = (over: object) => call('POST', 'namespaces/a/views', view('w', over));
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ name: 7 }, /^name must be a string$/],
      [{ name: 'a/b' }, /the name "a\/b" must be/],
      [{ schema: {} }, /^schema is missing or malformed$/],
      [{ 'view-version': {} }, /^view-version is missing or malformed$/],
      [{ location: 7 }, /^location must be a string$/],
      [{ properties: { a: 1 } }, /^properties must be an object of strings$/],
    ];
    for (const [over, message] of cases) assertRefused(await create(over), 400, 'BadRequestException', message);
    const twice = version('x', { representations: ['trino', 'Trino'].map((dialect) => ({ type: 'sql', dialect, sql: 'x' })) });
    assertRefused(
      await create({ 'view-version': twice }),
      400,
      'IllegalArgumentException',
      /^Invalid view version: Cannot add multiple queries for dialect trino$/,
    );
  }));

test('a loaded view or table has an ETag: who has it already gets 304, until it changes; refs and all differ', () =>
  withView(async ({ call, ok }) => {
    for (const path of ['namespaces/a/views/v', 'namespaces/a/tables/t']) {
      const tag = String((await call('GET', path)).headers.get('etag'));
      assert.match(tag, /^"[\w-]{43}"$/);
      for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const known = await call('GET', path, undefined, { 'if-none-match': header });
        assert.deepEqual([known.status, known.body, known.headers.get('etag')], [304, {}, tag], header);
      }
      await ok('POST', path, { updates: [setProperty('p', 'new')] });
      const changed = await call('GET', path, undefined, { 'if-none-match': tag });
      assert.equal(changed.status, 200);
      assert.notEqual(changed.headers.get('etag'), tag);
    }
    const [all, refs] = await Promise.all(['all', 'refs'].map((snapshots) => call('GET', `namespaces/a/tables/t?snapshots=${snapshots}`)));
    assert.notEqual(all?.headers.get('etag'), refs?.headers.get('etag'));
    assertRefused(await call('GET', 'namespaces/a/views/none', undefined, { 'if-none-match': '*' }), 404, 'NoSuchViewException', missing);
  }));

test('each change of a view is in the audit log, with what it was and is', () =>
  withView(async ({ ok, store }) => {
    await ok('POST', 'namespaces/a/views/v', { updates: replacement('SELECT 2 id') });
    await ok('POST', 'views/rename', { source: { namespace: ['a'], name: 'v' }, destination: { namespace: ['b'], name: 'w' } });
    await ok('DELETE', 'namespaces/b/views/w');
    const entries = await store.audit.listAudit({ action: 'view' }, { before: null, limit: 50 });
    assert.deepEqual(
      entries.map(({ action, subject, actor }) => [action, subject, actor]),
      [
        ['view.drop', 'b.w', 'anonymous'],
        ['view.rename', 'a.v', 'anonymous'],
        ['view.replace', 'a.v', 'anonymous'],
        ['view.create', 'a.v', 'anonymous'],
      ],
    );
    const replaced = entries[2];
    assert.match(JSON.stringify(replaced?.before), /^\{"version-id":1,"metadataLocation":"memory:.*00000-/);
    assert.match(JSON.stringify(replaced?.after), /^\{"version-id":2,"metadataLocation":"memory:.*00001-/);
  }));
