// The fetch loop of one subscription: positions are ours alone, so nothing is ever reset. One request at a time to each
// broker, for every partition that has room; answers to an assignment or a seek that is over are dropped by their epoch.

import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { KafkaClient } from './kafka-client.ts';
import { kafkaCodes, kafkaError } from './kafka-error.ts';
import { fetchRequest, type FetchedPartition, type FetchResponse } from './kafka-fetch.ts';
import type { KafkaNumbers } from './kafka-options.ts';
import { kafkaReading, partitionKey, type KafkaReading } from './kafka-reading.ts';
import type { LogHandler, LogPartition, OffsetRange } from './log.ts';

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
  /** Of the connection to one node, or of the right to read one topic. */
  health(part: string, problem: LakeError | null): void;
  fail(error: unknown): void;
}

export interface KafkaReader {
  /** Takes partitions in hand. Each is read from where `begin` or a seek says, whichever comes first. */
  start(partitions: readonly (LogPartition & { readonly topicId: string })[]): void;
  begin(starts: readonly (LogPartition & { readonly nextOffset: bigint })[]): void;
  /** The metadata is new: leaders may be other ones. */
  wake(): void;
  /** Nothing is delivered after this. */
  stop(): void;
  seek(at: LogPartition, nextOffset: bigint): void;
  pause(partitions: readonly LogPartition[]): void;
  resume(partitions: readonly LogPartition[]): void;
  close(): void;
}

interface Asked {
  readonly reading: KafkaReading;
  readonly epoch: number;
  readonly nextOffset: bigint;
}

const retryAfterMs = 100;
/** While a handler holds a batch, its partition must not wait long behind the idle ones of the same broker. */
const crowdedWaitMaxMs = 10;
/** A handler that holds a batch this long keeps no fetched bytes behind it while another topic has no room to fetch. */
const giveWayAfterMs = 2_000;
/** Rights change by hand. */
const refusedPauseMs = 2_000;

export function kafkaReader(options: KafkaReaderOptions): KafkaReader {
  const { numbers, clock, handler } = options;
  const closing = new AbortController();
  const readings = new Map<string, KafkaReading>();
  const held = new Map<string, Promise<unknown>>();
  const busyNodes = new Set<number>();
  /** Failures in a row, by node. */
  const failures = new Map<number, number>();
  /** Topics that may not be read. */
  const refused = new Set<string>();
  let waitingBytes = 0;
  let isRefreshing = false;
  let isMakingRoom = false;
  let isTurnDue = false;

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
    if (failures.delete(nodeId)) options.health(`node ${nodeId}`, null);
  };
  const allowed = (topic: string): void => {
    if (refused.delete(topic)) options.health(`topic ${topic}`, null);
  };

  /** Once for all that happens in one go: many partitions may be handed out together. */
  const turn = (): void => {
    if (isTurnDue) return;
    isTurnDue = true;
    queueMicrotask(startFetches);
  };
  /** Starts whatever can be started: a fetch to each idle broker that leads a partition with room. */
  const startFetches = (): void => {
    isTurnDue = false;
    if (closing.signal.aborted) return;
    if (waitingBytes >= numbers.fetchBytesMax) return void makeRoom();
    const ready = readyOnes();
    for (const [node, wanted] of Map.groupBy(ready, (reading) => options.leader(reading) ?? -1)) {
      if (node < 0) void refresh();
      else if (!busyNodes.has(node)) void fetchOnce(node, wanted);
    }
  };
  /** What keeps one partition of a topic from being taken keeps all of them. */
  const readyOnes = (): readonly KafkaReading[] => {
    const topicsInTheWay = new Set<string>();
    for (const { topic, keptBytes } of readings.values()) if (keptBytes > 0) topicsInTheWay.add(topic);
    return [...readings.values()].filter((reading) => reading.isReady() && !topicsInTheWay.has(reading.topic));
  };
  /**
   * A topic that nobody takes must not keep all others from being fetched. What its handler holds stays in memory all the
   * same, beside what is fetched then: no more than can wait, which is below one answer before all nodes answer at once.
   */
  const makeRoom = async (): Promise<void> => {
    if (isMakingRoom) return;
    isMakingRoom = true;
    const before = [...readings.values()].flatMap((reading) => (reading.isBusy ? [{ reading, delivered: reading.delivered }] : []));
    await pause(giveWayAfterMs);
    isMakingRoom = false;
    const stuck = new Set(before.flatMap(({ reading, delivered }) => (reading.delivered === delivered ? [reading] : [])));
    const topics = new Set([...stuck].map(({ topic }) => topic));
    if (waitingBytes >= numbers.fetchBytesMax && readyOnes().some(({ topic }) => !topics.has(topic))) {
      const nodes = new Set([...readings.values()].map((reading) => options.leader(reading)));
      for (const reading of stuck) if (keptBytes() < (1 + nodes.size) * numbers.fetchBytesMax) reading.giveWay();
    }
    turn();
  };
  const fetchOnce = async (node: number, wanted: readonly KafkaReading[]): Promise<void> => {
    busyNodes.add(node);
    try {
      await fetchFrom(node, wanted);
      busyNodes.delete(node);
      turn();
    } catch (error) {
      options.fail(error);
    }
  };
  const fetchFrom = async (nodeId: number, wanted: readonly KafkaReading[]): Promise<void> => {
    const asked = wanted.map((reading): Asked => ({ reading, epoch: reading.epoch, nextOffset: reading.nextFetch ?? 0n }));
    const isCrowded = [...readings.values()].some((reading) => reading.isBusy);
    try {
      const response = await askFor(options, nodeId, asked, isCrowded);
      recovered(nodeId);
      // Its memory is free again when all that was taken from it has been handed out.
      let users = 1;
      const done = (): void => {
        users -= 1;
        if (users === 0) options.client.recycle(response.bytes);
      };
      const found = new Map(response.partitions.map((fetched) => [`${fetched.topicId}/${fetched.partition}`, fetched]));
      for (const one of asked) {
        const fetched = found.get(`${one.reading.topicId}/${one.reading.partition}`);
        // The same offset may have been asked of a new leader meanwhile, and have come from there.
        if (fetched && one.reading.epoch === one.epoch && one.reading.nextFetch === one.nextOffset && take(one, fetched, done)) users += 1;
      }
      done();
    } catch (error) {
      const known = kafkaError(`fetch from Kafka node ${nodeId}`, error);
      if (known.retry !== 'backoff') throw known;
      if (!closing.signal.aborted) await failed(nodeId, known);
    }
  };
  const failed = async (nodeId: number, problem: LakeError): Promise<void> => {
    options.health(`node ${nodeId}`, problem);
    const before = failures.get(nodeId) ?? 0;
    failures.set(nodeId, before + 1);
    await pause(Math.min(numbers.reconnectDelayMaxMs, numbers.reconnectDelayMinMs * 2 ** Math.min(before, 16)));
    await options.refresh();
    // A node that leads nothing here any more is not missed.
    if (![...readings.values()].some((reading) => options.leader(reading) === nodeId)) recovered(nodeId);
  };
  /** Whether the reading holds on to what was fetched, until it calls `done`. */
  const take = ({ reading, nextOffset }: Asked, fetched: FetchedPartition, done: () => void): boolean => {
    const { error, logStart } = fetched;
    if (error !== kafkaCodes.topicAuthorizationFailed) allowed(reading.topic);
    if (error === kafkaCodes.offsetOutOfRange || (error === kafkaCodes.none && logStart > nextOffset)) {
      void checkRange(reading, nextOffset);
    } else if (error === kafkaCodes.topicAuthorizationFailed) {
      const problem = `fetch ${reading.key}: not authorised to read the topic`;
      refused.add(reading.topic);
      options.health(`topic ${reading.topic}`, new LakeError('LOG_REFUSED', problem, { context: { topic: reading.topic } }));
      void hold(reading, refusedPauseMs);
    } else if (error !== kafkaCodes.none) {
      // The leader moved, the topic is gone or is another one: the metadata tells.
      void hold(reading);
      void refresh();
    } else if (reading.add(fetched, clock.now(), done)) {
      // Whoever was served goes to the back: the broker fills its answer in the order asked. Unless its delivery has ended the assignment.
      if (readings.get(reading.key) === reading) {
        readings.delete(reading.key);
        readings.set(reading.key, reading);
      }
      return true;
    }
    return false;
  };
  const hold = async (reading: KafkaReading, ms = retryAfterMs): Promise<void> => {
    reading.hold(true);
    await pause(ms);
    reading.hold(false);
    turn();
  };
  const checkRange = async (reading: KafkaReading, asked: bigint): Promise<void> => {
    const { epoch } = reading;
    reading.hold(true);
    try {
      const range = await options.range(reading);
      // In range after all: a leader that has not caught up yet.
      const isOutside = asked < range.logStart || asked > range.highWatermark;
      if (isOutside && reading.epoch === epoch) {
        reading.stick();
        await handler.outOfRange({ topic: reading.topic, partition: reading.partition }, asked, range);
      }
    } catch (error) {
      if (!(error instanceof LakeError) || error.retry !== 'backoff') options.fail(error);
    } finally {
      void hold(reading);
    }
  };

  const each = (partitions: readonly LogPartition[], act: (reading: KafkaReading) => void): void => {
    for (const at of partitions) {
      const reading = readings.get(partitionKey(at));
      if (reading) act(reading);
    }
    turn();
  };
  const stop = (): void => {
    for (const reading of readings.values()) reading.stop();
    readings.clear();
    for (const topic of refused) allowed(topic);
  };
  const keptBytes = (): number => [...readings.values()].reduce((sum, reading) => sum + reading.keptBytes, 0);
  const waited = (bytes: number): void => {
    waitingBytes += bytes;
  };
  return {
    start(partitions) {
      const { fail } = options;
      for (const at of partitions) {
        const batch: LogHandler['batch'] = (one) => handler.batch(one);
        readings.set(partitionKey(at), kafkaReading({ ...at, numbers, batch, held, waited, delivered: turn, fail }));
      }
    },
    begin(starts) {
      for (const at of starts) readings.get(partitionKey(at))?.begin(at.nextOffset);
      turn();
    },
    wake: turn,
    stop,
    seek: (at, nextOffset) => each([at], (reading) => reading.seek(nextOffset)),
    pause: (partitions) => each(partitions, (reading) => reading.pause()),
    resume: (partitions) => each(partitions, (reading) => reading.resume()),
    close() {
      closing.abort();
      stop();
    },
  };
}

async function askFor(
  { client, numbers }: KafkaReaderOptions,
  nodeId: number,
  asked: readonly Asked[],
  isCrowded: boolean,
): Promise<FetchResponse> {
  const partitions = asked.map(({ reading, nextOffset }) => ({ topicId: reading.topicId, partition: reading.partition, nextOffset }));
  const what = `fetch from Kafka node ${nodeId}`;
  const request = fetchRequest(partitions, {
    waitMaxMs: isCrowded ? Math.min(crowdedWaitMaxMs, numbers.fetchWaitMaxMs) : numbers.fetchWaitMaxMs,
    bytesMax: numbers.fetchBytesMax,
    partitionBytesMax: numbers.partitionFetchBytesMax,
  });
  const response = await client.send(await client.node(nodeId), what, request);
  if (response.error !== kafkaCodes.none) throw new LakeError('LOG_UNREACHABLE', `${what}: error ${response.error}`);
  return response;
}
