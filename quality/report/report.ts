// A run as reports tell it: what was measured, and what is declared and was not.

import type { EpochMs } from '../../runtime/clock.ts';
import type { NotExecuted } from '../declare/declared.ts';
import type { CheckResult, Outcome } from '../result.ts';

export interface Report {
  readonly id: string;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  /** Snapshot of each table read, by `namespace.name`. */
  readonly pins: ReadonlyMap<string, string | null>;
  readonly results: readonly CheckResult[];
  readonly notExecuted: readonly NotExecuted[];
}

/** Tables in order, each with its part of the report. */
export function byTable(report: Report): ReadonlyMap<string, Pick<Report, 'results' | 'notExecuted'>> {
  const { results, notExecuted } = report;
  const tables = [...new Set([...results.map(({ check }) => check.table), ...notExecuted.map(({ table }) => table)])].toSorted();
  return new Map(
    tables.map((table) => [
      table,
      { results: results.filter(({ check }) => check.table === table), notExecuted: notExecuted.filter((rule) => rule.table === table) },
    ]),
  );
}

/** Whether a threshold was held against a measured value: everything else is neither passed nor failed. */
export function isJudged(outcome: Outcome): boolean {
  return outcome === 'passed' || outcome === 'warning' || outcome === 'failed';
}
