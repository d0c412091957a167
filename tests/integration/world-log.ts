// The log as a bystander sees it: topics made, records produced and every record read again from offset 0 by another
// Kafka client than the worker's reader.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Partitioners, type IHeaders, type Message, type Producer } from 'kafkajs';
import { envelope } from '../../benchmarks/envelopes.ts';
import { seededRandom } from '../../runtime/random.ts';
import { createTopic } from './log-kafka-world.ts';
import type { World } from './world.ts';

export interface LogRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** In order of name, as this client keeps no order between names. */
  readonly headers: readonly { readonly key: string; readonly value: Buffer }[];
}

export async function makeTopic(world: World, topic: string, partitions: number): Promise<void> {
  await createTopic(world.admin, topic, partitions, [{ name: 'max.message.bytes', value: String(20 * 1024 * 1024) }]);
}

export async function openProducer(world: World): Promise<Producer & AsyncDisposable> {
  const producer = world.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  return Object.assign(producer, { [Symbol.asyncDispose]: () => producer.disconnect() });
}

export async function produce(world: World, topic: string, messages: readonly Message[]): Promise<void> {
  await using producer = await openProducer(world);
  await producer.send({ topic, messages: [...messages] });
}

/** Change events, round robin over the partitions. */
export function envelopeMessages(from: number, count: number, partitions: number): Message[] {
  const random = seededRandom(from + 1);
  return Array.from({ length: count }, (_, i) => {
    const { key, value, headers } = envelope(from + i, random);
    return { key, value, headers, partition: (from + i) % partitions };
  });
}

export interface Load extends AsyncDisposable {
  readonly sent: number;
  /** Ends after the burst under way. */
  stop(): Promise<number>;
}

/** Bursts of change events until stopped; goes on by itself after an outage of the log. */
export function startLoad(world: World, topic: string, partitions: number, burst: number, everyMs: number): Load {
  const control = { isStopping: false, sent: 0 };
  const run = async (): Promise<void> => {
    await using producer = await openProducer(world);
    while (!control.isStopping) {
      await producer.send({ topic, messages: envelopeMessages(control.sent, burst, partitions) });
      control.sent += burst;
      await sleep(everyMs);
    }
  };
  const running = run();
  running.catch(() => undefined);
  return {
    get sent() {
      return control.sent;
    },
    async stop() {
      control.isStopping = true;
      await running;
      return control.sent;
    },
    async [Symbol.asyncDispose]() {
      control.isStopping = true;
      await running.catch(() => undefined);
    },
  };
}

export async function readLog(world: World, topic: string): Promise<readonly LogRecord[]> {
  const offsets = await world.admin.fetchTopicOffsets(topic);
  const ends = new Map(offsets.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, BigInt(high) - 1n]));
  const records: LogRecord[] = [];
  if (ends.size === 0) return records;
  const consumer = world.kafka.consumer({ groupId: `read-${randomUUID()}`, maxWaitTimeInMs: 100, maxBytesPerPartition: 8 * 1024 * 1024 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    const finished = Promise.withResolvers<void>();
    consumer.on('consumer.crash', ({ payload }) => finished.reject(payload.error));
    await consumer.run({
      eachBatch: async ({ batch }) => {
        for (const { offset, key, value, headers } of batch.messages)
          records.push({ partition: batch.partition, offset: BigInt(offset), key, value, headers: headersOf(headers) });
        const end = ends.get(batch.partition);
        if (end !== undefined && BigInt(batch.lastOffset()) >= end) ends.delete(batch.partition);
        if (ends.size === 0) finished.resolve();
      },
    });
    const timer = setTimeout(() => finished.reject(new Error(`${topic} was not read to its end`)), 120_000);
    await finished.promise.finally(() => clearTimeout(timer));
  } finally {
    await consumer.disconnect();
  }
  return records;
}

function headersOf(headers: IHeaders | undefined): LogRecord['headers'] {
  const entries = Object.entries(headers ?? {}).flatMap(([key, held]) =>
    (Array.isArray(held) ? held : [held]).map((value) => {
      assert.ok(value !== undefined);
      return { key, value: Buffer.from(value) };
    }),
  );
  return entries.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
