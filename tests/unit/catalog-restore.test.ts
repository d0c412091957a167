// A restore makes the pointers that were lost from the metadata files, brings an old copy forward, and says what it cannot know.

import assert from 'node:assert/strict';
import test from 'node:test';
import { metadataNumber, nextMetadataLocation } from '../../catalog/service/locations.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { daily, lake, pointers, restoredCopy, rides, steps, users, version } from './catalog-restore-fixture.ts';

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

test('where a table sends files beside its folder, or did once, is known again: nothing can be laid over that', async () => {
  const { store, objectStore, catalog, create, commit, restore } = lake();
  await create(users);
  const [old] = await pointers(store);
  assert.ok(old);
  const send = async (folder: string) => {
    const updates = { 'write.data.path': `${objectStore.root}/${folder}/data/` };
    await catalog.commitTable(users, { requirements: [], updates: [{ action: 'set-properties', updates }] });
  };
  for (const folder of ['elsewhere', 'beside']) await send(folder);
  await commit(users, 'a');
  const fresh = memoryCatalogStore();
  const copy = memoryCatalogStore();
  await copy.insertNamespace({ namespace: ['raw'], properties: {} });
  await copy.insertRelation(old);
  for (const into of [fresh, copy]) {
    await restore(into);
    assert.deepEqual(await pointers(into), await pointers(store));
    for (const folder of ['elsewhere', 'beside']) assert.equal(await into.hasTableUnder(`${objectStore.root}/${folder}/`), true, folder);
    assert.equal(await into.hasTableUnder(`${objectStore.root}/other/`), false);
    assert.equal(await into.hasTableUnder(`${objectStore.root}/elsewhere/`, old), false, 'its own');
  }
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
