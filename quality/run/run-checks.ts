// One run: checks against one pinned snapshot of each table. Results are kept as they come, each under the key of what was
// measured, so a run that is killed and begun again measures what is missing and nothing twice. One table's trouble is its
// own, one check's trouble its own; when the run's time is over, what is left says so.

import type { Catalog } from '../../catalog/catalog.ts';
import type { Contracts } from '../../catalog/contracts.ts';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import { limiter } from '../../lake/store/limiter.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Check } from '../check.ts';
import type { CheckEngine } from '../engine.ts';
import type { Measurer } from '../measurer.ts';
import type { CheckResult, Outcome } from '../result.ts';
import { failure } from './measure-checks.ts';
import { pinnedCatalog } from './pinned-catalog.ts';
import { resultOfRecord } from './result-record.ts';
import { storedRun, type Run } from './run-record.ts';
import { keepResults, runTable, type TableRun } from './run-table.ts';
import { withinTime } from './time-limit.ts';

export interface RunLimits {
  /** Tables measured at a time. */
  readonly parallel: number;
  readonly checkTimeoutMs: number;
  readonly runTimeoutMs: number;
}

export interface RunParts {
  readonly catalog: Catalog;
  /** Null: nobody knows contracts. */
  readonly contracts: Contracts | null;
  readonly store: QualityStore;
  readonly objectStore: ObjectStore;
  /** In the order they are asked. */
  readonly measurers: readonly Measurer[];
  /** Of one run, over its pinned catalog. */
  readonly openEngine: (kind: Check['engine'], catalog: Catalog, signal: AbortSignal) => Promise<CheckEngine>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly namespace: string;
  readonly limits: RunLimits;
  /** Told of each result once it is kept. */
  readonly onResult?: (result: CheckResult, isReused: boolean) => void;
  /** Done before the run counts as ended: a process that dies meanwhile does it again. */
  readonly beforeEnd?: (results: readonly CheckResult[], pins: Run['pins']) => Promise<void>;
}

export interface RunReport {
  readonly id: string;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  /** In the order of the checks. */
  readonly results: readonly CheckResult[];
  /** Snapshot of each table read, by `namespace.name`. */
  readonly pins: ReadonlyMap<string, string | null>;
  /** Ids of checks whose result was there already, of this run or one before. */
  readonly reused: ReadonlySet<string>;
}

/** Throws when the signal aborts, and when the store fails: results nobody keeps are no results. */
export async function runChecks(checks: readonly Check[], run: Run, parts: RunParts, signal: AbortSignal): Promise<RunReport> {
  const { store, clock, limits, logger } = parts;
  await store.putRun(storedRun(run, null));
  const catalog = pinnedCatalog(parts.catalog, run.pins);
  await using opened = new AsyncDisposableStack();
  const engines = new Map<Check['engine'], Promise<CheckEngine>>();
  const engineOf = (kind: Check['engine']): Promise<CheckEngine> => {
    const engine = engines.get(kind) ?? parts.openEngine(kind, catalog, signal).then((made) => opened.use(made));
    engines.set(kind, engine);
    return engine;
  };
  const results = new Map<string, Kept>();
  const keep = (result: CheckResult, isReused: boolean): void => {
    results.set(result.check.id, { result, isReused });
    parts.onResult?.(result, isReused);
  };
  // Of this run before it was interrupted, what it could not measure too: it tried once.
  for (const result of await resultsOfRun(run, checks, store)) keep(result, true);
  const pinned = (measuring: string | null = null): Promise<void> => store.putRun(storedRun(runNow(run, catalog.pins(), measuring), null));
  const open = checks.filter(({ id }) => !results.has(id));
  const tables = byTable(open).map((ofTable): TableRun => ({ run, parts, engineOf, checks: ofTable, pinned, keep }));
  // One at a time, so that a check that ends the process is known by name.
  const parallel = run.recovery === undefined ? limits.parallel : 1;
  const limit = { limitMs: limits.runTimeoutMs, what: `the run of ${checks.length} checks` };
  try {
    await withinTime(limit, signal, (within) => allTables(tables, parallel, within));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof LakeError && error.code === 'LIMIT_EXCEEDED')) throw error;
    logger.warn({ run: run.id, error: error.message }, 'a quality run ended before all its checks were measured');
    for (const table of tables) await keepResults(table, unmeasured(table.checks, results, error));
  }
  const kept = checks.flatMap(({ id }) => results.get(id) ?? []);
  await parts.beforeEnd?.(
    kept.map(({ result }) => result),
    catalog.pins(),
  );
  const endedAt = clock.now();
  const ended = { ...run, pins: catalog.pins() };
  await store.putRun(storedRun(ended, { endedAt, outcomes: countOutcomes(kept.map(({ result }) => result)) }));
  return {
    id: run.id,
    startedAt: run.startedAt,
    endedAt,
    pins: catalog.pins(),
    results: kept.map(({ result }) => result),
    reused: new Set(kept.flatMap(({ result, isReused }) => (isReused ? [result.check.id] : []))),
  };
}

function runNow(run: Run, pins: Run['pins'], measuring: string | null): Run {
  return { ...run, pins, ...(run.recovery === undefined ? {} : { recovery: { ...run.recovery, measuring } }) };
}

interface Kept {
  readonly result: CheckResult;
  readonly isReused: boolean;
}

async function resultsOfRun(run: Run, checks: readonly Check[], store: QualityStore): Promise<readonly CheckResult[]> {
  const stored = await store.listResults({ runId: run.id, limit: 2 * checks.length + 1 });
  const byCheck = new Map(stored.map((one) => [one.checkId, one]));
  return checks.flatMap((check) => {
    const found = byCheck.get(check.id);
    return found ? [{ ...resultOfRecord(found), check }] : [];
  });
}

/** When one fails, which only the store makes it do, the others are stopped before this throws. */
async function allTables(tables: readonly TableRun[], parallel: number, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const turn = limiter(parallel);
  const outcomes = await Promise.allSettled(
    tables.map((table) =>
      turn(() => runTable(table, both), both).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  signal.throwIfAborted();
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Groups of one table and one engine. */
function byTable(checks: readonly Check[]): readonly (readonly Check[])[] {
  const groups = new Map<string, Check[]>();
  for (const check of checks) {
    const key = `${check.engine} ${check.table}`;
    groups.set(key, [...(groups.get(key) ?? []), check]);
  }
  return [...groups.values()];
}

function unmeasured(checks: readonly Check[], results: ReadonlyMap<string, unknown>, error: unknown) {
  return checks.filter(({ id }) => !results.has(id)).map((check) => ({ check, finding: failure(error), durationMs: 0 }));
}

export function countOutcomes(results: readonly CheckResult[]): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
