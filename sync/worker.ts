// The worker: reads topics of the log and writes one raw table for each. Start here to follow a record: `batch` (from
// the log) → table-writer.ts (buffer) → pipeline.ts → flush.ts (Parquet in the store) → commit.ts (visible, exactly
// once). Several workers share the topics through a consumer group; the chain in the table keeps them honest, so
// membership, group offsets and clocks may all lie without a record lost or doubled.

import { rm } from 'node:fs/promises';
import { identText, type Catalog } from '../catalog/catalog.ts';
import type { Contracts } from '../catalog/contracts.ts';
import { createAppendCache } from '../lake/iceberg/append.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import type { Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import { BufferBudget } from './buffer-budget.ts';
import { untilAvailable } from './commit.ts';
import { TableContracts } from './contract/table-contracts.ts';
import type { CrashHook, CrashPoint } from './crash-point.ts';
import type { Decoder } from './decode/decoder.ts';
import { logTruncated, retentionGap, type Halt } from './halt.ts';
import type { Log, LogHandler, LogPartition, LogSubscription, TopicDescription } from './log/log.ts';
import type { SyncOptions } from './options.ts';
import type { TableObserver } from './table-observer.ts';
import { TableWriter } from './table-writer.ts';
import type { TableTarget } from './table.ts';

export interface WorkerDeps {
  readonly log: Log;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  /** What judges and masks the rows; absent: nothing does. */
  readonly contracts?: { readonly registry: Contracts; readonly maskKeys: ReadonlyMap<string, Uint8Array>; readonly refreshMs: number };
  /** One decoder a table. */
  readonly openDecoder: (target: TableTarget) => Decoder | Promise<Decoder>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly observer?: Partial<TableObserver>;
  readonly crashPoint?: CrashHook;
  /** Removes a local file that was uploaded. */
  readonly removeFile?: (path: string) => Promise<void>;
}

export interface TableStatus {
  readonly table: string;
  readonly topic: string;
  readonly state: 'reading' | 'waiting' | 'halted' | 'idle';
  readonly reason: string | null;
  readonly halt: Halt | null;
  /** Next offset to take, by log partition owned here. */
  readonly positions: Readonly<Record<number, string>>;
  readonly rowsCommitted: number;
  readonly lastCommitAt: number | null;
  /** Epoch milliseconds of the newest source change that is queryable. */
  readonly changedAtMs: number | null;
  /** Columns that the contract does not know, masked as one of its own that is absent: `{"mail":"hmac k1 as email"}`. */
  readonly maskedAs: Readonly<Record<string, string>>;
}

export interface WorkerStatus {
  readonly log: { readonly available: boolean; readonly reason: string | null };
  readonly bufferedBytes: number;
  readonly tables: readonly TableStatus[];
}

export class Worker implements AsyncDisposable {
  readonly #tables: TableTarget[];
  readonly #options: SyncOptions;
  readonly #deps: WorkerDeps;
  readonly #writers = new Map<string, TableWriter>();
  readonly #decoders: Decoder[] = [];
  readonly #ended = new AbortController();
  readonly #budget: BufferBudget;
  readonly #done = Promise.withResolvers<void>();
  #subscription: LogSubscription | null = null;
  #log: WorkerStatus['log'] = { available: true, reason: null };
  #isStarted = false;
  #isDiscovering = false;
  #stopping = false;

  constructor(tables: readonly TableTarget[], options: SyncOptions, deps: WorkerDeps) {
    this.#tables = [...tables];
    this.#options = options;
    this.#deps = deps;
    this.#budget = new BufferBudget(options.bufferBytesMax, () => this.#relieve());
  }

  /** Resolves when the worker was stopped; rejects when it failed in a way no wait can mend. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#discover();
  }

  /** One more table while the worker runs: it begins once its topic is there. False for a topic or a table that is known. */
  add(target: TableTarget): boolean {
    const name = identText(target.ident);
    if (this.#tables.some(({ topic, ident }) => topic === target.topic || identText(ident) === name)) return false;
    this.#tables.push(target);
    if (this.#isStarted) this.#discover();
    return true;
  }

  #discover(): void {
    if (this.#isDiscovering) return;
    this.#isDiscovering = true;
    this.#run().catch((error: unknown) => this.#fail(error));
  }

  status(): WorkerStatus {
    return { log: this.#log, bufferedBytes: this.#budget.used, tables: [...this.#writers.values()].map(tableStatus) };
  }

  /** Commits everything taken so far, table by table. */
  async flush(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.flush()));
  }

  /** Graceful: no more reading, everything taken is committed, the group is left. Waits for a dependency that is away; the caller bounds it. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      const owned = [...this.#writers.values()].flatMap((writer) =>
        [...writer.owned].map((partition) => ({ topic: writer.target.topic, partition })),
      );
      this.#subscription?.pause(owned);
      await this.#crashPoint('stop:before-drain');
      await this.flush();
      await this.#crashPoint('stop:after-drain');
    }
    await this.#close();
    this.#done.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #run(): Promise<void> {
    const signal = this.#ended.signal;
    while (!signal.aborted && !this.#stopping) {
      const found = await untilAvailable(() => this.#present(signal), this.#waitDeps(), signal);
      const known = this.#writers.size;
      for (const target of this.#tables) if (found.has(target.topic)) await this.#addWriter(target);
      if (this.#writers.size > known && !this.#stopping) await this.#subscribe();
      if (this.#writers.size === this.#tables.length) {
        this.#isDiscovering = false;
        return;
      }
      await this.#deps.clock.sleep(this.#options.discoverEveryMs, signal);
    }
  }

  /** Names of the topics that are there. One that may not be read, or has no leader yet, is asked for again later and keeps no other from starting. */
  async #present(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { log, logger } = this.#deps;
    const wanted = this.#tables.flatMap(({ topic }) => (this.#writers.has(topic) ? [] : [topic]));
    const isReading = this.#writers.size > 0;
    try {
      return new Set((await log.describe(wanted, signal)).map(({ topic }) => topic));
    } catch (error) {
      // Of one topic, maybe; otherwise it is the log itself.
      if (!(error instanceof LakeError) || (error.code !== 'LOG_REFUSED' && error.context['topic'] === undefined)) throw error;
      const answers = await Promise.allSettled(wanted.map((topic) => describeOne(log, topic, signal)));
      if (!isReading && answers.every(({ status }) => status === 'rejected')) throw error;
      answers.forEach((answer, i) => {
        if (answer.status === 'rejected')
          logger.warn({ topic: wanted[i], reason: String(answer.reason) }, 'topic not described; looking again later');
      });
      return new Set(answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value ? [answer.value.topic] : [])));
    }
  }

  async #subscribe(): Promise<void> {
    const signal = this.#ended.signal;
    if (this.#subscription) {
      await this.#subscription.close();
      // What it told is over with it.
      this.#log = { available: true, reason: null };
      // Leaving takes the partitions away as a rebalance does: what was taken is committed or forgotten, then read on from the table.
      await Promise.all([...this.#writers.values()].map((writer) => writer.revoke([...writer.owned])));
    }
    const topics = [...this.#writers.keys()];
    const subscription = await untilAvailable(
      () => this.#deps.log.subscribe({ groupId: this.#options.groupId, topics }, this.#handler(), signal),
      this.#waitDeps(),
      signal,
    );
    this.#subscription = subscription;
    // Refused for good (rights, protocol): no wait mends that.
    subscription.done.catch((error: unknown) => this.#fail(error));
  }

  async #addWriter(target: TableTarget): Promise<void> {
    if (this.#writers.has(target.topic)) return;
    const { log, catalog, store, clock, random, observer } = this.#deps;
    const decoder = await this.#deps.openDecoder(target);
    if (this.#ended.signal.aborted) return void (await decoder[Symbol.asyncDispose]());
    this.#decoders.push(decoder);
    const logger = this.#deps.logger.child({ topic: target.topic });
    const writer = new TableWriter(
      target,
      this.#options,
      {
        catalog,
        store,
        clock,
        random,
        logger,
        decoder,
        contracts: this.#contractsOf(target, logger),
        appendCache: createAppendCache(),
        crashPoint: (point) => this.#crashPoint(point, identText(target.ident)),
        removeFile: this.#deps.removeFile ?? ((path) => rm(path, { force: true })),
        waitMinMs: this.#options.waitMinMs,
        waitMaxMs: this.#options.waitMaxMs,
        describe: (topic, signal) => describeOne(log, topic, signal),
        offsets: (topic, signal) => log.offsets(topic, signal),
        seek: (partition, next) => this.#subscription?.seek(partition, next),
        pause: (partitions) => this.#subscription?.pause(partitions),
        resume: (partitions) => this.#subscription?.resume(partitions),
        acknowledge: async (offsets) => this.#subscription?.acknowledge(offsets),
        reserve: (bytes) => this.#budget.reserve(bytes),
        release: (bytes) => this.#budget.release(bytes),
        observer: { committed: () => undefined, fenced: () => undefined, halted: () => undefined, ...observer },
        fail: (error) => this.#fail(error),
      },
      this.#ended.signal,
    );
    this.#writers.set(target.topic, writer);
  }

  #contractsOf({ ident }: TableTarget, logger: Logger): TableContracts | null {
    if (!this.#deps.contracts) return null;
    const { registry, maskKeys, refreshMs } = this.#deps.contracts;
    const failed = (error: unknown): void => {
      if (!this.#ended.signal.aborted) logger.warn({ error: String(error) }, 'contracts were not read; the last ones known hold');
    };
    return new TableContracts(ident, { contracts: registry, maskKeys, refreshMs, failed, clock: this.#deps.clock });
  }

  #handler(): LogHandler {
    return {
      assigned: async (partitions) => {
        const starts = await Promise.all(
          [...byTopic(partitions)].map(async ([topic, numbers]) => {
            const found = await this.#writers.get(topic)?.assign(numbers);
            return [...(found ?? [])].map(([partition, nextOffset]) => ({ topic, partition, nextOffset }));
          }),
        );
        return starts.flat();
      },
      revoked: async (partitions) => {
        await Promise.all([...byTopic(partitions)].map(([topic, numbers]) => this.#writers.get(topic)?.revoke(numbers)));
      },
      batch: async (batch) => {
        if (!this.#stopping) await this.#writers.get(batch.topic)?.append(batch);
      },
      outOfRange: async (at, asked, range) => {
        const writer = this.#writers.get(at.topic);
        const where = `topic ${at.topic} partition ${at.partition}`;
        writer?.outOfRange(at.partition, asked, range, (next, found) =>
          found.logStart > next
            ? retentionGap(writer.name, where, next, found.logStart)
            : logTruncated(writer.name, where, next, found.highWatermark),
        );
      },
      availability: (available, reason) => {
        if (available !== this.#log.available)
          this.#deps.logger.warn({ available, reason }, available ? 'the log is back' : 'the log is away; waiting');
        this.#log = { available, reason };
      },
    };
  }

  /** The memory ceiling is reached: the fullest chunk goes to its writer now. */
  #relieve(): void {
    const fullest = [...this.#writers.values()].reduce<TableWriter | null>(
      (most, writer) => (writer.openBytes > (most?.openBytes ?? 0) ? writer : most),
      null,
    );
    fullest?.seal().catch((error: unknown) => this.#fail(error));
  }

  #waitDeps() {
    const { clock, random, logger } = this.#deps;
    const waiting = (reason: string | null): void => {
      this.#log = { available: reason === null, reason };
    };
    return { clock, random, logger, waiting, waitMinMs: this.#options.waitMinMs, waitMaxMs: this.#options.waitMaxMs };
  }

  async #crashPoint(point: CrashPoint, table: string | null = null): Promise<void> {
    await this.#deps.crashPoint?.(point, table);
  }

  #fail(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#deps.logger.error({ error: String(error) }, 'the worker failed');
    this.#done.reject(error);
    void this.#close();
  }

  async #close(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new LakeError('INTERNAL', 'the worker was closed'));
    for (const writer of this.#writers.values()) writer.close();
    await this.#subscription?.close();
    await Promise.all(this.#decoders.map((decoder) => decoder[Symbol.asyncDispose]()));
  }
}

async function describeOne(log: Log, topic: string, signal: AbortSignal): Promise<TopicDescription | null> {
  const [found] = await log.describe([topic], signal);
  return found ?? null;
}

function byTopic(partitions: readonly LogPartition[]): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return topics;
}

function tableStatus(writer: TableWriter): TableStatus {
  const reason = writer.halt?.reason ?? writer.waiting;
  return {
    table: writer.name,
    topic: writer.target.topic,
    state: writer.halt ? 'halted' : writer.waiting ? 'waiting' : writer.positions.size > 0 ? 'reading' : 'idle',
    reason,
    halt: writer.halt,
    positions: Object.fromEntries([...writer.positions].map(([partition, next]) => [partition, next.toString()])),
    rowsCommitted: writer.rowsCommitted,
    lastCommitAt: writer.lastCommit?.committedAt ?? null,
    changedAtMs: writer.lastCommit?.changedAtMaxUs === null || !writer.lastCommit ? null : writer.lastCommit.changedAtMaxUs / 1000,
    maskedAs: Object.fromEntries(writer.standIns.columns),
  };
}
