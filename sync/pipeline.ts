// From a sealed chunk to the table: write, upload, commit, in one queue per table. Chunks are decoded one after the
// other (offsets stay contiguous); uploads run beside the next write; a commit takes every chunk flushed before it.
// `drop` forgets everything uncommitted: later steps of dropped chunks find their generation gone and do nothing.

import { identText, type LoadedTable } from '../catalog/catalog.ts';
import type { TableMetadata } from '../lake/iceberg/metadata.ts';
import { rereadsOf, writtenChain, type OffsetSpan } from '../lake/raw/offset-chain.ts';
import { shapesProperty } from '../lake/raw/shapes-property.ts';
import type { EpochMs } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Judged } from './contract/pinned-contract.ts';
import { joinSpans, type Chunk } from './chunk.ts';
import { commitSpans, reload, type CommitDeps, type SpanCommit } from './commit.ts';
import { haltOf, uploadChunk, writeChunk, type FlushedChunk } from './flush.ts';
import { HaltError } from './halt.ts';
import type { SyncOptions } from './options.ts';
import { commitSummary, totals } from './summary.ts';
import { newCommitId, type TableTarget } from './table.ts';

/** How old the columns may be that a chunk is decoded into. */
const columnsMaxAgeMs = 1000;

export interface PipelineEvents {
  committed(event: CommittedEvent): Promise<void>;
  fenced(reason: string): void;
  /** A HaltError, or a failure that ends the worker. */
  failed(error: unknown): void;
}

export interface CommittedEvent {
  readonly table: LoadedTable;
  readonly spans: readonly OffsetSpan[];
  readonly rows: number;
  readonly rescued: number;
  /** Rows that break a rule of their contract. */
  readonly violating: number;
  /** What the contracts of its rows made of them. */
  readonly judged: readonly Judged[];
  readonly fileBytes: number;
  readonly files: number;
  /** Statements that did not fit into memory. */
  readonly splits?: number;
  readonly attempts: number;
  readonly changedAtMaxUs: number | null;
  readonly committedAt: EpochMs;
}

interface Flushing {
  /** When its upload began; null where there is nothing to upload. */
  readonly uploadedAt: EpochMs | null;
  readonly flushed: Promise<FlushedChunk>;
}

export class Pipeline {
  readonly #target: TableTarget;
  readonly #options: SyncOptions;
  readonly #deps: CommitDeps;
  readonly #events: PipelineEvents;
  readonly #signal: AbortSignal;
  readonly #release: (bytes: number) => void;
  #table: LoadedTable | null = null;
  #fresh: { readonly table: LoadedTable; readonly at: EpochMs } | null = null;
  #topicId = '';
  /** Of what is in flight: how often offsets had been set back when its reading began; null when nothing is. */
  #rereads: number | null = null;
  /** The table was loaded anew since the first of what is in flight was uploaded. */
  #isRebased = false;
  #generation = 0;
  #flushing: Flushing[] = [];
  #pendingRows = 0;
  #pendingBytes = 0;
  #waiting: (() => void)[] = [];
  #sealed = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(
    target: TableTarget,
    options: SyncOptions,
    deps: CommitDeps,
    events: PipelineEvents,
    release: (bytes: number) => void,
    signal: AbortSignal,
  ) {
    this.#target = target;
    this.#options = options;
    this.#deps = deps;
    this.#events = events;
    this.#release = release;
    this.#signal = signal;
  }

  get table(): LoadedTable | null {
    return this.#table;
  }

  /** Starts on a freshly loaded table with nothing in flight. */
  begin(table: LoadedTable, topicId: string): void {
    this.#base(table);
    const isIdle = this.#sealed === 0 && this.#flushing.length === 0;
    if (this.#rereads === null || isIdle) this.#rereads = rereadsOf(writtenChain(table.metadata));
    this.#topicId = topicId;
  }

  /** Queues a chunk; resolves when at most `sealedChunksMax` wait for the writer. */
  async seal(chunk: Chunk): Promise<void> {
    const generation = this.#generation;
    this.#sealed++;
    this.#enqueue(async () => {
      try {
        if (generation === this.#generation) await this.#write(chunk);
      } finally {
        await this.#discard(chunk);
      }
    });
    await this.room();
  }

  /** Resolves when at most `sealedChunksMax` wait for the writer. */
  async room(): Promise<void> {
    while (!this.hasRoom) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get hasRoom(): boolean {
    return this.#sealed <= this.#options.sealedChunksMax;
  }

  /** Queues a commit of everything sealed so far; resolves when it is through, dropped or halted. */
  commit(): Promise<void> {
    const generation = this.#generation;
    return this.#enqueue(async () => {
      if (generation === this.#generation) await this.#commit();
    });
  }

  /** Forgets everything uncommitted. */
  drop(): void {
    this.#generation++;
    this.#rereads = null;
    this.#isRebased = false;
    for (const { flushed } of this.#flushing) flushed.catch(() => undefined);
    this.#flushing = [];
    this.#pendingRows = 0;
    this.#pendingBytes = 0;
  }

  /** Resolves when every queued step has ended. */
  idle(): Promise<void> {
    return this.#queue;
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    const generation = this.#generation;
    this.#queue = this.#queue.then(step).catch((error: unknown) => {
      // A dropped generation's failure is nobody's: its work was given up already.
      if (generation === this.#generation) this.#events.failed(error);
    });
    return this.#queue;
  }

  async #write(chunk: Chunk): Promise<void> {
    const generation = this.#generation;
    const table = this.#loaded();
    await this.#deps.crashPoint('chunk:sealed');
    if (chunk.records === 0) {
      this.#flushing.push({
        uploadedAt: null,
        flushed: Promise.resolve({ spans: chunk.spans, files: [], rows: 0, rescued: 0, fileBytes: 0, changedAtUs: null, judged: null }),
      });
      return;
    }
    const columns = await this.#columns(table);
    const { written, table: current } = await writeChunk(chunk, columns, this.#target, this.#topicId, this.#deps, this.#signal);
    if (generation !== this.#generation) return;
    if (current !== columns) this.#base(current);
    const halt = haltOf(chunk, written, this.#target);
    if (halt) {
      for (const file of written.files) await this.#deps.removeFile(file.path);
      // What came before it is good.
      await this.#commit();
      if (generation !== this.#generation) return;
      throw new HaltError(identText(this.#target.ident), halt);
    }
    const uploadedAt = this.#deps.clock.now();
    const flushed = uploadChunk(chunk, written, current, this.#deps, this.#signal);
    flushed.catch(() => undefined);
    this.#flushing.push({ uploadedAt, flushed });
    this.#pendingRows += written.rows;
    this.#pendingBytes += written.files.reduce((sum, file) => sum + file.dataFile.fileSizeInBytes, 0);
    const oldest = this.#flushing.at(-this.#options.uploadsMax);
    if (oldest) await oldest.flushed;
    if (this.#pendingRows >= this.#options.commitRowsMax || this.#pendingBytes >= this.#options.commitBytesMax) await this.#commit();
  }

  async #commit(): Promise<void> {
    const generation = this.#generation;
    const chunks = await Promise.all(this.#flushing.map(({ flushed }) => flushed));
    if (generation !== this.#generation) return;
    const spans = joinSpans(this.#topicId, chunks);
    if (spans.length === 0) return;
    const files = chunks.flatMap((chunk) => chunk.files);
    const times = this.#flushing.flatMap(({ uploadedAt }) => uploadedAt ?? []);
    const commit: SpanCommit = {
      commitId: newCommitId(),
      target: this.#target,
      spans,
      files,
      rereads: this.#rereads ?? 0,
      uploadedAt: times.length === 0 ? null : Math.min(...times),
      isRebased: this.#isRebased,
      summary: commitSummary(chunks),
    };
    const result = await commitSpans(commit, this.#loaded(), this.#deps, this.#signal);
    if (generation !== this.#generation) return;
    if (result.kind === 'fenced') return this.#events.fenced(result.reason);
    this.#flushing = [];
    this.#isRebased = false;
    this.#base(result.table);
    this.#pendingRows = 0;
    this.#pendingBytes = 0;
    const sum = totals(chunks);
    await this.#events.committed({
      table: result.table,
      spans,
      rows: sum.rows,
      rescued: sum.rescued,
      violating: sum.violating,
      judged: chunks.flatMap(({ judged }) => (judged ? [judged] : [])),
      fileBytes: sum.fileBytes,
      files: files.length,
      splits: chunks.reduce((count, chunk) => count + (chunk.splits ?? 0), 0),
      attempts: result.attempts,
      changedAtMaxUs: sum.changedAtUs?.max ?? null,
      committedAt: this.#deps.clock.now(),
    });
  }

  async #discard(chunk: Chunk): Promise<void> {
    this.#release(chunk.reservedBytes);
    this.#sealed--;
    this.#waiting.splice(0).forEach((resume) => resume());
    await chunk.batch[Symbol.asyncDispose]();
  }

  /** What the next commit is based on. */
  #base(table: LoadedTable): void {
    if (this.#flushing.length > 0) this.#isRebased = true;
    this.#table = table;
    this.#fresh = { table, at: this.#deps.clock.now() };
  }

  /**
   * The table whose columns the next chunk is decoded into: a contract may have changed them while nothing was committed.
   * The commit stays based on what it was, so that another worker's is met as ever. While the catalog is away, what was
   * known holds.
   */
  async #columns(table: LoadedTable): Promise<LoadedTable> {
    const { clock } = this.#deps;
    const known = this.#fresh?.table ?? table;
    if (this.#fresh && clock.now() - this.#fresh.at < columnsMaxAgeMs) return known;
    try {
      const loaded = await reload(this.#target, table, this.#deps, this.#signal);
      const fresh = hasSameColumns(loaded.metadata, known.metadata) ? known : loaded;
      this.#fresh = { table: fresh, at: clock.now() };
      return fresh;
    } catch (error) {
      // What is wrong with the table itself the commit will find.
      if (error instanceof LakeError || error instanceof HaltError) return known;
      throw error;
    }
  }

  #loaded(): LoadedTable {
    if (!this.#table) throw new Error('the pipeline has no table yet');
    return this.#table;
  }
}

function hasSameColumns(left: TableMetadata, right: TableMetadata): boolean {
  return left['current-schema-id'] === right['current-schema-id'] && left.properties[shapesProperty] === right.properties[shapesProperty];
}
