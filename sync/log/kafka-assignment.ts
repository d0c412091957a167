// What members of a consumer group tell each other: their topics, and the partitions the leader deals out. Kafka's own
// encoding, so that its tools can read it. Spec: ConsumerProtocolSubscription and ConsumerProtocolAssignment, version 0.

import type { LogPartition } from './log.ts';

export interface GroupMember {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Partitions in name order, dealt round robin among the members that asked for the topic. */
export function dealPartitions(
  members: readonly GroupMember[],
  partitions: ReadonlyMap<string, readonly number[]>,
): Map<string, LogPartition[]> {
  const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const shares = new Map<string, LogPartition[]>(sorted.map((member) => [member.memberId, []]));
  let turn = 0;
  for (const topic of [...partitions.keys()].toSorted()) {
    const takers = sorted.filter((member) => member.topics.includes(topic));
    if (takers.length === 0) continue;
    for (const partition of (partitions.get(topic) ?? []).toSorted((a, b) => a - b)) {
      const taker = takers[turn++ % takers.length];
      if (taker) shares.get(taker.memberId)?.push({ topic, partition });
    }
  }
  return shares;
}

export function encodeSubscription(topics: readonly string[]): Buffer {
  return Buffer.concat([int16(0), int32(topics.length), ...topics.map(string), int32(0)]);
}

export function decodeSubscription(bytes: Buffer): readonly string[] {
  const read = reader(bytes);
  read.int16();
  return Array.from({ length: read.int32() }, () => read.string());
}

export function encodeAssignment(partitions: readonly LogPartition[]): Buffer {
  const byTopic = Map.groupBy(partitions, (at) => at.topic);
  const topics = [...byTopic].flatMap(([topic, at]) => [string(topic), int32(at.length), ...at.map((one) => int32(one.partition))]);
  return Buffer.concat([int16(0), int32(byTopic.size), ...topics, int32(0)]);
}

export function decodeAssignment(bytes: Buffer | null): readonly LogPartition[] {
  if (!bytes || bytes.length === 0) return [];
  const read = reader(bytes);
  read.int16();
  const partitions: LogPartition[] = [];
  for (let topics = read.int32(); topics > 0; topics--) {
    const topic = read.string();
    for (let count = read.int32(); count > 0; count--) partitions.push({ topic, partition: read.int32() });
  }
  return partitions;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([int16(bytes.length), bytes]);
}

function reader(bytes: Buffer) {
  let at = 0;
  const step = (size: number): number => {
    at += size;
    return at - size;
  };
  return {
    int16: () => bytes.readInt16BE(step(2)),
    int32: () => bytes.readInt32BE(step(4)),
    string(): string {
      const length = bytes.readInt16BE(step(2));
      const from = step(length);
      return bytes.toString('utf8', from, at);
    },
  };
}
