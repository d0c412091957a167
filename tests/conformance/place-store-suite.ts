// What every catalog store promises of places: a folder is one table's, paths outside are remembered, and of changes that come at
// once no two take what only one can have.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import type { ChangeRecord } from '../../catalog/store/change-record.ts';
import type { Claim, StoredRelation } from '../../catalog/store/relation-store.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const raw = (name: string) => ({ namespace: ['raw'], name });
const table = (name: string, folder = `m://${name}`): StoredRelation => ({
  ident: raw(name),
  kind: 'table',
  uuid: `uuid-${name}`,
  metadataLocation: `${folder}/metadata/0.json`,
});
const above = (path: string) => path.split('/').flatMap((_, at, parts) => (at < 2 ? [] : [parts.slice(0, at + 1).join('/')]));
/** As the catalog makes it of a table's location and its path properties. */
const claim = (name: string, folder: string | null, ...paths: readonly string[]): Claim => {
  const within = [...(folder === null ? [] : above(folder).slice(0, -1)), ...paths.flatMap(above)];
  return { uuid: `uuid-${name}`, folder, within, paths };
};
const record: ChangeRecord = {
  audit: [{ at: 7, actor: 'ada', action: 'table.commit', subject: 'raw.x', before: null, after: {} }],
  reply: null,
};
const forget = { at: 5, keepUntil: null, purge: false };
const keep = { at: 5, keepUntil: 100, purge: true };
const everyEntry = { subject: null, actor: null, action: null, from: null, until: null };

async function prepare(store: CatalogStore): Promise<void> {
  await store.insertNamespace({ namespace: ['raw'], properties: {} });
}

async function insert(store: CatalogStore, name: string, folder = `m://${name}`, ...paths: readonly string[]) {
  return store.insertRelation(table(name, folder), null, claim(name, folder, ...paths));
}

export function placeStoreSuite(world: StoreWorld): void {
  const check = (sentence: string, run: (store: CatalogStore) => Promise<void>) =>
    test(`${world.name}: ${sentence}`, () =>
      withStore(world, async (store) => {
        await prepare(store);
        await run(store);
      }));

  check(
    'a path outside its folder is a table’s until the table is forgotten, under whatever name, and others may share it',
    async (store) => {
      const isHeld = () => store.hasTableUnder('m://out/');
      assert.equal(await insert(store, 'a', 'm://a', 'm://out/data'), 'inserted');
      assert.equal(await insert(store, 'b', 'm://b', 'm://out/data'), 'inserted', 'a path may be shared');
      assert.deepEqual(
        [await isHeld(), await store.hasTableUnder('m://out/data/'), await store.hasTableUnder('m://out/data/x/')],
        [true, true, false],
      );
      assert.equal(await store.hasTableUnder('m://ou/'), false);
      await store.dropRelation('table', raw('a'), forget);
      assert.equal(await isHeld(), true, 'the other one sends files there still');
      assert.equal(await store.hasTableUnder('m://out/', { uuid: 'uuid-b' }), false, 'they are only its own');
      await store.renameRelation('table', raw('b'), raw('c'));
      await store.insertRelation({ ...table('b'), ident: raw('twin') });
      await store.dropRelation('table', raw('c'), forget);
      assert.equal(await isHeld(), true, 'it has another name');
      await store.dropRelation('table', raw('twin'), keep);
      assert.equal(await isHeld(), true, 'it can be taken back');
      await store.forgetDropped({ ...table('b'), droppedAt: 5 });
      assert.equal(await isHeld(), false);
    },
  );

  check('a path that a table sent files to once stays its own, and goes with a table that is registered over it', async (store) => {
    await insert(store, 'a');
    const at = ['m://a/metadata/0.json', 'm://a/metadata/1.json', 'm://a/metadata/2.json'] as const;
    assert.equal(await store.moveRelation('table', raw('a'), at[0], at[1], claim('a', null, 'm://out/1')), 'swapped');
    assert.equal(await store.moveRelation('table', raw('a'), at[1], at[2], claim('a', null, 'm://out/2')), 'swapped');
    assert.equal(await store.moveRelation('table', raw('a'), at[0], at[1], claim('a', null, 'm://out/3')), 'lost');
    assert.equal(await store.moveRelation('table', raw('b'), at[0], at[1], claim('b', null, 'm://out/3')), 'missing');
    for (const [prefix, isHeld] of [
      ['m://out/1/', true],
      ['m://out/2/', true],
      ['m://out/3/', false],
    ] as const)
      assert.equal(await store.hasTableUnder(prefix), isHeld, prefix);
    const next = { uuid: 'uuid-z', metadataLocation: 'm://z/metadata/0.json' };
    await store.changeTables([{ ident: raw('a'), expected: at[2], next, claim: claim('z', 'm://z', 'm://out/z') }]);
    assert.deepEqual([await store.hasTableUnder('m://out/z/'), await store.hasTableUnder('m://out/1/')], [true, false]);
  });

  check('of folders, the outermost that is a table’s is told, a dropped one that is kept among them', async (store) => {
    for (const name of ['a', 'b/c', 'd']) await insert(store, name.replace('/', '_'), `m://${name}`);
    await store.dropRelation('table', raw('d'), keep);
    for (const [folders, found] of [
      [['m://a/x/y', 'm://a/x', 'm://a'], 'm://a'],
      [['m://b', 'm://b/c', 'm://b/c/d'], 'm://b/c'],
      [['m://d'], 'm://d'],
      [['m://', 'm://b', 'm://aa', 'm://A', 'm://a/metadata'], null],
      [[], null],
    ] as const)
      assert.equal(await store.tableFolderAmong(folders), found);
  });

  check('what another has cannot be taken, by whichever change, and then nothing is changed or recorded', async (store) => {
    await insert(store, 'a', 'm://a', 'm://out/data');
    await insert(store, 'mine');
    await insert(store, 'gone');
    await store.dropRelation('table', raw('gone'), keep);
    const before = await store.allRelations({ after: null, limit: 9 });
    const taken: readonly Claim[] = [
      ...['m://a', 'm://a/in', 'm://out', 'm://out/data', 'm://gone', 'm://gone/data'].map((folder) => claim('mine', folder)),
      ...['m://a', 'm://a/data', 'm://gone/data'].map((path) => claim('mine', null, path)),
    ];
    const [was, next] = ['m://mine/metadata/0.json', 'm://mine/metadata/1.json'];
    for (const given of taken) {
      const { folder, paths } = given;
      const what = `${folder} ${paths.join()}`;
      assert.equal(await store.insertRelation(table('x'), record, { ...given, uuid: 'uuid-x' }), 'overlaps', what);
      assert.equal(await store.moveRelation('table', raw('mine'), was, next, given, record), 'overlaps', what);
      const made = { ident: raw('x'), expected: null, next: { uuid: 'uuid-x', metadataLocation: 'm://x/metadata/0.json' } };
      const moved = { ident: raw('mine'), expected: was, next: { uuid: 'uuid-mine', metadataLocation: next }, claim: given };
      assert.deepEqual(await store.changeTables([made, moved], record), { kind: 'overlaps', ident: raw('mine') }, what);
    }
    assert.deepEqual(await store.allRelations({ after: null, limit: 9 }), before);
    assert.deepEqual(await store.audit.listAudit(everyEntry, { before: null, limit: 9 }), []);
    assert.equal(await store.moveRelation('table', raw('mine'), was, next, claim('mine', 'm://moved', 'm://out/data')), 'swapped');
  });

  test(`${world.name}: of changes that come at once, from several processes, only those are made that leave each its own`, () =>
    world.withDatabase(async (open) => {
      const stores = [await open(), await open(), await open()] as const;
      await prepare(stores[0]);
      for (let round = 0; round < 10; round++) {
        const at = `m://${round}`;
        await insert(stores[0], `mover${round}`, `m://mover${round}`);
        const outcomes = await Promise.all([
          ...['p', 'q'].map((name, which) => insert(stores[which === 0 ? 0 : 1], `${name}${round}`, `${at}/out`)),
          insert(stores[2], `r${round}`, `${at}/out/in`),
          insert(stores[1], `s${round}`, `m://s${round}`, `${at}/out/data`),
          stores[2].moveRelation(
            'table',
            raw(`mover${round}`),
            `m://mover${round}/metadata/0.json`,
            `m://mover${round}/metadata/1.json`,
            claim(`mover${round}`, null, `${at}/out/data`),
          ),
        ]);
        const [isP, isQ, isR, isS, isMoved] = outcomes.map((outcome) => outcome !== 'overlaps');
        // Who has the folder shuts out all others; two that only send files there may both, and one beside them inside.
        assert.ok(
          isP || isQ ? [isP, isQ, isR, isS, isMoved].filter(Boolean).length === 1 : isR && isS && isMoved,
          `${round}: ${outcomes.join()}`,
        );
      }
    }));
}
