// The fetch loop where room runs out or a topic is refused: a broker in memory that has more of every topic than may
// wait at once.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { KafkaBroker, KafkaClient } from '../../sync/log/kafka-client.ts';
import type { FetchedPartition, FetchResponse } from '../../sync/log/kafka-fetch.ts';
import { kafkaCodes } from '../../sync/log/kafka-error.ts';
import { kafkaNumbers } from '../../sync/log/kafka-options.ts';
import { kafkaReader } from '../../sync/log/kafka-reader.ts';
import { wireReader, type WireRequest } from '../../sync/log/kafka-wire.ts';
import { encodeBatch } from '../conformance/record-batch-encoder.ts';
import { SimulatedClock, settle } from '../fault/simulation/simulated-clock.ts';

const recordsOfTopic = 60n;
/** Two of them are more than may wait. */
const answer = { records: 4, bytes: 1_000 };
const numbers = kafkaNumbers({ brokers: ['kafka:9092'], fetchBytesMax: 1_500, partitionFetchBytesMax: answer.bytes });
const everything = Array.from({ length: Number(recordsOfTopic) }, (_, offset) => offset);
const firstBatch = everything.slice(0, answer.records);

test('what was fetched of a paused partition takes no room of the others, and comes after resume', async (t) => {
  const { reader, taken, hold, clock } = world(t, ['a', 'b', 'c']);
  const first = hold('a');
  reader.begin(starts('a', 'b'));
  await settle();
  reader.pause(starts('a'));
  first.resolve();
  reader.begin(starts('c'));
  await clock.advanceBy(500);
  assert.deepEqual(taken, { a: firstBatch, b: everything, c: everything });
  reader.resume(starts('a'));
  await clock.advanceBy(500);
  assert.deepEqual(taken['a'], everything, 'nothing is left out and nothing comes twice');
});

test('a topic whose handler holds a batch does not keep the others from being fetched', async (t) => {
  const { reader, taken, hold, clock } = world(t, ['a', 'b', 'c']);
  const [first, second] = [hold('a'), hold('b')];
  reader.begin(starts('a', 'b'));
  await settle();
  reader.begin(starts('c'));
  await clock.advanceBy(500);
  assert.deepEqual(taken['c'], undefined, 'no room yet: a batch may take a moment');
  await clock.advanceBy(3_000);
  assert.deepEqual(taken, { a: firstBatch, b: firstBatch, c: everything });
  first.resolve();
  second.resolve();
  await clock.advanceBy(500);
  assert.deepEqual(taken, { a: everything, b: everything, c: everything }, 'what gave way is fetched again, once');
});

test('a topic of many partitions on several nodes gives way as a whole', async (t) => {
  const wide = Array.from({ length: 24 }, (_, i) => `wide/${i}`);
  const { reader, taken, hold, clock } = world(t, [...wide, 'b'], 4);
  wide.map(hold);
  reader.begin(starts(...wide));
  await clock.advanceBy(1_000);
  reader.begin(starts('b'));
  await clock.advanceBy(30_000);
  assert.deepEqual(taken['b'], everything);
});

test('I9: however many topics nobody takes, what their handlers hold stays bounded, and all is read once they are taken', async (t) => {
  const topics = Array.from({ length: 40 }, (_, i) => `t${i}`);
  const { reader, taken, hold, clock } = world(t, topics);
  const gates = topics.map(hold);
  reader.begin(starts(...topics));
  await clock.advanceBy(120_000);
  const held = Object.keys(taken).length * answer.bytes;
  // Kept: two answers and what made it so many. Waiting: the same again.
  assert.ok(held > 0 && held <= 4 * numbers.fetchBytesMax + 2 * answer.bytes, `${held} bytes held`);
  for (const gate of gates) gate.resolve();
  await clock.advanceBy(20_000);
  assert.deepEqual(taken, Object.fromEntries(topics.map((topic) => [topic, everything])));
});

test('a topic that may not be read is told, asked for again, and keeps no other from being read', async (t) => {
  const { reader, taken, clock, refused, health } = world(t, ['a', 'b']);
  refused.add('a');
  reader.begin(starts('a', 'b'));
  await clock.advanceBy(10_000);
  assert.deepEqual(taken, { b: everything });
  assert.deepEqual(health, { 'topic a': 'fetch a/0: not authorised to read the topic' });
  refused.clear();
  await clock.advanceBy(5_000);
  assert.deepEqual(taken, { a: everything, b: everything });
  assert.deepEqual(health, { 'topic a': null });
});

test('a seek before anybody has said where to begin is where reading begins', async (t) => {
  const { reader, taken, clock } = world(t, ['a', 'b']);
  reader.seek({ topic: 'a', partition: 0 }, 40n);
  reader.pause(starts('b'));
  reader.begin(starts('a', 'b'));
  await clock.advanceBy(500);
  assert.deepEqual(taken, { a: everything.slice(40) }, 'a pause holds as well');
});

function starts(...topics: readonly string[]) {
  return topics.map((name) => ({ ...placeOf(name), nextOffset: 0n }));
}

/** `a` is partition 0 of topic a, `a/3` partition 3. */
function placeOf(name: string) {
  const [topic = '', partition = '0'] = name.split('/');
  return { topic, partition: Number(partition) };
}

/** Nodes that lead the partitions in turn; `hold` keeps the next batch of one with its handler. */
function world(t: TestContext, names: readonly string[], nodes = 1) {
  const topics = [...new Set(names.map((name) => placeOf(name).topic))];
  const clock = new SimulatedClock();
  const taken: Record<string, number[]> = {};
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const refused = new Set<string>();
  const health: Record<string, string | null> = {};
  const idOf = (topic: string): string => Buffer.alloc(16, topics.indexOf(topic) + 1).toString('base64url');
  const client: Partial<KafkaClient> = {
    node: async () => ({}) as KafkaBroker,
    async send<T>(_: KafkaBroker, __: string, request: WireRequest<T>) {
      const partitions: FetchedPartition[] = [];
      let room = numbers.fetchBytesMax;
      for (const asked of askedOf(request.body)) {
        const isRefused = topics.some((topic) => refused.has(topic) && idOf(topic) === asked.topicId);
        const one = isRefused ? { ...empty(asked), error: kafkaCodes.topicAuthorizationFailed } : fetched(asked, room);
        room -= one.records.length;
        partitions.push(one);
      }
      if (partitions.every(({ records }) => records.length === 0)) await clock.sleep(numbers.fetchWaitMaxMs);
      const response: FetchResponse = { error: 0, bytes: Buffer.alloc(0), partitions };
      // The fetch loop sends no other request.
      return response as T;
    },
    recycle: () => undefined,
  };
  const reader = kafkaReader({
    client: client as KafkaClient,
    numbers,
    clock,
    handler: {
      async batch({ topic, partition, records }) {
        const name = names.includes(topic) ? topic : `${topic}/${partition}`;
        taken[name] = [...(taken[name] ?? []), ...[...records.offsets].map(Number)];
        const gate = gates.get(name);
        gates.delete(name);
        await gate?.promise;
      },
      outOfRange: async () => assert.fail('nothing is out of range'),
    },
    leader: ({ partition }) => partition % nodes,
    refresh: async () => undefined,
    range: async () => ({ logStart: 0n, highWatermark: recordsOfTopic }),
    health: (part, problem) => void (health[part] = problem && problem.message),
    fail: (error) => assert.fail(String(error)),
  });
  t.after(() => reader.close());
  reader.start(names.map((name) => ({ ...placeOf(name), topicId: idOf(placeOf(name).topic) })));
  const hold = (name: string): PromiseWithResolvers<void> => {
    const gate = Promise.withResolvers<void>();
    gates.set(name, gate);
    return gate;
  };
  return { reader, taken, hold, clock, refused, health };
}

interface Asked {
  readonly topicId: string;
  readonly partition: number;
  readonly nextOffset: bigint;
}

/** What a Fetch request asks for, in its order. */
function askedOf(body: Buffer): readonly Asked[] {
  const read = wireReader(body);
  read.tags();
  for (let i = 0; i < 4; i++) read.int32(); // replica, wait, least and most bytes
  read.int8(); // isolation
  read.int32(); // session
  read.int32();
  const topics = read.array(() => {
    const topicId = read.uuid();
    return read.array((): Asked => {
      const partition = read.int32();
      read.int32(); // leader epoch
      const nextOffset = read.int64();
      read.int32(); // last fetched epoch
      read.int64(); // log start
      read.int32(); // most bytes
      return { topicId, partition, nextOffset };
    });
  });
  return topics.flat();
}

function empty({ topicId, partition }: Asked): FetchedPartition {
  return { topicId, partition, error: 0, highWatermark: recordsOfTopic, logStart: 0n, aborted: [], records: Buffer.alloc(0) };
}

function fetched(asked: Asked, room: number): FetchedPartition {
  const count = Math.min(answer.records, Number(recordsOfTopic - asked.nextOffset));
  if (count <= 0 || room <= 0) return empty(asked);
  const value = Buffer.alloc(answer.bytes / answer.records);
  const records = Array.from({ length: count }, (_, offsetDelta) => ({ offsetDelta, timeDelta: 0, key: null, value }));
  return { ...empty(asked), records: encodeBatch({ baseOffset: asked.nextOffset, records }) };
}
