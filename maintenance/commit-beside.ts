// A commit beside the ingest, which wins every conflict: whoever swaps the head first has it, and the other one prepares
// its commit again over what is there now, a few times, then gives up until the next run. Nothing is lost by giving up:
// what was written is an orphan for the sweep. An unknown outcome is looked up, never sent again here, and told to the
// caller, who deletes nothing of this table then (I5).

import { identText, type Catalog, type LoadedTable, type TableIdent } from '../catalog/catalog.ts';
import type { TableCommit } from '../lake/iceberg/commit.ts';
import { sameLong, type Long } from '../lake/iceberg/metadata.ts';
import type { Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Random } from '../runtime/random.ts';
import { retryDelayMs } from '../runtime/retry.ts';

export interface BesideDeps {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly random: Random;
}

export type BesideOutcome =
  | { readonly kind: 'committed'; readonly table: LoadedTable; readonly conflicts: number }
  /** There is nothing to commit over the newest head. */
  | { readonly kind: 'nothing'; readonly table: LoadedTable; readonly conflicts: number }
  /** Others were faster every time, or the table is not the one that it was. */
  | { readonly kind: 'lost'; readonly message: string; readonly conflicts: number }
  /** It may have been applied, or may be still: not found when looked for. */
  | { readonly kind: 'unknown'; readonly message: string; readonly conflicts: number };

export interface BesideCommit {
  readonly commit: TableCommit;
  /** Tells whether it was applied; null where nothing does: then a lost reply stays unknown. */
  readonly snapshotId: Long | null;
}

export interface BesideOptions {
  readonly before?: () => void | Promise<void>;
  readonly after?: () => void | Promise<void>;
  /** Nothing is sent after it. */
  readonly until?: number;
  readonly attemptsMax?: number;
}

const attemptsDefault = 8;
const conflictWait = { attemptsMax: attemptsDefault, delayMinMs: 10, delayMaxMs: 400 };

/** `prepare` is asked for every head anew; null ends it. Errors: its own, and those of the catalog but for unknown outcomes. */
export async function commitBeside(
  ident: TableIdent,
  base: LoadedTable,
  prepare: (table: LoadedTable) => Promise<BesideCommit | null>,
  deps: BesideDeps,
  options: BesideOptions = {},
  signal?: AbortSignal,
): Promise<BesideOutcome> {
  const attemptsMax = options.attemptsMax ?? attemptsDefault;
  let table = base;
  let message = '';
  for (let conflicts = 0; conflicts < attemptsMax; conflicts++) {
    if (conflicts > 0) await deps.clock.sleep(retryDelayMs(conflictWait, conflicts, deps.random), signal);
    signal?.throwIfAborted();
    const prepared = await preparedOver(ident, table, prepare, deps.catalog, signal);
    if (prepared !== null && 'metadata' in prepared) {
      table = prepared;
      message = 'objects of the head before were swept meanwhile';
      continue;
    }
    if (prepared === null) return { kind: 'nothing', table, conflicts };
    if (options.until !== undefined && deps.clock.now() > options.until)
      return { kind: 'lost', message: 'it took too long to be committed', conflicts };
    await options.before?.();
    const outcome = await sent(ident, prepared.commit, deps.catalog, signal);
    await options.after?.();
    if (outcome.kind === 'committed') return { ...outcome, conflicts };
    if (outcome.kind === 'missing') return { kind: 'lost', message: outcome.message, conflicts };
    const now = await deps.catalog.loadTable(ident, signal);
    if (now === null || now.metadata['table-uuid'] !== base.metadata['table-uuid'])
      return { kind: 'lost', message: `${identText(ident)} was dropped or replaced meanwhile`, conflicts };
    if (holds(now, prepared.snapshotId)) return { kind: 'committed', table: now, conflicts };
    if (outcome.kind === 'unknown') return { kind: 'unknown', message: outcome.message, conflicts };
    table = now;
    message = outcome.message;
  }
  return { kind: 'lost', message: `tried ${attemptsMax} times: ${message}`, conflicts: attemptsMax };
}

/** The newer table instead, where objects of this one are gone: an erasure forgets snapshots and deletes at once. */
async function preparedOver(
  ident: TableIdent,
  table: LoadedTable,
  prepare: (table: LoadedTable) => Promise<BesideCommit | null>,
  catalog: Catalog,
  signal: AbortSignal | undefined,
): Promise<BesideCommit | LoadedTable | null> {
  try {
    return await prepare(table);
  } catch (error) {
    const newer = await newerTable(ident, table, error, catalog, signal);
    if (newer === null) throw error;
    return newer;
  }
}

/** The table as it is now, where a missing object is no damage: the table has moved on since. Else null. */
export async function newerTable(
  ident: TableIdent,
  table: LoadedTable,
  error: unknown,
  catalog: Catalog,
  signal?: AbortSignal,
): Promise<LoadedTable | null> {
  if (!(error instanceof LakeError && error.code === 'OBJECT_MISSING')) return null;
  const now = await catalog.loadTable(ident, signal);
  const isSame = now?.metadata['table-uuid'] === table.metadata['table-uuid'];
  return now !== null && isSame && now.metadataLocation !== table.metadataLocation ? now : null;
}

async function sent(ident: TableIdent, commit: TableCommit, catalog: Catalog, signal: AbortSignal | undefined) {
  try {
    return await catalog.commitTable(ident, commit, signal);
  } catch (error) {
    if (error instanceof LakeError && error.retry === 'reconcile') return { kind: 'unknown' as const, message: error.message };
    throw error;
  }
}

function holds({ metadata }: LoadedTable, id: Long | null): boolean {
  return id !== null && metadata.snapshots.some((snapshot) => sameLong(snapshot['snapshot-id'], id));
}
