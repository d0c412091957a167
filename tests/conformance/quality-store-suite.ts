// What every store of the quality jobs promises.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { QualityStore, StoredResult } from '../../catalog/store/quality-store.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const hour = 3_600_000;

const resultOf = (checkId: string, at: number, given: Partial<StoredResult> = {}): StoredResult => ({
  key: `${checkId} ${at}`,
  runId: 'r1',
  checkId,
  table: 'users',
  snapshotId: '9007199254740993',
  outcome: 'passed',
  at,
  value: 0.1,
  record: `{"text":"é ${checkId} \u{1f30a}"}`,
  ...given,
});

export function qualityStoreSuite(world: StoreWorld): void {
  const check = (sentence: string, run: (store: QualityStore) => Promise<void>) =>
    test(`${world.name}: ${sentence}`, () => withStore(world, ({ quality }) => run(quality)));

  check('results come back as they went in, and none is kept twice', async (store) => {
    const first = resultOf('users.a', 10);
    const nothing = resultOf('users.b', 20, { snapshotId: null, value: null, table: 'rides', outcome: 'skipped' });
    assert.deepEqual(await store.addResults([first, nothing, { ...first, outcome: 'failed' }]), [first.key, nothing.key]);
    assert.deepEqual(await store.addResults([{ ...first, outcome: 'failed', runId: 'r2' }]), []);
    assert.deepEqual(await store.listResults({ limit: 10 }), [nothing, first]);
    assert.deepEqual(await store.getResults([nothing.key, 'unheard of', nothing.key]), [nothing]);
    assert.equal((await store.getResults([first.key, nothing.key])).length, 2);
    assert.deepEqual(await store.getResults([]), []);
  });

  check('results are found by check, table and run, newest first, page by page', async (store) => {
    const added = [30, 10, 20, 20].map((at, i) => resultOf(i % 2 === 0 ? 'users.a' : 'users.b', at, { key: `k${i}`, runId: `r${i % 3}` }));
    await store.addResults([...added, resultOf('rides.a', 15, { table: 'rides', key: 'k9' })]);
    const keys = async (query: Omit<Parameters<QualityStore['listResults']>[0], 'limit'>, limit = 10) =>
      (await store.listResults({ ...query, limit })).map(({ key }) => key);
    assert.deepEqual(await keys({}), ['k0', 'k3', 'k2', 'k9', 'k1']);
    assert.deepEqual(await keys({ checkId: 'users.a' }), ['k0', 'k2']);
    assert.deepEqual(await keys({ table: 'rides' }), ['k9']);
    assert.deepEqual(await keys({ runId: 'r0' }), ['k0', 'k3']);
    assert.deepEqual(await keys({ runId: 'r0', checkId: 'users.b', table: 'users' }), ['k3']);
    assert.deepEqual(await keys({}, 2), ['k0', 'k3']);
    assert.deepEqual(await keys({ before: { at: 20, key: 'k3' } }, 2), ['k2', 'k9']);
    assert.deepEqual(await keys({ before: { at: 15, key: 'k9' }, table: 'users' }), ['k1']);
  });

  check('the newest result of each check is known, also when an older one arrives late', async (store) => {
    const newest = resultOf('users.a', 30);
    await store.addResults([newest, resultOf('users.a', 10), resultOf('rides.b', 5)]);
    await store.addResults([resultOf('users.a', 20)]);
    assert.deepEqual(await store.latestResults(), [resultOf('rides.b', 5), newest]);
  });

  check('results are read in the order they were added, under numbers that are never given twice', async (store) => {
    assert.deepEqual(await store.resultsAfter(0, 10), { last: 0, results: [] });
    const [late, early, other] = [resultOf('users.a', 30), resultOf('users.a', 10), resultOf('rides.b', 20)];
    await store.addResults([late]);
    await store.addResults([late, early, { ...early, outcome: 'failed' }]);
    await store.addResults([other]);
    const numbered = [late, early, other].map((result, at) => ({ number: at + 1, result }));
    assert.deepEqual(await store.resultsAfter(0, 10), { last: 3, results: numbered });
    assert.deepEqual(await store.resultsAfter(1, 1), { last: 3, results: numbered.slice(1, 2) });
    assert.deepEqual(await store.resultsAfter(3, 10), { last: 3, results: [] });
    await store.prune({ results: 100, history: 0 });
    assert.deepEqual(await store.resultsAfter(0, 10), { last: 3, results: [] });
    const next = resultOf('users.c', 200);
    await store.addResults([next]);
    assert.deepEqual(await store.resultsAfter(3, 10), { last: 4, results: [{ number: 4, result: next }] });
  });

  check('a run is put again when it ends, and runs are listed newest first', async (store) => {
    await store.putRun({ id: 'a', startedAt: 1, endedAt: null, record: '{}' });
    await store.putRun({ id: 'b', startedAt: 2, endedAt: 3, record: '{"x":1}' });
    await store.putRun({ id: 'a', startedAt: 1, endedAt: 9, record: '{"y":2}' });
    const [a, b] = [
      { id: 'a', startedAt: 1, endedAt: 9, record: '{"y":2}' },
      { id: 'b', startedAt: 2, endedAt: 3, record: '{"x":1}' },
    ];
    assert.deepEqual(await store.listRuns({ before: null, limit: 10 }), [b, a]);
    assert.deepEqual(await store.listRuns({ before: 2, limit: 10 }), [a]);
    assert.deepEqual(await store.listRuns({ before: null, limit: 1 }), [b]);
  });

  check('the first value of a point of history stays', async (store) => {
    await store.addHistory('users.rows', [
      { at: hour, value: 1.5 },
      { at: 3 * hour, value: 3 },
    ]);
    await store.addHistory('users.rows', [
      { at: hour, value: 99 },
      { at: 2 * hour, value: 2 },
    ]);
    await store.addHistory('rides.rows', [{ at: hour, value: 7 }]);
    const points = [3, 2, 1].map((at) => ({ at: at * hour, value: at === 1 ? 1.5 : at }));
    assert.deepEqual(await store.history('users.rows', { before: null, limit: 10 }), points);
    assert.deepEqual(await store.history('users.rows', { before: 3 * hour, limit: 1 }), [points[1]]);
    assert.deepEqual(await store.history('nothing', { before: null, limit: 10 }), []);
  });

  check('a state is swapped only from the revision it was read at, also after it was deleted', async (store) => {
    const put = (expectedRevision: number | null, record: string | null) =>
      store.putState({ kind: 'schedule', name: 'users.a', expectedRevision, record });
    assert.equal(await store.getState('schedule', 'users.a'), null);
    assert.equal(await put(1, 'x'), null);
    assert.equal(await put(null, 'one'), 1);
    assert.equal(await put(null, 'other'), null);
    assert.equal(await put(1, 'two'), 2);
    assert.equal(await put(1, 'late'), null);
    assert.deepEqual(await store.getState('schedule', 'users.a'), { kind: 'schedule', name: 'users.a', revision: 2, record: 'two' });
    assert.equal(await put(2, null), 3);
    assert.equal(await store.getState('schedule', 'users.a'), null);
    assert.deepEqual(await store.listStates('schedule'), []);
    assert.equal(await put(3, 'gone'), null);
    assert.equal(await put(null, ''), 4);
    await store.putState({ kind: 'schedule', name: 'rides.a', expectedRevision: null, record: 'r' });
    await store.putState({ kind: 'alert', name: 'users.a', expectedRevision: null, record: 'not a schedule' });
    assert.deepEqual(await store.listStates('schedule'), [
      { kind: 'schedule', name: 'rides.a', revision: 1, record: 'r' },
      { kind: 'schedule', name: 'users.a', revision: 4, record: '' },
    ]);
  });

  check('of many swaps from one revision, one wins', async (store) => {
    await store.putState({ kind: 'k', name: 'n', expectedRevision: null, record: '0' });
    const tries = Array.from({ length: 20 }, (_, i) => store.putState({ kind: 'k', name: 'n', expectedRevision: 1, record: String(i) }));
    assert.equal((await Promise.all(tries)).filter((revision) => revision !== null).length, 1);
  });

  check('a lease has one holder until it expires, is renewed by it, and is given back', async (store) => {
    assert.equal(await store.takeLease('leader', 'a', 0, 10), true);
    assert.equal(await store.takeLease('leader', 'b', 9, 20), false);
    assert.equal(await store.takeLease('leader', 'a', 5, 15), true);
    assert.equal(await store.takeLease('leader', 'b', 14, 30), false);
    assert.equal(await store.takeLease('leader', 'b', 15, 30), true);
    assert.equal(await store.takeLease('leader', 'a', 16, 40), false);
    assert.equal(await store.takeLease('leader', 'b', 17, 17), true);
    assert.equal(await store.takeLease('leader', 'a', 17, 40), true);
    assert.equal(await store.takeLease('other', 'b', 17, 40), true);
    assert.equal(await store.takeLease('other', 'a', 18, 18), false);
    assert.equal(await store.takeLease('other', 'a', 19, 30), false);
    // The clock was put back by far more than a lease: who died meanwhile holds nobody off.
    assert.equal(await store.takeLease('put back', 'a', 100_000, 100_010), true);
    assert.equal(await store.takeLease('put back', 'b', 99_950, 99_960), false);
    assert.equal(await store.takeLease('put back', 'b', 50_000, 50_010), true);
  });

  check('what is old goes, history later than results', async (store) => {
    await store.addResults([resultOf('users.a', 10), resultOf('users.a', 20), resultOf('users.b', 5)]);
    await store.putRun({ id: 'old', startedAt: 9, endedAt: null, record: '' });
    await store.putRun({ id: 'new', startedAt: 10, endedAt: null, record: '' });
    await store.addHistory('s', [
      { at: 1, value: 1 },
      { at: 2, value: 2 },
    ]);
    assert.equal(await store.prune({ results: 20, history: 2 }), 2);
    assert.deepEqual(
      (await store.listResults({ limit: 9 })).map(({ at }) => at),
      [20],
    );
    assert.deepEqual(
      (await store.latestResults()).map(({ checkId }) => checkId),
      ['users.a'],
    );
    assert.deepEqual(await store.history('s', { before: null, limit: 9 }), [{ at: 2, value: 2 }]);
    assert.equal(await store.prune({ results: 10, history: 0 }), 0);
    assert.deepEqual(await store.listRuns({ before: null, limit: 9 }), []);
  });

  check('what passed again and again is told by less; what failed, the newest, and what lies outside stay', async (store) => {
    const add = (checkId: string, at: number, outcome = 'passed') =>
      store.addResults([resultOf(checkId, at, { outcome, runId: `${checkId} ${at}` })]);
    for (const at of [5, 10, 12, 19, 20, 21, 29, 30]) await add('users.a', at);
    for (const at of [13, 15]) await add('users.a', at, 'failed');
    for (const at of [22, 23]) await add('users.still', at);
    for (const at of [10, 12, 19]) await store.putRun({ id: `users.a ${at}`, startedAt: at, endedAt: at, record: '' });
    await store.putRun({ id: 'goes on', startedAt: 12, endedAt: null, record: '' });
    assert.equal(await store.thin({ from: 10, to: 30, everyMs: 10 }), 5);
    const left = async (checkId: string) => (await store.listResults({ checkId, limit: 99 })).map(({ at }) => at);
    assert.deepEqual(await left('users.a'), [30, 29, 19, 15, 13, 5]);
    assert.deepEqual(await left('users.still'), [23]);
    assert.deepEqual(
      (await store.listRuns({ before: null, limit: 9 })).map(({ id }) => id),
      ['users.a 19', 'goes on'],
    );
    assert.equal(await store.thin({ from: 10, to: 30, everyMs: 10 }), 0);
  });
}

/** What only stores promise that several processes can open. */
export function sharedQualityStoreSuite(world: StoreWorld): void {
  test(`${world.name}: two processes share one lease, one list of results and one state`, () =>
    world.withDatabase(async (open) => {
      const [one, two] = [await open(), await open()];
      assert.deepEqual(await one.quality.addResults([resultOf('users.a', 1)]), ['users.a 1']);
      assert.deepEqual(await two.quality.addResults([resultOf('users.a', 1), resultOf('users.a', 2)]), ['users.a 2']);
      assert.equal(await one.quality.takeLease('leader', 'one', 0, 10), true);
      assert.equal(await two.quality.takeLease('leader', 'two', 5, 15), false);
      assert.equal(await two.quality.putState({ kind: 'k', name: 'n', expectedRevision: null, record: 'x' }), 1);
      assert.equal(await one.quality.putState({ kind: 'k', name: 'n', expectedRevision: null, record: 'y' }), null);
    }));

  test(`${world.name}: what is kept is there when the store is opened again`, () =>
    world.withDatabase(async (open) => {
      const before = await open();
      await before.quality.addResults([resultOf('users.a', 1)]);
      await before[Symbol.asyncDispose]();
      assert.deepEqual(await (await open()).quality.latestResults(), [resultOf('users.a', 1)]);
    }));

  test(`${world.name}: results that two processes add at once are numbered without a gap, and none is passed over by who follows`, () =>
    world.withDatabase(async (open) => {
      const [one, two] = [await open(), await open()];
      const seen: number[] = [];
      let last = 0;
      const follow = async (store: QualityStore) => {
        const page = await store.resultsAfter(last, 100);
        seen.push(...page.results.map(({ number }) => number));
        last = seen.at(-1) ?? 0;
      };
      for (let round = 0; round < 20; round++) {
        const added = [one, two].map(({ quality }, index) => quality.addResults([resultOf(`users.${index}`, round)]));
        await Promise.all([...added, follow(round % 2 === 0 ? one.quality : two.quality)]);
      }
      await follow(one.quality);
      assert.deepEqual(
        seen,
        Array.from({ length: 40 }, (_, index) => index + 1),
      );
    }));
}
