// A day of results as one file. Results come in small batches, so a day leaves hundreds of small files; once it is over they are
// read, written as one, and replaced in one commit, which asserts the head it was read from: whoever commits first wins, and the
// day is tried again later. No row is added, changed or lost, and the position among the store's results stays as it is.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { identText, type TableIdent } from '../../catalog/catalog.ts';
import type { DataFile } from '../../lake/iceberg/data-file.ts';
import { planExpiry } from '../../lake/iceberg/expire.ts';
import { currentSchema, mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { newSnapshotId } from '../../lake/iceberg/next-snapshot.ts';
import { putDataFile } from '../../lake/iceberg/put-data-file.ts';
import { prepareReplace } from '../../lake/iceberg/replace-files.ts';
import { planScan, type ScanFile } from '../../lake/iceberg/scan.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { openReadingDuckdb } from '../../query/duckdb.ts';
import { openFileCache } from '../../query/file-cache.ts';
import { rowsOfFiles } from '../../query/table-files.ts';
import { assert, LakeError } from '../../runtime/errors.ts';
import type { AppendParts } from './append-results.ts';
import { resultsNamespace, timeColumn, type ResultTable } from './result-tables.ts';
import { copyDay } from './write-rows.ts';

export type CompactParts = Pick<AppendParts, 'catalog' | 'objectStore' | 'clock' | 'random' | 'directory'>;

/** Fewer are no trouble: a result that comes late does not have its day written anew. */
const filesMin = 8;
/** A day that holds more is left as it is. */
const rowsMax = 500_000;
/** Results of a day still come for a while. */
const settledMs = 3_600_000;
const dayMs = 86_400_000;
const memoryBytes = 128_000_000;

/** The oldest day that is over and has many files. Returns how many files became one; 0: none, or another commit was first. */
export async function compactDay({ name }: Pick<ResultTable, 'name'>, parts: CompactParts, signal: AbortSignal): Promise<number> {
  const ident: TableIdent = { namespace: [resultsNamespace], name };
  const table = await parts.catalog.loadTable(ident, signal);
  if (table === null) return 0;
  const { metadata } = table;
  const plan = await planScan({ metadata, store: parts.objectStore }, signal);
  const day = dayToCompact(plan.files, metadata['default-spec-id'], parts.clock.now());
  if (day === null) return 0;
  const written = await writeDay(metadata, day, parts, signal);
  return (await replaceFiles(ident, metadata, day, written, parts, signal)) ? day.files.length : 0;
}

interface Day {
  /** Since 1970-01-01. */
  readonly days: number;
  readonly files: readonly ScanFile[];
}

function dayToCompact(files: readonly ScanFile[], specId: number, now: number): Day | null {
  const byDay = new Map<number, ScanFile[]>();
  for (const file of files) {
    const [days] = Object.values(file.file.partition);
    if (file.specId !== specId || typeof days !== 'number' || (days + 1) * dayMs + settledMs > now) continue;
    byDay.set(days, [...(byDay.get(days) ?? []), file]);
  }
  const full = [...byDay].filter(([, own]) => own.length >= filesMin && rowsOf(own) <= rowsMax).toSorted(([a], [b]) => a - b);
  const [oldest] = full;
  return oldest === undefined ? null : { days: oldest[0], files: oldest[1] };
}

function rowsOf(files: readonly ScanFile[]): number {
  return files.reduce((sum, { file }) => sum + Number(file.recordCount), 0);
}

async function writeDay(
  metadata: TableMetadata,
  { days, files }: Day,
  { objectStore, directory }: CompactParts,
  signal: AbortSignal,
): Promise<DataFile> {
  const cache = await openFileCache(objectStore, { directory, bytesMax: 0 });
  const objects = files.map(({ file }) => ({ location: file.filePath, bytes: Number(file.fileSizeInBytes) }));
  try {
    const paths = await cache.hold(objects, signal);
    await using duckdb = await openReadingDuckdb({ directory, memoryBytes, threads: 1 });
    const { columns, from } = rowsOfFiles(currentSchema(metadata), { paths, names: null, rows: rowsOf(files) });
    const select = `SELECT ${columns.join(', ')} FROM ${from} ORDER BY ${quoted(timeColumn)}`;
    const local = await copyDay(duckdb, { select, days, metadata, directory });
    try {
      assert(local.dataFile.recordCount === rowsOf(files), 'a day of results has as many rows in one file as it had in many');
      return await putDataFile(local, metadata, objectStore, signal);
    } finally {
      await rm(local.path, { force: true });
    }
  } finally {
    await cache.forget(objects.map(({ location }) => location));
  }
}

/** False: the head moved on. The new file is an orphan then. */
async function replaceFiles(
  ident: TableIdent,
  metadata: TableMetadata,
  { files }: Day,
  written: DataFile,
  { catalog, objectStore: store, clock, random }: CompactParts,
  signal: AbortSignal,
): Promise<boolean> {
  const now = clock.now();
  const replaced = new Map(files.map(({ file }, at) => [file.filePath, at === 0 ? written : null] as const));
  const commitId = randomUUID();
  const input = { metadata, store, replaced, summary: { 'foz.compacted-files': String(files.length) }, now, commitId };
  const snapshot = await prepareReplace({ ...input, snapshotId: newSnapshotId(random) }, signal);
  if (snapshot === null) return false;
  const outcome = await catalog
    .commitTable(
      ident,
      {
        requirements: [
          { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
          { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null },
        ],
        updates: [
          { action: 'add-snapshot', snapshot },
          { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshot['snapshot-id'] },
          ...planExpiry(metadata, now).updates,
        ],
      },
      signal,
    )
    .catch((error: unknown) => {
      // It may have been applied: then the day has one file when it is looked at again.
      if (error instanceof LakeError && error.retry === 'reconcile') return { kind: 'conflict' as const };
      throw error;
    });
  if (outcome.kind === 'missing') throw new LakeError('CATALOG_REFUSED', `${identText(ident)} was dropped while a day of it was compacted`);
  return outcome.kind === 'committed';
}
