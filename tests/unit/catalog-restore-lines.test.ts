// Where a table has several lines of metadata files, or files are gone: a pointer goes forward along its own, and what only a person
// may decide is told.

import assert from 'node:assert/strict';
import test from 'node:test';
import { snapshotAheadDefaultMs } from '../../catalog/service/table-parts.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { StoredRelation } from '../../catalog/store/relation-store.ts';
import { lake, pointers, restoredCopy, steps, users } from './catalog-restore-fixture.ts';

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

test('where old metadata files are kept, a copy goes forward from each of them, however few the files themselves list', async () => {
  const { store, catalog, create, commit, restore } = lake();
  await create(users);
  const [old] = await pointers(store);
  const updates = { 'write.metadata.delete-after-commit.enabled': 'false', 'write.metadata.previous-versions-max': '2' };
  await catalog.commitTable(users, { requirements: [], updates: [{ action: 'set-properties', updates }] });
  for (let i = 0; i < 9; i++) await commit(users, String(i));
  const [now] = await pointers(store);
  assert.deepEqual(await restoredCopy(restore, old), [['forward users'], now]);
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
