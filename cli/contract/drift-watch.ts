// The scheduled comparison of live tables with their active contracts, inside `foz run`: every `contracts.drift.interval`,
// and once soon after the start. What it finds is logged once per change, counted as metrics and shown by /status. It never
// stops or slows the worker: a source or a registry that is away is tried again at the next turn.

import { driftOf, tableMissing, type Drift } from '../../contracts/draft/drift.ts';
import type { ContractInForce } from '../../catalog/contracts.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { LiveTable } from './live-table.ts';

export interface DriftStatus {
  readonly table: string;
  readonly contract: string;
  readonly version: string;
  /** ISO 8601, of the last comparison that was made; null before the first. */
  readonly checkedAt: string | null;
  readonly drifts: readonly Drift[];
  /** Why the last turn compared nothing; null when it did. */
  readonly problem: string | null;
}

export interface DriftWatchOptions {
  /** Asked at every turn. */
  readonly targets: () => readonly TableTarget[];
  /** 0: never. */
  readonly intervalMs: number;
  readonly activeContract: (target: TableTarget, signal: AbortSignal) => Promise<ContractInForce | null>;
  /** Throws CONFIG_INVALID where no source is known for the topic. */
  readonly openLive: (target: TableTarget) => LiveTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface DriftWatch {
  status(): readonly DriftStatus[];
  /** Runs until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/** Once the worker has what it needs; a restart of many workers does not ask the source all at once by itself. */
const firstAfterMs = 5_000;

export function driftWatch(options: DriftWatchOptions): DriftWatch {
  const known = new Map<string, DriftStatus>();
  return {
    status: () => [...known.values()],
    async run(signal) {
      if (options.intervalMs === 0) return;
      let waitMs = Math.min(firstAfterMs, options.intervalMs);
      while (!signal.aborted) {
        await options.clock.sleep(waitMs, signal).catch(() => undefined);
        if (signal.aborted) return;
        for (const target of options.targets()) await turn(target, options, known, signal);
        waitMs = options.intervalMs;
      }
    },
  };
}

async function turn(target: TableTarget, options: DriftWatchOptions, known: Map<string, DriftStatus>, signal: AbortSignal): Promise<void> {
  const table = target.ident.name;
  const before = known.get(table);
  try {
    const active = await options.activeContract(target, signal);
    if (active === null) return void known.delete(table);
    const drifts = await compare(active, target, options, signal);
    const at = options.clock.now();
    const { id, version } = active.contract;
    known.set(table, { table, contract: id, version, checkedAt: new Date(at).toISOString(), drifts, problem: null });
    report(table, drifts, before?.drifts ?? [], options);
    options.metrics.set('foz_contract_drift_checked_timestamp_seconds', { table }, at / 1000);
  } catch (error) {
    if (signal.aborted) return;
    const problem = error instanceof Error ? error.message : String(error);
    if (before) known.set(table, { ...before, problem });
    options.logger.warn({ table, error: problem }, 'the source was not compared with its contract');
  }
}

async function compare(
  active: ContractInForce,
  target: TableTarget,
  options: DriftWatchOptions,
  signal: AbortSignal,
): Promise<readonly Drift[]> {
  await using live = options.openLive(target);
  const source = await live.source.introspect(live.name, signal);
  if (source === null)
    return [tableMissing(`table ${live.name.namespace}.${live.name.table}`, 'no such table, or not visible to the role')];
  // The registry has said which of the contract's tables this is.
  const physicalName = `${live.name.namespace}.${live.name.table}`;
  return driftOf({ ...active.contract, tables: [{ ...active.table, physicalName }] }, source, live.database);
}

const severities = ['error', 'warning', 'info'] as const;

/** Each difference is logged when it appears, and once more when it is gone. */
function report(table: string, drifts: readonly Drift[], before: readonly Drift[], { metrics, logger }: DriftWatchOptions): void {
  for (const severity of severities)
    metrics.set('foz_contract_drift', { table, severity }, drifts.filter((one) => one.severity === severity).length);
  const [old, now] = [new Set(before.map(identity)), new Set(drifts.map(identity))];
  for (const drift of drifts.filter((one) => !old.has(identity(one)))) {
    const { kind, severity, column, expected, found, mend } = drift;
    const fields = { table, kind, severity, column, expected, found, mend };
    if (severity === 'info') logger.info(fields, 'the contract could say more than it does');
    else logger.warn(fields, 'the source has drifted from its contract');
  }
  for (const { kind, column } of before.filter((one) => !now.has(identity(one)))) logger.info({ table, kind, column }, 'drift is gone');
}

function identity(drift: Drift): string {
  return JSON.stringify(drift);
}
