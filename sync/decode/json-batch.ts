// An open batch of the JSON decoder: rows in append order, and the write that may run again after an evolution.

import { assert } from '../../runtime/errors.ts';
import { headerMask } from '../contract/enforced-columns.ts';
import { enforcedWrite, judgedBatch, type EnforcerCache } from '../contract/enforced-write.ts';
import type { RowSpan } from './attempts.ts';
import { daySources } from './day-sources.ts';
import { reasonOutOfMemory } from './decode-sql.ts';
import type { DecodePlan, EvolveFirst, OpenBatch, WrittenBatch } from './decoder.ts';
import type { EngineLease } from './decode-engine.ts';
import { isOutOfMemory, removeFiles, type FileOutcome, type FileWriterOptions, type WriteMode, type writeFiles } from './file-writer.ts';
import type { WriteGuard } from './guarded-write.ts';
import { headerColumn } from './header-column.ts';
import { HeaderSets } from './header-sets.ts';
import type { RowGroup } from './isolated-run.ts';
import { isDeeperThan } from './json-depth.ts';
import type { JsonDecoderOptions } from './json-decoder.ts';
import { learn, type Learned } from './learn.ts';
import { rowGroups } from './row-groups.ts';
import { RowPages, type RowPage } from './row-pages.ts';
import { smallerWrite } from './smaller-write.ts';

export interface JsonBatchParts {
  readonly lease: EngineLease;
  readonly options: JsonDecoderOptions & FileWriterOptions;
  readonly mode: WriteMode;
  readonly writeFiles: typeof writeFiles;
  readonly guard: WriteGuard | null;
  readonly enforcers: EnforcerCache;
}

interface WriteOutcome extends WrittenBatch {
  /** Rows to learn from, as `partition:offset`. */
  readonly unshaped: readonly string[];
}

export class JsonBatch implements OpenBatch {
  readonly #id: number;
  readonly #parts: JsonBatchParts;
  readonly #pages: RowPages;
  readonly #spans = new Map<number, { partition: number; from: bigint; to: bigint }>();
  #isWriting = false;
  #settled: Promise<void> = Promise.resolve();
  readonly #headerSets = new HeaderSets();
  /** Why rows are rescued without being decoded; rows name them by number, from 1. */
  readonly #reasons: string[] = [];
  readonly #readReasons = new Set<number>();

  constructor(parts: JsonBatchParts) {
    this.#id = parts.lease.duckdb.newId();
    this.#parts = parts;
    this.#pages = new RowPages(
      parts.lease.pool,
      parts.options.depthScanBytesMin,
      (value) => this.#judge(value),
      () => parts.mode.scanners.last,
    );
  }

  get rows(): number {
    return this.#pages.rows;
  }

  get bytes(): number {
    return this.#pages.bytes;
  }

  /** By log partition, from the first to the last offset held. */
  get spans(): readonly RowSpan[] {
    return [...this.#spans.values()];
  }

  append(logPartition: number, records: Parameters<OpenBatch['append']>[1], from: number, to: number): void {
    if (to <= from) return;
    const [first, last] = [records.offsets[from] ?? 0n, records.offsets[to - 1] ?? 0n];
    const span = this.#spans.get(logPartition);
    if (span) span.to = last + 1n;
    else this.#spans.set(logPartition, { partition: logPartition, from: first, to: last + 1n });
    this.#pages.append(logPartition, records, from, to, this.#headerSets);
  }

  /** Rows by number, from 0: their values will not be decoded. */
  rescue(rows: ReadonlySet<number>, reason: string): void {
    const number = this.#reason(reason);
    for (const row of rows) {
      let first = 0;
      const page = this.#pages.pages.find((candidate) => {
        if (row < first + candidate.rows) return true;
        first += candidate.rows;
        return false;
      });
      assert(page, `the batch has no row ${row}`);
      page.reasons[row - first] = number;
    }
  }

  rowAt(partition: number, offset: bigint): number | null {
    let first = 0;
    for (const page of this.#pages.pages) {
      for (let row = 0; row < page.rows; row++) if (page.offsets[row] === offset && page.partitions[row] === partition) return first + row;
      first += page.rows;
    }
    return null;
  }

  /** Rows [from, to) by number, copied. */
  groups(from: number, to: number): readonly RowGroup[] {
    return rowGroups(this.#pages.pages, this.#headerSets.sets, from, to);
  }

  write(plan: DecodePlan, signal?: AbortSignal): Promise<WrittenBatch | EvolveFirst> {
    assert(!this.#isWriting, 'a batch is written once at a time');
    this.#isWriting = true;
    const { guard } = this.#parts;
    const inProcess = () => this.#write(plan, signal);
    const written = (guard ? guard.write(this, plan, inProcess, signal) : inProcess()).finally(() => {
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
    for (;;) {
      const { unshaped, ...written } = await this.#writeAll(plan, signal);
      const learned = unshaped.length > 0 ? this.#learn(plan, this.#pages.pages, unshaped) : null;
      if (!learned?.evolve && !learned?.rejudged) return written;
      await removeFiles(written.files);
      if (learned.evolve) return learned.evolve;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // DuckDB may still be reading the pages of an aborted write: they are recycled only after it.
    await this.#settled;
    this.#pages.release();
  }

  #judge(value: Uint8Array): number {
    const { valueBytesMax, depthMax } = this.#parts.options;
    if (value.length > valueBytesMax) return this.#reason(`larger than ${valueBytesMax} bytes`);
    return isDeeperThan(value, depthMax) ? this.#reason(`nested deeper than ${depthMax}`) : 0;
  }

  #reason(text: string): number {
    const known = this.#reasons.indexOf(text);
    if (known >= 0) return known + 1;
    if (this.#reasons.length >= reasonsMax) return this.#reasons.length;
    return this.#reasons.push(text.slice(0, 200));
  }

  /** A page of one row, which will not be decoded; null where it was not to be. */
  #rescueAlone(page: RowPage): RowPage | null {
    const row = this.rowAt(page.partitions[0] ?? -1, page.offsets[0] ?? -1n);
    if (row === null || page.reasons[0] !== 0) return null;
    this.rescue(new Set([row]), reasonOutOfMemory);
    return { ...page, scanned: null, reasons: Int32Array.of(this.#reason(reasonOutOfMemory)) };
  }

  #learn(plan: DecodePlan, pages: readonly RowPage[], unshaped: readonly string[] | null): Learned {
    const { keysMax, depthMax } = this.#parts.options;
    return learn(plan, pages, unshaped, { keysMax, depthMax }, (reason) => {
      const number = this.#reason(reason);
      this.#readReasons.add(number);
      return number;
    });
  }

  async #writeAll(plan: DecodePlan, signal: AbortSignal | undefined): Promise<WriteOutcome> {
    const { lease, mode, options, writeFiles } = this.#parts;
    const enforcer = this.#parts.enforcers.of(plan.contract);
    const enforced = await enforcedWrite(lease.duckdb, this.#id, enforcer);
    await using undo = new AsyncDisposableStack();
    undo.defer(() => enforced.drop());
    const headers = await headerColumn(lease.duckdb, this.#id, this.#headerSets.sets, headerMask(enforced.enforcement?.masks ?? null));
    undo.defer(() => headers.drop());
    const written: FileOutcome[] = [];
    let splits = 0;
    try {
      for (const { day, pages } of daySources(this.#pages.pages)) {
        const waiting = [...pages];
        while (waiting.length > 0) {
          const some = waiting.splice(0, mode.pagesMax);
          const rows = {
            id: this.#id,
            day,
            pages: some,
            reasons: this.#reasons,
            readReasons: this.#readReasons,
            headers,
            enforcement: enforced.enforcement,
          };
          try {
            written.push(...(await lease.inTurn(() => writeFiles(lease.duckdb, plan, rows, mode, options, signal), signal)));
          } catch (error) {
            const smaller = isOutOfMemory(error) ? smallerWrite(plan, some, mode, (page) => this.#rescueAlone(page)) : null;
            if (smaller === null) throw error;
            splits++;
            waiting.unshift(...smaller);
          }
        }
      }
    } catch (error) {
      await removeFiles(written.map((outcome) => outcome.file));
      throw error;
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
      ...(splits > 0 ? { splits } : {}),
      ...(enforcer
        ? {
            judged: judgedBatch(
              enforcer,
              rows,
              written.map((outcome) => outcome.judged),
            ),
          }
        : {}),
      unshaped: written.flatMap((outcome) => outcome.unshaped),
    };
  }
}

/** Distinct reasons a batch may have; further ones share the last. */
const reasonsMax = 200;
