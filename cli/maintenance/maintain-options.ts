// From `catalog.maintenance` to what the upkeep takes.

import { defaultCompactionLimits } from '../../maintenance/compact/plan-compaction.ts';
import type { MaintainOptions } from '../../maintenance/maintain-table.ts';
import type { CatalogMaintenanceConfig } from '../options/catalog-maintenance.ts';

/** More objects under one table are not looked through for orphans. */
const objectsMax = 2_000_000;
/** New files of one run of a table: the rest is for the next run. */
const binsMax = 64;
const manifestsMin = 30;

/** `directory`: of this process alone. */
export function maintainOptions({ compact, orphans, memory, threads }: CatalogMaintenanceConfig, directory: string): MaintainOptions {
  return {
    compaction: { ...defaultCompactionLimits, bytesTarget: compact.fileSize, filesMin: compact.minFiles, settleMs: compact.settle },
    binsMax,
    manifestsMin,
    orphansOlderThanMs: orphans.olderThan,
    objectsMax,
    memoryBytes: memory,
    threads,
    directory,
  };
}

/** Of the raw tables and of what Foz writes besides: results of checks. */
export function maintainedNamespaces(rawNamespace: string): readonly (readonly string[])[] {
  return [[rawNamespace], ['foz']];
}
