// An object is missing while a bin is compacted: others may have replaced the file and deleted it, an erasure for one; or it is
// gone though the table still names it. That the table has moved on tells nothing, as an ingest moves it all the time: the
// head tells, which holds the bin's files still or does not.

import type { LoadedTable, TableIdent } from '../../catalog/catalog.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { snapshotFiles, type ManifestEntries } from '../../lake/iceberg/snapshot-files.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { newerTable, type BesideDeps } from '../commit-beside.ts';
import type { Bin } from './plan-compaction.ts';

export interface LookedAgain {
  /** The newest that was looked at. */
  readonly table: LoadedTable;
  /** Its head no longer holds every file of the bin: the error is of a table that is no more. */
  readonly isOutdated: boolean;
  /** The last one: where the newer head cannot be read either, what its objects said. */
  readonly error: unknown;
}

/** A head may be swept between its load and the look; one that is lost each time is damaged. */
const looksMax = 3;

/** Errors: those of the catalog. */
export async function lookAgain(
  ident: TableIdent,
  { table, bin, error }: { readonly table: LoadedTable; readonly bin: Bin; readonly error: unknown },
  known: ManifestEntries,
  deps: Pick<BesideDeps, 'catalog'> & { readonly store: ObjectStore },
  signal?: AbortSignal,
): Promise<LookedAgain> {
  let [latest, reason] = [table, error];
  for (let looks = 0; looks < looksMax; looks++) {
    const newer = await newerTable(ident, latest, reason, deps.catalog, signal);
    if (newer === null) break;
    latest = newer;
    try {
      return { table: latest, isOutdated: !(await holds(latest, bin, known, deps.store, signal)), error };
    } catch (cause) {
      reason = cause;
    }
  }
  return { table: latest, isOutdated: false, error: reason };
}

async function holds(
  { metadata }: LoadedTable,
  { files }: Bin,
  known: ManifestEntries,
  store: ObjectStore,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const head = mainSnapshot(metadata);
  const { live } = await snapshotFiles(head === undefined ? [] : [head], store, known, {}, signal);
  return files.every(({ file }) => live.has(file.filePath));
}
