// The upkeep on its own: every so often each table in turn, one at a time, and the tables whose grace is over. An error of one
// table is told and does not keep the others from their turn; a catalog or store that is away is tried again the next time.

import { identText, type TableIdent } from '../catalog/catalog.ts';
import type { EpochMs } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { maintainTable, type MaintainDeps, type MaintenanceStep, type StepReport, type TableReport } from './maintain-table.ts';

export interface MaintainTablesDeps extends MaintainDeps {
  readonly logger: Logger;
  readonly metrics: Metrics | null;
  /** Whose tables are kept up. */
  readonly namespaces: readonly (readonly string[])[];
  readonly everyMs: number;
  /** Orphans are looked for less often: it is a listing of the whole table. */
  readonly orphansEveryMs: number;
  /** Deletes the objects of dropped tables whose time is over, and says of how many; null where the catalog is another's. */
  readonly purgeDropped: ((signal: AbortSignal) => Promise<number>) | null;
}

/** Until the signal; the first run is after one period, so that a start is not a burst. */
export async function maintainTables(deps: MaintainTablesDeps, signal: AbortSignal): Promise<void> {
  const sweeps = sweepTimes(deps);
  while (!signal.aborted) {
    await deps.clock.sleep(deps.everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    await maintainOnce(deps, sweeps, signal);
  }
}

interface SweepTimes {
  isDue(table: string): boolean;
  done(table: string): void;
}

/** Of a period the first sweeps wait so many rounds at most: who starts anew every day has them too. */
const firstSweepRounds = 4;

/** The first of a table at a random moment of the first rounds, so that a start is not a burst; then once a period. */
function sweepTimes({ clock, random, everyMs, orphansEveryMs }: MaintainTablesDeps): SweepTimes {
  const startedAt = clock.now();
  const dueAt = new Map<string, EpochMs>();
  return {
    isDue(table) {
      const known = dueAt.get(table);
      const at = known ?? startedAt + Math.min(orphansEveryMs, firstSweepRounds * everyMs) * random.next();
      if (known === undefined) dueAt.set(table, at);
      return clock.now() >= at;
    },
    done: (table) => void dueAt.set(table, clock.now() + orphansEveryMs),
  };
}

async function maintainOnce(deps: MaintainTablesDeps, sweeps: SweepTimes, signal: AbortSignal): Promise<void> {
  const { logger, metrics, clock } = deps;
  for (const ident of await tablesOf(deps, signal)) {
    if (signal.aborted) return;
    const table = identText(ident);
    const isSweepDue = sweeps.isDue(table);
    const steps: readonly MaintenanceStep[] = ['expire', 'manifests', 'compact', ...(isSweepDue ? (['orphans'] as const) : [])];
    try {
      const report = await maintainTable(ident, steps, deps, false, signal);
      if (isSweepDue) sweeps.done(table);
      tell(report, logger, metrics, clock.now());
    } catch (error) {
      if (signal.aborted) return;
      metrics?.count('foz_maintenance_runs_total', { table, result: 'failed' });
      logger.warn({ table, error }, 'upkeep of a table failed; it is tried again the next time');
    }
  }
  if (signal.aborted || deps.purgeDropped === null) return;
  try {
    const purged = await deps.purgeDropped(signal);
    if (purged > 0) logger.info({ tables: purged }, 'dropped tables were purged: their grace is over');
  } catch (error) {
    if (!signal.aborted) logger.warn({ error }, 'dropped tables could not be purged; it is tried again the next time');
  }
}

async function tablesOf({ catalog, namespaces, logger }: MaintainTablesDeps, signal: AbortSignal): Promise<readonly TableIdent[]> {
  const tables: TableIdent[] = [];
  for (const namespace of namespaces) {
    try {
      tables.push(...(await catalog.listTables(namespace, signal)));
    } catch (error) {
      if (!signal.aborted) logger.debug({ namespace: namespace.join('.'), error }, 'no tables to keep up');
    }
  }
  return tables;
}

function tell({ table, steps, smallFiles }: TableReport, logger: Logger, metrics: Metrics | null, now: EpochMs): void {
  for (const { step, outcome, detail, figures, notes } of steps) {
    const facts = { table, step, outcome, ...figures, notes: notes.slice(0, 5) };
    if (outcome === 'failed') logger.warn(facts, detail);
    else if (outcome !== 'nothing') logger.info(facts, detail);
    if (step === 'compact') {
      metrics?.count('foz_compacted_files_total', { table }, figures['files'] ?? 0);
      metrics?.count('foz_compaction_conflicts_total', { table }, figures['conflicts'] ?? 0);
    }
    if (step === 'orphans') tellSweep(table, outcome, figures, metrics);
  }
  if (smallFiles !== null) metrics?.set('foz_small_files', { table }, smallFiles);
  const isLeft = steps.some(({ outcome }) => outcome === 'left' || outcome === 'unknown');
  const result = steps.some(({ outcome }) => outcome === 'failed') ? 'failed' : isLeft ? 'left' : 'ok';
  metrics?.count('foz_maintenance_runs_total', { table, result });
  metrics?.set('foz_maintenance_last_run_timestamp_seconds', { table }, now / 1000);
}

function tellSweep(table: string, outcome: StepReport['outcome'], figures: StepReport['figures'], metrics: Metrics | null): void {
  if (outcome === 'left' || outcome === 'failed') return;
  metrics?.count('foz_orphan_objects_deleted_total', { table }, figures['objects'] ?? 0);
  metrics?.count('foz_orphan_bytes_deleted_total', { table }, figures['bytes'] ?? 0);
  metrics?.set('foz_orphan_objects_left', { table }, figures['left'] ?? 0);
}
