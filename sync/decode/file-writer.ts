// Rows of one day into Parquet files on local disk: nearly always one statement and one file.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LakeError } from '../../runtime/errors.ts';
import { copyReport } from '../../lake/parquet/copy-report.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { fieldIds } from '../../lake/parquet/field-ids.ts';
import { fileMetrics, leavesOf, microsOf, type ReportedStats } from '../../lake/parquet/file-metrics.ts';
import { isAlike, liveShapes } from '../../lake/raw/merge-shapes.ts';
import { judgeTally } from '../contract/judge-tally.ts';
import { judgedIn, type FileJudged, type RowsEnforcement } from '../contract/judged-file.ts';
import { remainingPages } from './day-sources.ts';
import { decodeSelect, reasonNoShape, type DecodeStatement } from './decode-sql.ts';
import type { DecodePlan, WrittenBatch, WrittenFile } from './decoder.ts';
import type { Duckdb } from './duckdb.ts';
import { prunableColumns } from './learn.ts';
import type { RowPage } from './row-pages.ts';
import type { ScannerChoice } from './scanner-choice.ts';
import { shapeGroups } from './shape-groups.ts';
import type { ShapeScanner } from './shape-scanner.ts';

export interface FileWriterOptions {
  readonly tempDir: string;
  /** Values of one row group, over all leaf columns: bounds the writer's memory on wide tables. */
  readonly rowGroupValuesMax: number;
  /** Tables with more leaf columns keep file metrics only for the columns that queries prune by. */
  readonly wideColumns: number;
  /** DuckDB's memory that the stages of one statement may take. */
  readonly stageBytesMax: number;
}

/** What one write teaches the next. */
export interface WriteMode {
  /** Writes still to be done with malformed texts sorted out first: they come in runs. */
  guardedWrites: number;
  /** Writes still to be done with violations listed by the statement: many come in runs too. */
  listedWrites: number;
  /** Pages of one file: fewer once a file did not fit into memory. */
  pagesMax: number;
  /** Of `stageBytesMax`: less once a statement over many shapes did not fit into memory. */
  stageBytesMax: number;
  readonly scanners: ScannerChoice;
}

export interface FileOutcome {
  readonly file: WrittenFile;
  readonly rescued: number;
  readonly changedAtUs: WrittenBatch['changedAtUs'];
  /** Rows that no shape fits although they are JSON, as `partition:offset`. */
  readonly unshaped: readonly string[];
  readonly judged: FileJudged;
}

export interface RowsToWrite {
  readonly id: number;
  readonly day: number;
  readonly pages: readonly RowPage[];
  readonly reasons: readonly string[];
  readonly readReasons: ReadonlySet<number>;
  readonly headers: DecodeStatement['headers'];
  readonly enforcement: RowsEnforcement | null;
}

const dictionaryBytesMax = 1_048_576;

/** After a malformed text. */
const guardedWritesAfter = 20;
/** After many violations of a contract. */
const listedWritesAfter = 20;
/** In one file: as many take the validator about as long as the plan of a statement that lists them. */
const violationsMany = 400;

/** All rows, each in exactly one of the files. Files of a failed call are removed. */
export async function writeFiles(
  duckdb: Duckdb,
  plan: DecodePlan,
  rows: RowsToWrite,
  mode: WriteMode,
  options: FileWriterOptions,
  signal?: AbortSignal,
): Promise<readonly FileOutcome[]> {
  const live = liveShapes(plan.shapes);
  const once = shapeGroups(live, mode.stageBytesMax);
  // What is scanned for one shape is not read for another. Where nested values alone tell two apart, the rows whose nested
  // values are not of the first are tried again, unscanned.
  const isAmbiguous = live.some((shape, i) => live.slice(0, i).some((other) => isAlike(other.root, shape.root)));
  const groups = isAmbiguous ? [...once.slice(0, 1), ...once] : once;
  const outcomes: FileOutcome[] = [];
  let { pages } = rows;
  try {
    for (const [i, shapes] of groups.entries()) {
      const isLast = i === groups.length - 1;
      const scanner = i === 0 ? mode.scanners.choose(plan.schema, shapes, pages) : null;
      const statement = {
        rowsId: rows.id,
        schema: plan.schema,
        shapes,
        reasons: rows.reasons,
        readReasons: rows.readReasons,
        headers: rows.headers,
        enforcement: rows.enforcement,
        kept: isLast ? ('all' as const) : isAmbiguous ? ('proven' as const) : ('settled' as const),
        scanner,
      };
      const outcome = await writeGuarded(duckdb, plan, statement, { ...rows, pages }, mode, options, signal);
      const { recordCount } = outcome.file.dataFile;
      if (recordCount === 0) {
        await rm(outcome.file.path, { force: true });
        continue;
      }
      outcomes.push(outcome);
      if (isLast || recordCount === countRows(pages)) break;
      pages = remainingPages(pages, await coordinatesIn(duckdb, outcome.file.path, 'true'));
    }
  } catch (error) {
    await removeFiles(outcomes.map((outcome) => outcome.file));
    throw wrapped(error);
  }
  return outcomes;
}

export async function removeFiles(files: readonly WrittenFile[]): Promise<void> {
  for (const file of files) await rm(file.path, { force: true });
}

type Statement = Omit<DecodeStatement, 'guarded' | 'scanned' | 'isListed'> & { readonly scanner: ShapeScanner | null };

/** Without a guard first, since malformed texts are rare; once one has failed a statement, with a guard for a while. */
async function writeGuarded(
  duckdb: Duckdb,
  plan: DecodePlan,
  statement: Statement,
  rows: RowsToWrite,
  mode: WriteMode,
  options: FileWriterOptions,
  signal?: AbortSignal,
): Promise<FileOutcome> {
  if (mode.guardedWrites === 0) {
    try {
      return await writeJudged(duckdb, plan, { ...statement, guarded: false }, rows, mode, options, signal);
    } catch (error) {
      if (!isRefusedText(error)) throw error;
      mode.guardedWrites = guardedWritesAfter;
    }
  }
  mode.guardedWrites--;
  const outcome = await writeJudged(duckdb, plan, { ...statement, guarded: true }, rows, mode, options, signal);
  if (outcome.rescued > 0) mode.guardedWrites = guardedWritesAfter;
  return outcome;
}

/** Rows seldom break rules: the statement that lists what they break is longer, and only for when they do. */
async function writeJudged(
  duckdb: Duckdb,
  plan: DecodePlan,
  statement: Statement & { readonly guarded: boolean },
  rows: RowsToWrite,
  mode: WriteMode,
  options: FileWriterOptions,
  signal?: AbortSignal,
): Promise<FileOutcome> {
  const outcome = await writeFile(duckdb, plan, { ...statement, isListed: mode.listedWrites > 0 }, rows, options, signal);
  if (rows.enforcement)
    mode.listedWrites = outcome.judged.violating > violationsMany ? listedWritesAfter : Math.max(0, mode.listedWrites - 1);
  return outcome;
}

async function writeFile(
  duckdb: Duckdb,
  plan: DecodePlan,
  statement: Statement & { readonly guarded: boolean; readonly isListed: boolean },
  rows: RowsToWrite,
  options: FileWriterOptions,
  signal?: AbortSignal,
): Promise<FileOutcome> {
  const path = join(options.tempDir, `${randomUUID()}.parquet`);
  const { schema } = plan;
  const { enforcement } = rows;
  const tally = enforcement && judgeTally(enforcement.enforcer);
  const leaves = leavesOf(schema).length;
  const rowGroupRows = Math.max(2048, Math.floor(options.rowGroupValuesMax / leaves));
  // DuckDB takes a dictionary's full size at once for every column: a megabyte each, unless told.
  const dictionaryBytes = Math.min(dictionaryBytesMax, Math.floor(options.stageBytesMax / leaves));
  const sql = `COPY (${decodeSelect({ ...statement, scanned: statement.scanner?.shape ?? null })}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${fieldIds(schema)}, ROW_GROUP_SIZE ${rowGroupRows}, STRING_DICTIONARY_PAGE_SIZE_LIMIT ${dictionaryBytes}, RETURN_STATS true)`;
  try {
    await scanPages(rows.pages, statement.scanner, signal);
    const [report] = await duckdb.query(
      sql,
      { id: rows.id, source: { pages: rows.pages, scanner: statement.scanner, judge: tally && tally.judge } },
      signal,
    );
    const { recordCount, fileSizeInBytes, stats } = copyReport(report);
    const metrics = fileMetrics(schema, stats, { wideColumns: options.wideColumns, always: prunableColumns(rows.pages) });
    const reasons = stats.get('"_rescued"."reason"');
    const rescued = Number(reasons?.get('num_values') ?? 0) - Number(reasons?.get('null_count') ?? 0);
    const partition = { [plan.datePartitionFieldId]: rows.day };
    return {
      file: { path, dataFile: { fileFormat: 'PARQUET', partition, recordCount, fileSizeInBytes, ...metrics } },
      rescued,
      changedAtUs: changedAtRange(stats),
      unshaped: rescued === 0 ? [] : await coordinatesIn(duckdb, path, `_rescued.reason = ${literal(reasonNoShape)}`),
      judged: await judgedIn(duckdb, path, stats, enforcement, statement.shapes, tally, plan.violationsAccepted),
    };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Most were scanned when they were full; others a page at a time, so that nothing else waits long. */
async function scanPages(pages: readonly RowPage[], scanner: ShapeScanner | null, signal: AbortSignal | undefined): Promise<void> {
  if (!scanner) return;
  for (const page of pages) {
    if (page.scanned?.scanner !== scanner) {
      await setImmediate();
      signal?.throwIfAborted();
    }
    scanner.scan(page);
  }
}

async function coordinatesIn(duckdb: Duckdb, path: string, condition: string): Promise<readonly string[]> {
  const rows = await duckdb.query(`SELECT _log_partition || ':' || _log_offset FROM read_parquet(${literal(path)}) WHERE ${condition}`);
  return rows.map(([coordinate]) => String(coordinate));
}

function countRows(pages: readonly RowPage[]): number {
  return pages.reduce((sum, page) => sum + page.rows, 0);
}

function changedAtRange(stats: ReportedStats): WrittenBatch['changedAtUs'] {
  const changed = stats.get('"changed_at"');
  const [min, max] = [microsOf(changed?.get('min') ?? ''), microsOf(changed?.get('max') ?? '')];
  return min === null || max === null ? null : { min: Number(min), max: Number(max) };
}

/** A text that DuckDB's JSON reader refuses, or one that is no UTF-8. What ran out of memory inside may be told as such too. */
function isRefusedText(error: unknown): boolean {
  return error instanceof Error && /^(invalid input|conversion) error/i.test(error.message) && !/"Out of Memory"/.test(error.message);
}

/** Less at a time may help; it does not help a full disk. */
export function isOutOfMemory(error: unknown): boolean {
  const isLimit = error instanceof LakeError && error.code === 'LIMIT_EXCEEDED';
  return isLimit && error.cause instanceof Error && /out of memory/i.test(error.cause.message);
}

function wrapped(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof LakeError || error.name === 'AbortError') return error;
  const message = `decoding a batch: ${error.message.slice(0, 500)}`;
  const code = /out of memory|no space left|could not write|failed to offload/i.test(error.message) ? 'LIMIT_EXCEEDED' : 'INTERNAL';
  return new LakeError(code, message, { cause: error });
}
