// A table dropped with its files: taken back while its grace lasts, gone with every object of its folder after it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import type { PurgeOptions } from '../../catalog/service/purge-table.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { silentLogger } from '../../runtime/log.ts';
import { keysOf } from './iceberg-fixture.ts';
import { SimulatedClock } from '../fault/simulation/simulated-clock.ts';

const dayMs = 86_400_000;

async function dropLab(dropGraceMs = 7 * dayMs) {
  const clock = new SimulatedClock();
  const objectStore = memoryStore('dropped', { clock });
  const store = memoryCatalogStore();
  const places = [{ prefix: objectStore.root, store: objectStore }];
  const started = () => catalogServices({ store, places, clock, logger: silentLogger, dropGraceMs });
  const services = started();
  await services.namespaces.create(['raw'], {}, ownContext);
  const create = async (name: string, properties: Readonly<Record<string, string>> = {}): Promise<string> => {
    const created = await services.tables.create(['raw'], { name, schema: rawSchema, properties }, ownContext);
    assert.ok(created.kind === 'ok', JSON.stringify(created));
    const { location } = created.value.metadata;
    for (const file of ['data/a.parquet', 'data/b.parquet', 'metadata/snap-1.avro'])
      await objectStore.put(`${location.slice(objectStore.root.length + 1)}/${file}`, Buffer.from('x'));
    return location;
  };
  const drop = (name: string, purge = true) => services.tables.drop({ namespace: ['raw'], name }, { purge }, ownContext);
  /** By a process that has nothing in memory. */
  const purge = (options: PurgeOptions = {}) => started().dropped.purgeDue(10, ownContext, options);
  const list = async () => {
    const answer = await services.dropped.list({ token: null, size: 10 });
    assert.ok(answer.kind === 'ok');
    return answer.value.items;
  };
  return { ...services, clock, objectStore, store, create, drop, purge, list };
}

test('a dropped table is not there, its files are; it comes back as it was, under its name', async () => {
  const lab = await dropLab();
  await lab.create('users');
  const before = await lab.tables.load({ namespace: ['raw'], name: 'users' });
  await lab.drop('users');
  assert.equal((await lab.tables.load({ namespace: ['raw'], name: 'users' })).kind, 'refused');
  const [dropped, ...rest] = await lab.list();
  assert.deepEqual([dropped?.name, dropped?.keepUntil, rest], ['raw.users', new Date(lab.clock.now() + 7 * dayMs).toISOString(), []]);
  assert.equal(await lab.purge(), 0);
  assert.deepEqual(await lab.dropped.undrop('raw.users', null, ownContext), { kind: 'ok', value: { name: 'raw.users' } });
  const after = await lab.tables.load({ namespace: ['raw'], name: 'users' });
  assert.ok(before.kind === 'ok' && after.kind === 'ok');
  assert.equal(after.value.location, before.value.location);
  assert.deepEqual(await lab.list(), []);
  await lab.clock.advanceBy(9 * dayMs);
  assert.equal(await lab.purge(), 0);
  assert.equal((await keysOf(lab.objectStore)).length, 4);
});

test('a table whose files other tables may share is forgotten, and its files stay', async () => {
  for (const graceMs of [0, 7 * dayMs]) {
    const lab = await dropLab(graceMs);
    await lab.create('users', { 'gc.enabled': 'false' });
    const keys = await keysOf(lab.objectStore);
    await lab.drop('users');
    await lab.clock.advanceBy(graceMs + 1);
    assert.equal(await lab.purge(), graceMs === 0 ? 0 : 1);
    assert.deepEqual([await keysOf(lab.objectStore), await lab.list()], [keys, []]);
  }
});

test('once its grace is over every object of its folder goes, its neighbours’ stay, and the log says so', async () => {
  const lab = await dropLab();
  const location = await lab.create('users');
  const other = await lab.create('rides');
  await lab.drop('users');
  const [dropped] = await lab.list();
  await lab.clock.advanceBy(7 * dayMs + 1);
  assert.equal(await lab.purge(), 1);
  const keys = (await keysOf(lab.objectStore)).map((key) => `${lab.objectStore.root}/${key}`);
  assert.deepEqual([keys.filter((key) => key.startsWith(location)), keys.filter((key) => key.startsWith(other)).length], [[], 4]);
  assert.deepEqual(await lab.list(), []);
  assert.equal((await lab.dropped.undrop('raw.users', null, ownContext)).kind, 'refused');
  const filter = { subject: null, actor: null, action: 'table.purge', from: null, until: null };
  const entries = await lab.store.audit.listAudit(filter, { before: null, limit: 10 });
  assert.deepEqual(
    entries.map(({ subject, actor, before }) => [subject, actor, before]),
    [['raw.users', 'foz', { uuid: dropped?.uuid, location, objects: 4 }]],
  );
});

for (const point of ['purge:before-delete', 'purge:between-deletes', 'purge:before-forget'] as const) {
  test(`a purge that dies at ${point} cannot be taken back any more, and the next one finishes it`, async () => {
    const lab = await dropLab();
    await lab.create('users');
    await lab.drop('users');
    await lab.clock.advanceBy(8 * dayMs);
    await assert.rejects(
      lab.purge({
        pass: (at) => {
          if (at === point) throw new Error('killed');
        },
      }),
      /killed/,
    );
    const answer = await lab.dropped.undrop('raw.users', null, ownContext);
    assert.ok(answer.kind === 'refused' && /its files are being deleted/.test(answer.message), JSON.stringify(answer));
    assert.deepEqual(await lab.list(), []);
    assert.equal(await lab.purge(), 1);
    assert.deepEqual(await keysOf(lab.objectStore), []);
    assert.equal(await lab.purge(), 0);
  });
}

test('a table made anew under the name keeps its own files; the old one comes back under another name', async () => {
  const lab = await dropLab();
  const old = await lab.create('users');
  await lab.drop('users');
  const young = await lab.create('users');
  assert.notEqual(old, young);
  const taken = await lab.dropped.undrop('raw.users', null, ownContext);
  assert.ok(taken.kind === 'refused' && taken.reason === 'table-exists', JSON.stringify(taken));
  assert.equal((await lab.dropped.undrop('raw.users', 'raw.users_before', ownContext)).kind, 'ok');
  await lab.drop('users_before');
  await lab.clock.advanceBy(8 * dayMs);
  await lab.purge();
  const keys = (await keysOf(lab.objectStore)).map((key) => `${lab.objectStore.root}/${key}`);
  assert.ok(keys.length === 4 && keys.every((key) => key.startsWith(young)));
});

test('two of one name are told apart by uuid', async () => {
  const lab = await dropLab();
  for (let i = 0; i < 2; i++) {
    await lab.create('users');
    await lab.drop('users');
  }
  const [one, two] = await lab.list();
  const answer = await lab.dropped.undrop('raw.users', null, ownContext);
  assert.ok(answer.kind === 'refused' && [one, two].every((table) => answer.message.includes(table?.uuid ?? '–')), JSON.stringify(answer));
  assert.equal((await lab.dropped.undrop(two?.uuid ?? '', null, ownContext)).kind, 'ok');
  assert.deepEqual(
    (await lab.list()).map(({ uuid }) => uuid),
    [one?.uuid],
  );
});

test('one whose files are going is not in the way of another of its name that can be taken back', async () => {
  const lab = await dropLab();
  await lab.create('users');
  await lab.drop('users');
  await lab.clock.advanceBy(4 * dayMs);
  await lab.create('users');
  await lab.drop('users');
  const young = (await lab.list()).find(({ droppedAt }) => droppedAt === new Date(lab.clock.now()).toISOString());
  await lab.clock.advanceBy(4 * dayMs);
  await assert.rejects(lab.purge({ pass: async () => assert.fail('killed') }), /killed/);
  assert.deepEqual(await lab.list(), [young]);
  assert.deepEqual(await lab.dropped.undrop('raw.users', null, ownContext), { kind: 'ok', value: { name: 'raw.users' } });
});

test('a purge stops where its table is dropped once more meanwhile, under another name: that one can be taken back', async () => {
  const lab = await dropLab();
  const location = await lab.create('users');
  const folder = location.slice(lab.objectStore.root.length + 1);
  // More than are deleted at a time.
  for (let i = 0; i < 1_000; i++) await lab.objectStore.put(`${folder}/data/more-${i}.parquet`, Buffer.from('x'));
  const row = await lab.store.getRelation('table', { namespace: ['raw'], name: 'users' });
  assert.ok(row);
  await lab.drop('users');
  await lab.clock.advanceBy(8 * dayMs);
  const dropTwin = async () => {
    await lab.store.insertRelation({ ...row, ident: { namespace: ['raw'], name: 'twin' } });
    await lab.drop('twin');
  };
  let twin: Promise<void> | null = null;
  assert.equal(await lab.purge({ pass: () => (twin ??= dropTwin()) }), 0);
  assert.deepEqual(
    (await lab.list()).map(({ name }) => name),
    ['raw.twin'],
  );
  assert.equal((await keysOf(lab.objectStore)).length, 4, 'what was not deleted yet stays');
  assert.equal((await lab.dropped.undrop('raw.twin', null, ownContext)).kind, 'ok');
});

for (const [what, uuid] of [
  ['another table', '0a0f6c1e-5a53-4c0f-9d6c-1f6f7a1b2c3d'],
  ['the same table, registered again,', null],
] as const) {
  test(`a folder in which ${what} lies by now is not purged: its files are not the dropped one’s any more`, async () => {
    const lab = await dropLab();
    const location = await lab.create('users');
    await lab.drop('users');
    const [dropped] = await lab.list();
    // As a catalog restored beside it, or one that allows it, may have put it there.
    await lab.store.insertRelation({
      ident: { namespace: ['raw'], name: 'copy' },
      kind: 'table',
      uuid: uuid ?? dropped?.uuid ?? '',
      metadataLocation: `${location}/metadata/00000-copy.metadata.json`,
    });
    await lab.clock.advanceBy(8 * dayMs);
    await lab.purge();
    assert.equal((await keysOf(lab.objectStore)).length, 4);
  });
}

test('a folder that another table once sent files to is not purged', async () => {
  const lab = await dropLab();
  const location = await lab.create('users');
  // As it was in a catalog that allowed it.
  const [ident, path] = [{ namespace: ['raw'], name: 'other' }, `${location}/data`];
  const other = {
    ident,
    kind: 'table',
    uuid: 'other',
    metadataLocation: `${lab.objectStore.root}/raw/other/metadata/0.metadata.json`,
  } as const;
  await lab.store.insertRelation(other, null, { uuid: 'other', folder: null, within: [], paths: [path] });
  await lab.drop('users');
  await lab.clock.advanceBy(8 * dayMs);
  await lab.purge();
  assert.equal((await keysOf(lab.objectStore)).length, 4);
});

test('a table dropped without its files is forgotten at once, and keeps them', async () => {
  const lab = await dropLab();
  await lab.create('users');
  await lab.drop('users', false);
  assert.deepEqual(await lab.list(), []);
  await lab.clock.advanceBy(99 * dayMs);
  assert.equal(await lab.purge(), 0);
  assert.equal((await keysOf(lab.objectStore)).length, 4);
});
