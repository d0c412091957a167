// Manifests of a table merged where a size class is full (lake/iceberg/merge-manifests.ts), as a `replace` snapshot that
// carries no offsets. The worker does it after its commits; the upkeep does it for tables that nobody writes any more.

import { randomUUID } from 'node:crypto';
import type { LoadedTable, TableIdent } from '../catalog/catalog.ts';
import type { AppendCache } from '../lake/iceberg/append-cache.ts';
import { defaultMergeLimits, prepareMerge, rebaseMerge, type MergeInput, type PreparedMerge } from '../lake/iceberg/merge-manifests.ts';
import { newSnapshotId } from '../lake/iceberg/next-snapshot.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import { commitBeside, type BesideDeps, type BesideOptions, type BesideOutcome } from './commit-beside.ts';

export interface MergeDeps extends BesideDeps {
  readonly store: ObjectStore;
  readonly cache?: AppendCache;
  /** As many of one size class are merged. */
  readonly manifestsMin: number;
}

/** No merge takes so long between its first manifest and its last request: what the sweep relies on. */
export const mergeAgeMaxMs = 30 * 60_000;

export type MergedManifests = BesideOutcome & { readonly manifests: number };

export async function mergeTableManifests(
  ident: TableIdent,
  table: LoadedTable,
  deps: MergeDeps,
  options: BesideOptions = {},
  signal?: AbortSignal,
): Promise<MergedManifests> {
  const mergeId = randomUUID();
  const { store, cache, manifestsMin } = deps;
  const until = deps.clock.now() + mergeAgeMaxMs;
  let prepared: PreparedMerge | null = null;
  const outcome = await commitBeside(
    ident,
    table,
    async ({ metadata }) => {
      const input: MergeInput = {
        metadata,
        store,
        snapshotId: newSnapshotId(deps.random),
        mergeId,
        now: deps.clock.now(),
        limits: { ...defaultMergeLimits, manifestsMin },
        ...(cache ? { cache } : {}),
      };
      prepared = prepared ? await rebaseMerge(prepared, input, signal) : await prepareMerge(input, signal);
      return prepared && { commit: prepared.commit, snapshotId: prepared.snapshot['snapshot-id'] };
    },
    deps,
    { ...options, until: Math.min(until, options.until ?? until) },
    signal,
  );
  return { ...outcome, manifests: outcome.kind === 'committed' ? replacedIn(prepared) : 0 };
}

function replacedIn(prepared: PreparedMerge | null): number {
  return prepared?.replaced.size ?? 0;
}
