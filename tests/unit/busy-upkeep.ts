// The upkeep of a table again and again, for what happens beside it: four small files are enough to be compacted, at every
// third run all but the newest snapshots count as old, and an object as old for the sweep once it is older than a gate of seconds.

import { join } from 'node:path';
import type { Catalog, TableIdent } from '../../catalog/catalog.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { defaultCompactionLimits } from '../../maintenance/compact/plan-compaction.ts';
import { maintainTable, type MaintenanceStep } from '../../maintenance/maintain-table.ts';
import { systemClock, type EpochMs } from '../../runtime/clock.ts';
import { seededRandom } from '../../runtime/random.ts';

export interface BusyUpkeepInput {
  readonly ident: TableIdent;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly directory: string;
  /** No commit here takes as long. */
  readonly gateMs: number;
  /** Between two runs. */
  readonly pauseMs: number;
}

export interface BusyUpkeepFigures {
  readonly runs: number;
  /** Files that became fewer. */
  readonly compacted: number;
  /** Compactions that others were faster than. */
  readonly conflicts: number;
  /** Snapshots forgotten. */
  readonly expired: number;
  /** Objects deleted. */
  readonly swept: number;
}

const hourMs = 3_600_000;

/** Until told to stop, by what it has done so far; a run that has begun is ended. */
export async function busyUpkeep(input: BusyUpkeepInput, isOver: (done: BusyUpkeepFigures) => boolean): Promise<BusyUpkeepFigures> {
  const { ident, catalog, directory } = input;
  const sum = { runs: 0, compacted: 0, conflicts: 0, expired: 0, swept: 0 };
  const options = {
    compaction: { ...defaultCompactionLimits, filesMin: 4, settleMs: 0 },
    binsMax: 2,
    manifestsMin: 5,
    orphansOlderThanMs: hourMs,
    objectsMax: 100_000,
    memoryBytes: 128 << 20,
    threads: 1,
    directory: join(directory, 'maintain'),
  };
  const store = agedStore(input.store, () => Date.now() - input.gateMs);
  const keepUp = async (steps: readonly MaintenanceStep[], laterMs: number): Promise<void> => {
    const clock = { ...systemClock, now: () => systemClock.now() + laterMs };
    const report = await maintainTable(ident, steps, { catalog, store, clock, random: seededRandom(sum.runs), options }, false);
    for (const { step, figures } of report.steps) {
      if (step === 'compact') sum.compacted += figures['files'] ?? 0;
      if (step === 'compact') sum.conflicts += figures['conflicts'] ?? 0;
      if (step === 'expire') sum.expired += figures['snapshots'] ?? 0;
      if (step === 'orphans') sum.swept += figures['objects'] ?? 0;
    }
  };
  for (; !isOver(sum); sum.runs++) {
    await keepUp(['compact', 'manifests', 'orphans'], 0);
    if (sum.runs % 3 === 2) await keepUp(['expire'], 2 * hourMs);
    await systemClock.sleep(input.pauseMs);
  }
  return sum;
}

/** Time runs faster for objects: what was there by `oldBefore` counts as hours old, but for metadata, which tells the catalog's time. */
export function agedStore(store: ObjectStore, oldBefore: () => EpochMs): ObjectStore {
  return {
    ...store,
    async *list(prefix, signal) {
      for await (const head of store.list(prefix, signal)) {
        const isOld = head.modifiedAt < oldBefore() && !head.key.endsWith('.metadata.json');
        yield isOld ? { ...head, modifiedAt: head.modifiedAt - 2 * hourMs } : head;
      }
    },
  };
}

export function quantiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (quantile: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}
