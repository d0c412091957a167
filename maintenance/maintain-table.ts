// The upkeep of one table: expiry, manifests, compaction, the sweep, in this order, so that each finds what the one before left.
// What one step refuses does not keep the next from its turn; but after an unknown outcome nothing of the table is swept.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { identText, type Catalog, type LoadedTable, type TableIdent } from '../catalog/catalog.ts';
import { checkWritable, liveManifestsOf } from '../lake/iceberg/metadata-object.ts';
import { defaultMergeLimits, manifestsToMerge } from '../lake/iceberg/merge-manifests.ts';
import { mainSnapshot } from '../lake/iceberg/metadata.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import type { Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Random } from '../runtime/random.ts';
import type { BesideOutcome } from './commit-beside.ts';
import { compactTable, findBins, type CompactDeps } from './compact/compact-table.ts';
import type { CompactionLimits } from './compact/plan-compaction.ts';
import { openFileRewriter } from './compact/rewrite-files.ts';
import { expireTable, expiryOf } from './expire-table.ts';
import type { MaintenanceHook } from './maintenance-point.ts';
import { mergeTableManifests } from './merge-table-manifests.ts';
import { sweepTable } from './sweep/sweep-table.ts';
import { openUploadOffsets } from './sweep/upload-offsets.ts';
import { upkeepFailure } from './upkeep-failure.ts';

export const maintenanceSteps = ['expire', 'manifests', 'compact', 'orphans'] as const;
export type MaintenanceStep = (typeof maintenanceSteps)[number];

export interface MaintainOptions {
  readonly compaction: CompactionLimits;
  /** Of one run of a table. */
  readonly binsMax: number;
  readonly manifestsMin: number;
  readonly orphansOlderThanMs: number;
  readonly objectsMax: number;
  readonly memoryBytes: number;
  readonly threads: number;
  /** For files on their way; each run has a folder of its own in it. */
  readonly directory: string;
}

export interface MaintainDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly options: MaintainOptions;
  readonly pass?: MaintenanceHook;
}

export interface StepReport {
  readonly step: MaintenanceStep;
  /**
   * `left`: others were faster, or it cannot be done; `failed`: something is damaged, or a bug; `unknown`: a commit may have
   * been applied.
   */
  readonly outcome: 'done' | 'nothing' | 'left' | 'failed' | 'unknown';
  readonly detail: string;
  /** By name: files, rows, bytesBefore, … */
  readonly figures: Readonly<Record<string, number>>;
  /** What was left alone, and why. */
  readonly notes: readonly string[];
}

export interface TableReport {
  readonly table: string;
  readonly steps: readonly StepReport[];
  /** After the compaction, where it was looked at. */
  readonly smallFiles: number | null;
}

/** With `isDry` nothing is written: it says what would be done. Errors: those of catalog and store, which end the run. */
export async function maintainTable(
  ident: TableIdent,
  steps: readonly MaintenanceStep[],
  deps: MaintainDeps,
  isDry: boolean,
  signal?: AbortSignal,
): Promise<TableReport> {
  const reports: StepReport[] = [];
  for (const step of maintenanceSteps.filter((name) => steps.includes(name))) {
    signal?.throwIfAborted();
    const table = await deps.catalog.loadTable(ident, signal);
    if (table === null) throw new LakeError('CONFIG_INVALID', `there is no table ${identText(ident)}`);
    if (step === 'orphans' && reports.some(({ outcome }) => outcome === 'unknown')) {
      reports.push({
        step,
        outcome: 'left',
        detail: 'a commit of this run may still be applied: nothing is swept',
        figures: {},
        notes: [],
      });
      continue;
    }
    reports.push(await leftAlone(step, () => run(step, ident, table, deps, isDry, signal)));
  }
  const smallFiles = reports.find(({ step }) => step === 'compact')?.figures['smallFiles'] ?? null;
  return { table: identText(ident), steps: reports, smallFiles };
}

type Step = (ident: TableIdent, table: LoadedTable, deps: MaintainDeps, isDry: boolean, signal?: AbortSignal) => Promise<StepReport>;

function run(step: MaintenanceStep, ident: TableIdent, table: LoadedTable, deps: MaintainDeps, isDry: boolean, signal?: AbortSignal) {
  const runs: Readonly<Record<MaintenanceStep, Step>> = { expire, manifests, compact, orphans };
  return runs[step](ident, table, deps, isDry, signal);
}

/** What one step cannot is told, and the next step has its turn. */
async function leftAlone(step: MaintenanceStep, work: () => Promise<StepReport>): Promise<StepReport> {
  try {
    return await work();
  } catch (error) {
    const outcome = upkeepFailure(error);
    if (outcome === null || !(error instanceof LakeError)) throw error;
    return { step, outcome, detail: error.message, figures: {}, notes: [] };
  }
}

const expire: Step = async (ident, table, deps, isDry, signal) => {
  const step = 'expire' as const;
  const plan = expiryOf(table.metadata, deps.clock.now());
  if (plan === null)
    return { step, outcome: 'nothing', detail: 'another writer’s table, which does not set history.expire.*', figures: {}, notes: [] };
  if (isDry) {
    const { expired } = plan;
    return wouldDo(step, expired.length, `${expired.length} snapshots would be forgotten`, { snapshots: expired.length });
  }
  const hooks = { before: () => deps.pass?.('expire:before-commit'), after: () => deps.pass?.('expire:after-commit') };
  const outcome = await expireTable(ident, table, deps, hooks, signal);
  return committed(step, outcome, `${outcome.snapshots} snapshots forgotten`, { snapshots: outcome.snapshots });
};

const manifests: Step = async (ident, table, deps, isDry, signal) => {
  const step = 'manifests' as const;
  const { manifestsMin } = deps.options;
  if (isDry) {
    checkWritable(table.metadata);
    const live = await liveManifestsOf(deps.store, mainSnapshot(table.metadata), undefined, signal);
    const count = manifestsToMerge(live, { ...defaultMergeLimits, manifestsMin }).flat().length;
    return wouldDo(step, count, `${count} of ${live.length} manifests would be merged`, { manifests: count });
  }
  const hooks = { before: () => deps.pass?.('manifests:before-commit'), after: () => deps.pass?.('manifests:after-commit') };
  const outcome = await mergeTableManifests(ident, table, { ...deps, manifestsMin }, hooks, signal);
  return committed(step, outcome, `${outcome.manifests} manifests merged`, { manifests: outcome.manifests, conflicts: outcome.conflicts });
};

const compact: Step = async (ident, table, deps, isDry, signal) => {
  const step = 'compact' as const;
  const { compaction, binsMax, memoryBytes, threads, directory } = deps.options;
  const compactDeps: CompactDeps = {
    ...deps,
    limits: compaction,
    binsMax,
    openRewriter: () => openFileRewriter(deps.store, { directory: join(directory, randomUUID()), memoryBytes, threads }),
    pass: deps.pass ?? (() => undefined),
  };
  if (isDry) {
    const { bins, smallFiles } = await findBins(table, compactDeps, signal);
    const files = bins.reduce((sum, bin) => sum + bin.files.length, 0);
    const bytes = bins.reduce((sum, bin) => sum + bin.bytes, 0);
    return wouldDo(step, files, `${files} files would become ${bins.length}`, { files, bins: bins.length, bytesBefore: bytes, smallFiles });
  }
  const { left, isUnknown, isFailed, table: _table, ...figures } = await compactTable(ident, table, compactDeps, signal);
  const { files, bins } = figures;
  const outcome = isUnknown ? 'unknown' : isFailed ? 'failed' : bins > 0 ? 'done' : left.length > 0 ? 'left' : 'nothing';
  const detail = bins > 0 ? `${files} files became ${bins}` : (left[0] ?? 'nothing to gain');
  return { step, outcome, detail, figures, notes: left };
};

const orphans: Step = async (ident, _table, deps, isDry, signal) => {
  const step = 'orphans' as const;
  const { orphansOlderThanMs, objectsMax, directory } = deps.options;
  const outcome = await sweepTable(
    ident,
    {
      ...deps,
      olderThanMs: orphansOlderThanMs,
      objectsMax,
      isDry,
      openOffsets: () => openUploadOffsets(deps.store, join(directory, randomUUID())),
      pass: deps.pass ?? (() => undefined),
    },
    signal,
  );
  if (outcome.kind === 'refused') return { step, outcome: 'left', detail: outcome.why, figures: {}, notes: [] };
  const { objects, bytes, left, leftTotal, locations } = outcome.swept;
  const figures = {
    objects: locations.length,
    bytes,
    dataFiles: objects.data,
    manifests: objects.manifest,
    manifestLists: objects.list,
    left: leftTotal,
  };
  const notes = [...(isDry ? locations : []), ...left.map(({ location, why }) => `${location}: ${why}`)];
  const what = `${locations.length} objects ${isDry ? 'would be ' : ''}deleted`;
  return { step, outcome: locations.length === 0 ? 'nothing' : 'done', detail: what, figures, notes };
};

function wouldDo(step: MaintenanceStep, count: number, detail: string, figures: StepReport['figures']): StepReport {
  return { step, outcome: count === 0 ? 'nothing' : 'done', detail, figures, notes: [] };
}

function committed(step: MaintenanceStep, outcome: BesideOutcome, detail: string, figures: StepReport['figures']): StepReport {
  if (outcome.kind === 'committed') return { step, outcome: 'done', detail, figures, notes: [] };
  if (outcome.kind === 'nothing') return { step, outcome: 'nothing', detail: 'nothing to do', figures, notes: [] };
  return { step, outcome: outcome.kind === 'unknown' ? 'unknown' : 'left', detail: outcome.message, figures, notes: [] };
}
