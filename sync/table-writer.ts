// One topic into one raw table: buffered → flushed → committed → acknowledged. Here is the reading side: which log
// partitions this worker owns, up to where it has taken them, the chunk that fills, and when it is due. When another
// worker was faster (fenced) or partitions go, everything uncommitted is dropped and read again from where the table
// says: dropping is always safe, because nothing uncommitted counts.

import { identText } from '../catalog/catalog.ts';
import { assert, LakeError } from '../runtime/errors.ts';
import { coverSpan, openChunk, sliceOf, type Chunk } from './chunk.ts';
import type { PinnedContract } from './contract/pinned-contract.ts';
import { standInsSeen } from './contract/stand-ins-seen.ts';
import type { Decoder } from './decode/decoder.ts';
import { dueTimer, type DueTimer } from './due-timer.ts';
import { batchPoisoned, HaltError, type Halt } from './halt.ts';
import type { LogBatch, LogPartition, OffsetRange } from './log/log.ts';
import { newRecords } from './new-records.ts';
import type { SyncOptions } from './options.ts';
import { Pipeline, type CommittedEvent } from './pipeline.ts';
import { mergeManifests } from './maintain.ts';
import type { TableObserver } from './table-observer.ts';
import { StartLook, type StartDeps } from './start-positions.ts';
import type { TableTarget } from './table.ts';

export interface TableWriterDeps extends Omit<StartDeps, 'waiting'> {
  readonly decoder: Decoder;
  /** Moves this worker's reading position. */
  readonly seek: (partition: LogPartition, nextOffset: bigint) => void;
  readonly pause: (partitions: readonly LogPartition[]) => void;
  readonly resume: (partitions: readonly LogPartition[]) => void;
  readonly acknowledge: (offsets: readonly (LogPartition & { readonly nextOffset: bigint })[]) => Promise<void>;
  /** Buffer space shared by all tables: `reserve` resolves when the bytes fit under the ceiling (back-pressure). */
  readonly reserve: (bytes: number) => Promise<void>;
  readonly release: (bytes: number) => void;
  readonly observer: TableObserver;
  /** A failure nobody can wait out: ends the worker. */
  readonly fail: (error: unknown) => void;
}

const ignore = (): void => undefined;

export class TableWriter {
  readonly target: TableTarget;
  readonly name: string;
  halt: Halt | null = null;
  /** Why the writer waits for a dependency, or null. */
  waiting: string | null = null;
  lastCommit: CommittedEvent | null = null;
  rowsCommitted = 0;
  readonly standIns = standInsSeen();

  readonly #options: SyncOptions;
  readonly #deps: TableWriterDeps;
  readonly #startDeps: StartDeps;
  readonly #startLook: StartLook;
  readonly #signal: AbortSignal;
  readonly #pipeline: Pipeline;
  /** Log partitions assigned to this worker, whether or not their position is known yet. */
  readonly #owned = new Set<number>();
  /** Next offset to take, by owned log partition; absent while it is being looked up. */
  readonly #positions = new Map<number, bigint>();
  /** Owned partitions whose position was given up and must be looked up again. */
  readonly #lost = new Set<number>();
  /** Assignments, revocations and rewinds, one at a time. */
  #turn: Promise<void> = Promise.resolve();
  #topicId = '';
  #generation = 0;
  #open: Chunk | null = null;
  #maintenance: Promise<void> | null = null;
  readonly #due: DueTimer;

  constructor(target: TableTarget, options: SyncOptions, deps: TableWriterDeps, signal: AbortSignal) {
    this.target = target;
    this.name = identText(target.ident);
    this.#options = options;
    this.#deps = deps;
    this.#signal = signal;
    this.#due = dueTimer(deps.clock, () => this.flush().catch((error: unknown) => this.#onFailed(error)));
    this.#startDeps = { ...deps, waiting: (reason) => (this.waiting = reason) };
    this.#startLook = new StartLook(target, this.#startDeps, signal);
    this.#pipeline = new Pipeline(
      target,
      options,
      this.#startDeps,
      {
        committed: (event) => this.#onCommitted(event),
        fenced: (reason) => this.#onFenced(reason),
        failed: (error) => this.#onFailed(error),
      },
      deps.release,
      signal,
    );
  }

  get positions(): ReadonlyMap<number, bigint> {
    return this.#positions;
  }

  get owned(): ReadonlySet<number> {
    return this.#owned;
  }

  /** Bytes in the chunk that fills. */
  get openBytes(): number {
    return this.#open?.batch.bytes ?? 0;
  }

  /**
   * Takes partitions over: where the table says each continues (I1). Empty when the table halts, and when that is not known
   * within `waitMaxMs`: then a seek tells it, and other tables wait no longer for this one.
   */
  async assign(partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>> {
    for (const partition of partitions) this.#owned.add(partition);
    const patience = new AbortController();
    let answer: 'open' | 'given' | 'late' = 'open';
    const found = this.#inTurn(async () => {
      await this.#deps.crashPoint('assign:before-load');
      const starts = await this.#starts(partitions.filter((partition) => this.#owned.has(partition)));
      await this.#deps.crashPoint('assign:before-start');
      if (answer === 'late') this.#begin(starts);
      else for (const [partition, start] of starts) this.#positions.set(partition, start);
      if (answer === 'open') answer = 'given';
      return starts;
    }).finally(() => patience.abort());
    found.catch((error: unknown) => (answer === 'late' ? this.#onFailed(error) : undefined));
    await Promise.race([found, this.#deps.clock.sleep(this.#deps.waitMaxMs, patience.signal).catch(() => undefined)]);
    if (answer === 'open') answer = 'late';
    return answer === 'late' ? new Map() : found;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.then(ignore, ignore);
    return result;
  }

  /** Where the table says these partitions continue; none when the table halts. */
  async #starts(partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>> {
    if (this.halt) return new Map();
    try {
      const starts = await this.#look(partitions);
      if (starts) return starts;
      this.#lookLater(partitions.filter((partition) => this.#owned.has(partition)));
    } catch (error) {
      if (!(error instanceof HaltError)) throw error;
      this.#onFailed(error);
    }
    return new Map();
  }

  /** Null: not known now. */
  async #look(partitions: readonly number[]): Promise<ReadonlyMap<number, bigint> | null> {
    const found = await this.#startLook.positions(partitions, this.halt);
    if (!found) return null;
    this.#topicId = found.topicId;
    this.#pipeline.begin(found.table, found.topicId);
    return found.offsets;
  }

  /** Outside of a turn, which a revocation waits for: then nobody looks any more. */
  #lookLater(partitions: readonly number[]): void {
    for (const partition of partitions) this.#lost.add(partition);
    this.#deps.clock
      .sleep(this.#deps.waitMaxMs, this.#signal)
      .then(() => this.#inTurn(async () => (this.#lost.size > 0 ? this.#restart() : undefined)))
      .catch((error: unknown) => this.#onFailed(error));
  }

  /** Copies the batch's new records. Resolves when there is room for more: back-pressure. */
  async append(batch: LogBatch): Promise<void> {
    const generation = this.#generation;
    await this.#deps.contracts?.fresh(this.#signal);
    // Given up meanwhile: whoever reads this partition now gets the same records again.
    if (generation !== this.#generation) return;
    let from = this.#firstNew(batch);
    if (from === null) return;
    while (from < batch.records.count) {
      await this.#pipeline.room();
      await this.#deps.crashPoint('append:before-copy');
      if (generation !== this.#generation || this.halt) return;
      const contract = this.#contractOf(batch, from);
      const { to, bytes } = this.#slice(batch, from, contract);
      await this.#deps.reserve(bytes);
      if (generation !== this.#generation || this.halt) return this.#deps.release(bytes);
      // Other partitions may have been faster. From here nothing waits, so that a table whose commits wait never
      // reserves more than its sealed chunks and one that fills, however many partitions it has.
      if (this.#mustSeal(contract) || !this.#pipeline.hasRoom) {
        this.#deps.release(bytes);
        const open = this.#open;
        // Partitions that stand before and behind a change of version take turns by the chunk, not by the batch.
        if (open && open.contract !== contract) await new Promise((resolve) => setImmediate(resolve));
        if (open === this.#open && this.#mustSeal(contract)) await this.seal();
        if (generation !== this.#generation || this.halt) return;
        continue;
      }
      this.#take(batch, from, to, bytes, contract);
      await this.#deps.crashPoint('append:after-copy');
      from = to;
      if (this.#mustSeal(contract)) await this.seal();
      if (generation !== this.#generation || this.halt) return;
    }
    this.#cover(batch.partition, batch.nextOffset, batch.records.count === 0 ? this.#options.holesMaxAgeMs : this.#options.commitMaxAgeMs);
  }

  /** The first record of the batch not taken yet; null when this batch is not for us (any more). */
  #firstNew(batch: LogBatch): number | null {
    const expected = this.#positions.get(batch.partition);
    if (expected === undefined || this.halt || batch.nextOffset <= expected) return null;
    const found = newRecords(batch, { table: this.name, topicId: this.#topicId, expected });
    if (found.kind === 'halt') this.#stop(found.halt);
    // Read again from where the table is.
    if (found.kind === 'ahead') this.#deps.seek({ topic: batch.topic, partition: batch.partition }, expected);
    return found.kind === 'new' ? found.first : null;
  }

  /** How many records from `from` still fit the open chunk and have the same contract: at least one. */
  #slice(batch: LogBatch, from: number, contract: PinnedContract | null): { readonly to: number; readonly bytes: number } {
    const room = { rows: this.#options.chunkRowsMax - (this.#open?.batch.rows ?? 0), bytes: this.#options.chunkBytesMax - this.openBytes };
    const isUniform = this.#deps.contracts?.isUniform ?? true;
    return sliceOf(batch.records, from, room, (record) => isUniform || this.#contractOf(batch, record) === contract);
  }

  #contractOf({ topic, partition, records }: LogBatch, record: number): PinnedContract | null {
    const { [record]: offset = 0n } = records.offsets;
    return this.#deps.contracts?.at({ topic, partition, offset, logTime: records.logTimesMs[record] ?? 0 }) ?? null;
  }

  #take(batch: LogBatch, from: number, to: number, bytes: number, contract: PinnedContract | null): void {
    this.#open ??= openChunk(this.#deps.decoder.open(), this.#deps.clock.now());
    this.#open.contract = contract;
    this.#open.batch.append(batch.partition, batch.records, from, to);
    this.#open.records += to - from;
    this.#open.reservedBytes += bytes;
    const last = batch.records.offsets[to - 1];
    assert(last !== undefined, 'a slice of a batch is never empty');
    this.#cover(batch.partition, last + 1n, this.#options.commitMaxAgeMs);
  }

  #cover(partition: number, to: bigint, maxAgeMs: number): void {
    const position = this.#positions.get(partition);
    if (position === undefined || to <= position) return;
    this.#open ??= openChunk(this.#deps.decoder.open(), this.#deps.clock.now());
    coverSpan(this.#open, partition, position, to);
    this.#positions.set(partition, to);
    this.#due.within(maxAgeMs);
  }

  /** Full, or of another contract version: each chunk is judged by one. */
  #mustSeal(contract: PinnedContract | null): boolean {
    const open = this.#open;
    if (!open) return false;
    const isFull = open.batch.rows >= this.#options.chunkRowsMax || open.batch.bytes >= this.#options.chunkBytesMax;
    return isFull || (open.records > 0 && open.contract !== contract);
  }

  /** Hands the open chunk to the writer; resolves when the writer has room. */
  async seal(): Promise<void> {
    const chunk = this.#open;
    this.#open = null;
    if (chunk) await this.#pipeline.seal(chunk);
  }

  /** Everything taken so far, into the table; resolves when it is there, dropped or halted. */
  async flush(): Promise<void> {
    this.#due.clear();
    const sealed = this.seal();
    await this.#pipeline.commit();
    await sealed;
  }

  /** Partitions go to another worker: what was taken is committed if the table still allows it, then forgotten. */
  revoke(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) {
      this.#owned.delete(partition);
      this.#lost.delete(partition);
    }
    // The group waits for this: it does not wait for what a look for positions waits for.
    this.#startLook.suspend();
    return this.#inTurn(async () => {
      this.#startLook.release();
      if (this.#owned.size === 0) this.waiting = null;
      await this.#deps.crashPoint('revoke:before-drain');
      const goes = partitions.some((partition) => this.#positions.has(partition));
      // Bounded: the group must not wait for a store that is away. What is not committed by then is read again by the next owner.
      if (goes)
        await Promise.race([this.flush(), this.#deps.clock.sleep(this.#options.revokeDrainMaxMs, this.#signal).catch(() => undefined)]);
      await this.#deps.crashPoint('revoke:after-drain');
      for (const partition of partitions) this.#positions.delete(partition);
      if (goes) await this.#restart();
    });
  }

  #drop(): void {
    this.#generation++;
    for (const partition of this.#positions.keys()) this.#lost.add(partition);
    this.#positions.clear();
    this.#due.clear();
    this.#pipeline.drop();
    const chunk = this.#open;
    this.#open = null;
    if (!chunk) return;
    this.#deps.release(chunk.reservedBytes);
    void chunk.batch[Symbol.asyncDispose]();
  }

  async #onCommitted(event: CommittedEvent): Promise<void> {
    this.lastCommit = event;
    this.rowsCommitted += event.rows;
    const renamed = this.standIns.add(event.judged);
    if (renamed.length > 0)
      this.#deps.logger.warn({ table: this.name, columns: renamed }, 'masked as columns that the contract has, but records have not');
    this.#deps.observer.committed(this.name, event);
    await this.#deps.crashPoint('acknowledge:before');
    const owned = event.spans.filter(({ partition }) => this.#positions.has(partition));
    await this.#deps.acknowledge(owned.map(({ partition, to }) => ({ topic: this.target.topic, partition, nextOffset: to })));
    await this.#deps.crashPoint('acknowledge:after');
    if (this.#maintenance === null) this.#maintenance = this.#maintain(event).finally(() => (this.#maintenance = null));
  }

  /** Beside the ingest; its failures wait for the next commit. */
  async #maintain(event: CommittedEvent): Promise<void> {
    try {
      await mergeManifests(event.table, this.#options.manifestsMax, this.target, this.#startDeps, this.#signal);
    } catch (error) {
      this.#deps.logger.warn({ table: this.name, error: String(error) }, 'manifests were not merged; trying again after the next commit');
    }
  }

  #onFenced(reason: string): void {
    this.#deps.observer.fenced(this.name, reason);
    this.#deps.logger.warn({ table: this.name, reason }, 'fenced: another worker committed these offsets; reading again from the table');
    this.#drop();
    this.#inTurn(() => this.#restart()).catch((error: unknown) => this.#onFailed(error));
  }

  /** Drops what is uncommitted and reads on from where the table is, on every partition still owned. */
  async #restart(): Promise<void> {
    this.#drop();
    const partitions = [...this.#lost].filter((partition) => this.#owned.has(partition));
    this.#lost.clear();
    if (partitions.length === 0) return;
    await this.#deps.crashPoint('rewind:before-load');
    const starts = await this.#starts(partitions);
    await this.#deps.crashPoint('rewind:before-seek');
    this.#begin(starts);
  }

  #begin(starts: ReadonlyMap<number, bigint>): void {
    for (const [partition, start] of starts) {
      if (!this.#owned.has(partition)) continue;
      this.#positions.set(partition, start);
      this.#deps.seek({ topic: this.target.topic, partition }, start);
    }
  }

  #onFailed(error: unknown): void {
    if (this.#signal.aborted) return;
    if (error instanceof HaltError) this.#stop(error.halt);
    else if (error instanceof LakeError && error.code === 'BATCH_POISONED') this.#stop(batchPoisoned(error.message));
    else this.#deps.fail(error);
  }

  /** HALT: nothing of this table is read, written or dropped silently until a person decides. */
  #stop(halt: Halt): void {
    if (this.halt) return;
    this.halt = halt;
    this.#deps.pause([...this.#owned].map((partition) => ({ topic: this.target.topic, partition })));
    this.#drop();
    this.#deps.logger.error({ table: this.name, code: halt.code, decide: halt.decide }, halt.reason);
    this.#deps.observer.halted(this.name, halt);
    if (halt.code !== 'BATCH_POISONED') this.#awaitDecision(halt).catch((error: unknown) => this.#onFailed(error));
  }

  /** Looks now and then whether a person has decided (`foz resume` commits to the table); then reads on by itself. */
  async #awaitDecision(halt: Halt): Promise<void> {
    while (this.halt === halt) {
      await this.#deps.clock.sleep(this.#options.haltRecheckMs, this.#signal);
      await this.#inTurn(async () => {
        const starts = await this.#look([...this.#owned]).catch((error: unknown) => {
          if (error instanceof HaltError) return null;
          throw error;
        });
        if (!starts) return;
        this.halt = null;
        this.#deps.logger.info({ table: this.name }, 'the decision is made: reading on');
        this.#begin(starts);
        this.#deps.resume([...starts.keys()].map((partition) => ({ topic: this.target.topic, partition })));
      });
    }
  }

  /** Ends the writer: timers off, nothing more is taken. What is not committed stays in the log. */
  close(): void {
    this.#drop();
  }

  /** The log says a position is not there: HALT with the exact range (I7). */
  outOfRange(partition: number, asked: bigint, range: OffsetRange, halt: (asked: bigint, range: OffsetRange) => Halt): void {
    if (this.#positions.has(partition)) this.#stop(halt(asked, range));
  }
}
