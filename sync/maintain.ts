// Keeping the commit path short: manifests are merged beside the ingest, as a `replace` snapshot that carries no
// offsets. Ingest wins every conflict: the merge is written again over the newer head, a bounded number of times, and
// given up until the next commit otherwise. Objects that become unreachable are the sweeper's (I4).

import { identText, type LoadedTable } from '../catalog/catalog.ts';
import { defaultMergeLimits, prepareMerge, rebaseMerge, type MergeInput } from '../lake/iceberg/merge-manifests.ts';
import { newSnapshotId } from '../lake/iceberg/next-snapshot.ts';
import { LakeError } from '../runtime/errors.ts';
import { reload, type CommitDeps } from './commit.ts';
import { newCommitId, type TableTarget } from './table.ts';

const attemptsMax = 5;

/** Merges the manifests of the table's head where a size class is full. Null when there was nothing to gain or ingest was faster. */
export async function mergeManifests(
  table: LoadedTable,
  manifestsMin: number,
  target: TableTarget,
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<LoadedTable | null> {
  const mergeId = newCommitId();
  const inputOn = (current: LoadedTable): MergeInput => ({
    metadata: current.metadata,
    store: deps.store,
    snapshotId: newSnapshotId(deps.random),
    mergeId,
    now: deps.clock.now(),
    cache: deps.appendCache,
    limits: { ...defaultMergeLimits, manifestsMin },
  });
  let prepared = await prepareMerge(inputOn(table), signal);
  for (let attempt = 1; prepared && attempt <= attemptsMax; attempt++) {
    await deps.crashPoint('maintain:before-commit');
    const outcome = await deps.catalog.commitTable(target.ident, prepared.commit, signal).catch((error: unknown) => {
      if (error instanceof LakeError && error.retry === 'reconcile') return { kind: 'conflict' as const, message: error.message };
      throw error;
    });
    await deps.crashPoint('maintain:after-commit');
    if (outcome.kind === 'committed') {
      deps.logger.debug({ table: identText(target.ident), manifests: prepared.replaced.size, attempt }, 'manifests merged');
      return outcome.table;
    }
    const current = await reload(target, table, deps, signal);
    prepared = await rebaseMerge(prepared, inputOn(current), signal);
  }
  return null;
}
