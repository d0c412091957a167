// One assignment of one log partition: where to fetch next, what was fetched and waits, and the loop that hands it to
// the handler, one batch at a time. The next assignment is another object.

import type { KafkaNumbers } from './kafka-options.ts';
import type { FetchedPartition } from './kafka-fetch.ts';
import type { LogHandler, LogPartition, OffsetRange } from './log.ts';
import { blockMemory, decodeRecords, recordsEnd, type DecodedBlock } from './record-batch.ts';
import { headerMemo } from './record-headers.ts';

export interface KafkaReading extends LogPartition {
  readonly key: string;
  readonly topicId: string;
  /** Null while nobody has said where to start. */
  readonly nextFetch: bigint | null;
  /** Raised by a seek and by the end of the assignment: what was asked before is not wanted any more. */
  readonly epoch: number;
  readonly isBusy: boolean;
  /** Batches that the handler has done with. */
  readonly delivered: number;
  isReady(): boolean;
  /**
   * Takes what was fetched at `nextFetch`; false when there was no whole batch in it. `done` is called when all of it has
   * been delivered and is read no more; never when it is dropped.
   */
  add(fetched: FetchedPartition, receivedAtMs: number, done: () => void): boolean;
  seek(nextOffset: bigint): void;
  /** Where reading begins, unless a seek has said so already. */
  begin(nextOffset: bigint): void;
  /** What was fetched and not delivered is fetched again after `resume`: it takes no room of the other partitions meanwhile. */
  pause(): void;
  resume(): void;
  /** The handler does not let go of a batch: what waits behind it is fetched again once it does. */
  giveWay(): void;
  /** Bytes of the answer whose batch the handler held when this gave way, until it lets go; 0 otherwise. */
  readonly keptBytes: number;
  /** No fetch for a moment, after an error. */
  hold(isHeld: boolean): void;
  /** Out of range: no fetch until a seek. */
  stick(): void;
  /** Nothing is delivered after this. */
  stop(): void;
}

export interface KafkaReadingOptions extends LogPartition {
  readonly topicId: string;
  readonly numbers: KafkaNumbers;
  readonly batch: LogHandler['batch'];
  /** Batches with the handler, by partition: they outlive the assignment. */
  readonly held: Map<string, Promise<unknown>>;
  /** Response bytes that wait here changed by so many. */
  waited(bytes: number): void;
  /** There is room for another response. */
  delivered(): void;
  fail(error: unknown): void;
}

interface Waiting {
  readonly blocks: Generator<DecodedBlock>;
  readonly bytes: number;
  readonly range: OffsetRange;
  readonly done: () => void;
  /** Of the block that comes next: where it was read from. */
  fromOffset: bigint;
}

/** One response is being delivered while the next is fetched, never more. */
const waitingMax = 2;
const blockBytesMax = 1_048_576;

export const partitionKey = (at: LogPartition): string => `${at.topic}/${at.partition}`;

export function kafkaReading(options: KafkaReadingOptions): KafkaReading {
  const { topic, partition, topicId, numbers, held } = options;
  const key = partitionKey(options);
  const headers = headerMemo();
  const memory = blockMemory();
  let waiting: Waiting[] = [];
  let nextFetch: bigint | null = null;
  let epoch = 0;
  let delivered = 0;
  let keptBytes = 0;
  const is = { paused: false, held: false, stuck: false, over: false, delivering: false };

  const drop = (): void => {
    options.waited(-waiting.reduce((sum, one) => sum + one.bytes, 0));
    waiting = [];
    epoch += 1;
  };
  const fetchAgain = (): void => {
    nextFetch = waiting[0]?.fromOffset ?? nextFetch;
    drop();
  };
  const deliver = async (): Promise<void> => {
    if (is.delivering) return;
    is.delivering = true;
    try {
      for (;;) {
        await held.get(key);
        const [first] = waiting;
        if (!first || is.paused || is.over) break;
        const next = first.blocks.next();
        if (next.done === true) {
          waiting.shift();
          options.waited(-first.bytes);
          first.done();
          options.delivered();
          continue;
        }
        const { block: records, nextOffset } = next.value;
        const batch = { topic, partition, topicId, records, fromOffset: first.fromOffset, nextOffset, ...first.range };
        first.fromOffset = nextOffset;
        const taken = options.batch(batch);
        held.set(
          key,
          taken.catch(() => undefined),
        );
        await taken;
        delivered += 1;
      }
    } catch (error) {
      options.fail(error);
    }
    // In one step with the look at what waits: whatever is added later starts the loop again.
    is.delivering = false;
    if (keptBytes === 0) return;
    keptBytes = 0;
    options.delivered();
  };

  return {
    topic,
    partition,
    key,
    topicId,
    get nextFetch() {
      return nextFetch;
    },
    get epoch() {
      return epoch;
    },
    get isBusy() {
      return is.delivering || waiting.length > 0;
    },
    get delivered() {
      return delivered;
    },
    get keptBytes() {
      return keptBytes;
    },
    isReady: () => nextFetch !== null && waiting.length < waitingMax && !is.paused && !is.held && !is.stuck && !is.over && keptBytes === 0,
    add({ records, logStart, highWatermark, aborted }, receivedAtMs, done) {
      const end = recordsEnd(records);
      if (nextFetch === null || end === null || end <= nextFetch) return false;
      const from = nextFetch;
      const { decompressedBytesMax } = numbers;
      const blocks = decodeRecords({
        name: key,
        records,
        from,
        aborted,
        receivedAtMs,
        blockBytesMax,
        decompressedBytesMax,
        headers,
        memory,
      });
      waiting.push({ blocks, bytes: records.length, range: { logStart, highWatermark }, done, fromOffset: from });
      options.waited(records.length);
      nextFetch = end;
      void deliver();
      return true;
    },
    seek(nextOffset) {
      drop();
      nextFetch = nextOffset;
      is.stuck = false;
    },
    begin(nextOffset) {
      nextFetch ??= nextOffset;
    },
    pause() {
      is.paused = true;
      fetchAgain();
    },
    resume() {
      is.paused = false;
      void deliver();
    },
    giveWay() {
      const [first] = waiting;
      if (!is.delivering || !first) return;
      keptBytes = first.bytes;
      fetchAgain();
    },
    hold(isHeld) {
      is.held = isHeld;
    },
    stick() {
      is.stuck = true;
    },
    stop() {
      is.over = true;
      drop();
    },
  };
}
