// Runs: one snapshot a table, one result for each thing measured, and trouble that stays where it is.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { exactly, type Finding, type Measurer } from '../../quality/measurer.ts';
import type { CheckResult } from '../../quality/result.ts';
import { runChecks } from '../../quality/run/run-checks.ts';
import { interrupted, runOfRecord } from '../../quality/run/run-record.ts';
import { checkOf, countingMeasurer, emptyEngine, partsOf, runOf, tablesOf } from './quality-fixture.ts';

const signal = new AbortController().signal;
const outcomes = (results: readonly CheckResult[]) => Object.fromEntries(results.map(({ check, outcome }) => [check.id, outcome]));

const bound = (value: number): Finding => ({
  kind: 'measured',
  measured: { value, text: null, total: 100, exactness: 'upper', by: 'metadata' },
  failing: null,
  keys: [],
  reason: null,
});

describe('a run of quality checks', () => {
  it('measures a check once for a snapshot and its definition, and again when one of them changes', async () => {
    const { catalog, commit } = await tablesOf(['users']);
    const measured = new Map<string, number>();
    const parts = partsOf(catalog, [countingMeasurer(measured)]);
    const [same, changed] = [checkOf('a'), checkOf('b')];
    const first = await runChecks([same, changed], runOf('r1'), parts, signal);
    assert.deepEqual(outcomes(first.results), { 'users.a': 'passed', 'users.b': 'passed' });
    const stricter = { ...changed, fail: { operator: 'greater' as const, values: [0], unit: 'value' as const } };
    const second = await runChecks([{ ...same, owner: 'team' }, stricter], runOf('r2'), parts, signal);
    assert.deepEqual(Object.fromEntries(measured), { 'users.a': 1, 'users.b': 2 });
    assert.deepEqual([...second.reused], ['users.a']);
    assert.deepEqual(outcomes(second.results), { 'users.a': 'passed', 'users.b': 'failed' });
    await commit('users');
    await runChecks([same], runOf('r3'), parts, signal);
    assert.equal(measured.get('users.a'), 2);
  });

  it('measures what hangs on the time once for each time it is due, also at the same snapshot', async () => {
    const { catalog } = await tablesOf(['users']);
    const measured = new Map<string, number>();
    const parts = partsOf(catalog, [countingMeasurer(measured)]);
    const fresh = checkOf('fresh', { measure: { kind: 'freshness', by: 'commit' } });
    const young = checkOf('young', { filter: "created_at > now() - interval '1 hour'" });
    const at = (slot: number) => runOf(`r${slot}`, { slots: new Map([fresh, young].map(({ id }) => [id, slot])) });
    await runChecks([fresh, young], at(1), parts, signal);
    await runChecks([fresh, young], { ...at(1), id: 'again' }, parts, signal);
    assert.deepEqual([...measured.values()], [1, 1]);
    await runChecks([fresh, young], at(2), parts, signal);
    assert.deepEqual([...measured.values()], [2, 2]);
  });

  it('measures a check of two tables again when the other one has a new snapshot', async () => {
    const { catalog, commit } = await tablesOf(['users', 'rides']);
    const measured = new Map<string, number>();
    const parts = partsOf(catalog, [countingMeasurer(measured)]);
    const known = checkOf('known', {
      table: 'rides',
      measure: { kind: 'relationship', columns: ['user_id'], to: { table: 'users', columns: ['id'] } },
    });
    const sql = checkOf('sql', { table: 'rides', measure: { kind: 'sql', result: 'failedRows', sql: 'SELECT 1 FROM current.users' } });
    for (const id of ['r1', 'r2']) await runChecks([known, sql], runOf(id), parts, signal);
    assert.deepEqual([...measured.values()], [1, 1]);
    await commit('users');
    await runChecks([known, sql], runOf('r3'), parts, signal);
    assert.deepEqual([...measured.values()], [2, 2]);
  });

  it('sees one snapshot of a table however long it lasts, and the same one when it goes on', async () => {
    const { catalog, commit } = await tablesOf(['users', 'rides']);
    const seen: (string | null)[] = [];
    const slow: Measurer = {
      ...countingMeasurer(new Map()),
      measure: async (checks, session) => {
        await commit('users');
        seen.push((await session.engine.pin('users'))?.snapshotId ?? null);
        return new Map(checks.map(({ id }) => [id, exactly(0, 'scan')]));
      },
    };
    const parts = partsOf(catalog, [slow], { limits: { parallel: 1, checkTimeoutMs: 1000, runTimeoutMs: 5000 } });
    const report = await runChecks([checkOf('a'), checkOf('b', { table: 'rides' })], runOf('r1'), parts, signal);
    assert.deepEqual(seen, ['1001', '1001']);
    assert.equal(report.results[0]?.snapshotId, '1001');
    assert.deepEqual(Object.fromEntries(report.pins), { 'raw.users': '1001', 'raw.rides': '1002' });
    // Killed after it was pinned: the table is shown again as it was.
    const more = await runChecks([checkOf('c')], runOf('r1', { pins: report.pins }), parts, signal);
    assert.equal(more.results[0]?.snapshotId, '1001');
  });

  it('asks the next measurer where a bound does not decide, and says unknown where none can', async () => {
    const { catalog } = await tablesOf(['users']);
    const metadata: Measurer = {
      name: 'metadata',
      answers: () => true,
      measure: async (checks) => new Map(checks.map(({ id, name }) => [id, bound(name === 'decided' ? 0 : 7)])),
    };
    const scanned = new Map<string, number>();
    const scan = countingMeasurer(scanned, { name: 'scan', answers: (measure) => measure.kind === 'nulls' });
    const checks = [
      checkOf('decided', { fail: { operator: 'lessOrEqual', values: [0], unit: 'value' } }),
      checkOf('open', { fail: { operator: 'lessOrEqual', values: [5], unit: 'percent' } }),
      checkOf('nobody', { measure: { kind: 'distinct', column: 'email' } }),
      checkOf('unheard', { measure: { kind: 'schema' } }),
    ];
    const quiet: Measurer = { ...metadata, answers: (measure) => measure.kind !== 'schema' };
    const report = await runChecks(checks, runOf('r1'), partsOf(catalog, [quiet, scan]), signal);
    assert.deepEqual([...scanned.keys()], ['users.open']);
    assert.deepEqual(outcomes(report.results), {
      'users.decided': 'passed',
      'users.open': 'passed',
      'users.nobody': 'unknown',
      'users.unheard': 'skipped',
    });
    assert.match(report.results[2]?.reason ?? '', /not exact enough to judge: at most 7 of 100/);
    assert.match(report.results[3]?.reason ?? '', /nothing here measures schema/);
  });

  it('asks for the rows of a failure that statistics found, and keeps the failure when nobody can show them', async () => {
    const { catalog } = await tablesOf(['users']);
    const metadata = countingMeasurer(new Map(), {
      measure: async (checks) => new Map(checks.map(({ id }) => [id, exactly(3, 'metadata', 10)])),
    });
    const broken = countingMeasurer(new Map(), {
      measure: async () => {
        throw new Error('out of memory');
      },
    });
    const report = await runChecks([checkOf('a')], runOf('r1'), partsOf(catalog, [metadata, broken]), signal);
    assert.deepEqual(outcomes(report.results), { 'users.a': 'failed' });
    assert.equal(report.results[0]?.reason, '3 of 10 rows (30 %); expected 0');
  });

  it('loses only the check whose statement fails, or whose time is over', async () => {
    const { catalog } = await tablesOf(['users']);
    const calls: number[] = [];
    const picky = countingMeasurer(new Map(), {
      measure: async (checks, _session, within) => {
        calls.push(checks.length);
        if (checks.some(({ name }) => name === 'bad')) throw new LakeError('QUERY_INVALID', 'no column x');
        if (checks.some(({ name }) => name === 'away')) throw new LakeError('SOURCE_UNREACHABLE', 'no answer');
        if (checks.some(({ name }) => name === 'slow'))
          await new Promise((_resolve, reject) => within.addEventListener('abort', () => reject(new Error('interrupted')), { once: true }));
        return new Map(checks.map(({ id }) => [id, exactly(0, 'scan')]));
      },
    });
    const names = ['a', 'b', 'bad', 'c', 'slow', 'd', 'away', 'e'];
    const parts = partsOf(catalog, [picky], { limits: { parallel: 2, checkTimeoutMs: 50, runTimeoutMs: 5000 } });
    const report = await runChecks(
      names.map((name) => checkOf(name)),
      runOf('r1'),
      parts,
      signal,
    );
    const ids = ['passed', 'passed', 'error', 'passed', 'error', 'passed', 'unknown', 'passed'];
    assert.deepEqual(
      report.results.map(({ outcome }) => outcome),
      ids,
    );
    assert.equal(report.results[2]?.reason, 'no column x');
    assert.match(report.results[4]?.reason ?? '', /check users\.slow took longer than 0\.05 s/);
    assert.ok(calls.length <= 15);
  });

  it('keeps other tables apart from one whose engine, catalog or contract fails', async () => {
    const { catalog } = await tablesOf(['users', 'rides']);
    const parts = partsOf(catalog, [countingMeasurer(new Map())], {
      contracts: {
        contractsInForce: async () => [],
        activeContract: async ({ name }) => {
          if (name === 'rides') throw new LakeError('CATALOG_UNREACHABLE', 'the registry does not answer');
          return null;
        },
        [Symbol.asyncDispose]: async () => undefined,
      },
      openEngine: async (kind, pinned) => {
        if (kind === 'trino') throw new LakeError('CONFIG_INVALID', 'quality.trino is not set');
        return emptyEngine(pinned);
      },
    });
    const checks = [checkOf('a'), checkOf('b', { engine: 'trino' }), checkOf('c', { table: 'rides' }), checkOf('d', { table: 'nothing' })];
    const report = await runChecks(checks, runOf('r1'), parts, signal);
    assert.deepEqual(outcomes(report.results), { 'users.a': 'passed', 'users.b': 'error', 'rides.c': 'unknown', 'nothing.d': 'skipped' });
  });

  it('says of every check it had no time for that it was not measured, and measures it the next time', async () => {
    const { catalog } = await tablesOf(['users', 'rides']);
    let isStuck = true;
    const measured = new Map<string, number>();
    const stuck = countingMeasurer(measured, {
      measure: async (checks) => {
        if (isStuck && checks.some(({ table }) => table === 'rides')) await new Promise((resolve) => setTimeout(resolve, 4000).unref());
        return new Map(checks.map(({ id }) => [id, exactly(0, 'scan')]));
      },
    });
    const store = memoryCatalogStore().quality;
    const parts = partsOf(catalog, [stuck], { store, limits: { parallel: 2, checkTimeoutMs: 60_000, runTimeoutMs: 50 } });
    const checks = [checkOf('a'), checkOf('b', { table: 'rides' })];
    const report = await runChecks(checks, runOf('r1'), parts, signal);
    assert.deepEqual(outcomes(report.results), { 'users.a': 'passed', 'rides.b': 'error' });
    assert.match(report.results[1]?.reason ?? '', /the run of 2 checks took longer than 0\.05 s/);
    const [run] = await store.listRuns({ before: null, limit: 1 });
    assert.deepEqual([run?.endedAt !== null, JSON.parse(run?.record ?? '{}').outcomes], [true, { passed: 1, error: 1 }]);
    isStuck = false;
    const next = await runChecks(checks, runOf('r2', { startedAt: report.startedAt + 1 }), parts, signal);
    assert.deepEqual(outcomes(next.results), { 'users.a': 'passed', 'rides.b': 'passed' });
  });

  it('gives checks of new rows the place the last measured one reached, and does not move it for those that failed to measure', async () => {
    const { catalog, commit } = await tablesOf(['users']);
    const since: (string | null)[] = [];
    let isBroken = false;
    const measurer = countingMeasurer(new Map(), {
      measure: async (checks, session) => {
        since.push(session.since.get('users.new')?.snapshotId ?? null);
        if (isBroken) throw new Error('broken');
        return new Map(checks.map(({ id }) => [id, exactly(0, 'scan')]));
      },
    });
    const parts = partsOf(catalog, [measurer]);
    const check = checkOf('new', { scope: 'new' });
    await runChecks([check], runOf('r1'), parts, signal);
    await commit('users');
    isBroken = true;
    await runChecks([check], runOf('r2'), parts, signal);
    isBroken = false;
    await runChecks([check], runOf('r3', { startedAt: 7 }), parts, signal);
    await commit('users');
    await runChecks([check], runOf('r4'), parts, signal);
    assert.deepEqual(since, [null, '1001', '1001', '1002']);
  });

  it('goes on one check at a time after its process died, and leaves alone the check that kills it', async () => {
    const { catalog } = await tablesOf(['users', 'rides']);
    const store = memoryCatalogStore().quality;
    const checks = [checkOf('a'), checkOf('deadly', { samplesMax: 0 }), checkOf('b'), checkOf('c', { table: 'rides' })];
    const calls: number[] = [];
    let life = new AbortController();
    const deadly = countingMeasurer(new Map(), {
      measure: async (asked) => {
        calls.push(asked.length);
        // As a process that dies: nothing of this call comes back, and the store is what it was.
        if (asked.some(({ name }) => name === 'deadly')) life.abort(new Error('the process died'));
        return new Map(asked.map(({ id }) => [id, exactly(0, 'scan')]));
      },
    });
    const parts = partsOf(catalog, [deadly], { store, limits: { parallel: 1, checkTimeoutMs: 1000, runTimeoutMs: 5000 } });
    let run = runOf('r1');
    let results: readonly CheckResult[] = [];
    let lives = 0;
    while (results.length === 0 && lives < 10) {
      lives++;
      life = new AbortController();
      try {
        results = (await runChecks(checks, run, parts, life.signal)).results;
      } catch {
        const [stored] = await store.listRuns({ before: null, limit: 1 });
        const before = stored ? runOfRecord(stored) : null;
        assert.ok(before);
        run = interrupted(before);
      }
    }
    assert.equal(lives, 5);
    assert.deepEqual(calls, [3, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual(outcomes(results), { 'users.a': 'passed', 'users.deadly': 'error', 'users.b': 'passed', 'rides.c': 'passed' });
    assert.match(results[1]?.reason ?? '', /ended the process of the quality jobs 3 times/);
  });
});
