// Small data files of a table as few large ones, beside whoever writes it: look (one scan of the head) → rewrite a bin, sorted,
// and prove that it holds the rows of its files → upload → one `replace` snapshot over the newest head, which carries no
// offsets and leaves `foz.next` alone. It asserts the head, and that every file it stands for is still in it; so whatever was
// added, erased or compacted meanwhile wins, and no row can be in the table twice or not at all. A bin is a commit of its own.
// What dies on the way is an orphan; the next run begins again.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { LoadedTable, TableIdent } from '../../catalog/catalog.ts';
import type { DataFile } from '../../lake/iceberg/data-file.ts';
import { checkWritable } from '../../lake/iceberg/metadata-object.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { newSnapshotId } from '../../lake/iceberg/next-snapshot.ts';
import { putDataFile } from '../../lake/iceberg/put-data-file.ts';
import { prepareReplace } from '../../lake/iceberg/replace-files.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import type { ManifestEntries } from '../../lake/iceberg/snapshot-files.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { commitBeside, type BesideCommit, type BesideDeps, type BesideOutcome } from '../commit-beside.ts';
import type { MaintenanceHook } from '../maintenance-point.ts';
import { upkeepFailure } from '../upkeep-failure.ts';
import { binTurns, halvesOf, without } from './bin-turns.ts';
import { lookAgain } from './look-again.ts';
import { isSmall, planCompaction, smallFiles, type Bin, type CompactionLimits } from './plan-compaction.ts';
import type { FileRewriter } from './rewrite-files.ts';

export interface CompactDeps extends BesideDeps {
  readonly store: ObjectStore;
  readonly limits: CompactionLimits;
  /** New files of one run of a table; the rest is for the next. What comes to nothing does not count. */
  readonly binsMax: number;
  readonly openRewriter: () => Promise<FileRewriter>;
  readonly pass: MaintenanceHook;
}

export interface Compacted {
  readonly bins: number;
  readonly files: number;
  readonly rows: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly conflicts: number;
  /** Bins that came to nothing, and why. */
  readonly left: readonly string[];
  /** A commit may have been applied, or may be still. */
  readonly isUnknown: boolean;
  /** Files of a bin are damaged, or rewriting it trips over a bug; the other bins had their turn. */
  readonly isFailed: boolean;
  /** That have had no turn. */
  readonly binsLeft: number;
  /** That are left after it, settled or not. */
  readonly smallFiles: number;
  readonly table: LoadedTable;
}

/** No compaction takes so long between its upload and its last request: what the sweep relies on. */
export const compactionAgeMaxMs = 30 * 60_000;
/** How a compaction names its files: a worker's have no such end. */
export const compactedSuffix = '-compacted.parquet';

export interface FoundBins {
  readonly bins: readonly Bin[];
  /** Of the whole table, whether or not they are in a bin. */
  readonly smallFiles: number;
}

/** What there is to compact. Throws TABLE_UNSUPPORTED for tables that Foz does not write. */
export async function findBins(
  table: LoadedTable,
  deps: Pick<CompactDeps, 'store' | 'clock' | 'limits'>,
  signal?: AbortSignal,
): Promise<FoundBins> {
  checkWritable(table.metadata);
  const { files } = await planScan({ metadata: table.metadata, store: deps.store }, signal);
  const bins = planCompaction(files, table.metadata, deps.clock.now(), deps.limits);
  return { bins, smallFiles: smallFiles(files, deps.limits) };
}

export async function compactTable(ident: TableIdent, base: LoadedTable, deps: CompactDeps, signal?: AbortSignal): Promise<Compacted> {
  const found = await findBins(base, deps, signal);
  const sum = {
    bins: 0,
    files: 0,
    rows: 0,
    bytesBefore: 0,
    bytesAfter: 0,
    conflicts: 0,
    isUnknown: false,
    isFailed: false,
    binsLeft: 0,
    smallFiles: found.smallFiles,
  };
  const left: string[] = [];
  let table = base;
  if (found.bins.length === 0) return { ...sum, left, table };
  await using rewriter = await deps.openRewriter();
  const known: ManifestEntries = new Map();
  const turns = binTurns(found.bins, deps.binsMax, deps.random);
  for (let bin = turns.next(); bin !== null; bin = turns.next()) {
    signal?.throwIfAborted();
    try {
      const { outcome, written } = await compactBin(ident, table, bin, rewriter, known, deps, signal);
      sum.conflicts += outcome.conflicts;
      if (outcome.kind === 'committed') {
        table = outcome.table;
        turns.done();
        sum.bins++;
        sum.files += bin.files.length;
        sum.rows += bin.rows;
        sum.bytesBefore += bin.bytes;
        sum.bytesAfter += written.fileSizeInBytes;
        sum.smallFiles += (isSmall(written.fileSizeInBytes, deps.limits) ? 1 : 0) - bin.files.length;
        continue;
      }
      turns.failed();
      left.push(outcome.kind === 'nothing' ? filesGone : outcome.message);
      if (outcome.kind === 'nothing') table = outcome.table;
      sum.isUnknown ||= outcome.kind === 'unknown';
      if (outcome.kind !== 'nothing') break;
    } catch (thrown) {
      const again = await lookAgain(ident, { table, bin, error: thrown }, known, deps, signal);
      const { error, isOutdated } = again;
      table = again.table;
      if (isOutdated) {
        turns.failed();
        left.push(filesGone);
        continue;
      }
      const failure = upkeepFailure(error);
      if (!(error instanceof LakeError) || failure === null) throw error;
      left.push(error.message);
      sum.isFailed ||= failure === 'failed';
      // The files beside one that is left alone have their turn without it.
      turns.failed(without(bin, error.context['location']) ?? (isDivisible(error) ? halvesOf(bin) : []));
    }
  }
  left.push(...turns.limitsReached());
  return { ...sum, binsLeft: turns.waiting(), left, table };
}

/** Fewer files may go well: without the damaged one, or in the memory that there is. */
function isDivisible(error: LakeError): boolean {
  return upkeepFailure(error) === 'failed' || error.code === 'LIMIT_EXCEEDED';
}

const filesGone = 'its files are not in the table any more';

async function compactBin(
  ident: TableIdent,
  table: LoadedTable,
  bin: Bin,
  rewriter: FileRewriter,
  known: ManifestEntries,
  deps: CompactDeps,
  signal: AbortSignal | undefined,
): Promise<{ readonly outcome: BesideOutcome; readonly written: DataFile }> {
  await deps.pass('compact:before-rewrite');
  const local = await rewriter.rewrite(table.metadata, bin, signal);
  await deps.pass('compact:rewritten');
  const until = deps.clock.now() + compactionAgeMaxMs;
  const written = await putDataFile(local, table.metadata, deps.store, signal, compactedSuffix).finally(() =>
    rm(local.path, { force: true }),
  );
  await deps.pass('compact:uploaded');
  const compactionId = randomUUID();
  const outcome = await commitBeside(
    ident,
    table,
    (current) => replaceBin(current, bin, written, compactionId, known, deps, signal),
    deps,
    { before: () => deps.pass('compact:before-commit'), after: () => deps.pass('compact:after-commit'), until },
    signal,
  );
  return { outcome, written };
}

/** Null when the head no longer holds every file of the bin. */
async function replaceBin(
  { metadata }: LoadedTable,
  bin: Bin,
  written: DataFile,
  compactionId: string,
  known: ManifestEntries,
  { store, random, clock }: CompactDeps,
  signal: AbortSignal | undefined,
): Promise<BesideCommit | null> {
  const replaced = new Map(bin.files.map(({ file }, i) => [file.filePath, i === 0 ? written : null] as const));
  const snapshotId = newSnapshotId(random);
  const snapshot = await prepareReplace(
    {
      metadata,
      store,
      replaced,
      isSameRows: true,
      summary: { 'foz.compacted-files': String(bin.files.length) },
      snapshotId,
      commitId: compactionId,
      now: clock.now(),
      known,
    },
    signal,
  );
  if (snapshot === null) return null;
  return {
    snapshotId,
    commit: {
      requirements: [
        { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
        { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null },
      ],
      updates: [
        { action: 'add-snapshot', snapshot },
        { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshotId },
      ],
    },
  };
}
