// Keeping the commit path short: manifests are merged beside the ingest, after a commit. Given up when the ingest is faster
// every time, until the next commit. Objects that become unreachable are the sweeper's (I4).

import { identText, type LoadedTable } from '../catalog/catalog.ts';
import { mergeTableManifests } from '../maintenance/merge-table-manifests.ts';
import type { CommitDeps } from './commit.ts';
import type { TableTarget } from './table.ts';

export async function mergeManifests(
  table: LoadedTable,
  manifestsMin: number,
  { ident }: TableTarget,
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<void> {
  const merged = await mergeTableManifests(
    ident,
    table,
    { ...deps, cache: deps.appendCache, manifestsMin },
    { before: () => deps.crashPoint('maintain:before-commit'), after: () => deps.crashPoint('maintain:after-commit') },
    signal,
  );
  if (merged.kind === 'committed')
    deps.logger.debug({ table: identText(ident), manifests: merged.manifests, conflicts: merged.conflicts }, 'manifests merged');
}
