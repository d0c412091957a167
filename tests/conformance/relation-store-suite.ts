// What every catalog store promises of tables and views beside the swap: names, all-or-nothing changes, drops that are kept,
// and the record of each change.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import type { AuditEntry, ChangeRecord } from '../../catalog/store/change-record.ts';
import type { StoredRelation, TableChange } from '../../catalog/store/relation-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const raw = (name: string) => ({ namespace: ['raw'], name });
const table = (name: string): StoredRelation => ({
  ident: raw(name),
  kind: 'table',
  uuid: `uuid-${name}`,
  metadataLocation: `m://${name}/0`,
});
const view = (name: string): StoredRelation => ({ ...table(name), kind: 'view' });
const change = (name: string, expected: string | null): TableChange => ({
  ident: raw(name),
  expected,
  next: { uuid: `uuid-${name}`, metadataLocation: `m://${name}/1` },
});
const all = { after: null, limit: 100 };
const forget = { at: 5, keepUntil: null, purge: false };
const keep = { at: 5, keepUntil: 100, purge: true };

const entry: AuditEntry = { at: 7, actor: 'ada', action: 'table.commit', subject: 'raw.users', before: null, after: { x: '"\u0000é' } };
const record = (key: string): ChangeRecord => ({
  audit: [{ ...entry, subject: `raw.${key}` }],
  reply: { key, digest: 'd', expiresAt: 10, reply: { kind: 'body', status: 200, body: '{}' } },
});
const isKeyTaken = (error: unknown) => error instanceof LakeError && error.code === 'CATALOG_KEY_TAKEN';

async function prepare(store: CatalogStore): Promise<void> {
  await store.insertNamespace({ namespace: ['raw'], properties: {} });
  await store.insertNamespace({ namespace: ['other'], properties: {} });
  await store.insertRelation(table('users'));
  await store.insertRelation(view('daily'));
}

const pointers = async (store: CatalogStore) =>
  (await store.allRelations({ after: null, limit: 100 })).map(({ ident, kind, uuid, metadataLocation }) => [
    `${ident.namespace.join('.')}.${ident.name}`,
    kind,
    uuid,
    metadataLocation,
  ]);

const everyEntry = { subject: null, actor: null, action: null, from: null, until: null };
const audit = (store: CatalogStore) => store.audit.listAudit(everyEntry, { before: null, limit: 100 });
const subjects = async (store: CatalogStore) => (await audit(store)).map(({ subject }) => subject);

export function relationStoreSuite(world: StoreWorld): void {
  const check = (sentence: string, run: (store: CatalogStore) => Promise<void>) =>
    test(`${world.name}: ${sentence}`, () =>
      withStore(world, async (store) => {
        await prepare(store);
        await run(store);
      }));

  check('a table and a view share the names of a namespace, and are told apart', async (store) => {
    assert.equal(await store.insertRelation(view('users')), 'other-exists');
    assert.equal(await store.insertRelation(table('daily')), 'other-exists');
    assert.equal(await store.getRelation('view', raw('users')), null);
    assert.deepEqual(await store.getRelation('view', raw('daily')), view('daily'));
    assert.deepEqual(await store.listRelations('table', ['raw'], all), [table('users')]);
    assert.deepEqual(await store.listRelations('view', ['raw'], all), [view('daily')]);
    assert.equal(await store.swapRelation('view', raw('users'), 'm://users/0', 'm://users/1'), 'missing');
    assert.equal(await store.dropRelation('view', raw('users'), forget), null);
    assert.deepEqual(await store.allRelations({ after: null, limit: 1 }), [view('daily')]);
    assert.deepEqual(await store.allRelations({ after: raw('daily'), limit: 9 }), [table('users')]);
  });

  check('a rename moves the pointer as it is, where the name is free', async (store) => {
    await store.insertRelation(table('rides'));
    assert.equal(await store.renameRelation('table', raw('users'), raw('rides')), 'exists');
    assert.equal(await store.renameRelation('table', raw('users'), raw('daily')), 'other-exists');
    assert.equal(await store.renameRelation('table', raw('users'), raw('users')), 'exists');
    assert.equal(await store.renameRelation('table', raw('users'), { namespace: ['none'], name: 'x' }), 'namespace-missing');
    assert.equal(await store.renameRelation('table', raw('daily'), raw('x')), 'missing');
    const moved = { namespace: ['other'], name: 'people' };
    assert.equal(await store.renameRelation('table', raw('users'), moved), 'renamed');
    assert.equal(await store.getRelation('table', raw('users')), null);
    assert.deepEqual(await store.getRelation('table', moved), { ...table('users'), ident: moved });
  });

  check('I3: a change of several tables is whole or not at all, and names the first that was in its way', async (store) => {
    await store.insertRelation(table('rides'));
    const before = await pointers(store);
    const good = [change('users', 'm://users/0'), change('new', null)];
    const attempts: readonly (readonly [TableChange, string])[] = [
      [change('rides', 'm://rides/9'), 'lost'],
      [change('nobody', 'm://nobody/0'), 'missing'],
      [change('rides', null), 'exists'],
      [change('daily', null), 'other-exists'],
      [{ ...change('x', null), ident: { namespace: ['none'], name: 'x' } }, 'namespace-missing'],
    ];
    for (const [last, kind] of attempts) {
      assert.deepEqual(await store.changeTables([...good, last], record('lost')), { kind, ident: last.ident });
      assert.deepEqual(await pointers(store), before);
    }
    assert.deepEqual(await subjects(store), [], 'what was not changed is not recorded');
    assert.deepEqual(await store.changeTables([...good, change('rides', 'm://rides/0')], { ...record('k1'), audit: [entry, entry] }), {
      kind: 'changed',
    });
    assert.deepEqual(await pointers(store), [
      ['raw.daily', 'view', 'uuid-daily', 'm://daily/0'],
      ['raw.new', 'table', 'uuid-new', 'm://new/1'],
      ['raw.rides', 'table', 'uuid-rides', 'm://rides/1'],
      ['raw.users', 'table', 'uuid-users', 'm://users/1'],
    ]);
    assert.deepEqual(await subjects(store), ['raw.users', 'raw.users']);
  });

  check('a change and what is recorded of it are one; a key that is taken changes nothing', async (store) => {
    assert.equal(await store.swapRelation('table', raw('users'), 'm://users/0', 'm://users/1', record('k1')), 'swapped');
    const [told] = await audit(store);
    assert.deepEqual(told, { ...entry, subject: 'raw.k1', number: told?.number });
    assert.equal((await audit(store)).length, 1);
    assert.deepEqual(await store.replies.findReply('k1'), record('k1').reply);
    assert.equal(await store.swapRelation('table', raw('users'), 'm://users/0', 'm://users/2', record('k2')), 'lost');
    assert.equal(await store.replies.findReply('k2'), null);

    const before = [await pointers(store), await subjects(store)];
    const taken = record('k1');
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => store.swapRelation('table', raw('users'), 'm://users/1', 'm://users/3', taken),
      () => store.insertRelation(table('rides'), taken),
      () => store.renameRelation('table', raw('users'), raw('people'), taken),
      () => store.dropRelation('table', raw('users'), keep, taken),
      () => store.changeTables([{ ident: raw('x'), expected: null, next: { uuid: 'x', metadataLocation: 'm://x' } }], taken),
      () => store.insertNamespace({ namespace: ['more'], properties: {} }, taken),
      () => store.updateNamespace(['raw'], { set: { a: 'b' }, remove: [] }, taken),
      () => store.deleteNamespace(['other'], taken),
    ];
    for (const attempt of attempts) await assert.rejects(attempt(), isKeyTaken);
    assert.deepEqual([await pointers(store), await subjects(store)], before);
    assert.deepEqual(await store.listDropped('kept', all), []);
    assert.deepEqual(
      (await store.listNamespaces([], all)).map(({ properties }) => properties),
      [{}, {}],
    );
  });

  check('a drop of whatever is there tells the row that went', async (store) => {
    const dropped: ChangeRecord = { ...record('k1'), audit: [{ ...entry, action: 'table.drop', before: null, after: null }] };
    assert.equal(await store.swapRelation('table', raw('users'), 'm://users/0', 'm://users/1'), 'swapped');
    assert.deepEqual(await store.dropRelation('table', raw('users'), keep, dropped), {
      ...table('users'),
      metadataLocation: 'm://users/1',
    });
    const [told, ...others] = await audit(store);
    assert.deepEqual(told?.before, { uuid: 'uuid-users', metadataLocation: 'm://users/1' });
    assert.deepEqual([told?.action, told?.after, others], ['table.drop', null, []]);
    assert.deepEqual(await store.replies.findReply('k1'), dropped.reply);
    assert.equal(await store.dropRelation('table', raw('users'), keep, record('k2')), null);
    assert.equal((await audit(store)).length, 1);
  });

  check('of requests that race with one key, one changes something', async (store) => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const outcomes = await Promise.allSettled(names.map((name) => store.insertRelation(table(name), record('one'))));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.ok(outcomes.every((outcome) => outcome.status === 'fulfilled' || isKeyTaken(outcome.reason)));
    assert.equal((await store.listRelations('table', ['raw'], all)).length, 2);
  });

  check('a drop that is kept can be taken back until it is being purged', async (store) => {
    assert.equal(await store.dropRelation('table', raw('users'), keep, null, 'm://users/9'), null, 'it has moved on since');
    assert.deepEqual(await store.dropRelation('table', raw('users'), keep), table('users'));
    assert.equal(await store.getRelation('table', raw('users')), null);
    assert.deepEqual(await store.listDropped('kept', all), [{ ...table('users'), droppedAt: 5, keepUntil: 100, purge: true }]);
    assert.equal(await store.hasTableUnder('m://users/'), true, 'its files are still there');
    const drop = { uuid: 'uuid-users', metadataLocation: 'm://users/0', droppedAt: 5 };
    assert.equal(await store.hasTableUnder('m://users/', drop), false, 'they are only its own');
    for (const other of [{ uuid: 'uuid-other' }, { metadataLocation: 'm://users/1' }, { droppedAt: 6 }])
      assert.equal(await store.hasTableUnder('m://users/', { ...drop, ...other }), true);
    await store.insertRelation({ ...table('users'), uuid: 'uuid-2', metadataLocation: 'm://users-2/0' });
    assert.equal(await store.undropRelation('uuid-users', raw('users')), 'exists');
    assert.equal(await store.undropRelation('uuid-users', raw('daily')), 'other-exists');
    assert.equal(await store.undropRelation('uuid-users', { namespace: ['none'], name: 'x' }), 'namespace-missing');
    assert.equal(await store.undropRelation('uuid-nobody', raw('x')), 'missing');
    assert.equal(await store.undropRelation('uuid-users', raw('back'), record('k1')), 'restored');
    assert.deepEqual(await store.getRelation('table', raw('back')), { ...table('users'), ident: raw('back') });
    assert.deepEqual([await store.listDropped('kept', all), await subjects(store)], [[], ['raw.k1']]);
  });

  check('drops are taken for the purge when their time is over, again and again until they are forgotten', async (store) => {
    for (const [name, keepUntil] of [
      ['a', 30],
      ['b', 10],
      ['c', 20],
    ] as const) {
      await store.insertRelation(table(name));
      await store.dropRelation('table', raw(name), { ...keep, keepUntil });
    }
    const taken = async (now: number, limit = 10) => (await store.takeDropped(now, limit)).map(({ uuid }) => uuid);
    assert.deepEqual(await taken(9), []);
    assert.deepEqual(await taken(20, 1), ['uuid-b']);
    assert.equal(await store.undropRelation('uuid-b', raw('b')), 'purging');
    assert.deepEqual(await taken(20), ['uuid-b', 'uuid-c']);
    assert.equal(await store.undropRelation('uuid-a', raw('a')), 'restored');
    const drop = { uuid: 'uuid-b', metadataLocation: 'm://b/0', droppedAt: 5 };
    await store.forgetDropped(drop, record('k1'));
    await store.forgetDropped(drop, record('k2'));
    assert.deepEqual(await taken(100), ['uuid-c']);
    assert.equal((await subjects(store)).length, 1, 'forgotten once, recorded once');
  });

  check('what is being purged is not offered any more to be taken back', async (store) => {
    for (const name of ['a', 'b', 'c']) {
      await store.insertRelation(table(name));
      await store.dropRelation('table', raw(name), { ...keep, keepUntil: name === 'b' ? 10 : 30 });
    }
    await store.takeDropped(10, 10);
    const uuids = async (which: 'kept' | 'all', page = all) => (await store.listDropped(which, page)).map(({ uuid }) => uuid);
    assert.deepEqual(
      [await uuids('kept'), await uuids('all')],
      [
        ['uuid-a', 'uuid-c'],
        ['uuid-a', 'uuid-b', 'uuid-c'],
      ],
    );
    assert.deepEqual(
      await store.listDropped('kept', { after: 'uuid-a', limit: 1 }),
      await store.listDropped('all', { after: 'uuid-b', limit: 1 }),
    );
    await store.undropRelation('uuid-a', raw('a'));
    await store.takeDropped(30, 10);
    assert.deepEqual([await uuids('kept'), await uuids('all')], [[], ['uuid-b', 'uuid-c']]);
  });

  check('a purge forgets the drop that it was for, not a later one of the same table', async (store) => {
    await store.insertRelation({ ...table('users'), ident: raw('twin') });
    await store.dropRelation('table', raw('users'), { ...keep, keepUntil: 10 });
    const [taken] = await store.takeDropped(10, 10);
    assert.ok(taken);
    await store.swapRelation('table', raw('twin'), 'm://users/0', 'm://users/1');
    await store.dropRelation('table', raw('twin'), { at: 20, keepUntil: 200, purge: true });
    assert.equal(await store.hasTableUnder('m://users/', taken), true, 'its files are not only its own any more');
    await store.forgetDropped(taken, record('k1'));
    const later = { ...table('users'), ident: raw('twin'), metadataLocation: 'm://users/1', droppedAt: 20, keepUntil: 200, purge: true };
    assert.deepEqual([await store.listDropped('kept', all), await subjects(store)], [[later], []]);
    await store.forgetDropped(later, record('k2'));
    assert.deepEqual([await store.listDropped('all', all), await subjects(store)], [[], ['raw.k2']]);
  });

  check('a drop without a grace cannot be taken back: its purge has begun', async (store) => {
    await store.insertRelation(table('users'));
    await store.dropRelation('table', raw('users'), { ...keep, keepUntil: keep.at });
    assert.equal(await store.undropRelation('uuid-users', raw('users')), 'purging');
    assert.deepEqual(
      (await store.takeDropped(keep.at, 10)).map(({ uuid }) => uuid),
      ['uuid-users'],
    );
  });

  check('a drop that is not kept leaves nothing, and a later drop of the same table replaces the kept one', async (store) => {
    await store.dropRelation('table', raw('users'), forget);
    assert.deepEqual(await store.listDropped('kept', all), []);
    assert.equal(await store.hasTableUnder('m://users/'), false);
    await store.insertRelation(table('users'));
    await store.insertRelation({ ...table('users'), ident: raw('twin') });
    await store.dropRelation('table', raw('users'), keep);
    await store.dropRelation('table', raw('twin'), { at: 6, keepUntil: 200, purge: false });
    const kept = { ...table('users'), ident: raw('twin'), droppedAt: 6, keepUntil: 200, purge: false };
    assert.deepEqual(await store.listDropped('kept', all), [kept]);
  });

  check('properties of a namespace are set and removed, and what was not there is told', async (store) => {
    await store.updateNamespace(['raw'], { set: { a: '1', b: '2' }, remove: [] });
    const outcome = await store.updateNamespace(['raw'], { set: { b: '3', c: '"é' }, remove: ['a', 'z', 'constructor'] });
    assert.deepEqual(outcome, { kind: 'updated', removed: ['a'], missing: ['z', 'constructor'] });
    assert.deepEqual((await store.getNamespace(['raw']))?.properties, { b: '3', c: '"é' });
    assert.deepEqual(await store.updateNamespace(['none'], { set: {}, remove: [] }), { kind: 'missing' });
  });

  check('a namespace is changed or deleted, where that is asked for, only while its properties are what they were', async (store) => {
    const properties = { b: '"é', a: '1', constructor: 'x', 7: 'y' };
    const emptied = { set: {}, remove: Object.keys(properties) };
    await store.insertNamespace({ namespace: ['n'], properties });
    for (const other of [{}, { ...properties, a: '2' }, { ...properties, c: '3' }]) {
      assert.deepEqual(await store.updateNamespace(['n'], emptied, record('lost'), other), { kind: 'lost' });
      assert.equal(await store.deleteNamespace(['n'], record('lost'), other), 'lost');
    }
    assert.deepEqual(await store.updateNamespace(['none'], emptied, record('lost'), {}), { kind: 'missing' });
    assert.equal(await store.deleteNamespace(['none'], record('lost'), {}), 'missing');
    assert.deepEqual([(await store.getNamespace(['n']))?.properties, await subjects(store)], [properties, []]);
    const found = (await store.getNamespace(['n']))?.properties ?? {};
    assert.equal((await store.updateNamespace(['n'], emptied, record('k1'), found)).kind, 'updated');
    assert.equal(await store.deleteNamespace(['n'], record('k2'), {}), 'deleted');
    assert.deepEqual(await subjects(store), ['raw.k2', 'raw.k1']);
  });

  check('changes of several tables that cross each other end, and each is whole', async (store) => {
    for (const name of ['x', 'y']) await store.insertRelation(table(name));
    const at = async (name: string) => (await store.getRelation('table', raw(name)))?.metadataLocation ?? '';
    for (let round = 1; round <= 5; round++) {
      const [x, y] = [await at('x'), await at('y')];
      const next = (who: number) => ({ uuid: 'u', metadataLocation: `m://${round}/${who}` });
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, (_, who) => {
          const both = [
            { ident: raw('x'), expected: x, next: next(who) },
            { ident: raw('y'), expected: y, next: next(who) },
          ];
          return store.changeTables(who % 2 === 0 ? both : both.toReversed());
        }),
      );
      const winner = outcomes.findIndex(({ kind }) => kind === 'changed');
      assert.equal(outcomes.filter(({ kind }) => kind === 'changed').length, 1);
      assert.deepEqual([await at('x'), await at('y')], [`m://${round}/${winner}`, `m://${round}/${winner}`]);
    }
  });
}
