// The JSON decoder: records of one table in, proven Parquet files out. Rows wait outside DuckDB (row-pages.ts); one
// statement a file decodes, proves and writes them (decode-sql.ts). When rows stay that no known shape fits, their
// layouts are inferred here, in JavaScript, off the hot path; the caller commits the new shapes and writes again. What
// cannot be shaped lands in `_rescued` with the reason; nothing a producer sends stops the table.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, LakeError } from '../../runtime/errors.ts';
import { fileMetrics, leavesOf, microsOf, type ReportedStats } from '../../lake/parquet/file-metrics.ts';
import { fieldIds } from '../../lake/parquet/field-ids.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { liveShapes } from '../../lake/raw/merge-shapes.ts';
import { daySources } from './day-sources.ts';
import { decodeSelect, reasonNoShape, type DecodeStatement } from './decode-sql.ts';
import type { DecodePlan, Decoder, EvolveFirst, OpenBatch, WrittenBatch, WrittenFile } from './decoder.ts';
import { openDuckdb, type Duckdb, type DuckdbValue } from './duckdb.ts';
import { headerColumn } from './header-column.ts';
import { HeaderSets } from './header-sets.ts';
import { isDeeperThan } from './json-depth.ts';
import { learn, prunableColumns, type Learned } from './learn.ts';
import { pagePool, RowPages, type PagePool, type RowPage } from './row-pages.ts';

export interface JsonDecoderOptions {
  /** Files are written here until they are uploaded, and DuckDB spills here. */
  readonly tempDir: string;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Values nested deeper are rescued unread. */
  readonly depthMax: number;
  /** Larger values are rescued unread: decoding takes many times a value's size in memory. */
  readonly valueBytesMax: number;
  /** Smaller values are not measured for depth. */
  readonly depthScanBytesMin: number;
  /** Keys of one typed object. */
  readonly keysMax: number;
  /** Values of one row group, over all leaf columns: bounds the writer's memory on wide tables. */
  readonly rowGroupValuesMax: number;
  /** Tables with more leaf columns keep file metrics only for the columns that queries prune by. */
  readonly wideColumns: number;
  /** Buffers kept for the next batch. */
  readonly idleBytesMax: number;
}

export const jsonDecoderDefaults: Omit<JsonDecoderOptions, 'tempDir'> = {
  memoryLimitBytes: 256_000_000,
  threads: 1,
  depthMax: 1000,
  valueBytesMax: 4 * 1024 * 1024,
  depthScanBytesMin: 8192,
  keysMax: 2000,
  rowGroupValuesMax: 4_000_000,
  wideColumns: 32,
  idleBytesMax: 64 * 1024 * 1024,
};

const arenaBytes = 4 * 1024 * 1024;

export async function openJsonDecoder(options: Partial<JsonDecoderOptions> & Pick<JsonDecoderOptions, 'tempDir'>): Promise<Decoder> {
  const all: JsonDecoderOptions = { ...jsonDecoderDefaults, ...options };
  const duckdb = await openDuckdb({ memoryLimitBytes: all.memoryLimitBytes, threads: all.threads, tempDir: all.tempDir });
  const pool = pagePool(arenaBytes, all.idleBytesMax);
  let batches = 0;
  const mode: Mode = { guardedWrites: 0 };
  return {
    open: () => new JsonBatch(++batches, duckdb, pool, all, mode),
    [Symbol.asyncDispose]: () => duckdb[Symbol.asyncDispose](),
  };
}

/** What one batch teaches the next. */
interface Mode {
  /** Writes still to be done with malformed texts sorted out first: they come in runs. */
  guardedWrites: number;
}

/** After a malformed text. */
const guardedWritesAfter = 20;

class JsonBatch implements OpenBatch {
  readonly #id: number;
  readonly #duckdb: Duckdb;
  readonly #options: JsonDecoderOptions;
  readonly #pages: RowPages;
  readonly #mode: Mode;
  readonly #headerSets = new HeaderSets();
  /** Why rows are rescued without being decoded; rows name them by number, from 1. */
  readonly #reasons: string[] = [];

  constructor(id: number, duckdb: Duckdb, pool: PagePool, options: JsonDecoderOptions, mode: Mode) {
    this.#id = id;
    this.#duckdb = duckdb;
    this.#options = options;
    this.#mode = mode;
    this.#pages = new RowPages(pool, options.depthScanBytesMin, (value) => this.#judge(value));
  }

  get rows(): number {
    return this.#pages.rows;
  }

  get bytes(): number {
    return this.#pages.bytes;
  }

  append(logPartition: number, records: Parameters<OpenBatch['append']>[1], from: number, to: number): void {
    this.#pages.append(logPartition, records, from, to, this.#headerSets);
  }

  async write(plan: DecodePlan, signal?: AbortSignal): Promise<WrittenBatch | EvolveFirst> {
    if (plan.shapes.length === 0) {
      const first = this.#learn(plan, this.#pages.pages, null);
      if (first.evolve) return first.evolve;
    }
    let outcome = await this.#writeAll(plan, signal);
    if (outcome.unshaped.length > 0) {
      const learned = this.#learn(plan, this.#pages.pages, outcome.unshaped);
      if (learned.evolve || learned.rejudged) await removeFiles(outcome.files);
      if (learned.evolve) return learned.evolve;
      if (learned.rejudged) outcome = await this.#writeAll(plan, signal);
    }
    const { unshaped: _, ...written } = outcome;
    return written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pages.release();
  }

  #judge(value: Uint8Array): number {
    if (value.length > this.#options.valueBytesMax) return this.#reason(`larger than ${this.#options.valueBytesMax} bytes`);
    return isDeeperThan(value, this.#options.depthMax) ? this.#reason(`nested deeper than ${this.#options.depthMax}`) : 0;
  }

  #reason(text: string): number {
    const known = this.#reasons.indexOf(text);
    if (known >= 0) return known + 1;
    if (this.#reasons.length >= reasonsMax) return this.#reasons.length;
    return this.#reasons.push(text.slice(0, 200));
  }

  #learn(plan: DecodePlan, pages: readonly RowPage[], unshaped: readonly string[] | null): Learned {
    return learn(plan, pages, unshaped, { keysMax: this.#options.keysMax, depthMax: this.#options.depthMax }, (reason) =>
      this.#reason(reason),
    );
  }

  async #writeAll(plan: DecodePlan, signal: AbortSignal | undefined): Promise<WrittenBatch & { unshaped: readonly string[] }> {
    const headers = await headerColumn(this.#duckdb, this.#id, this.#headerSets.sets);
    const files: WrittenFile[] = [];
    const written: FileOutcome[] = [];
    try {
      for (const { day, pages } of daySources(this.#pages.pages)) {
        const statement = { rowsId: this.#id, schema: plan.schema, shapes: liveShapes(plan.shapes), reasons: this.#reasons, headers };
        const file = await this.#writeGuarded(plan, statement, day, pages, signal);
        files.push(file.file);
        written.push(file);
      }
    } catch (error) {
      await removeFiles(files);
      throw error;
    } finally {
      await headers.drop();
    }
    const changes = written.flatMap((file) => (file.changedAtUs ? [file.changedAtUs] : []));
    return {
      kind: 'written',
      files,
      rows: written.reduce((sum, file) => sum + file.file.dataFile.recordCount, 0),
      rescued: written.reduce((sum, file) => sum + file.rescued, 0),
      changedAtUs:
        changes.length === 0 ? null : { min: Math.min(...changes.map((c) => c.min)), max: Math.max(...changes.map((c) => c.max)) },
      unshaped: written.flatMap((file) => file.unshaped),
    };
  }

  /** Without a guard first, since malformed texts are rare; once one has failed a statement, with a guard for a while. */
  async #writeGuarded(
    plan: DecodePlan,
    statement: Omit<DecodeStatement, 'guarded'>,
    day: number,
    source: readonly RowPage[],
    signal: AbortSignal | undefined,
  ): Promise<FileOutcome> {
    if (this.#mode.guardedWrites === 0) {
      try {
        return await this.#writeFile(plan, { ...statement, guarded: false }, day, source, signal);
      } catch (error) {
        if (!isMalformedText(error)) throw wrapped(error);
        this.#mode.guardedWrites = guardedWritesAfter;
      }
    }
    this.#mode.guardedWrites--;
    try {
      const outcome = await this.#writeFile(plan, { ...statement, guarded: true }, day, source, signal);
      if (outcome.rescued > 0) this.#mode.guardedWrites = guardedWritesAfter;
      return outcome;
    } catch (error) {
      throw wrapped(error);
    }
  }

  async #writeFile(
    plan: DecodePlan,
    statement: DecodeStatement,
    day: number,
    source: readonly RowPage[],
    signal: AbortSignal | undefined,
  ): Promise<FileOutcome> {
    const path = join(this.#options.tempDir, `${randomUUID()}.parquet`);
    const { schema } = plan;
    const rowGroupRows = Math.max(2048, Math.floor(this.#options.rowGroupValuesMax / leavesOf(schema).length));
    const sql = `COPY (${decodeSelect(statement)}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${fieldIds(schema)}, ROW_GROUP_SIZE ${rowGroupRows}, RETURN_STATS true)`;
    try {
      const [report] = await this.#duckdb.query(sql, { id: this.#id, source }, signal);
      const { recordCount, fileSizeInBytes, stats } = readReport(report);
      const metrics = fileMetrics(schema, stats, { wideColumns: this.#options.wideColumns, always: prunableColumns(source) });
      const reasons = stats.get('"_rescued"."reason"');
      const rescued = Number(reasons?.get('num_values') ?? 0) - Number(reasons?.get('null_count') ?? 0);
      const changed = stats.get('"changed_at"');
      const [min, max] = [microsOf(changed?.get('min') ?? ''), microsOf(changed?.get('max') ?? '')];
      return {
        file: {
          path,
          dataFile: { fileFormat: 'PARQUET', partition: { [plan.datePartitionFieldId]: day }, recordCount, fileSizeInBytes, ...metrics },
        },
        rescued,
        changedAtUs: min === null || max === null ? null : { min: Number(min), max: Number(max) },
        unshaped: rescued === 0 ? [] : await this.#unshapedIn(path),
      };
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** Rows that no shape fits although they are JSON, as `partition:offset`. */
  async #unshapedIn(path: string): Promise<readonly string[]> {
    const rows = await this.#duckdb.query(
      `SELECT _log_partition || ':' || _log_offset FROM read_parquet(${literal(path)}) WHERE _rescued.reason = ${literal(reasonNoShape)}`,
    );
    return rows.map(([coordinate]) => String(coordinate));
  }
}

/** Distinct reasons a batch may have; further ones share the last. */
const reasonsMax = 200;

interface FileOutcome {
  readonly file: WrittenFile;
  readonly rescued: number;
  readonly changedAtUs: WrittenBatch['changedAtUs'];
  readonly unshaped: readonly string[];
}

async function removeFiles(files: readonly WrittenFile[]): Promise<void> {
  for (const file of files) await rm(file.path, { force: true });
}

/** filename, count, file_size_bytes, footer_size_bytes, column_statistics, partition_keys */
function readReport(report: readonly DuckdbValue[] | undefined): {
  readonly recordCount: number;
  readonly fileSizeInBytes: number;
  readonly stats: ReportedStats;
} {
  assert(report, 'COPY reported no file');
  return {
    recordCount: Number(report[1]),
    fileSizeInBytes: Number(report[2]),
    stats: new Map(
      [...mapEntries(report[4])].map(([path, column]) => [
        path,
        new Map([...mapEntries(column)].map(([name, value]) => [name, String(value)])),
      ]),
    ),
  };
}

function* mapEntries(value: DuckdbValue | undefined): Generator<[string, DuckdbValue]> {
  if (!Array.isArray(value)) return;
  for (const entry of value) {
    if (typeof entry === 'object' && entry !== null && 'key' in entry && 'value' in entry) yield [String(entry.key), entry.value];
  }
}

function isMalformedText(error: unknown): boolean {
  return error instanceof Error && /malformed json|invalid input error|could not|conversion/i.test(error.message);
}

function wrapped(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof LakeError || error.name === 'AbortError') return error;
  if (/out of memory|no space left|could not write|failed to offload/i.test(error.message))
    return new LakeError('LIMIT_EXCEEDED', `decoding a batch: ${error.message.slice(0, 500)}`, { cause: error });
  return new LakeError('INTERNAL', `decoding a batch: ${error.message.slice(0, 500)}`, { cause: error });
}
