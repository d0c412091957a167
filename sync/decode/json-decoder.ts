// The JSON decoder: records of one table in, proven Parquet files out. Rows wait outside DuckDB (row-pages.ts); one
// statement a file decodes, proves and writes them (decode-sql.ts). When rows stay that no known shape fits, their
// layouts are inferred here, in JavaScript, off the hot path; the caller commits the new shapes and writes again. What
// cannot be shaped lands in `_rescued` with the reason; nothing a producer sends stops the table.

import { assert } from '../../runtime/errors.ts';
import { daySources } from './day-sources.ts';
import type { DecodePlan, Decoder, EvolveFirst, OpenBatch, WrittenBatch } from './decoder.ts';
import { openDuckdb, type Duckdb } from './duckdb.ts';
import { removeFiles, writeFiles, type FileOutcome, type FileWriterOptions, type WriteMode } from './file-writer.ts';
import { headerColumn } from './header-column.ts';
import { HeaderSets } from './header-sets.ts';
import { isDeeperThan } from './json-depth.ts';
import { learn, type Learned } from './learn.ts';
import { scannerChoice } from './scanner-choice.ts';
import { pagePool, RowPages, type PagePool, type RowPage } from './row-pages.ts';

export interface JsonDecoderOptions extends FileWriterOptions {
  /** Files are written here until they are uploaded, and DuckDB spills here. */
  readonly tempDir: string;
  /** DuckDB's memory: decoding and the row group being written. */
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Values nested deeper are rescued unread. */
  readonly depthMax: number;
  /** Larger values are rescued unread: decoding takes many times a value's size in memory. */
  readonly valueBytesMax: number;
  /** Smaller values are not measured for depth. */
  readonly depthScanBytesMin: number;
  /** Whether compact records of a known shape are read without DuckDB's JSON reader (shape-scanner.ts): the same rows, sooner. */
  readonly fastLane: boolean;
  /** Keys of one typed object. */
  readonly keysMax: number;
  /** Buffers kept for the next batch. */
  readonly idleBytesMax: number;
}

export const jsonDecoderDefaults: Omit<JsonDecoderOptions, 'tempDir'> = {
  memoryLimitBytes: 256_000_000,
  threads: 1,
  depthMax: 1000,
  valueBytesMax: 4 * 1024 * 1024,
  depthScanBytesMin: 8192,
  fastLane: true,
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
  const mode: WriteMode = { guardedWrites: 0, scanners: scannerChoice(all.fastLane) };
  return {
    open: () => new JsonBatch(++batches, duckdb, pool, all, mode),
    [Symbol.asyncDispose]: () => duckdb[Symbol.asyncDispose](),
  };
}

class JsonBatch implements OpenBatch {
  readonly #id: number;
  readonly #duckdb: Duckdb;
  readonly #options: JsonDecoderOptions;
  readonly #pages: RowPages;
  readonly #mode: WriteMode;
  #isWriting = false;
  #settled: Promise<void> = Promise.resolve();
  readonly #headerSets = new HeaderSets();
  /** Why rows are rescued without being decoded; rows name them by number, from 1. */
  readonly #reasons: string[] = [];

  constructor(id: number, duckdb: Duckdb, pool: PagePool, options: JsonDecoderOptions, mode: WriteMode) {
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

  write(plan: DecodePlan, signal?: AbortSignal): Promise<WrittenBatch | EvolveFirst> {
    assert(!this.#isWriting, 'a batch is written once at a time');
    this.#isWriting = true;
    const written = this.#write(plan, signal).finally(() => {
      this.#isWriting = false;
    });
    this.#settled = written.then(
      () => undefined,
      () => undefined,
    );
    return written;
  }

  async #write(plan: DecodePlan, signal?: AbortSignal): Promise<WrittenBatch | EvolveFirst> {
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
    // DuckDB may still be reading the pages of an aborted write: they are recycled only after it.
    await this.#settled;
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
    const written: FileOutcome[] = [];
    try {
      for (const { day, pages } of daySources(this.#pages.pages)) {
        const rows = { id: this.#id, day, pages, reasons: this.#reasons, headers };
        written.push(...(await writeFiles(this.#duckdb, plan, rows, this.#mode, this.#options, signal)));
      }
    } catch (error) {
      await removeFiles(written.map((outcome) => outcome.file));
      throw error;
    } finally {
      await headers.drop();
    }
    const rows = written.reduce((sum, outcome) => sum + outcome.file.dataFile.recordCount, 0);
    assert(rows === this.#pages.rows, `I8: ${this.#pages.rows} rows were buffered but ${rows} written`);
    const changes = written.flatMap((outcome) => (outcome.changedAtUs ? [outcome.changedAtUs] : []));
    return {
      kind: 'written',
      files: written.map((outcome) => outcome.file),
      rows,
      rescued: written.reduce((sum, outcome) => sum + outcome.rescued, 0),
      changedAtUs:
        changes.length === 0 ? null : { min: Math.min(...changes.map((c) => c.min)), max: Math.max(...changes.map((c) => c.max)) },
      unshaped: written.flatMap((outcome) => outcome.unshaped),
    };
  }
}

/** Distinct reasons a batch may have; further ones share the last. */
const reasonsMax = 200;
