// The commit of an erasure: rewritten files in the place of those that held the key, the snapshots that named them
// forgotten in the same swap, and `foz.next` as it stands, under a commit of its own that says how many rows are left.
// So it passes the same compare-and-swap as data, the worker goes on where it was (I2: no offset moves), and behind an
// expired parent the count agrees (I1). One try: ingest wins every conflict, and what it added is looked at before the
// next one.

import { identText, type Catalog, type LoadedTable } from '../catalog/catalog.ts';
import type { Requirement, TableCommit, Update } from '../lake/iceberg/commit.ts';
import type { DataFile } from '../lake/iceberg/data-file.ts';
import { checkGcEnabled } from '../lake/iceberg/gc-enabled.ts';
import { mainSnapshot, sameLong, type Long, type TableMetadata } from '../lake/iceberg/metadata.ts';
import { newSnapshotId } from '../lake/iceberg/next-snapshot.ts';
import { prepareReplace } from '../lake/iceberg/replace-files.ts';
import { erasedHash, erasedProperty, erasedText, parseErased, withErased, type KeyMembers } from '../lake/raw/erased.ts';
import {
  chainProperty,
  chainText,
  extendChain,
  holdsCommit,
  readChain,
  recordsOf,
  spansText,
  summaryKeys,
} from '../lake/raw/offset-chain.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import type { Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Random } from '../runtime/random.ts';
import { HaltError, rolledBack } from './halt.ts';
import { newCommitId, type TableTarget } from './table.ts';

export interface Erasure {
  /** The same on every try. */
  readonly commitId: string;
  /** By location of a file of main's head: the same rows without those erased; null where none is left. */
  readonly replaced: ReadonlyMap<string, DataFile | null>;
  /** The head has deleted entries of another engine whose bounds tell of the key: its manifests are written anew. */
  readonly isHeadTelling: boolean;
  /** Snapshots that held the key; tags on them go with them. */
  readonly expired: readonly Long[];
  readonly erased: readonly { readonly key: KeyMembers; readonly rows: number }[];
}

export interface EraseDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Told once the request is ready, and after the answer: for fault tests. */
  readonly crashPoint?: (point: 'commit:before' | 'commit:after') => void | Promise<void>;
}

export type EraseOutcome =
  | { readonly kind: 'committed'; readonly table: LoadedTable }
  /** Look again and try again. */
  | { readonly kind: 'conflict'; readonly table: LoadedTable; readonly message: string };

/** Throws HaltError for a table whose chain is broken: decide first; TABLE_UNSUPPORTED for one with gc.enabled=false. */
export async function commitErasure(
  target: TableTarget,
  table: LoadedTable,
  erasure: Erasure,
  deps: EraseDeps,
  signal?: AbortSignal,
): Promise<EraseOutcome> {
  const request = await eraseRequest(target, table.metadata, erasure, deps, signal);
  if (request === null)
    return { kind: 'conflict', table: await reloaded(target, table, deps, signal), message: 'the head has other files now' };
  await deps.crashPoint?.('commit:before');
  // No requirement of a commit tells of a property: whoever has begun to share its files is asked for as late as can be.
  checkGcEnabled((await reloaded(target, table, deps, signal)).metadata, 'nothing was erased');
  const outcome = await deps.catalog.commitTable(target.ident, request, signal).catch((error: unknown) => {
    // I5: the outcome is unknown; the table tells.
    if (error instanceof LakeError && error.retry === 'reconcile') return { kind: 'unknown' as const, message: error.message };
    throw error;
  });
  await deps.crashPoint?.('commit:after');
  if (outcome.kind === 'committed') return outcome;
  const now = await reloaded(target, table, deps, signal);
  if (hasSnapshot(erasure) && holdsCommit(now.metadata, erasure.commitId)) return { kind: 'committed', table: now };
  return { kind: 'conflict', table: now, message: outcome.message };
}

async function eraseRequest(
  target: TableTarget,
  metadata: TableMetadata,
  erasure: Erasure,
  deps: EraseDeps,
  signal: AbortSignal | undefined,
): Promise<TableCommit | null> {
  const name = identText(target.ident);
  const state = readChain(metadata);
  if (state.kind === 'broken') throw new HaltError(name, rolledBack(name, state.reason));
  if (state.kind === 'empty')
    throw new LakeError('TABLE_UNSUPPORTED', `${name} holds nothing that Foz has written: there is no offset chain to carry on`);
  const requirements: readonly Requirement[] = [
    { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
    { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null },
    ...refsOn(metadata, erasure.expired),
  ];
  const expiry: readonly Update[] = erasure.expired.length === 0 ? [] : [{ action: 'remove-snapshots', 'snapshot-ids': erasure.expired }];
  if (!hasSnapshot(erasure)) return { requirements, updates: expiry };
  const { chain } = state;
  const { commitId } = erasure;
  const known = parseErased(metadata.properties[erasedProperty]) ?? { salt: newCommitId(), keys: [] };
  const told = erasure.erased.map(({ key, rows }) => ({ hash: erasedHash(known.salt, key), rows }));
  const snapshot = await prepareReplace(
    {
      metadata,
      store: deps.store,
      replaced: erasure.replaced,
      summary: {
        [summaryKeys.commitId]: commitId,
        [summaryKeys.clusterId]: chain.clusterId,
        [summaryKeys.offsets]: spansText([]),
        [summaryKeys.erased]: JSON.stringify(told),
      },
      snapshotId: newSnapshotId(deps.random),
      commitId,
      now: deps.clock.now(),
    },
    signal,
  );
  if (snapshot === null) return null;
  const next = chainText(extendChain(chain, [], commitId, chain.clusterId, recordsOf(snapshot.summary)));
  const erased = erasedText(withErased(known, erasure.erased, deps.clock.now()));
  return {
    requirements,
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshot['snapshot-id'] },
      { action: 'set-properties', updates: { [chainProperty]: next, [erasedProperty]: erased } },
      ...expiry,
    ],
  };
}

function hasSnapshot({ replaced, isHeadTelling }: Erasure): boolean {
  return replaced.size > 0 || isHeadTelling;
}

/** Names on what is to be forgotten: one that was set anew since must not go unseen. */
export function refsOn(metadata: TableMetadata, snapshots: readonly Long[]): readonly (Requirement & { readonly ref: string })[] {
  return Object.entries(metadata.refs)
    .filter(([name, ref]) => name !== 'main' && snapshots.some((id) => sameLong(id, ref['snapshot-id'])))
    .map(([ref, { 'snapshot-id': id }]) => ({ type: 'assert-ref-snapshot-id', ref, 'snapshot-id': id }));
}

async function reloaded(target: TableTarget, before: LoadedTable, { catalog }: EraseDeps, signal?: AbortSignal): Promise<LoadedTable> {
  const table = await catalog.loadTable(target.ident, signal);
  if (table && table.metadata['table-uuid'] === before.metadata['table-uuid']) return table;
  throw new LakeError(
    'CATALOG_REFUSED',
    `${identText(target.ident)} was dropped or replaced while it was erased from: nothing was written`,
  );
}
