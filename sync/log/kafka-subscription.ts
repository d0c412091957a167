// One subscription: group membership and fetch loop put together, and the topics watched. A topic that appears, grows
// or becomes another one (I6) makes the member join again, so that its handler is asked anew where to start.

import type { Clock } from '../../runtime/clock.ts';
import type { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { kafkaCodes } from './kafka-error.ts';
import { kafkaGroup } from './kafka-group.ts';
import type { KafkaMetadata, KafkaTopic } from './kafka-metadata.ts';
import type { KafkaNumbers } from './kafka-options.ts';
import { kafkaReader } from './kafka-reader.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { LogHandler, LogPartition, LogSubscription, OffsetRange, SubscribeOptions } from './log.ts';

export interface KafkaSubscriptionOptions extends SubscribeOptions {
  readonly handler: LogHandler;
  /** Two sets of connections: a broker holds a whole connection while a join waits. */
  readonly groupClient: KafkaClient;
  readonly fetchClient: KafkaClient;
  readonly numbers: KafkaNumbers;
  readonly clock: Clock;
  readonly logger: Logger;
  metadata(client: KafkaClient, topics: readonly string[]): Promise<KafkaMetadata>;
  range(client: KafkaClient, at: LogPartition): Promise<OffsetRange>;
}

export function kafkaSubscription(options: KafkaSubscriptionOptions): LogSubscription {
  const { handler, fetchClient, groupClient, numbers, clock, logger } = options;
  const done = Promise.withResolvers<void>();
  // Whoever does not look at `done` still sees the log.
  done.promise.catch(() => undefined);
  const closing = new AbortController();
  const health = healthOf(handler);
  let topics: ReadonlyMap<string, KafkaTopic> = new Map();
  let joinedShape = '';
  /** What this member dealt the partitions from, where it leads the group. */
  let dealtShape = '';
  /** Whoever leads the group looks after the topics of every member: what they see is what was dealt. */
  let watched: readonly string[] = options.topics;
  /** In a row, that what was dealt was not what there was. */
  let missed = 0;
  let given: readonly LogPartition[] = [];
  /** Of the assignment that `given` is, or will be; null when it is over. */
  let current: object | null = null;

  const load = async (): Promise<void> => {
    const found = await options.metadata(fetchClient, watched);
    topics = new Map(found.topics.filter((topic) => topic.error === kafkaCodes.none).map((topic) => [topic.name, topic]));
  };
  const refresh = async (): Promise<void> => {
    try {
      await load();
    } catch (error) {
      return logger.debug({ error }, 'metadata not read');
    }
    if (joinedShape !== '' && shapeOf(topics) !== joinedShape) {
      joinedShape = '';
      logger.info({ topics: options.topics }, 'topics changed: joining the group again');
      group.rejoin();
    }
  };
  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return;
    closing.abort();
    reader.close();
    await group.leave();
    await Promise.all([groupClient[Symbol.asyncDispose](), fetchClient[Symbol.asyncDispose]()]);
    // Nothing happens when it has failed already.
    done.resolve();
  };
  const fail = (error: unknown): void => {
    if (closing.signal.aborted) return;
    logger.error({ error }, 'the subscription failed');
    done.reject(error);
    void close();
  };
  /** A handler's own failure ends the subscription; it is not the log's. */
  const guarded = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      fail(error);
    }
  };

  const reader = kafkaReader({
    client: fetchClient,
    numbers,
    clock,
    handler,
    leader: ({ topic, partition }) => topics.get(topic)?.leaders.get(partition),
    refresh,
    range: (at) => options.range(fetchClient, at),
    health,
    fail,
  });
  const group = kafkaGroup({
    client: groupClient,
    groupId: options.groupId,
    topics: options.topics,
    numbers,
    clock,
    logger,
    async partitions(wanted) {
      watched = wanted;
      await load();
      dealtShape = shapeOf(topics);
      return new Map([...topics].map(([name, topic]) => [name, [...topic.leaders.keys()]]));
    },
    assigned: (partitions) =>
      guarded(async () => {
        const mine = {};
        current = mine;
        if (dealtShape === '') watched = options.topics;
        await loadForEver();
        if (current !== mine || closing.signal.aborted) return;
        const [shape, dealt] = [shapeOf(topics), dealtShape];
        dealtShape = '';
        if (dealt !== '' && dealt !== shape) return joinLater();
        missed = 0;
        joinedShape = shape;
        given = partitions.filter((at) => topics.has(at.topic));
        if (given.length === 0) return;
        // In hand before anybody is asked: a seek or a pause meanwhile is not lost.
        reader.start(given.map((at) => ({ ...at, topicId: topics.get(at.topic)?.topicId ?? '' })));
        reader.begin(await handler.assigned(given));
      }),
    stopped() {
      current = null;
      joinedShape = '';
      reader.stop();
    },
    revoked: () =>
      guarded(async () => {
        const taken = given;
        given = [];
        if (taken.length > 0) await handler.revoked(taken);
      }),
    health: (problem) => health('group', problem),
    fail,
  });
  /**
   * The topics changed after the partitions were dealt: what was dealt is not what there is, and no later look would find
   * a change. After a pause, because brokers may tell apart for a moment.
   */
  const joinLater = async (): Promise<void> => {
    const delayMs = Math.min(numbers.reconnectDelayMaxMs, numbers.reconnectDelayMinMs * 2 ** Math.min(missed++, 16));
    await clock.sleep(delayMs, closing.signal).catch(() => undefined);
    logger.info({ topics: options.topics }, 'topics changed while the partitions were dealt: joining the group again');
    group.rejoin();
  };
  const loadForEver = async (): Promise<void> => {
    for (let isLoaded = false; !isLoaded && !closing.signal.aborted;) {
      try {
        await load();
        isLoaded = true;
      } catch (error) {
        if (isRefused(error)) throw error;
        await clock.sleep(numbers.reconnectDelayMinMs, closing.signal).catch(() => undefined);
      }
    }
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(numbers.metadataMaxAgeMs, closing.signal).catch(() => undefined);
      if (closing.signal.aborted) return;
      await refresh();
      reader.wake();
    }
  };
  void watch();

  return {
    done: done.promise,
    seek: reader.seek,
    pause: reader.pause,
    resume: reader.resume,
    acknowledge: group.acknowledge,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Which topics there are, which incarnations, how many partitions: a change means another assignment. */
function shapeOf(topics: ReadonlyMap<string, KafkaTopic>): string {
  const parts = [...topics.values()].map((topic) => `${topic.name} ${topic.topicId} ${topic.leaders.size}`);
  return `topics: ${parts.toSorted().join(', ')}`;
}

function isRefused(error: unknown): boolean {
  return !(error instanceof Error) || Reflect.get(error, 'retry') !== 'backoff';
}

/** Tells the handler when the log goes away and when all of it is back, once each. */
function healthOf(handler: LogHandler): (part: string, problem: LakeError | null) => void {
  const problems = new Map<string, LakeError>();
  return (part, problem) => {
    const before = problems.size;
    if (problem) problems.set(part, problem);
    else problems.delete(part);
    if (problem && before === 0) handler.availability(false, problem.message);
    if (!problem && before > 0 && problems.size === 0) handler.availability(true, null);
  };
}
