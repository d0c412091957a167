// The fetch loop of one subscription: positions are ours alone, so nothing is ever reset. One request at a time to each
// broker, for every partition that has nothing waiting; while a batch is with its handler the next one may be on its
// way, never more. Answers to an assignment or a seek that is over are dropped by their epoch.

import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { KafkaClient } from './kafka-client.ts';
import { kafkaCodes, kafkaError } from './kafka-error.ts';
import { fetchRequest, type FetchedPartition } from './kafka-fetch.ts';
import type { KafkaNumbers } from './kafka-options.ts';
import type { LogBatch, LogHandler, LogPartition, OffsetRange } from './log.ts';
import { decodeRecords, recordsEnd, type DecodedBlock } from './record-batch.ts';
import { headerMemo, type HeaderMemo } from './record-headers.ts';

export interface KafkaReaderOptions {
  readonly client: KafkaClient;
  readonly numbers: KafkaNumbers;
  readonly clock: Clock;
  readonly handler: Pick<LogHandler, 'batch' | 'outOfRange'>;
  /** Node that leads the partition in the newest metadata; undefined when there is none. */
  leader(at: LogPartition): number | undefined;
  /** Reads the metadata again; never rejects. */
  refresh(): Promise<void>;
  range(at: LogPartition): Promise<OffsetRange>;
  /** Of the connection to one node. */
  health(nodeId: number, problem: LakeError | null): void;
  fail(error: unknown): void;
}

export type ReaderStart = LogPartition & { readonly topicId: string; readonly nextOffset: bigint | null };

export interface KafkaReader {
  start(partitions: readonly ReaderStart[]): void;
  /** The metadata is new: leaders may be other ones. */
  wake(): void;
  /** Nothing is delivered after this. */
  stop(): void;
  seek(at: LogPartition, nextOffset: bigint): void;
  pause(partitions: readonly LogPartition[]): void;
  resume(partitions: readonly LogPartition[]): void;
  close(): void;
}

interface Waiting {
  readonly blocks: Generator<DecodedBlock>;
  readonly bytes: number;
  readonly range: OffsetRange;
  /** Of the block that comes next: where it was read from. */
  nextOffset: bigint;
}

/** One assignment of one partition; the next assignment is another object. */
interface Reading extends LogPartition {
  readonly topicId: string;
  nextFetch: bigint | null;
  /** Raised by a seek: what was asked before is not wanted any more. */
  epoch: number;
  waiting: Waiting | null;
  isPaused: boolean;
  /** Out of range: waits for a seek. */
  isStuck: boolean;
  /** Waits a moment after an error. */
  isHeld: boolean;
  isOver: boolean;
  isDelivering: boolean;
  readonly headers: HeaderMemo;
}

const retryAfterMs = 100;
/** While a handler holds a batch, its partition must not wait long behind the idle ones of the same broker. */
const crowdedWaitMaxMs = 10;
const blockBytesMax = 2_097_152;

const keyOf = (at: LogPartition): string => `${at.topic}/${at.partition}`;

export function kafkaReader(options: KafkaReaderOptions): KafkaReader {
  const { client, numbers, clock, handler } = options;
  const closing = new AbortController();
  const readings = new Map<string, Reading>();
  /** Batches with the handler, by partition: outlive the assignment. */
  const held = new Map<string, Promise<unknown>>();
  const busyNodes = new Set<number>();
  let waitingBytes = 0;
  let isRefreshing = false;
  /** Failures in a row, by node. */
  const failures = new Map<number, number>();

  const drop = (reading: Reading): void => {
    waitingBytes -= reading.waiting?.bytes ?? 0;
    reading.waiting = null;
    reading.epoch += 1;
  };
  const hold = async (reading: Reading): Promise<void> => {
    reading.isHeld = true;
    await pause(retryAfterMs);
    reading.isHeld = false;
    turn();
  };
  const pause = (ms: number): Promise<void> => clock.sleep(ms, closing.signal).catch(() => undefined);
  const refresh = async (): Promise<void> => {
    if (isRefreshing) return;
    isRefreshing = true;
    await options.refresh();
    await pause(retryAfterMs);
    isRefreshing = false;
    turn();
  };

  const recovered = (nodeId: number): void => {
    if (failures.delete(nodeId)) options.health(nodeId, null);
  };

  /** Starts whatever can be started: a fetch to each idle broker that leads a partition with nothing waiting. */
  const turn = (): void => {
    if (closing.signal.aborted || waitingBytes >= numbers.fetchBytesMax) return;
    const byNode = Map.groupBy([...readings.values()].filter(isReady), (reading) => options.leader(reading) ?? -1);
    for (const [node, ready] of byNode) {
      if (node < 0) void refresh();
      else if (!busyNodes.has(node)) void guarded(() => fetchOnce(node, ready));
    }
  };
  const guarded = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      options.fail(error);
    }
  };
  const fetchOnce = async (node: number, ready: readonly Reading[]): Promise<void> => {
    busyNodes.add(node);
    await fetchFrom(node, ready);
    busyNodes.delete(node);
    turn();
  };

  const fetchFrom = async (nodeId: number, ready: readonly Reading[]): Promise<void> => {
    const asked = ready.map((reading) => ({ reading, epoch: reading.epoch, nextOffset: reading.nextFetch ?? 0n }));
    const isCrowded = [...readings.values()].some((reading) => reading.waiting !== null || reading.isDelivering);
    try {
      const request = fetchRequest(
        asked.map(({ reading, nextOffset }) => ({ topicId: reading.topicId, partition: reading.partition, nextOffset })),
        {
          waitMaxMs: isCrowded ? Math.min(crowdedWaitMaxMs, numbers.fetchWaitMaxMs) : numbers.fetchWaitMaxMs,
          bytesMax: numbers.fetchBytesMax,
          partitionBytesMax: numbers.partitionFetchBytesMax,
        },
      );
      const response = await client.send(await client.node(nodeId), `fetch from Kafka node ${nodeId}`, request);
      if (response.error !== kafkaCodes.none)
        throw new LakeError('LOG_UNREACHABLE', `fetch from Kafka node ${nodeId}: error ${response.error}`);
      recovered(nodeId);
      const found = new Map(response.partitions.map((fetched) => [`${fetched.topicId}/${fetched.partition}`, fetched]));
      for (const { reading, epoch, nextOffset } of asked) {
        const fetched = found.get(`${reading.topicId}/${reading.partition}`);
        // The same offset may have been asked of a new leader meanwhile, and have come from there.
        const isWanted = reading.epoch === epoch && !reading.isOver && reading.waiting === null && reading.nextFetch === nextOffset;
        if (fetched && isWanted) take(reading, nextOffset, fetched);
      }
    } catch (error) {
      const known = kafkaError(`fetch from Kafka node ${nodeId}`, error);
      if (known.retry !== 'backoff') throw known;
      if (closing.signal.aborted) return;
      options.health(nodeId, known);
      const failed = failures.get(nodeId) ?? 0;
      failures.set(nodeId, failed + 1);
      await pause(Math.min(numbers.reconnectDelayMaxMs, numbers.reconnectDelayMinMs * 2 ** Math.min(failed, 16)));
      await options.refresh();
      // A node that leads nothing here any more is not missed.
      if (![...readings.values()].some((reading) => options.leader(reading) === nodeId)) recovered(nodeId);
    }
  };

  const take = (reading: Reading, asked: bigint, fetched: FetchedPartition): void => {
    const { error, logStart, highWatermark, records } = fetched;
    if (error === kafkaCodes.offsetOutOfRange || (error === kafkaCodes.none && logStart > asked)) return void checkRange(reading, asked);
    if (error === kafkaCodes.topicAuthorizationFailed) {
      return options.fail(
        new LakeError('LOG_REFUSED', `fetch ${keyOf(reading)}: not authorised to read the topic`, { context: { topic: reading.topic } }),
      );
    }
    if (error !== kafkaCodes.none) {
      // The leader moved, the topic is gone or is another one: the metadata tells.
      void hold(reading);
      return void refresh();
    }
    const end = recordsEnd(records);
    if (end === null || end <= asked) return;
    reading.nextFetch = end;
    // Whoever was served goes to the back: the broker fills its answer in the order asked.
    readings.delete(keyOf(reading));
    readings.set(keyOf(reading), reading);
    const blocks = decodeRecords({
      name: keyOf(reading),
      records,
      from: asked,
      aborted: fetched.aborted,
      receivedAtMs: clock.now(),
      blockBytesMax,
      decompressedBytesMax: numbers.decompressedBytesMax,
      headers: reading.headers,
    });
    reading.waiting = { blocks, bytes: records.length, range: { logStart, highWatermark }, nextOffset: asked };
    waitingBytes += records.length;
    deliver(reading);
  };

  const checkRange = async (reading: Reading, asked: bigint): Promise<void> => {
    const { epoch } = reading;
    reading.isHeld = true;
    try {
      const range = await options.range(reading);
      if (reading.epoch !== epoch || reading.isOver) return;
      // In range after all: a leader that has not caught up yet.
      if (asked >= range.logStart && asked <= range.highWatermark) return;
      reading.isStuck = true;
      await handler.outOfRange({ topic: reading.topic, partition: reading.partition }, asked, range);
    } catch (error) {
      if (!(error instanceof LakeError) || error.retry !== 'backoff') options.fail(error);
    } finally {
      void hold(reading);
    }
  };

  const deliver = (reading: Reading): void => {
    if (reading.isDelivering) return;
    reading.isDelivering = true;
    void guarded(async () => {
      await deliverAll(reading);
      reading.isDelivering = false;
      turn();
    });
  };
  const deliverAll = async (reading: Reading): Promise<void> => {
    const key = keyOf(reading);
    const { topic, partition, topicId } = reading;
    for (;;) {
      await held.get(key);
      const { waiting } = reading;
      if (!waiting || reading.isPaused || reading.isOver) return;
      const next = waiting.blocks.next();
      if (next.done === true) {
        reading.waiting = null;
        waitingBytes -= waiting.bytes;
        turn();
        continue;
      }
      const { block: records, nextOffset } = next.value;
      const batch: LogBatch = { topic, partition, topicId, records, fromOffset: waiting.nextOffset, nextOffset, ...waiting.range };
      waiting.nextOffset = nextOffset;
      const delivered = handler.batch(batch);
      held.set(
        key,
        delivered.catch(() => undefined),
      );
      await delivered;
    }
  };

  const each = (partitions: readonly LogPartition[], act: (reading: Reading) => void): void => {
    for (const at of partitions) {
      const reading = readings.get(keyOf(at));
      if (reading) act(reading);
    }
  };
  const stop = (): void => {
    for (const reading of readings.values()) {
      reading.isOver = true;
      drop(reading);
    }
    readings.clear();
  };
  return {
    start(partitions) {
      for (const at of partitions) readings.set(keyOf(at), readingOf(at));
      turn();
    },
    wake: turn,
    stop,
    seek: (at, nextOffset) =>
      each([at], (reading) => {
        drop(reading);
        reading.nextFetch = nextOffset;
        reading.isStuck = false;
        turn();
      }),
    pause: (partitions) => each(partitions, (reading) => void (reading.isPaused = true)),
    resume: (partitions) =>
      each(partitions, (reading) => {
        reading.isPaused = false;
        deliver(reading);
      }),
    close() {
      closing.abort();
      stop();
    },
  };
}

function isReady(reading: Reading): boolean {
  return (
    reading.nextFetch !== null && reading.waiting === null && !reading.isPaused && !reading.isStuck && !reading.isHeld && !reading.isOver
  );
}

function readingOf({ topic, partition, topicId, nextOffset }: ReaderStart): Reading {
  return {
    topic,
    partition,
    topicId,
    nextFetch: nextOffset,
    epoch: 0,
    waiting: null,
    isPaused: false,
    isStuck: false,
    isHeld: false,
    isOver: false,
    isDelivering: false,
    headers: headerMemo(),
  };
}
