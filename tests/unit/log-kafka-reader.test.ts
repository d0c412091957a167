// The fetch loop where room runs out: a broker in memory that has more of every partition than may wait at once.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { KafkaBroker, KafkaClient } from '../../sync/log/kafka-client.ts';
import type { FetchedPartition, FetchResponse } from '../../sync/log/kafka-fetch.ts';
import { kafkaNumbers } from '../../sync/log/kafka-options.ts';
import { kafkaReader } from '../../sync/log/kafka-reader.ts';
import { wireReader, type WireRequest } from '../../sync/log/kafka-wire.ts';
import { encodeBatch } from '../conformance/record-batch-encoder.ts';
import { SimulatedClock, settle } from '../fault/simulation/simulated-clock.ts';

const topic = 'users';
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
const recordsOfPartition = 60n;
/** Two of them are more than may wait. */
const answer = { records: 4, bytes: 1_000 };
const numbers = kafkaNumbers({ brokers: ['kafka:9092'], fetchBytesMax: 1_500, partitionFetchBytesMax: answer.bytes });
const everything = Array.from({ length: Number(recordsOfPartition) }, (_, offset) => offset);

test('what was fetched of a paused partition takes no room of the others, and comes after resume', async (t) => {
  const { reader, taken, hold, clock } = world(t, 3);
  const first = hold(0);
  reader.begin([0, 1].map((partition) => ({ topic, partition, nextOffset: 0n })));
  await settle();
  reader.pause([{ topic, partition: 0 }]);
  first.resolve();
  reader.begin([{ topic, partition: 2, nextOffset: 0n }]);
  await clock.advanceBy(500);
  assert.deepEqual([taken.get(0), taken.get(1), taken.get(2)], [[0, 1, 2, 3], everything, everything]);
  reader.resume([{ topic, partition: 0 }]);
  await clock.advanceBy(500);
  assert.deepEqual(taken.get(0), everything, 'nothing is left out and nothing comes twice');
});

test('a partition whose handler holds a batch does not keep the others from being fetched', async (t) => {
  const { reader, taken, hold, clock } = world(t, 3);
  const [first, second] = [hold(0), hold(1)];
  reader.begin([0, 1].map((partition) => ({ topic, partition, nextOffset: 0n })));
  await settle();
  reader.begin([{ topic, partition: 2, nextOffset: 0n }]);
  await clock.advanceBy(500);
  assert.deepEqual(taken.get(2), undefined, 'no room yet: a batch may take a moment');
  await clock.advanceBy(3_000);
  assert.deepEqual([taken.get(0), taken.get(1), taken.get(2)], [[0, 1, 2, 3], [0, 1, 2, 3], everything]);
  first.resolve();
  second.resolve();
  await clock.advanceBy(500);
  assert.deepEqual([taken.get(0), taken.get(1)], [everything, everything], 'what gave way is fetched again, once');
});

test('a seek before anybody has said where to begin is where reading begins', async (t) => {
  const { reader, taken, clock } = world(t, 2);
  reader.seek({ topic, partition: 0 }, 40n);
  reader.pause([{ topic, partition: 1 }]);
  reader.begin([0, 1].map((partition) => ({ topic, partition, nextOffset: 0n })));
  await clock.advanceBy(500);
  assert.deepEqual(taken.get(0), everything.slice(40));
  assert.deepEqual(taken.get(1), undefined, 'a pause holds as well');
});

/** One node that leads all partitions; `hold` keeps the next batch of one with its handler. */
function world(t: TestContext, partitions: number) {
  const clock = new SimulatedClock();
  const taken = new Map<number, number[]>();
  const gates = new Map<number, PromiseWithResolvers<void>>();
  const client: Partial<KafkaClient> = {
    node: async () => ({}) as KafkaBroker,
    async send<T>(_: KafkaBroker, __: string, request: WireRequest<T>) {
      const response: FetchResponse = { error: 0, bytes: Buffer.alloc(0), partitions: askedOf(request.body).map(fetched) };
      if (response.partitions.every(({ records }) => records.length === 0)) await clock.sleep(numbers.fetchWaitMaxMs);
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
      async batch({ partition, records }) {
        taken.set(partition, [...(taken.get(partition) ?? []), ...[...records.offsets].map(Number)]);
        const gate = gates.get(partition);
        gates.delete(partition);
        await gate?.promise;
      },
      outOfRange: async () => assert.fail('nothing is out of range'),
    },
    leader: () => 1,
    refresh: async () => undefined,
    range: async () => ({ logStart: 0n, highWatermark: recordsOfPartition }),
    health: () => undefined,
    fail: (error) => assert.fail(String(error)),
  });
  t.after(() => reader.close());
  reader.start(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, topicId })));
  const hold = (partition: number): PromiseWithResolvers<void> => {
    const gate = Promise.withResolvers<void>();
    gates.set(partition, gate);
    return gate;
  };
  return { reader, taken, hold, clock };
}

interface Asked {
  readonly partition: number;
  readonly nextOffset: bigint;
}

/** What a Fetch request asks for. */
function askedOf(body: Buffer): readonly Asked[] {
  const read = wireReader(body);
  read.tags();
  for (let i = 0; i < 4; i++) read.int32(); // replica, wait, least and most bytes
  read.int8(); // isolation
  read.int32(); // session
  read.int32();
  const topics = read.array(() => {
    read.uuid();
    return read.array((): Asked => {
      const partition = read.int32();
      read.int32(); // leader epoch
      const nextOffset = read.int64();
      read.int32(); // last fetched epoch
      read.int64(); // log start
      read.int32(); // most bytes
      return { partition, nextOffset };
    });
  });
  return topics.flat();
}

function fetched({ partition, nextOffset }: Asked): FetchedPartition {
  const count = Math.max(0, Math.min(answer.records, Number(recordsOfPartition - nextOffset)));
  const value = Buffer.alloc(answer.bytes / answer.records);
  const records = Array.from({ length: count }, (_, offsetDelta) => ({ offsetDelta, timeDelta: 0, key: null, value }));
  return {
    topicId,
    partition,
    error: 0,
    highWatermark: recordsOfPartition,
    logStart: 0n,
    aborted: [],
    records: count === 0 ? Buffer.alloc(0) : encodeBatch({ baseOffset: nextOffset, records }),
  };
}
