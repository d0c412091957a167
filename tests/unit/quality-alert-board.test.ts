// The rules of alerts: who is told what, and when nobody is.

import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import {
  announce,
  claim,
  delivered,
  dueDeliveries,
  emptyBoard,
  nextDueAt,
  observe,
  refused,
  retire,
  type Announcing,
} from '../../quality/alert/board.ts';
import type { Board } from '../../quality/alert/alert.ts';
import { addSilence, endSilence, isSilencedBy, listSilences, matcherOf } from '../../quality/alert/silence.ts';
import type { CheckResult, Outcome } from '../../quality/result.ts';
import { alertCheck, alertResult } from './quality-alert-fixture.ts';

const ops = { name: 'ops', severity: 'warning', takes: () => true } as const;
const quiet = { name: 'quiet', severity: 'error', takes: matcherOf('users.*') } as const;

function announcing(now = 1_000, more: Partial<Announcing> = {}): Announcing {
  return { receivers: [ops], isSilenced: () => false, now, ...more };
}

const email = alertCheck('users.email');
const city = alertCheck('users.city');
const fare = alertCheck('rides.fare', { severity: 'warning' });

/** `receiver: STATE check` of every delivery, in order. */
function told({ deliveries }: Board): readonly string[] {
  return deliveries.flatMap(({ receiver, changes }) =>
    changes.map(({ state, checkId, level }) => `${receiver}: ${state} ${checkId} ${level}`),
  );
}

/** As if everything were delivered at once. */
function settled(board: Board): Board {
  return board.deliveries.reduce((rest, { key }) => delivered(rest, key), board);
}

function outcomes(check: CheckResult['check'], ...list: readonly Outcome[]): readonly CheckResult[] {
  return list.map((outcome, index) => alertResult(check, outcome, 100 + index));
}

test('a check that fails is told once, however often it fails, and once when it holds again', () => {
  const failing = observe(emptyBoard('o'), outcomes(email, 'passed', 'failed', 'failed', 'failed'), announcing());
  assert.deepEqual(told(failing), ['ops: firing users.email failed']);
  const after = observe(settled(failing), [alertResult(email, 'passed', 200), alertResult(email, 'passed', 201)], announcing());
  assert.deepEqual(told(after), ['ops: resolved users.email ok']);
  const [change] = after.deliveries[0]?.changes ?? [];
  assert.deepEqual([change?.since, change?.at], [101, 200]);
});

test('what was not measured neither fires nor resolves', () => {
  const never = observe(emptyBoard('o'), outcomes(email, 'skipped', 'unknown', 'learning'), announcing());
  assert.deepEqual(never, emptyBoard('o'));
  const still = observe(emptyBoard('o'), outcomes(email, 'failed', 'skipped', 'unknown', 'learning'), announcing());
  assert.deepEqual([told(still), still.alerts['users.email']?.level], [['ops: firing users.email failed'], 'failed']);
});

test('results seen before, or older than what is known, change nothing', () => {
  const board = observe(emptyBoard('o'), outcomes(email, 'failed', 'passed'), announcing());
  assert.deepEqual(observe(board, outcomes(email, 'failed', 'passed'), announcing()), board);
  assert.deepEqual(observe(board, [alertResult(email, 'failed', 50)], announcing()), board);
});

test('worse is told again, less bad too; a check that cannot be measured fires', () => {
  const board = observe(emptyBoard('o'), outcomes(email, 'warning', 'failed', 'warning', 'error', 'passed'), announcing());
  assert.deepEqual(told(board), [
    'ops: firing users.email warning',
    'ops: firing users.email failed',
    'ops: firing users.email warning',
    'ops: firing users.email error',
    'ops: resolved users.email ok',
  ]);
});

test('changes of a table are one delivery until it is tried; then its content stays and the next ones follow in order', () => {
  const together = observe(emptyBoard('o'), [...outcomes(email, 'failed'), ...outcomes(city, 'failed')], announcing());
  assert.equal(together.deliveries.length, 1);
  const [first] = dueDeliveries(together, 1_000);
  assert.ok(first);
  const claimed = claim(together, first.key, 1_000, 5_000);
  assert.ok(claimed);
  assert.equal(claim(claimed.board, first.key, 1_001, 5_000), null, 'another process has it');
  const more = observe(claimed.board, [alertResult(city, 'passed', 300)], announcing(2_000));
  assert.deepEqual(
    more.deliveries.map(({ changes }) => changes.map(({ checkId, state }) => `${checkId} ${state}`)),
    [['users.email firing', 'users.city firing'], ['users.city resolved']],
  );
  assert.deepEqual(dueDeliveries(more, 4_999), [], 'the second waits for the first');
  assert.equal(nextDueAt(more), 5_000);
  const again = refused(more, first.key, { problem: 'HTTP 500', now: 2_000, nextAt: 3_000, retryForMs: 10_000 });
  assert.deepEqual(
    dueDeliveries(again, 3_000).map(({ key, attempts, problem }) => [key, attempts, problem]),
    [[first.key, 1, 'HTTP 500']],
  );
  assert.equal(claim(again, first.key, 3_000, 9_000)?.delivery.key, first.key, 'the same key for every try');
  assert.deepEqual(
    dueDeliveries(delivered(again, first.key), 3_000).map(({ changes }) => changes.length),
    [1],
  );
});

test('a delivery that nobody takes is given up in the end, and shown', () => {
  const board = observe(emptyBoard('o'), outcomes(email, 'failed'), announcing());
  const [{ key } = { key: '' }] = board.deliveries;
  const over = refused(board, key, { problem: 'HTTP 500', now: 11_001, nextAt: 12_000, retryForMs: 10_000 });
  assert.deepEqual(
    [over.deliveries, over.failed.map(({ checkIds, problem }) => [checkIds, problem])],
    [[], [[['users.email'], 'HTTP 500']]],
  );
});

test('receivers are told by severity and pattern, and of the end only what they heard of', () => {
  const both = announcing(1_000, { receivers: [ops, quiet] });
  const board = observe(
    emptyBoard('o'),
    [...outcomes(email, 'failed', 'passed'), ...outcomes(city, 'warning', 'passed'), ...outcomes(fare, 'failed', 'passed')],
    both,
  );
  assert.deepEqual(
    told(board).filter((line) => line.startsWith('quiet')),
    ['quiet: firing users.email failed', 'quiet: resolved users.email ok'],
  );
  assert.equal(told(board).filter((line) => line.startsWith('ops')).length, 6);
});

test('a silence holds word back; what still fires when it ends is told then, what came and went is not', () => {
  const silent = announcing(1_000, { isSilenced: () => true });
  const held = observe(emptyBoard('o'), [...outcomes(email, 'failed'), ...outcomes(city, 'failed', 'passed')], silent);
  assert.deepEqual([told(held), held.alerts['users.email']?.level], [[], 'failed']);
  assert.deepEqual(told(announce(held, announcing(2_000))), ['ops: firing users.email failed']);
  const before = settled(observe(emptyBoard('o'), outcomes(email, 'failed'), announcing()));
  const mended = observe(before, [alertResult(email, 'passed', 300)], silent);
  assert.deepEqual([told(mended), told(announce(mended, announcing()))], [[], ['ops: resolved users.email ok']]);
});

test('a new key past its limit is told while others are past it already; the same ones are not', () => {
  const limit = alertCheck('rides.limit', {
    measure: {
      kind: 'windowLimit',
      keys: ['user_id'],
      of: { kind: 'sum', column: 'fare' },
      time: 'requested_at',
      windowMs: 86_400_000,
      limit: 5,
    },
  });
  const keys = (at: number, ...ids: readonly number[]) =>
    alertResult(limit, 'failed', at, { keys: ids.map((id) => ({ user_id: id, window: '2026-11-21', 'sum of fare': String(at) })) });
  const board = observe(emptyBoard('o'), [keys(1, 7), keys(2, 7), keys(3, 7, 8), keys(4, 8)], announcing());
  assert.equal(told(board).length, 2);
  const masked = (at: number, count: number) =>
    alertResult(limit, 'failed', at, {
      keys: Array.from({ length: count }, (_, index) => ({
        user_id: '(personal)',
        window: '2026-11-21',
        'sum of fare': String(at + index),
      })),
    });
  assert.equal(
    told(observe(emptyBoard('o'), [masked(1, 1), masked(2, 1), masked(3, 2)], announcing())).length,
    2,
    'masked keys are counted',
  );
  assert.doesNotMatch(JSON.stringify(board), /"7"|:7[,}]|"sum of fare"/);
});

const isCity = (id: string): boolean => id === 'users.city';

test('what fires while nobody is there to be told is told to whoever comes while it still fires', () => {
  const unheard = observe(emptyBoard('o'), [...outcomes(email, 'failed'), ...outcomes(city, 'failed')], announcing(1, { receivers: [] }));
  assert.deepEqual(told(unheard), []);
  const mended = observe(unheard, [alertResult(city, 'passed', 200)], announcing(2, { receivers: [] }));
  const heard = announce(mended, announcing(3));
  assert.deepEqual(told(heard), ['ops: firing users.email failed'], 'what is over meanwhile is no news');
  assert.equal(announce(heard, announcing(4)), heard);
});

test('alerts of checks that are declared no longer are over, and what was found before is no news', () => {
  const results = [...outcomes(email, 'failed'), ...outcomes(city, 'failed')];
  const board = settled(observe(emptyBoard('o'), results, announcing()));
  const left = retire(board, isCity, announcing());
  assert.deepEqual(told(left), ['ops: resolved users.email ok']);
  assert.equal(retire(left, isCity, announcing()), left);
  // Results are looked at again for an hour, in case a process died over them.
  assert.deepEqual(told(observe(settled(left), results, announcing(2_000))), []);
  // Declared again, it is a check like any other.
  assert.deepEqual(told(observe(settled(left), [alertResult(email, 'failed', 3_000)], announcing(3_000))), [
    'ops: firing users.email failed',
  ]);
  assert.deepEqual(Object.keys(retire(left, isCity, announcing(3 * 3_600_000)).alerts), ['users.city']);
});

test('nothing of a row is on a board: no sample, no key, no words of an engine', () => {
  const results = [
    alertResult(email, 'failed', 1),
    alertResult(city, 'error', 2),
    alertResult(alertCheck('users.max', { measure: { kind: 'aggregate', column: 'birth_date', of: 'max' } }), 'failed', 3),
  ];
  const board = observe(emptyBoard('o'), results, announcing());
  assert.doesNotMatch(JSON.stringify(board), /ana@example\.com|convert/);
  assert.deepEqual(
    board.deliveries[0]?.changes.map(({ found }) => found),
    ['12 of 1,000 rows (1.2 %)', '12 of 1,000 rows (1.2 %)', null],
  );
});

test('however much changes while nobody answers, a delivery is bounded and says what it left out', () => {
  const flapping = Array.from({ length: 500 }, (_, index) => alertResult(email, index % 2 === 0 ? 'failed' : 'passed', 1 + index));
  const [only, ...others] = observe(emptyBoard('o'), flapping, announcing()).deliveries;
  assert.deepEqual([only?.changes.length, only?.omitted, others], [200, 300, []]);
});

test('silences hold by pattern until they expire or are ended', async () => {
  const store = memoryCatalogStore().quality;
  const base = { reason: null, createdAt: 0 };
  const first = await addSilence(store, { ...base, pattern: 'rides.*', until: 100 });
  await addSilence(store, { ...base, pattern: '*.email', until: 50 });
  const isSilenced = isSilencedBy(await listSilences(store, 10), 10);
  assert.deepEqual(['rides.fare', 'users.email', 'users.city', 'xrides.fare'].map(isSilenced), [true, true, false, false]);
  assert.deepEqual(
    (await listSilences(store, 60)).map(({ pattern }) => pattern),
    ['rides.*'],
  );
  assert.equal((await store.listStates('silence')).length, 1, 'what is over is removed');
  assert.deepEqual(
    [await endSilence(store, first.id), await endSilence(store, first.id), await listSilences(store, 60)],
    [true, false, []],
  );
});

test('a pattern matches what it says, in linear time', () => {
  assert.deepEqual(
    [
      ['*', 'a.b'],
      ['a.b', 'a.b'],
      ['a.*b', 'a.b'],
      ['a*b*c', 'axxbyyc'],
      ['a*b*c', 'acb'],
      ['ab*ba', 'aba'],
      ['*b*b*', 'abb'],
    ].map(([pattern = '', text = '']) => matcherOf(pattern)(text)),
    [true, true, true, true, false, false, true],
  );
  const started = process.cpuUsage().user;
  matcherOf(`${'a*'.repeat(90)}b`)('a'.repeat(100_000));
  assert.ok(process.cpuUsage().user - started < 1_000_000);
});
