// A log in memory that keeps every promise of the port: the test double of the fault lane and the adapter to read
// first. Deterministic: no timers, no randomness; order follows from the calls made. Its controls play what a cluster
// does to a reader: holes in the offsets, retention, truncation, a re-created topic, rebalances, a member that was
// expelled and does not know it yet, and a log that is away.

import { systemClock, type Clock } from '../../runtime/clock.ts';
import { assert, LakeError } from '../../runtime/errors.ts';
import type { Log, LogHandler, LogPartition, LogSubscription, OffsetRange, SubscribeOptions, TopicDescription } from './log.ts';
import { memoryGroup, type MemoryGroup } from './memory-group.ts';
import { memoryPartition, type MemoryPartition, type NewRecord } from './memory-partition.ts';

export interface MemoryLogOptions {
  readonly clusterId: string;
  readonly clock?: Clock;
  /** A batch holds at most this many records, and stops growing at this many key and value bytes. */
  readonly batchRecordsMax?: number;
  readonly batchBytesMax?: number;
}

export interface MemoryTopicOptions {
  readonly partitions: number;
  readonly timestampType?: 'create' | 'append';
}

export interface MemoryLog extends Log {
  /** Returns the topic id. Groups subscribed to the name rebalance. */
  createTopic(topic: string, options: MemoryTopicOptions): string;
  deleteTopic(topic: string): void;
  /** Deletes and creates under one rebalance: the same name, another topic id, offsets from 0. */
  recreateTopic(topic: string): string;
  /** Appends and returns the first offset given. */
  produce(topic: string, partition: number, records: readonly NewRecord[]): bigint;
  /** Leaves a hole of `count` offsets: what compaction or a transaction marker does. */
  skip(topic: string, partition: number, count: bigint): void;
  /** Retention: the log starts at `before` from now on. */
  deleteRecords(topic: string, partition: number, before: bigint): void;
  /** Loss of the tail: the log ends at `end` from now on. */
  truncate(topic: string, partition: number, end: bigint): void;
  /** An open transaction: nothing at or after `offset` is readable; null ends it. */
  hold(topic: string, partition: number, offset: bigint | null): void;
  setAvailable(available: boolean, reason?: string): void;
  /** Takes everything away from every member and assigns again. */
  rebalance(groupId: string): void;
  /** The member's partitions go to the others while it reads on, unaware, until `notice`. */
  expel(subscription: LogSubscription): void;
  /** An expelled member learns of it: its partitions are revoked and it joins again. */
  notice(subscription: LogSubscription): void;
  /** Group offsets as acknowledged, by `topic/partition`. */
  acknowledged(groupId: string): ReadonlyMap<string, bigint>;
  /** Resolves when no rebalance runs and nothing more can be delivered without a further call. Waits for handlers. */
  settled(): Promise<void>;
}

interface Topic {
  readonly description: TopicDescription;
  readonly partitions: readonly MemoryPartition[];
}

export function memoryLog(options: MemoryLogOptions): MemoryLog {
  const clock = options.clock ?? systemClock;
  const topics = new Map<string, Topic>();
  const groups = new Map<string, MemoryGroup>();
  let created = 0;
  let unavailable: string | null = null;
  const source = {
    recordsMax: options.batchRecordsMax ?? 500,
    bytesMax: options.batchBytesMax ?? 1_048_576,
    unavailable: () => unavailable,
    partitionsOf: (topic: string) => topics.get(topic)?.partitions.map((_, partition) => ({ topic, partition })) ?? [],
    find: (at: LogPartition) => topics.get(at.topic)?.partitions[at.partition],
  };
  const groupOf = (groupId: string): MemoryGroup => {
    const group = groups.get(groupId) ?? memoryGroup(source);
    groups.set(groupId, group);
    return group;
  };
  const partitionOf = (topic: string, partition: number): MemoryPartition => {
    const found = topics.get(topic)?.partitions[partition];
    assert(found, `no log partition ${topic}/${partition}`);
    return found;
  };
  const eachGroup = (act: (group: MemoryGroup) => void): void => groups.forEach(act);
  const change = (topic: string, partition: number, act: (partition: MemoryPartition) => void): void => {
    act(partitionOf(topic, partition));
    eachGroup((group) => group.wake());
  };
  const reachable = (what: string): void => {
    if (unavailable !== null) throw new LakeError('LOG_UNREACHABLE', `${what}: the log is away (${unavailable})`);
  };
  const put = (topic: string, wanted: MemoryTopicOptions): string => {
    created += 1;
    const topicId = `topic-${created}`;
    const timestampType = wanted.timestampType ?? 'append';
    topics.set(topic, {
      description: { topic, clusterId: options.clusterId, topicId, partitionCount: wanted.partitions, timestampType },
      partitions: Array.from({ length: wanted.partitions }, () => memoryPartition({ topicId, timestampType, clock })),
    });
    return topicId;
  };
  const topicsChanged = (topic: string): void => eachGroup((group) => group.topicChanged(topic));

  return {
    createTopic(topic, wanted) {
      assert(!topics.has(topic), `topic ${topic} exists`);
      const topicId = put(topic, wanted);
      topicsChanged(topic);
      return topicId;
    },
    deleteTopic(topic) {
      assert(topics.delete(topic), `no topic ${topic}`);
      topicsChanged(topic);
    },
    recreateTopic(topic) {
      const old = topics.get(topic);
      assert(old, `no topic ${topic}`);
      const topicId = put(topic, { partitions: old.partitions.length, timestampType: old.description.timestampType });
      topicsChanged(topic);
      return topicId;
    },
    produce(topic, partition, records) {
      const first = partitionOf(topic, partition).produce(records);
      eachGroup((group) => group.wake());
      return first;
    },
    skip: (topic, partition, count) => change(topic, partition, (log) => log.skip(count)),
    deleteRecords: (topic, partition, before) => change(topic, partition, (log) => log.deleteRecords(before)),
    truncate: (topic, partition, end) => change(topic, partition, (log) => log.truncate(end)),
    hold: (topic, partition, offset) => change(topic, partition, (log) => log.hold(offset)),
    setAvailable(available, reason = 'unreachable') {
      const before = unavailable;
      unavailable = available ? null : reason;
      if (before !== unavailable) eachGroup((group) => group.availability(unavailable));
    },
    rebalance: (groupId) => groupOf(groupId).rebalance(),
    expel: (subscription) => eachGroup((group) => group.expel(subscription)),
    notice: (subscription) => eachGroup((group) => group.notice(subscription)),
    acknowledged: (groupId) => groupOf(groupId).acknowledged,
    async settled() {
      // A handler may produce or join: look again until a whole round finds nothing under way.
      for (let quiet = 0; quiet < 2;) {
        const waits = [...groups.values()].flatMap((group) => group.underWay());
        quiet = waits.length === 0 ? quiet + 1 : 0;
        await Promise.all(waits);
      }
    },

    async describe(names, signal) {
      signal?.throwIfAborted();
      reachable(`describe ${names.join(', ')}`);
      return names.flatMap((name) => topics.get(name)?.description ?? []);
    },
    async offsets(topic, signal) {
      signal?.throwIfAborted();
      reachable(`read the offsets of ${topic}`);
      const found = topics.get(topic);
      if (!found) throw new LakeError('LOG_REFUSED', `read the offsets of ${topic}: no such topic`, { context: { topic } });
      return new Map<number, OffsetRange>(found.partitions.map((partition, number) => [number, partition.range()]));
    },
    async subscribe(wanted: SubscribeOptions, handler: LogHandler, signal?: AbortSignal) {
      signal?.throwIfAborted();
      const subscription = groupOf(wanted.groupId).join(wanted.topics, handler);
      signal?.addEventListener('abort', () => void subscription.close(), { once: true });
      if (unavailable !== null) handler.availability(false, unavailable);
      return subscription;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...groups.values()].map((group) => group.close()));
    },
  };
}
