// What the quality jobs remember, in the catalog's store: runs and results (append-only, found by check and time), what
// was measured when (the history that anomalies are judged by), which snapshot each check saw last, when each schedule is
// due, who leads, which alerts stand, and what is silenced. Records are JSON text that quality/ writes and reads; what
// the store itself decides on has members here.
// Adapters: memory-quality-store.ts, and sqlite-quality-store.ts on the catalog's one thread.

import type { EpochMs } from '../../runtime/clock.ts';

export interface StoredResult {
  /** The idempotency key: a second result with it changes nothing. What was measured, in words of quality/run/result-key.ts. */
  readonly key: string;
  readonly runId: string;
  readonly checkId: string;
  readonly table: string;
  readonly snapshotId: string | null;
  readonly outcome: string;
  readonly at: EpochMs;
  /** The measured value; null where nothing was measured. Finite. */
  readonly value: number | null;
  readonly record: string;
}

export interface NumberedResult {
  readonly number: number;
  readonly result: StoredResult;
}

export interface StoredRun {
  readonly id: string;
  readonly startedAt: EpochMs;
  /** Null while it goes on, or when the process that ran it died. */
  readonly endedAt: EpochMs | null;
  readonly record: string;
}

export interface HistoryPoint {
  /** Start of the window measured. */
  readonly at: EpochMs;
  readonly value: number;
}

export interface ResultQuery {
  readonly checkId?: string;
  readonly table?: string;
  readonly runId?: string;
  /** Newest first; only results before this one's `at`, key. */
  readonly before?: { readonly at: EpochMs; readonly key: string };
  readonly limit: number;
}

/** Small named states with compare-and-swap: schedules, checkpoints, alerts, silences. */
export interface StoredState {
  readonly kind: string;
  readonly name: string;
  readonly revision: number;
  readonly record: string;
}

export interface QualityStore {
  putRun(run: StoredRun): Promise<void>;
  listRuns(page: { readonly before: EpochMs | null; readonly limit: number }): Promise<readonly StoredRun[]>;
  /** Atomic: all that are new, none twice. Returns the keys that were new. */
  addResults(results: readonly StoredResult[]): Promise<readonly string[]>;
  /** Those there are, by key, in no order. */
  getResults(keys: readonly string[]): Promise<readonly StoredResult[]>;
  listResults(query: ResultQuery): Promise<readonly StoredResult[]>;
  /** The newest result of each check. */
  latestResults(): Promise<readonly StoredResult[]>;
  /**
   * In the order they were added, numbered upwards from 1; a number is never given twice, not even after pruning. `last`: the
   * newest number given so far, at least `after` unless the store is older than whoever asks remembers (an old copy).
   */
  resultsAfter(after: number, limit: number): Promise<{ readonly last: number; readonly results: readonly NumberedResult[] }>;
  /** Idempotent by (series, at): the first value stays. */
  addHistory(series: string, points: readonly HistoryPoint[]): Promise<void>;
  /** Newest first. */
  history(series: string, page: { readonly before: EpochMs | null; readonly limit: number }): Promise<readonly HistoryPoint[]>;
  getState(kind: string, name: string): Promise<StoredState | null>;
  listStates(kind: string): Promise<readonly StoredState[]>;
  /**
   * `expectedRevision` null: there is none. Returns the new revision, or null when the swap was lost. `record` null deletes
   * it; a state made again goes on counting, so that a revision is never seen twice.
   */
  putState(state: {
    readonly kind: string;
    readonly name: string;
    readonly expectedRevision: number | null;
    readonly record: string | null;
  }): Promise<number | null>;
  /**
   * Takes or renews a lease; false while another holder's has not expired. `now` and `expiresAt` by the caller's clock;
   * `expiresAt` at `now` gives it back. One that ends much later than leases do was made before a clock was put back: it
   * holds nobody off.
   */
  takeLease(name: string, holder: string, now: EpochMs, expiresAt: EpochMs): Promise<boolean>;
  /** What is older goes: results and runs, and history, which is small and needed longer. Returns how many results went. */
  prune(before: { readonly results: EpochMs; readonly history: EpochMs }): Promise<number>;
  /**
   * What passed again and again is told by less: of a check's passed results from `from` to before `to`, the newest in each
   * `everyMs` stays, and the check's newest of all. Runs that ended and have no result left go. Returns how many results went.
   */
  thin(span: { readonly from: EpochMs; readonly to: EpochMs; readonly everyMs: number }): Promise<number>;
}

/** The latest that a lease held by another can end, told from the length of one's own. */
export function leaseEndMax(now: EpochMs, expiresAt: EpochMs): EpochMs {
  // Giving back says nothing of a length.
  return expiresAt > now ? now + 10 * (expiresAt - now) : Number.MAX_SAFE_INTEGER;
}
