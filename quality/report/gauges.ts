// The newest results as gauges for Prometheus: one series a declared check and a table, so there are as many as are declared,
// whatever the data. A check that is declared no longer has none.

import type { EpochMs } from '../../runtime/clock.ts';
import type { GaugeName, LabelsOf, Metrics } from '../../runtime/metrics.ts';
import { isRecord } from '../../runtime/options.ts';
import { countsRows, type Check } from '../check.ts';
import type { NotExecuted } from '../declare/declared.ts';
import { measureUnit } from '../measure-unit.ts';
import type { CheckResult, Outcome } from '../result.ts';
import { publicResult, type PersonalColumns } from './public-result.ts';
import { isJudged } from './report.ts';
import { scoreOf } from './score.ts';

const qualityGauges = [
  'foz_quality_check_status',
  'foz_quality_check_value',
  'foz_quality_rows_failed',
  'foz_quality_run_duration_seconds',
  'foz_quality_last_success_timestamp_seconds',
  'foz_quality_table_score',
  'foz_quality_table_coverage',
] as const satisfies readonly GaugeName[];

export type QualityGauge = (typeof qualityGauges)[number];

/** Plain data, so that it can be told to another process. */
export type QualityGauges = { readonly [Name in QualityGauge]: readonly { readonly labels: LabelsOf<Name>; readonly value: number }[] };

export interface GaugeParts {
  readonly checks: readonly Check[];
  readonly notExecuted: readonly NotExecuted[];
  /** By check id. */
  readonly newest: ReadonlyMap<string, CheckResult>;
  readonly personalOf: PersonalColumns;
  /** Of the last run; null: none yet. */
  readonly runMs: number | null;
  /** By table: what was told last. A table in trouble keeps it. */
  readonly lastSuccess: ReadonlyMap<string, EpochMs>;
}

/** More checks than this have no series: a file of checks is no way to fill a time series database. */
const checksMax = 2_000;

const statusOf: Readonly<Record<Outcome, number>> = { passed: 0, warning: 1, failed: 2, error: 3, unknown: 4, skipped: 5, learning: 6 };
const noResult = 7;

export function qualityGaugesOf(parts: GaugeParts): QualityGauges {
  const { notExecuted, newest, personalOf, runMs } = parts;
  const checks = parts.checks.slice(0, checksMax);
  const tables = [...new Set([...checks.map(({ table }) => table), ...notExecuted.map(({ table }) => table)])].toSorted();
  const scores = tables.map((table) => ({
    table,
    ...scoreOf(
      checks.filter((check) => check.table === table),
      notExecuted.filter((rule) => rule.table === table),
      ({ id }) => newest.get(id)?.outcome ?? null,
    ),
  }));
  const values = checks.flatMap((check) => {
    const result = newest.get(check.id);
    const value = result === undefined ? undefined : publicResult(result, personalOf).measured?.value;
    return value === undefined || !Number.isFinite(value) ? [] : [{ check, value }];
  });
  const successes = [...successesOf(parts)].filter(([table]) => tables.includes(table));
  return {
    foz_quality_check_status: checks.map(({ id, table, name, severity }) => {
      const outcome = newest.get(id)?.outcome;
      return { labels: { table, check: name, severity }, value: outcome === undefined ? noResult : statusOf[outcome] };
    }),
    foz_quality_check_value: values.map(({ check: { table, name, measure }, value }) => ({
      labels: { table, check: name, unit: measureUnit(measure) },
      value,
    })),
    foz_quality_rows_failed: values
      .filter(({ check: { measure } }) => countsRows(measure) && measure.kind !== 'rowCount')
      .map(({ check: { table, name }, value }) => ({ labels: { table, check: name }, value })),
    foz_quality_run_duration_seconds: runMs === null ? [] : [{ labels: {}, value: runMs / 1000 }],
    foz_quality_last_success_timestamp_seconds: successes.map(([table, at]) => ({ labels: { table }, value: at / 1000 })),
    foz_quality_table_score: scores.flatMap(({ table, score }) => (score === null ? [] : [{ labels: { table }, value: score }])),
    foz_quality_table_coverage: scores.flatMap(({ table, coverage }) =>
      coverage === null ? [] : [{ labels: { table }, value: coverage }],
    ),
  };
}

/** By table: the newest time at which all its checks were judged and none had failed. */
export function successesOf({
  checks,
  newest,
  lastSuccess,
}: Pick<GaugeParts, 'checks' | 'newest' | 'lastSuccess'>): ReadonlyMap<string, EpochMs> {
  const successes = new Map(lastSuccess);
  for (const table of new Set(checks.map((check) => check.table))) {
    const results = checks.filter((check) => check.table === table).map(({ id }) => newest.get(id));
    const isWell = results.every((result) => result !== undefined && isJudged(result.outcome) && result.outcome !== 'failed');
    if (isWell) successes.set(table, Math.max(...results.map((result) => result?.startedAt ?? 0)));
  }
  return successes;
}

export function setQualityGauges(metrics: Metrics, gauges: QualityGauges): void {
  for (const name of qualityGauges) replaceOne(metrics, name, gauges);
}

function replaceOne<Name extends QualityGauge>(metrics: Metrics, name: Name, gauges: QualityGauges): void {
  metrics.replace(name, gauges[name]);
}

export function isQualityGauges(value: unknown): value is QualityGauges {
  return isRecord(value) && qualityGauges.every((name) => Array.isArray(value[name]));
}
