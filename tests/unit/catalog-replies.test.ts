// Idempotency-Key on every change of the lake, through the services and the store that are served: whatever is sent twice
// under one key happens once and is answered alike, also after a lost reply and a restart.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { idSchema, idView, keysOf, setProperty, withCatalogWorld, type Answered, type CatalogWorld } from './catalog-http-fixture.ts';

const keyOf = (number: number): Record<string, string> => ({
  'idempotency-key': `0195a0f2-79b0-7cc3-98c4-${String(number).padStart(12, '0')}`,
});
const key = keyOf(0);

const view = idView('v');

const named = (name: string) => ({ namespace: ['a'], name });
const commit = { updates: [setProperty('p', '1')] };

async function withTable(run: (world: CatalogWorld) => Promise<void>, options: Parameters<typeof withCatalogWorld>[1] = {}): Promise<void> {
  await withCatalogWorld(async (world) => {
    await world.ok('POST', 'namespaces', { namespace: ['a'] });
    await world.ok('POST', 'namespaces/a/tables', { name: 't', schema: idSchema });
    await run(world);
  }, options);
}

const said = ({ status, body, headers }: Answered) => ({ status, body, etag: headers.get('etag') });

const changesOf = async ({ store }: CatalogWorld): Promise<number> =>
  (await store.audit.listAudit({}, { before: null, limit: 500 })).length;

test('every change that comes several times under its key happens once and is answered alike', () =>
  withTable(async (world) => {
    await world.ok('POST', 'namespaces/a/tables', { name: 'gone', schema: idSchema });
    const gone = (await world.ok('POST', 'namespaces/a/tables/gone/unregister'))['metadata-location'];
    const changes: readonly (readonly [string, string, unknown?])[] = [
      ['POST', 'namespaces', { namespace: ['b'] }],
      ['POST', 'namespaces/b/properties', { updates: { owner: 'x' }, removals: ['none'] }],
      ['POST', 'namespaces/a/tables', { name: 'u', schema: idSchema }],
      ['POST', 'namespaces/a/register', { name: 'r', 'metadata-location': gone }],
      ['POST', 'namespaces/a/tables/u', commit],
      [
        'POST',
        'transactions/commit',
        { 'table-changes': ['t', 'u'].map((name) => ({ identifier: named(name), updates: [setProperty('q', '2')] })) },
      ],
      ['POST', 'tables/rename', { source: named('u'), destination: named('w') }],
      ['POST', 'namespaces/a/views', view],
      ['POST', 'namespaces/a/views/v', commit],
      ['POST', 'views/rename', { source: named('v'), destination: named('x') }],
      ['DELETE', 'namespaces/a/views/x'],
      ['DELETE', 'namespaces/a/tables/w?purgeRequested=true'],
      ['POST', 'namespaces/a/tables/r/unregister'],
      ['DELETE', 'namespaces/b'],
    ];
    for (const [number, [method, path, body]] of changes.entries()) {
      const before = await changesOf(world);
      const ask = () => world.call(method, path, body, keyOf(number));
      const [first, ...others] = await Promise.all([ask(), ask(), ask()]);
      assert.ok(first.status < 300, `${path}: ${first.status} ${JSON.stringify(first.body)}`);
      // Beside one another and afterwards.
      for (const other of [...others, await ask()]) assert.deepEqual(said(other), said(first), path);
      const told = path.startsWith('transactions') ? 2 : 1;
      assert.equal(await changesOf(world), before + told, `${path} happened once, and is told in the audit log`);
    }
  }));

test('every refusal that is final comes again as it was, though its reason has passed', () =>
  withTable(async (world) => {
    const refusals: readonly (readonly [string, string, unknown?])[] = [
      ['POST', 'namespaces/b/tables', { name: 't', schema: idSchema }],
      ['POST', 'namespaces/a/tables', { name: 't', schema: idSchema }],
      ['POST', 'namespaces/a/tables/none', commit],
      ['POST', 'namespaces/a/views/v', commit],
      ['DELETE', 'namespaces/a'],
      ['POST', 'namespaces/a/tables/t', { updates: [{ action: 'unheard-of' }] }],
    ];
    const first = await Promise.all(refusals.map(([method, path, body], number) => world.call(method, path, body, keyOf(number))));
    assert.deepEqual(
      first.map(({ status }) => status),
      [404, 409, 404, 404, 409, 400],
    );
    await world.ok('POST', 'namespaces', { namespace: ['b'] });
    await world.ok('DELETE', 'namespaces/a/tables/t');
    for (const [number, [method, path, body]] of refusals.entries()) {
      const again = await world.call(method, path, body, keyOf(number));
      assert.deepEqual(said(again), first[number] && said(first[number]), path);
    }
    assert.notEqual((await world.call('POST', 'namespaces/b/tables', { name: 't', schema: idSchema }, keyOf(9))).status, 404);
  }));

test('a commit whose reply was lost is not made twice: its key finds what it did, though others have committed since', async () => {
  const store = memoryCatalogStore();
  let isLossy = false;
  const lossy: CatalogStore = {
    ...store,
    async swapRelation(...swap) {
      const outcome = await store.swapRelation(...swap);
      if (!isLossy) return outcome;
      isLossy = false;
      throw new LakeError('CATALOG_OUTCOME_UNKNOWN', 'the reply was lost');
    },
  };
  await withTable(
    async (world) => {
      isLossy = true;
      assert.equal((await world.call('POST', 'namespaces/a/tables/t', commit, key)).status, 500);
      const theirs = await world.ok('POST', 'namespaces/a/tables/t', { updates: [setProperty('p', 'theirs')] });
      const found = await world.call('POST', 'namespaces/a/tables/t', commit, key);
      assert.equal(found.status, 200);
      assert.match(String(found.body['metadata-location']), /\/00001-/);
      assert.deepEqual((found.body['metadata'] as Record<string, unknown>)['properties'], { p: '1' });
      assert.deepEqual(await world.ok('GET', 'namespaces/a/tables/t'), theirs, 'what came after it stays');
    },
    { store: lossy },
  );
});

test('of many that race under one key, one is made and all are answered alike; its file is the only one left', () =>
  withTable(async (world) => {
    const requirements = [{ type: 'assert-current-schema-id', 'current-schema-id': 0 }];
    const wider = { ...idSchema, fields: [...idSchema.fields, { id: 2, name: 'more', required: false, type: 'long' }] };
    const updates = [
      { action: 'add-schema', schema: wider },
      { action: 'set-current-schema', 'schema-id': -1 },
    ];
    const once = () => world.call('POST', 'namespaces/a/tables/t', { requirements, updates }, key);
    const all = await Promise.all(Array.from({ length: 12 }, once));
    assert.equal(all[0]?.status, 200);
    for (const answer of all) assert.deepEqual(said(answer), all[0] && said(all[0]));
    assert.match(String(all[0]?.body['metadata-location']), /\/00001-/);
    assert.equal((await keysOf(world.lake)).filter((name) => name.includes('/metadata/')).length, 2);
  }));

test('a reply is answered after a restart from the same file; where the metadata file is gone, with what is current', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-replies-'));
  try {
    const path = join(folder, 'catalog.sqlite');
    const objectStore = memoryStore('lake');
    let first: Answered | null = null;
    await using before = await sqliteCatalogStore({ path });
    await withTable(
      async (world) => {
        first = await world.call('POST', 'namespaces/a/tables/t', commit, key);
        // The next two commits drop its file from the log.
        const short = setProperty('write.metadata.previous-versions-max', '1');
        for (const value of ['3', '4']) await world.ok('POST', 'namespaces/a/tables/t', { updates: [short, setProperty('p', value)] });
      },
      { store: before, objectStore },
    );
    await before[Symbol.asyncDispose]();
    await using after = await sqliteCatalogStore({ path });
    await withCatalogWorld(
      async (world) => {
        const again = await world.call('POST', 'namespaces/a/tables/t', commit, key);
        assert.equal(again.status, 200);
        assert.notDeepEqual(again.body, first?.body, 'the file of the first answer is gone');
        assert.deepEqual(again.body, await world.ok('GET', 'namespaces/a/tables/t'));
        assert.equal((await world.call('POST', 'namespaces/a/tables/t', { updates: [] }, key)).status, 422);
      },
      { store: after, objectStore },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a table that is created and renamed away is still the answer of its key', () =>
  withTable(async (world) => {
    const created = await world.call('POST', 'namespaces/a/tables', { name: 'n', schema: idSchema }, key);
    await world.ok('POST', 'tables/rename', { source: named('n'), destination: named('m') });
    assert.deepEqual(said(await world.call('POST', 'namespaces/a/tables', { name: 'n', schema: idSchema }, key)), said(created));
    assert.equal((await world.call('HEAD', 'namespaces/a/tables/n')).status, 404, 'and it is not made again');
  }));
