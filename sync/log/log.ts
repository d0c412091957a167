// The log port: an ordered, partitioned record log (Kafka). Truth about what has been read lives in the table (I1), so
// the port never resumes by itself: whoever is assigned a log partition is asked where to start before anything is
// handed out, and group offsets are only ever written, as a hint.
// Adapters: memory-log.ts, kafka-log.ts.

import type { RecordBlock } from './record-block.ts';

export interface LogPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicDescription {
  readonly topic: string;
  /** The cluster and the topic's incarnation (I6): a re-created topic has another id. */
  readonly clusterId: string;
  readonly topicId: string;
  readonly partitionCount: number;
  /** `append`: message.timestamp.type=LogAppendTime. */
  readonly timestampType: 'create' | 'append';
}

export interface OffsetRange {
  /** First offset still in the log. */
  readonly logStart: bigint;
  /** First offset not yet readable (read_committed: last stable offset). */
  readonly highWatermark: bigint;
}

/** `records` may be empty: only markers or compacted offsets were read, and `nextOffset` has moved past them. */
export interface LogBatch extends LogPartition {
  /** The incarnation these records were read from (I6): compare it with the one the table was written from. */
  readonly topicId: string;
  readonly records: RecordBlock;
  /** Where this batch was read from: the log holds no record between this and the first one of the batch. */
  readonly fromOffset: bigint;
  /** Position after this batch: the first offset not delivered with or before it. Holes (markers, compaction) included. */
  readonly nextOffset: bigint;
  readonly logStart: bigint;
  readonly highWatermark: bigint;
}

export interface LogHandler {
  /**
   * Called after every (re)assignment, and after `revoked` when a topic was re-created, before any batch of those partitions: where to start each. A partition left out
   * stays paused until a seek. Throwing fails the subscription.
   */
  assigned(partitions: readonly LogPartition[]): Promise<readonly (LogPartition & { readonly nextOffset: bigint })[]>;
  /** Called when partitions are taken away; they may already belong to another worker. No batch of them follows. */
  revoked(partitions: readonly LogPartition[]): Promise<void>;
  /** One batch; per partition in offset order, never two at once of one partition. The next fetch waits for the promise: back-pressure. Its memory is used again once the promise has settled: copy what is to be kept. */
  batch(batch: LogBatch): Promise<void>;
  /**
   * The offset asked for is not in the log (deleted or truncated): the port stays paused on that partition. Never a reset (I7).
   */
  outOfRange(partition: LogPartition, asked: bigint, range: OffsetRange): Promise<void>;
  /** The log is away or back: for /readyz and status. Reading goes on by itself. */
  availability(available: boolean, reason: string | null): void;
}

export interface LogSubscription extends AsyncDisposable {
  /** Resolves when closed; rejects when the subscription failed for good: what a handler threw, or LOG_REFUSED. */
  readonly done: Promise<void>;
  /** Moves a partition that is assigned here; fetched but undelivered records of it are dropped. */
  seek(partition: LogPartition, nextOffset: bigint): void;
  /** Until `resume` or the next assignment. */
  pause(partitions: readonly LogPartition[]): void;
  resume(partitions: readonly LogPartition[]): void;
  /** Writes group offsets: a hint for lag tools, never read as truth. Failure is logged, not thrown. */
  acknowledge(offsets: readonly (LogPartition & { readonly nextOffset: bigint })[]): Promise<void>;
  /** Leaves the group: nothing more is delivered. Does not wait for a handler, so that a handler may call it. */
  close(): Promise<void>;
}

export interface SubscribeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
}

/** Errors: LOG_UNREACHABLE, LOG_REFUSED. */
export interface Log extends AsyncDisposable {
  /** Topics that exist among those asked for. */
  describe(topics: readonly string[], signal?: AbortSignal): Promise<readonly TopicDescription[]>;
  /** By partition number. */
  offsets(topic: string, signal?: AbortSignal): Promise<ReadonlyMap<number, OffsetRange>>;
  /** Joins the group in the background, for as long as it takes; `done` of the subscription tells of failure. */
  subscribe(options: SubscribeOptions, handler: LogHandler, signal?: AbortSignal): Promise<LogSubscription>;
}
