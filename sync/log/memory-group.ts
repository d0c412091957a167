// A consumer group in memory: members, eager rebalances (everything is taken away before anything is given), and one
// pump per assigned log partition. Rebalances run one after another; a pump that was told to stop delivers nothing
// more, but a batch its handler still holds is awaited before the same partition is handed out again.

import type { LogHandler, LogPartition, LogSubscription } from './log.ts';
import type { MemoryPartition } from './memory-partition.ts';
import { blockOf } from './record-block.ts';

export interface MemorySource {
  readonly recordsMax: number;
  readonly bytesMax: number;
  unavailable(): string | null;
  partitionsOf(topic: string): readonly LogPartition[];
  find(at: LogPartition): MemoryPartition | undefined;
}

export interface MemoryGroup {
  readonly acknowledged: ReadonlyMap<string, bigint>;
  join(topics: readonly string[], handler: LogHandler): LogSubscription;
  rebalance(): void;
  topicChanged(topic: string): void;
  expel(subscription: LogSubscription): void;
  notice(subscription: LogSubscription): void;
  wake(): void;
  availability(unavailable: string | null): void;
  underWay(): readonly Promise<void>[];
  close(): Promise<void>;
}

/** One assignment of one partition to one member; a later assignment is another object. */
interface Reading extends LogPartition {
  readonly topicId: string;
  nextOffset: bigint | null;
  isPaused: boolean;
  /** Out of range: waits for a seek. */
  isStuck: boolean;
  isRevoked: boolean;
  isPumping: boolean;
}

interface Member {
  readonly topics: readonly string[];
  readonly handler: LogHandler;
  readonly subscription: LogSubscription;
  readings: Map<string, Reading>;
  /** Batches the handler holds, by partition: outlive the assignment. */
  readonly held: Map<string, Promise<void>>;
  readonly fail: (error: unknown) => void;
  isClosed: boolean;
  isExpelled: boolean;
}

const keyOf = (at: LogPartition): string => `${at.topic}/${at.partition}`;

export function memoryGroup(source: MemorySource): MemoryGroup {
  const members: Member[] = [];
  const acknowledged = new Map<string, bigint>();
  const pumps = new Set<Promise<void>>();
  let rebalancing: Promise<void> | null = null;
  let isRebalanceWanted = false;

  const track = (work: Promise<void>): void => {
    pumps.add(work);
    void work.finally(() => pumps.delete(work));
  };
  const failing = async (member: Member, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      leave(member);
      member.fail(error);
    }
  };

  const start = (member: Member, reading: Reading): void => {
    if (reading.isPumping || !canRead(source, member, reading)) return;
    reading.isPumping = true;
    track(failing(member, () => pump(source, member, reading)));
  };
  const wakeMember = (member: Member): void => member.readings.forEach((reading) => start(member, reading));

  const revoke = async (member: Member): Promise<void> => {
    const taken = [...member.readings.values()];
    member.readings = new Map();
    for (const reading of taken) reading.isRevoked = true;
    if (taken.length > 0) await member.handler.revoked(taken.map(({ topic, partition }) => ({ topic, partition })));
  };
  const assign = async (member: Member, partitions: readonly LogPartition[]): Promise<void> => {
    if (partitions.length === 0) return;
    const readings = new Map(partitions.map((at) => [keyOf(at), readingOf(at, source.find(at)?.topicId ?? '')]));
    member.readings = readings;
    const starts = await member.handler.assigned(partitions);
    for (const from of starts) {
      const reading = readings.get(keyOf(from));
      if (reading && reading.nextOffset === null) reading.nextOffset = from.nextOffset;
    }
    wakeMember(member);
  };
  const runRebalance = async (): Promise<void> => {
    await Promise.resolve();
    while (isRebalanceWanted) {
      isRebalanceWanted = false;
      const present = members.filter((member) => !member.isExpelled && !member.isClosed);
      for (const member of present) await failing(member, () => revoke(member));
      const shares = divide(present, source);
      for (const [member, partitions] of shares) if (!member.isClosed) await failing(member, () => assign(member, partitions));
    }
    rebalancing = null;
  };
  const rebalance = (): void => {
    isRebalanceWanted = true;
    rebalancing ??= runRebalance();
  };
  const leave = (member: Member): void => {
    if (member.isClosed) return;
    member.isClosed = true;
    for (const reading of member.readings.values()) reading.isRevoked = true;
    members.splice(members.indexOf(member), 1);
    rebalance();
  };
  const memberOf = (subscription: LogSubscription): Member | undefined => members.find((member) => member.subscription === subscription);

  return {
    acknowledged,
    join(topics, handler) {
      const done = Promise.withResolvers<void>();
      done.promise.catch(() => undefined);
      const find = (at: LogPartition): Reading | undefined => member.readings.get(keyOf(at));
      const close = async (): Promise<void> => {
        leave(member);
        done.resolve();
      };
      const subscription: LogSubscription = {
        done: done.promise,
        seek(at, nextOffset) {
          const reading = find(at);
          if (!reading) return;
          reading.nextOffset = nextOffset;
          reading.isStuck = false;
          start(member, reading);
        },
        pause: (partitions) => partitions.forEach((at) => setPaused(find(at), true)),
        resume(partitions) {
          partitions.forEach((at) => setPaused(find(at), false));
          wakeMember(member);
        },
        async acknowledge(offsets) {
          if (source.unavailable() !== null || member.isExpelled || member.isClosed) return;
          for (const at of offsets) acknowledged.set(keyOf(at), at.nextOffset);
        },
        close,
        [Symbol.asyncDispose]: close,
      };
      const member: Member = {
        topics,
        handler,
        subscription,
        readings: new Map(),
        held: new Map(),
        fail: done.reject,
        isClosed: false,
        isExpelled: false,
      };
      members.push(member);
      rebalance();
      return subscription;
    },
    rebalance,
    topicChanged(topic) {
      if (members.some((member) => member.topics.includes(topic))) rebalance();
    },
    expel(subscription) {
      const member = memberOf(subscription);
      if (!member) return;
      member.isExpelled = true;
      rebalance();
    },
    notice(subscription) {
      const member = memberOf(subscription);
      if (!member?.isExpelled) return;
      member.isExpelled = false;
      rebalance();
    },
    wake: () => members.forEach(wakeMember),
    availability(unavailable) {
      for (const member of members) member.handler.availability(unavailable === null, unavailable);
      members.forEach(wakeMember);
    },
    underWay: () => [...pumps, ...(rebalancing ? [rebalancing] : [])],
    async close() {
      await Promise.all(members.map((member) => member.subscription.close()));
    },
  };
}

function setPaused(reading: Reading | undefined, isPaused: boolean): void {
  if (reading) reading.isPaused = isPaused;
}

function readingOf({ topic, partition }: LogPartition, topicId: string): Reading {
  return { topic, partition, topicId, nextOffset: null, isPaused: false, isStuck: false, isRevoked: false, isPumping: false };
}

function canRead(source: MemorySource, member: Member, reading: Reading): boolean {
  if (reading.isRevoked || reading.isPaused || reading.isStuck || reading.nextOffset === null) return false;
  if (member.isClosed || source.unavailable() !== null) return false;
  const log = source.find(reading);
  // Another incarnation is never read under this assignment (I6).
  if (!log || log.topicId !== reading.topicId) return false;
  return reading.nextOffset < log.range().highWatermark || !log.isInRange(reading.nextOffset);
}

async function pump(source: MemorySource, member: Member, reading: Reading): Promise<void> {
  const key = keyOf(reading);
  try {
    await Promise.resolve();
    for (;;) {
      await member.held.get(key);
      const log = source.find(reading);
      const from = reading.nextOffset;
      if (!log || from === null || !canRead(source, member, reading)) return;
      const range = log.range();
      if (!log.isInRange(from)) {
        reading.isStuck = true;
        await member.handler.outOfRange({ topic: reading.topic, partition: reading.partition }, from, range);
        continue;
      }
      const { records, nextOffset } = log.read(from, source.recordsMax, source.bytesMax);
      reading.nextOffset = nextOffset;
      const { topic, partition, topicId } = reading;
      const delivered = member.handler.batch({
        topic,
        partition,
        topicId,
        records: blockOf(records),
        fromOffset: from,
        nextOffset,
        ...range,
      });
      member.held.set(
        key,
        delivered.then(
          () => undefined,
          () => undefined,
        ),
      );
      await delivered;
      member.held.delete(key);
    }
  } finally {
    reading.isPumping = false;
  }
}

/** Partitions in name order, dealt round robin among the members that asked for the topic. */
function divide(members: readonly Member[], source: MemorySource): Map<Member, LogPartition[]> {
  const shares = new Map<Member, LogPartition[]>(members.map((member) => [member, []]));
  const topics = [...new Set(members.flatMap((member) => member.topics))].toSorted();
  let turn = 0;
  for (const at of topics.flatMap((topic) => source.partitionsOf(topic))) {
    const takers = members.filter((member) => member.topics.includes(at.topic));
    const taker = takers[turn % takers.length];
    turn += 1;
    if (taker) shares.get(taker)?.push({ topic: at.topic, partition: at.partition });
  }
  return shares;
}
