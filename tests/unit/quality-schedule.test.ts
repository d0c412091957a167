// The schedule: in UTC whatever the machine's zone does, nothing missed, doubled or stuck, one leader, commits seen.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import { silentLogger } from '../../runtime/log.ts';
import type { Check } from '../../quality/check.ts';
import type { RunReport } from '../../quality/run/run-checks.ts';
import { storedRun, type Run } from '../../quality/run/run-record.ts';
import { startScheduler, type Scheduler, type SchedulerParts } from '../../quality/schedule/scheduler.ts';
import { settle, SimulatedClock } from '../fault/simulation/simulated-clock.ts';
import { checkOf, runOf } from './quality-fixture.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('quality-schedule-child.ts', import.meta.url));
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.parse('2026-11-21T12:00:30Z');

/** Every time between, as a plain list: the test's own arithmetic. */
function times(from: number, until: number, everyMs: number, offsetMs = 0): string[] {
  const list: string[] = [];
  for (let at = Math.ceil((from + 1 - offsetMs) / everyMs) * everyMs + offsetMs; at <= until; at += everyMs)
    list.push(new Date(at).toISOString());
  return list;
}

const places = {
  'America/New_York': ['2026-03-07T12:00:30Z', '2026-10-31T12:00:30Z', '2026-12-30T12:00:30Z'],
  'Europe/Berlin': ['2026-03-28T12:00:30Z', '2026-10-24T12:00:30Z', '2026-12-30T12:00:30Z'],
} as const;

describe('the schedule over both changes of clocks and into a new year', () => {
  for (const [zone, begins] of Object.entries(places)) {
    it(`misses, doubles and delays nothing, also where runs take their time: ${zone}`, async () => {
      const cases = [...begins.map((from) => [from, 90_000] as const), [begins[0], 0] as const];
      const { stdout } = await run(process.execPath, [child, JSON.stringify(cases)], { env: { ...process.env, TZ: zone } });
      const found: { slots: Record<string, string[]>; offsets: number[] }[] = JSON.parse(stdout);
      assert.deepEqual(
        found.map(({ offsets: [first, last] }) => first !== last),
        [true, true, false, true],
        'the process sees its clocks change',
      );
      for (const [index, { slots }] of found.entries()) {
        const begin = Date.parse(cases[index]?.[0] ?? '');
        assert.deepEqual(slots, expectedSlots(begin, begin + 2 * day));
      }
    });
  }
});

function expectedSlots(begin: number, end: number): Record<string, string[]> {
  return {
    '*/15 * * * *': times(begin, end, 15 * minute),
    '0 * * * *': times(begin, end, hour),
    '30 2 * * *': times(begin, end, day, 2.5 * hour),
    '30 1 * * 0': times(begin, end, day, 1.5 * hour).filter((at) => new Date(at).getUTCDay() === 0),
    '0 0 1 * *': times(begin, end, day).filter((at) => at.slice(8, 10) === '01'),
    '59 23 31 12 *': times(begin, end, day, day - minute).filter((at) => at.slice(5, 10) === '12-31'),
  };
}

interface World {
  readonly clock: SimulatedClock;
  readonly store: QualityStore;
  readonly runs: Run[];
  readonly heads: Map<string, string>;
  start(holder: string, given?: Partial<SchedulerParts>): { readonly scheduler: Scheduler; stop(): Promise<void> };
}

function worldOf(checks: readonly Check[], from = start): World {
  const clock = new SimulatedClock(from);
  const store = memoryCatalogStore().quality;
  const runs: Run[] = [];
  const heads = new Map<string, string>();
  return {
    clock,
    store,
    runs,
    heads,
    start: (holder, given = {}) => {
      const stop = new AbortController();
      const scheduler = startScheduler(
        {
          store,
          clock,
          logger: silentLogger,
          holder,
          declared: async () => checks,
          namespace: 'raw',
          head: async (table) => heads.get(table) ?? null,
          run: async (due, asked, beforeEnd) => {
            runs.push(asked);
            const report = reportOf(asked, due, heads);
            await beforeEnd(report.results, report.pins);
            await store.putRun(storedRun(asked, { endedAt: clock.now(), outcomes: {} }));
            return report;
          },
          rhythm: { watchMs: 1000, reloadMs: hour, leaseMs: 30_000, resultsKeptMs: day, historyKeptMs: day },
          ...given,
        },
        stop.signal,
      );
      return {
        scheduler,
        stop: async () => {
          stop.abort();
          await settle();
          await scheduler.done;
        },
      };
    },
  };
}

function reportOf({ id, startedAt }: Run, due: readonly Check[], heads: ReadonlyMap<string, string>): RunReport {
  const results = due.map((check) => ({
    runId: id,
    check,
    snapshotId: heads.get(check.table) ?? null,
    startedAt,
    durationMs: 0,
    outcome: 'passed' as const,
    measured: null,
    expected: '',
    reason: '',
    failing: null,
    keys: [],
  }));
  const pins = new Map([...heads].map(([table, head]) => [`raw.${table}`, head] as const));
  return { id, startedAt, endedAt: startedAt, results, pins, reused: new Set() };
}

const slotsOf = (runs: readonly Run[]) =>
  runs.flatMap(({ slots }) => [...slots].map(([id, at]) => `${id} ${new Date(at).toISOString().slice(11, 19)}`));
const hourly = (name: string) => checkOf(name, { when: { kind: 'cron', expression: '0 * * * *' } });

describe('the schedule', () => {
  it('runs once what was missed while nothing ran, however often it was', async () => {
    const { clock, start: begin, runs } = worldOf([hourly('a')]);
    const first = begin('one');
    await clock.advanceBy(hour);
    await first.stop();
    assert.deepEqual(slotsOf(runs), ['users.a 13:00:00']);
    await clock.advanceBy(5.25 * hour);
    const second = begin('two');
    await clock.advanceBy(minute);
    assert.deepEqual(slotsOf(runs), ['users.a 13:00:00', 'users.a 14:00:00']);
    await clock.advanceBy(hour);
    assert.deepEqual(slotsOf(runs).at(-1), 'users.a 19:00:00');
    assert.equal(runs.length, 3);
    await second.stop();
  });

  it('does not run a check before its first time, nor again when the clock is put back', async () => {
    const checks = [hourly('a')];
    const { clock, start: begin, runs, store } = worldOf(checks);
    const { stop } = begin('one');
    await clock.advanceBy(59 * minute);
    assert.equal(runs.length, 0);
    await clock.advanceBy(2 * minute);
    await stop();
    const back = worldOf(checks, start - 2 * hour);
    const again = back.start('two', { store });
    await back.clock.advanceBy(2.9 * hour);
    assert.deepEqual(back.runs, []);
    await back.clock.advanceBy(1.1 * hour);
    assert.deepEqual(slotsOf(back.runs), ['users.a 14:00:00']);
    await again.stop();
  });

  it('has one leader; another process takes over when it dies, and at once when it leaves', async () => {
    const { clock, start: begin, runs } = worldOf([hourly('a')]);
    const [one, two] = [begin('one'), begin('two')];
    await settle();
    assert.deepEqual([one.scheduler.status().isLeader, two.scheduler.status().isLeader], [true, false]);
    await clock.advanceBy(hour);
    assert.equal(runs.length, 1);
    await one.stop();
    await clock.advanceBy(10_001);
    assert.equal(two.scheduler.status().isLeader, true);
    await clock.advanceBy(hour);
    assert.deepEqual(slotsOf(runs), ['users.a 13:00:00', 'users.a 14:00:00']);
    await two.stop();
  });

  it('stops its run when it can no longer renew its lease, before another process may begin', async () => {
    const { clock, start: begin, store } = worldOf([hourly('a')]);
    let isAway = false;
    let stoppedAt: number | null = null;
    const shaky: QualityStore = {
      ...store,
      takeLease: async (...given) => {
        if (isAway) throw new Error('the store does not answer');
        return store.takeLease(...given);
      },
    };
    const one = begin('one', {
      store: shaky,
      run: async (_due, _run, _beforeEnd, signal) => {
        await clock.sleep(day, signal).catch(() => (stoppedAt = clock.now()));
        throw new Error('stopped');
      },
    });
    await clock.advanceBy(hour);
    isAway = true;
    const lostAt = clock.now();
    await clock.advanceBy(minute);
    assert.ok(stoppedAt !== null && stoppedAt - lostAt <= 30_000, `${stoppedAt} ${lostAt}`);
    assert.equal(one.scheduler.status().isLeader, false);
    await one.stop();
  });

  it('takes up an interrupted run first: the same id, times and snapshots', async () => {
    const { clock, start: begin, runs, store } = worldOf([hourly('a'), hourly('b')]);
    const interrupted = runOf('r1', {
      startedAt: start - minute,
      slots: new Map([['users.a', start - minute]]),
      pins: new Map([['raw.users', '7']]),
    });
    await store.putRun(storedRun(interrupted, null));
    await store.putRun(storedRun(runOf('ended', { startedAt: start - 2 * minute }), { endedAt: start, outcomes: {} }));
    await store.putRun(storedRun(runOf('by hand', { startedAt: start - 3 * minute, trigger: 'command' }), null));
    const { stop } = begin('one');
    await settle();
    assert.deepEqual(runs, [{ ...interrupted, recovery: { deaths: new Map(), measuring: null } }]);
    await clock.advanceBy(hour);
    assert.deepEqual(slotsOf(runs.slice(1)), ['users.a 13:00:00', 'users.b 13:00:00']);
    await stop();
  });

  it('checks after commits: within seconds, once a snapshot, and not more often than asked', async () => {
    const each = checkOf('each', { when: { kind: 'commit', atMostEveryMs: 0 } });
    const some = checkOf('some', { when: { kind: 'commit', atMostEveryMs: minute } });
    const {
      clock,
      start: begin,
      runs,
      heads,
    } = worldOf([each, some, checkOf('other', { table: 'rides', when: { kind: 'commit', atMostEveryMs: 0 } })]);
    const { stop } = begin('one');
    await clock.advanceBy(minute);
    assert.equal(runs.length, 0);
    for (const snapshot of ['1', '2', '3']) {
      heads.set('users', snapshot);
      await clock.advanceBy(3000);
    }
    assert.deepEqual(
      runs.map(({ slots }) => [...slots.keys()]),
      [['users.each', 'users.some'], ['users.each'], ['users.each']],
    );
    await clock.advanceBy(2 * minute);
    assert.deepEqual([...(runs[3]?.slots.keys() ?? [])], ['users.some']);
    assert.equal(runs.length, 4);
    await stop();
  });

  it('runs a check of two tables after commits of either', async () => {
    const measure = { kind: 'relationship', columns: ['user_id'], to: { table: 'users', columns: ['id'] } } as const;
    const {
      clock,
      start: begin,
      runs,
      heads,
    } = worldOf([checkOf('known', { table: 'rides', measure, when: { kind: 'commit', atMostEveryMs: 0 } })]);
    const { stop } = begin('one');
    for (const [table, head] of [
      ['users', '1'],
      ['rides', '2'],
      ['users', '3'],
    ] as const) {
      heads.set(table, head);
      await clock.advanceBy(3000);
    }
    // Its own table first: without that there is nothing to check.
    assert.equal(runs.length, 2);
    await stop();
  });

  it('does not let checks after commits wait for a long run by the clock, and what follows runs comes one by one', async () => {
    const slow = hourly('slow');
    const quick = checkOf('quick', { when: { kind: 'commit', atMostEveryMs: 0 } });
    const { clock, start: begin, heads } = worldOf([slow, quick]);
    const log: string[] = [];
    const { scheduler, stop } = begin('one', {
      run: async (due, asked, beforeEnd, signal) => {
        if (due.includes(slow)) await clock.sleep(20 * minute, signal);
        const report = reportOf(asked, due, heads);
        await beforeEnd(report.results, report.pins);
        return report;
      },
      after: async ({ results }) => {
        const names = results.map(({ check }) => check.name).join();
        log.push(`${names} begins`);
        await clock.sleep(2000);
        log.push(`${names} ends`);
      },
    });
    await clock.advanceBy(hour);
    assert.equal(scheduler.status().running.length, 1);
    heads.set('users', '1');
    await clock.advanceBy(4000);
    assert.deepEqual(log, ['quick begins', 'quick ends']);
    await clock.advanceBy(20 * minute - 4000 - 30_500);
    heads.set('users', '2');
    await clock.advanceBy(minute);
    assert.deepEqual(log.slice(2).toSorted(), ['quick begins', 'quick ends', 'slow begins', 'slow ends']);
    for (const at of [2, 4]) assert.equal(log[at]?.replace('begins', 'ends'), log[at + 1]);
    await stop();
  });

  it('goes on with the checks it knows when the declarations cannot be read, and says so', async () => {
    let isBroken = false;
    const { clock, start: begin, runs } = worldOf([]);
    const { scheduler, stop } = begin('one', {
      declared: async () => {
        if (isBroken) throw new Error('quality/users.yaml:3:1: no check');
        return [hourly('a')];
      },
      rhythm: { watchMs: 1000, reloadMs: minute, leaseMs: 30_000, resultsKeptMs: day, historyKeptMs: day },
    });
    await settle();
    isBroken = true;
    await clock.advanceBy(2 * minute);
    assert.match(scheduler.status().problem ?? '', /quality\/users\.yaml:3:1/);
    await clock.advanceBy(hour);
    assert.deepEqual(slotsOf(runs), ['users.a 13:00:00']);
    await stop();
  });

  it('goes on after a run that failed', async () => {
    let failures = 0;
    const { clock, start: begin, runs } = worldOf([hourly('a')]);
    const { stop } = begin('one', {
      run: async (due, asked, beforeEnd) => {
        if (failures++ < 2) throw new Error('the store is full');
        runs.push(asked);
        await beforeEnd([], new Map());
        return reportOf(asked, due, new Map());
      },
    });
    await clock.advanceBy(1.1 * hour);
    assert.deepEqual(slotsOf(runs), ['users.a 13:00:00']);
    await stop();
  });
});
