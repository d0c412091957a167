// Who measures. The runner asks measurers in order, the cheapest first: statistics of the table, the offset chain, then
// one scan, then statements of their own. Each is given the checks that nobody before it answered; a check that it leaves
// out of its answer goes to the next, and so does one whose bound does not decide (judge.ts).
// Measurers say what is, never whether it is right: thresholds are judged in one place.

import type { ContractInForce } from '../catalog/contracts.ts';
import type { QualityStore } from '../catalog/store/quality-store.ts';
import type { NextOffsets } from '../lake/raw/offset-chain.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import type { Clock, EpochMs } from '../runtime/clock.ts';
import type { Check, Measure } from './check.ts';
import type { CheckEngine, PinnedTable } from './engine.ts';
import type { CheckResult, FailingRows, Measured } from './result.ts';

export interface Measurer {
  /** For logs and messages: `metadata`, `scan` … */
  readonly name: string;
  readonly answers: (measure: Measure) => boolean;
  /**
   * By check id. A check that is left out goes to the next measurer. Throwing fails no more than it must: the runner tries
   * the checks again in halves, so one bad statement costs only its own check. Calling it again is harmless.
   */
  measure(checks: readonly Check[], session: MeasureSession, signal: AbortSignal): Promise<ReadonlyMap<string, Finding>>;
}

export type Finding =
  | {
      readonly kind: 'measured';
      readonly measured: Measured;
      /** Only for what the threshold does not accept, and only where `countsRows`. */
      readonly failing: FailingRows | null;
      readonly keys: CheckResult['keys'];
      /** One sentence about what was found; null: told from the figures. */
      readonly reason: string | null;
    }
  /** Measured, but not to be judged yet. */
  | { readonly kind: 'learning'; readonly measured: Measured | null; readonly reason: string }
  /** skipped: not measured, on purpose. unknown: cannot be said now (source away, no rows to average). error: it failed. */
  | { readonly kind: 'skipped' | 'unknown' | 'error'; readonly reason: string };

/** What a run gives its measurers for one table. */
export interface MeasureSession {
  readonly runId: string;
  readonly engine: CheckEngine;
  readonly table: PinnedTable;
  /** The newest in force; null: the table has none. */
  readonly contract: ContractInForce | null;
  readonly store: QualityStore;
  readonly clock: Clock;
  readonly objectStore: ObjectStore;
  /** By check id: up to where `scope: new` has seen the table. Absent: everything is new. */
  readonly since: ReadonlyMap<string, Checkpoint>;
}

/** What a check saw last, without failing to measure. */
export interface Checkpoint {
  readonly snapshotId: string;
  readonly checkedAt: EpochMs;
  /** `foz.next` at that snapshot: rows at or above these offsets are new. Null: the table had no chain. */
  readonly next: NextOffsets | null;
}

/** For measurers of counts that are exact and need no rows to be shown. */
export function exactly(value: number, by: Measured['by'], total: number | null = null): Finding {
  const measured: Measured = { value, text: null, total, exactness: 'exact', by };
  return { kind: 'measured', measured, failing: null, keys: [], reason: null };
}
