// Gauges of quality checks as Prometheus reads them: a series for what is declared, and none for anything else.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startQualityProcess } from '../../cli/quality/quality-process.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import {
  isQualityGauges,
  qualityGaugesOf,
  setQualityGauges,
  successesOf,
  type GaugeParts,
  type QualityGauges,
} from '../../quality/report/gauges.ts';
import type { CheckResult, Outcome } from '../../quality/result.ts';
import { createPromMetrics } from '../../runtime/prom-metrics.ts';
import { checkOf } from './quality-fixture.ts';
import { notExecutedOf, resultOf, startedAt } from './quality-report-fixture.ts';

const outcomes: readonly Outcome[] = ['passed', 'warning', 'failed', 'error', 'unknown', 'skipped', 'learning'];
const checks = outcomes.map((outcome) => checkOf(outcome));
const judged: readonly Outcome[] = ['passed', 'warning', 'failed'];
const newestOf = (results: readonly CheckResult[]) => new Map(results.map((result) => [result.check.id, result]));
const results = checks.map((check, at) => {
  const outcome = outcomes[at] ?? 'passed';
  return resultOf(check, { outcome, ...(judged.includes(outcome) ? {} : { measured: null }) });
});
const parts: GaugeParts = {
  checks: [...checks, checkOf('new', { severity: 'info' })],
  notExecuted: [notExecutedOf('nice', { severity: 'info' })],
  newest: newestOf([...results, resultOf(checkOf('forgotten'))]),
  personalOf: () => new Set(),
  runMs: 2500,
  lastSuccess: new Map(),
};

async function rendered(given: GaugeParts, metrics = createPromMetrics({ version: '1' })): Promise<readonly string[]> {
  // As another process is told.
  const told: unknown = JSON.parse(JSON.stringify(qualityGaugesOf(given)));
  assert.ok(isQualityGauges(told));
  setQualityGauges(metrics, told);
  return (await metrics.render()).split('\n').filter((line) => line.startsWith('foz_quality'));
}

const tell = (gauges: unknown) => `process.send(${JSON.stringify({ kind: 'quality-gauges', gauges })});`;

describe('gauges of quality checks', () => {
  it('say every outcome apart, and never 0 for what did not pass', async () => {
    const lines = await rendered(parts);
    const series = (name: string) => lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    assert.deepEqual(series('foz_quality_check_status'), [
      ...outcomes.map((outcome, at) => `foz_quality_check_status{table="users",check="${outcome}",severity="error"} ${at}`),
      'foz_quality_check_status{table="users",check="new",severity="info"} 7',
    ]);
    assert.deepEqual(
      series('foz_quality_check_value'),
      judged.map((outcome) => `foz_quality_check_value{table="users",check="${outcome}",unit="rows"} 3`),
    );
    assert.deepEqual(
      series('foz_quality_rows_failed'),
      judged.map((outcome) => `foz_quality_rows_failed{table="users",check="${outcome}"} 3`),
    );
    assert.deepEqual(series('foz_quality_run_duration_seconds'), ['foz_quality_run_duration_seconds 2.5']);
    assert.deepEqual(series('foz_quality_table_score'), ['foz_quality_table_score{table="users"} 50']);
    assert.deepEqual(series('foz_quality_table_coverage'), ['foz_quality_table_coverage{table="users"} 40']);
    assert.deepEqual(series('foz_quality_last_success_timestamp_seconds'), []);
  });

  it('are gone with the declaration', async () => {
    const metrics = createPromMetrics({ version: '1' });
    await rendered(parts, metrics);
    assert.deepEqual(await rendered({ ...parts, checks: [], notExecuted: [], runMs: null }, metrics), [
      'foz_quality_run_duration_seconds 0',
    ]);
  });

  it('say when a table was well last, and keep it while it is not', async () => {
    const [passed = checkOf('x'), warning = checkOf('y'), failed = checkOf('z')] = checks;
    const well = { ...parts, checks: [passed, warning], notExecuted: [] };
    assert.deepEqual([...successesOf(well)], [['users', startedAt]]);
    const later = newestOf([resultOf(passed, { outcome: 'skipped', startedAt: startedAt + 1000 }), ...results.slice(1)]);
    assert.deepEqual([...successesOf({ ...well, newest: later })], []);
    assert.deepEqual([...successesOf({ ...well, checks: [passed, failed], lastSuccess: new Map([['users', 5]]) })], [['users', 5]]);
    const lines = await rendered(well);
    assert.ok(lines.includes(`foz_quality_last_success_timestamp_seconds{table="users"} ${startedAt / 1000}`), lines.join('\n'));
  });

  it('come from the process of the quality jobs to that of the worker, and nothing else is taken for them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'foz-gauges-'));
    const stop = new AbortController();
    try {
      const entry = join(folder, 'entry.mjs');
      const program = [tell({ foz_halted: [] }), tell(qualityGaugesOf(parts)), "process.on('SIGTERM', () => process.disconnect());"];
      await writeFile(entry, program.join('\n'));
      const metrics = createPromMetrics({ version: '1' });
      const told = Promise.withResolvers<void>();
      const onGauges = (gauges: QualityGauges): void => {
        setQualityGauges(metrics, gauges);
        told.resolve();
      };
      const running = startQualityProcess(
        { entry, configFile: 'foz.yaml', clock: systemClock, logger: silentLogger, onGauges },
        stop.signal,
      );
      await told.promise;
      assert.match(await metrics.render(), /^foz_quality_check_status\{table="users",check="failed",severity="error"\} 2$/m);
      stop.abort();
      await running.done;
    } finally {
      stop.abort();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('hide the value of a personal column', async () => {
    const check = checkOf('oldest', { measure: { kind: 'aggregate', column: 'born', of: 'min' } });
    const given = { ...parts, checks: [check], newest: newestOf([resultOf(check)]), notExecuted: [] };
    const has = async (personal: ReadonlySet<string> | null) =>
      (await rendered({ ...given, personalOf: () => personal })).some((line) => line.startsWith('foz_quality_check_value'));
    assert.deepEqual([await has(new Set(['born'])), await has(null), await has(new Set(['email']))], [false, false, true]);
  });
});
