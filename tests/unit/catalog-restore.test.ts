// A restore makes the pointers that were lost from the metadata files, brings an old copy forward, and says what it cannot know.

import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { metadataHeads } from '../../catalog/restore/metadata-heads.ts';
import { planRestore, restorePointers, type RestoreEntry } from '../../catalog/restore/restore-pointers.ts';
import { metadataNumber, nextMetadataLocation } from '../../catalog/service/locations.ts';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import { snapshotAheadDefaultMs } from '../../catalog/service/table-parts.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { StoredRelation } from '../../catalog/store/relation-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { silentLogger } from '../../runtime/log.ts';
import { SimulatedClock } from '../fault/simulation/simulated-clock.ts';

const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;
const users = { namespace: ['raw'], name: 'users' };
const rides = { namespace: ['raw', 'eu'], name: 'rides-2' };

const version = (at: number) => ({
  'version-id': 1,
  'timestamp-ms': at,
  'schema-id': 0,
  summary: {},
  representations: [{ type: 'sql' as const, sql: `select ${at}`, dialect: 'trino' }],
  'default-namespace': ['raw'],
});
const daily = { name: 'daily', schema, version: version(1), location: null, properties: {} };

function lake() {
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
async function restoredCopy(restore: ReturnType<typeof lake>['restore'], row: StoredRelation | undefined) {
  assert.ok(row);
  const copy = memoryCatalogStore();
  await copy.insertNamespace({ namespace: row.ident.namespace, properties: {} });
  await copy.insertRelation(row);
  return [steps(await restore(copy)).toSorted(), (await pointers(copy))[0]];
}

const pointers = (store: CatalogStore) => store.allRelations({ after: null, limit: 100 });
const steps = (entries: readonly RestoreEntry[]) => entries.map(({ step, ident }) => `${step} ${ident?.name ?? '?'}`);

test('tables and views come back under their names with the last commit, in the same namespaces', async () => {
  const { store, services, create, commit, restore, plan } = lake();
  for (const ident of [users, rides]) await create(ident);
  for (const value of ['a', 'b', 'c']) await commit(users, value);
  const view = await services.views.create(['raw'], daily, ownContext);
  assert.equal(view.kind, 'ok');
  const before = await pointers(store);
  assert.equal(before.length, 3);

  const fresh = memoryCatalogStore();
  assert.deepEqual(steps((await plan(null)).entries), ['add daily', 'add rides-2', 'add users']);
  const entries = await restore(fresh);
  assert.deepEqual(steps(entries), ['add daily', 'add rides-2', 'add users']);
  assert.deepEqual(await pointers(fresh), before);
  assert.deepEqual(
    await fresh.listNamespaces(['raw'], { after: null, limit: 9 }),
    await store.listNamespaces(['raw'], { after: null, limit: 9 }),
  );
  assert.deepEqual(steps(await restore(fresh)), ['same daily', 'same rides-2', 'same users'], 'once more changes nothing');
});

test('an old copy goes forward, keeps names that were given since, and what it points to beside the files', async () => {
  const { store, create, commit, restore } = lake();
  await create(users);
  const [old] = await pointers(store);
  assert.ok(old);
  await commit(users, 'a');
  await commit(users, 'b');
  const [now] = await pointers(store);
  await create(rides);

  const copy = memoryCatalogStore();
  await copy.insertNamespace({ namespace: ['raw'], properties: {} });
  const renamed = { namespace: ['raw'], name: 'people' };
  await copy.insertRelation({ ...old, ident: renamed });
  assert.deepEqual(steps(await restore(copy)), ['add rides-2', 'forward people']);
  assert.equal((await copy.getRelation('table', renamed))?.metadataLocation, now?.metadataLocation);
  assert.equal(await copy.getRelation('table', users), null, 'one table has one name');

  const ahead = memoryCatalogStore();
  await ahead.insertNamespace({ namespace: ['raw'], properties: {} });
  await ahead.insertRelation({ ...old, metadataLocation: `${old.metadataLocation}.elsewhere` });
  assert.deepEqual(steps(await restore(ahead)), ['add rides-2', 'kept users'], 'a file that nothing followed is not given up');
});

test('of two tables of one name the later one has it; one in its grace stays dropped', async () => {
  const { store, create, services, commit, plan } = lake();
  await create(users);
  await services.tables.drop(users, { purge: false }, ownContext);
  await create(users);
  await commit(users, 'second');
  const [second] = await pointers(store);
  const found = (await plan(null)).entries;
  assert.deepEqual(steps(found).toSorted(), ['add users', 'shadowed users']);
  assert.equal(found.find(({ step }) => step === 'add')?.head.metadataLocation, second?.metadataLocation);

  await create(rides);
  await services.tables.drop(rides, { purge: true }, ownContext);
  assert.deepEqual(steps((await plan(store)).entries).toSorted(), ['dropped rides-2', 'same users', 'shadowed users']);
});

test('a table that an old copy names goes forward also where a newer one has its name by now', async () => {
  const { store, services, create, commit, plan, restore } = lake();
  await create(users);
  const [old] = await pointers(store);
  assert.equal((await services.tables.rename(users, { namespace: ['raw'], name: 'people' }, ownContext)).kind, 'ok');
  for (const value of ['a', 'b']) await commit({ namespace: ['raw'], name: 'people' }, value);
  const [people] = await pointers(store);
  await create(users);
  await commit(users, 'newer');
  assert.ok(people);
  assert.deepEqual(await restoredCopy(restore, old), [['forward users', 'kept users'], { ...people, ident: users }]);

  // One in its grace is told as that, whoever has its name.
  await services.tables.drop(users, { purge: true }, ownContext);
  await create(users);
  assert.deepEqual(steps((await plan(store)).entries).toSorted(), ['dropped users', 'same people', 'same users']);
});

test('a file that never became a commit is told as a rival; one that others follow is none', async () => {
  const { store, objectStore, create, commit, plan } = lake();
  await create(users);
  await commit(users, 'a');
  const [row] = await pointers(store);
  const current = row?.metadataLocation ?? '';
  const key = current.slice(objectStore.root.length + 1);
  const orphan = key.replace(/[0-9a-f-]{36}\.metadata/, '11111111-1111-1111-1111-111111111111.metadata');
  await objectStore.put(orphan, await objectStore.get(key));
  const [twin] = (await plan(null)).entries;
  assert.deepEqual(
    [twin?.head.metadataLocation, ...(twin?.head.rivals ?? [])].toSorted(),
    [current, `${objectStore.root}/${orphan}`].toSorted(),
  );
  await commit(users, 'b');
  const [next] = await pointers(store);
  const [entry] = (await plan(null)).entries;
  assert.deepEqual([entry?.head.metadataLocation, entry?.head.rivals], [next?.metadataLocation, []]);
});

test('what is no metadata, what was copied from elsewhere and what lies where no name is told: each is said, none stops the rest', async () => {
  const { store, objectStore, create, plan, restore } = lake();
  await create(users);
  const [row] = await pointers(store);
  const key = row?.metadataLocation.slice(objectStore.root.length + 1) ?? '';
  await objectStore.put('raw/x/metadata/00000-a.metadata.json', Buffer.from('{"torn'));
  await objectStore.put(`copy/${key}`, await objectStore.get(key));
  const text = Buffer.from(await objectStore.get(key)).toString();
  const { location } = JSON.parse(text) as { location: string };
  const stray = text.replaceAll(location, `${objectStore.root}/stray`).replace(row?.uuid ?? '', 'a-uuid');
  await objectStore.put('stray/metadata/00000-b.metadata.json', Buffer.from(stray));
  const { entries, ignored } = await plan(null);
  assert.deepEqual(steps(entries), ['add users', 'unnamed ?']);
  assert.equal(ignored.length, 2);
  assert.match(ignored.map(({ reason }) => reason).join(), /it says that it belongs to memory:\/\/lake\/raw\/users-/);
  const fresh = memoryCatalogStore();
  await restore(fresh);
  assert.deepEqual(await pointers(fresh), await pointers(store));
});

test('an old copy goes forward also where the file that it names is long gone', async () => {
  const { store, objectStore, create, commit, restore } = lake();
  await create(users);
  const [old] = await pointers(store);
  assert.ok(old);
  for (let i = 0; i < 60; i++) await commit(users, String(i));
  const [now] = await pointers(store);
  assert.equal(await objectStore.head(old.metadataLocation.slice(objectStore.root.length + 1)), null);
  const copy = memoryCatalogStore();
  await copy.insertNamespace({ namespace: ['raw'], properties: {} });
  await copy.insertRelation(old);
  assert.deepEqual(steps(await restore(copy)), ['forward users']);
  assert.deepEqual(await pointers(copy), [now]);

  // Never over what the files do not know of: a file of a later number than theirs, or one that lies elsewhere.
  const folder = `${old.metadataLocation.slice(0, old.metadataLocation.lastIndexOf('/'))}`;
  for (const metadataLocation of [`${folder}/00061-later.metadata.json`, `${objectStore.root}/x/metadata/00001-a.metadata.json`]) {
    const ahead = memoryCatalogStore();
    await ahead.insertNamespace({ namespace: ['raw'], properties: {} });
    await ahead.insertRelation({ ...old, metadataLocation });
    assert.deepEqual(steps(await restore(ahead)), ['kept users'], metadataLocation);
  }
});

test('of a table that was registered again from an older file the later line is taken, and what was left of the other is told', async () => {
  const { clock, store, create, commit, services, plan, restore } = lake();
  await create(users);
  const at: string[] = [];
  for (let number = 1; number <= 6; number++) {
    await commit(users, String(number));
    at[number] = (await pointers(store))[0]?.metadataLocation ?? '';
  }
  const again = { name: 'users', metadataLocation: at[2] ?? '', isOverwrite: true };
  assert.equal((await services.tables.register(['raw'], again, ownContext)).kind, 'ok');
  for (const value of ['a', 'b']) await commit(users, value);
  const [now] = await pointers(store);
  const told = async () => {
    const [entry, ...others] = (await plan(null)).entries;
    assert.deepEqual(others, []);
    return [entry?.head.metadataLocation, entry?.head.rivals];
  };
  assert.match(now?.metadataLocation ?? '', /\/00004-/);
  assert.deepEqual(await told(), [at[6], [now?.metadataLocation]], 'of times so close the number decides');
  await clock.advanceBy(snapshotAheadDefaultMs);
  await commit(users, 'later');
  const [later] = await pointers(store);
  assert.deepEqual(await told(), [later?.metadataLocation, [at[6]]]);
  // Also where both have the same number by then; beyond it, the one that was left is an old file as any other.
  await commit(users, 'd');
  const [same] = await pointers(store);
  assert.deepEqual(await told(), [same?.metadataLocation, [at[6]]]);
  await commit(users, 'e');
  const [beyond] = await pointers(store);
  assert.deepEqual(await told(), [beyond?.metadataLocation, []]);
  // A copy goes forward on its own line, and from none over to another: who knows?
  for (const [number, step] of [
    [2, 'forward users'],
    [4, 'kept users'],
    [6, 'kept users'],
  ] as const) {
    const row = now && { ...now, metadataLocation: at[number] ?? '' };
    assert.deepEqual(await restoredCopy(restore, row), [[step], step === 'kept users' ? row : beyond]);
  }
});

test('what was registered after the newest file was written stays, under whatever name, until there are later files', async () => {
  const { clock, store, create, commit, services, restore } = lake();
  await create(users);
  const [first] = await pointers(store);
  assert.ok(first);
  for (const value of ['a', 'b', 'c']) await commit(users, value);
  const register = async (isOverwrite: boolean) => {
    const asked = { name: 'users', metadataLocation: first.metadataLocation, isOverwrite };
    assert.equal((await services.tables.register(['raw'], asked, ownContext)).kind, 'ok');
  };
  await register(true);
  assert.deepEqual(steps(await restore(store)), ['kept users']);
  const people = { namespace: ['raw'], name: 'people' };
  assert.equal((await services.tables.rename(users, people, ownContext)).kind, 'ok');
  assert.deepEqual(steps(await restore(store)), ['kept people']);
  // Dropped and taken up again from the older file.
  await services.tables.drop(people, { purge: false }, ownContext);
  await register(false);
  assert.deepEqual(steps(await restore(store)), ['kept users']);
  assert.deepEqual(await pointers(store), [first]);

  // The store as a copy has it that was taken now, when the table has gone on.
  await clock.advanceBy(snapshotAheadDefaultMs);
  await commit(users, 'later');
  const later = await pointers(store);
  await store.swapRelation('table', users, later[0]?.metadataLocation ?? '', first.metadataLocation);
  assert.deepEqual(steps(await restore(store)), ['forward users']);
  assert.deepEqual(await pointers(store), later);

  // What a restore itself put there says nothing of what anybody wants.
  const copy = memoryCatalogStore();
  await restore(copy);
  await commit(users, 'last');
  assert.deepEqual(steps(await restore(copy)), ['forward users']);
  assert.deepEqual(await pointers(copy), await pointers(store));
});

test('a pointer never moves onto a file that was left over, however far ahead the time of its snapshot lies', async () => {
  const { clock, store, catalog, create, commit, plan, restore } = lake();
  const leaveOver = async (aheadMs: number) => {
    const [before] = await pointers(store);
    const snapshot = {
      'snapshot-id': 1,
      'sequence-number': 1,
      'timestamp-ms': clock.now() + aheadMs,
      'manifest-list': 'memory://lake/snap-1.avro',
      summary: { operation: 'append' },
    };
    const main = { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 1 } as const;
    await catalog.commitTable(users, { requirements: [], updates: [{ action: 'add-snapshot', snapshot }, main] });
    const [after] = await pointers(store);
    assert.ok(before && after);
    assert.equal(await store.swapRelation('table', users, after.metadataLocation, before.metadataLocation), 'swapped');
    return after.metadataLocation;
  };
  await create(users);
  await commit(users, '1');
  const left = await leaveOver(9 * 60_000);
  const rows: (StoredRelation | undefined)[] = [];
  for (let number = 2; number <= 40; number++) {
    await commit(users, String(number));
    rows[number] = (await pointers(store))[0];
  }
  assert.match(left, /\/00002-/);
  assert.match(rows[40]?.metadataLocation ?? '', /\/00040-/);
  const [entry] = (await plan(null)).entries;
  assert.deepEqual([entry?.step, entry?.head.metadataLocation, entry?.head.rivals], ['add', rows[40]?.metadataLocation, [left]]);
  assert.deepEqual(await restoredCopy(restore, rows[35]), [['forward users'], rows[40]]);

  // Also where it is so far ahead that by the files it is the newest.
  const far = await leaveOver(60 * 60_000);
  for (let number = 41; number <= 45; number++) {
    await commit(users, String(number));
    rows[number] = (await pointers(store))[0];
  }
  const [told] = (await plan(store)).entries;
  assert.deepEqual([told?.step, told?.head.metadataLocation, told?.head.rivals], ['kept', far, [rows[45]?.metadataLocation]]);
  for (const number of [42, 45]) assert.deepEqual(await restoredCopy(restore, rows[number]), [['kept users'], rows[number]]);
});

test('a view goes forward to its later file and never back, whatever numbers the files have', async () => {
  const { store, objectStore, clock, services, catalog, plan, restore } = lake();
  await catalog.ensureNamespace(['raw']);
  const ident = { namespace: ['raw'], name: 'daily' };
  assert.equal((await services.views.create(['raw'], daily, ownContext)).kind, 'ok');
  const [first] = await pointers(store);
  assert.ok(first);
  await clock.advanceBy(1_000);
  const replace = (updates: readonly object[]) =>
    services.views.commit(ident, { requirements: [], updates } as Parameters<typeof services.views.commit>[1], ownContext);
  const added = { ...version(clock.now()), 'version-id': 2 };
  const replaced = await replace([
    { action: 'add-view-version', 'view-version': added },
    { action: 'set-current-view-version', 'view-version-id': -1 },
  ]);
  assert.equal(replaced.kind, 'ok', JSON.stringify(replaced));
  // Its time is that of its version: the number tells that this one is later.
  assert.equal((await replace([{ action: 'set-properties', updates: { p: '1' } }])).kind, 'ok');
  const [now] = await pointers(store);
  const copy = memoryCatalogStore();
  await copy.insertNamespace({ namespace: ['raw'], properties: {} });
  await copy.insertRelation(first);
  assert.deepEqual(steps(await restore(copy)), ['forward daily']);
  assert.deepEqual(await pointers(copy), [now]);

  // As another catalog names them, which the view was registered from once.
  const key = first.metadataLocation.slice(objectStore.root.length + 1);
  const foreign = key.replace(/[^/]+$/, 'v12.metadata.json');
  await objectStore.put(foreign, await objectStore.get(key));
  const [entry] = await restore(copy);
  assert.deepEqual([entry?.step, entry?.head.rivals], ['same', [`${objectStore.root}/${foreign}`]]);
  assert.deepEqual(await pointers(copy), [now]);
  assert.equal((await plan(copy)).ignored.length, 0);
});

test('metadata files that another catalog numbered are counted on from, and read as they are', () => {
  for (const [name, number] of [
    ['00012-u.metadata.json', 12],
    ['v12.metadata.json', 12],
    ['12.metadata.json', 12],
    ['0-a.metadata.json', 0],
    ['va.metadata.json', -1],
    ['x12-a.metadata.json', -1],
    ['1234567890123456-a.metadata.json', -1],
  ] as const) {
    const location = `m://t/7-x/metadata/${name}`;
    assert.equal(metadataNumber(location), number, name);
    const next = `m://t/metadata/${String(number + 1).padStart(5, '0')}-u.metadata.json`;
    assert.equal(nextMetadataLocation('m://t/metadata', location, 'u'), next);
  }
});
