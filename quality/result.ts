// What came of one check at one snapshot. A check that was not measured says so: `skipped` and `unknown` are outcomes of
// their own, never a pass.

import type { EpochMs } from '../runtime/clock.ts';
import type { Check } from './check.ts';

/**
 * passed, warning, failed: measured and judged. learning: measured, but history is too short to judge. skipped: not
 * measured, and why. error: measuring it failed (statement, time, memory). unknown: what it asks cannot be said now
 * (a source away, a bound that is not exact enough).
 */
export type Outcome = 'passed' | 'warning' | 'failed' | 'learning' | 'skipped' | 'error' | 'unknown';

export interface Measured {
  /** In the measure's unit. */
  readonly value: number;
  /** The exact text where a number is not: large integers, decimals. */
  readonly text: string | null;
  /** Rows considered, for percentages; null where there is no such thing. */
  readonly total: number | null;
  /** `upper`, `lower`: the true value is at most, at least this. */
  readonly exactness: 'exact' | 'upper' | 'lower';
  /** metadata: Iceberg statistics and summaries, no data file was read. chain: the offset chain. */
  readonly by: 'metadata' | 'chain' | 'scan' | 'history' | 'service';
}

export interface FailingRows {
  readonly columns: readonly string[];
  /** Masked where the contract masks; values as text. At most `check.samplesMax`. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Columns whose values are not shown: classified as personal. */
  readonly masked: readonly string[];
  /** A statement for `foz query` that shows all of them at this snapshot. */
  readonly query: string | null;
}

export interface CheckResult {
  readonly runId: string;
  readonly check: Check;
  /** Null where it is not of a snapshot (connectors, slots), or the table has none. */
  readonly snapshotId: string | null;
  readonly startedAt: EpochMs;
  readonly durationMs: number;
  readonly outcome: Outcome;
  readonly measured: Measured | null;
  /** What a value had to be, for people: `at most 1 %`. */
  readonly expected: string;
  /** Why it is skipped, unknown, learning or in error; what was found for the others. One sentence. */
  readonly reason: string;
  readonly failing: FailingRows | null;
  /** Of grouped measures (windowLimit): the keys concerned. */
  readonly keys: readonly Readonly<Record<string, string | number | null>>[];
}

/** Outcomes that need somebody: what `foz quality run` exits 1 for. */
export function isBad({ outcome, check }: CheckResult): boolean {
  return outcome === 'error' || (outcome === 'failed' && check.severity !== 'info');
}
