// A running Kafka for the log suite: the stack's, or the one FOZ_TEST_KAFKA names (host:port, records of 10 MB allowed,
// message.timestamp.type=LogAppendTime). Plain records are sent in batches written by hand, the rest through kafkajs.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { LakeError } from '../../runtime/errors.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { kafkaClient, type KafkaClient } from '../../sync/log/kafka-client.ts';
import { kafkaLog } from '../../sync/log/kafka-log.ts';
import { metadataRequest } from '../../sync/log/kafka-metadata.ts';
import type { KafkaLogOptions } from '../../sync/log/kafka-options.ts';
import { wireReader, wireWriter, type WireRequest } from '../../sync/log/kafka-wire.ts';
import type { NewRecord } from '../../sync/log/memory-partition.ts';
import type { LogWorld } from '../conformance/log-world.ts';
import { encodeBatch } from '../conformance/record-batch-encoder.ts';

export interface TestKafka extends AsyncDisposable {
  readonly bootstrap: string;
  /** Null for a broker that is not ours to stop. */
  readonly stack: Stack | null;
  world(options?: Partial<KafkaLogOptions>): Promise<LogWorld>;
}

export async function testKafka(): Promise<TestKafka> {
  const given = process.env['FOZ_TEST_KAFKA'];
  if (given !== undefined) return kafkaAt(given, null, async () => undefined);
  const dir = await mkdtemp(join(tmpdir(), 'foz-log-kafka-'));
  const stack = await startStack({ dir, components: ['kafka'] });
  return kafkaAt(stack.endpoint('kafka').bootstrap, stack, async () => {
    await stack[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });
}

function kafkaAt(bootstrap: string, stack: Stack | null, end: () => Promise<void>): TestKafka {
  return { bootstrap, stack, world: (options) => kafkaLogWorld(bootstrap, options), [Symbol.asyncDispose]: end };
}

async function kafkaLogWorld(bootstrap: string, options: Partial<KafkaLogOptions> = {}): Promise<LogWorld> {
  const brokers = [bootstrap];
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const client = kafkaClient({ brokers });
  const log = kafkaLog({ brokers, metadataMaxAgeMs: 500, heartbeatIntervalMs: 200, ...options });
  const transaction = async (topic: string, partition: number, records: readonly NewRecord[], end: 'commit' | 'abort') => {
    const producer = kafka.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    const sending = await producer.transaction();
    const messages = records.map(({ key, value }) => ({ partition, key: key && Buffer.from(key), value: value && Buffer.from(value) }));
    await sending.send({ topic, messages });
    await sending[end]();
    await producer.disconnect();
  };
  return {
    log,
    async createTopic(partitions, topic = `topic-${randomUUID()}`) {
      await createTopic(admin, topic, partitions);
      return topic;
    },
    async recreateTopic(topic) {
      const [before] = await log.describe([topic]);
      await admin.deleteTopics({ topics: [topic] });
      await createTopic(admin, topic, before?.partitionCount ?? 1);
    },
    produce: (topic, partition, records) => send(client, topic, partition, records),
    commitTransaction: (topic, partition, records) => transaction(topic, partition, records, 'commit'),
    abortTransaction: (topic, partition, records) => transaction(topic, partition, records, 'abort'),
    async deleteRecords(topic, partition, before) {
      const error = await client.send(await client.any(), 'delete records', deleteRecordsRequest(topic, partition, before));
      if (error !== 0) throw new LakeError('LOG_REFUSED', `delete records of ${topic}/${partition}: error ${error}`);
    },
    async groupOffset(groupId, topic, partition) {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const offset = found?.partitions.find((one) => one.partition === partition)?.offset;
      return offset === undefined || offset === '-1' ? null : BigInt(offset);
    },
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
      await admin.disconnect();
    },
  };
}

/** Deleting goes on after its answer: until it is done the name is taken. */
export async function createTopic(
  admin: Admin,
  topic: string,
  partitions: number,
  configEntries: { name: string; value: string }[] = [],
): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await admin.createTopics({
        topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
        waitForLeaders: true,
      });
      return;
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Produce, version 9, one batch to the leader. */
export async function send(
  client: KafkaClient,
  topic: string,
  partition: number,
  records: readonly NewRecord[],
  codec: Parameters<typeof encodeBatch>[0]['codec'] = 'none',
): Promise<void> {
  const batch = encodeBatch({
    baseOffset: 0n,
    codec,
    baseTimeMs: Date.now(),
    records: records.map(({ key, value, headers }, offsetDelta) => ({ key, value, offsetDelta, timeDelta: 0, headers: headers ?? [] })),
  });
  let error = -1;
  for (const deadline = Date.now() + 20_000; error !== 0;) {
    const metadata = await client.send(await client.any(), 'metadata', metadataRequest([topic]));
    client.learn(metadata.brokers);
    const leader = metadata.topics[0]?.leaders.get(partition) ?? -1;
    if (leader >= 0) error = await client.send(await client.node(leader), 'produce', produceRequest(topic, partition, batch));
    // A new topic is not at its leader yet.
    if (error !== 0 && Date.now() > deadline) throw new LakeError('LOG_REFUSED', `produce to ${topic}/${partition}: error ${error}`);
    if (error !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function produceRequest(topic: string, partition: number, batch: Buffer): WireRequest<number> {
  const body = wireWriter();
  body
    .tags()
    .string(null)
    .int16(-1)
    .int32(10_000)
    .array([topic], () => body.string(topic).array([partition], () => body.int32(partition).bytes(batch)))
    .tags();
  return { apiKey: 0, apiVersion: 9, apiName: 'Produce', body: body.finish(), decode: decodeProduced };
}

function decodeProduced(bytes: Buffer): number {
  const read = wireReader(bytes);
  read.tags();
  const topics = read.array(() => {
    read.string();
    return read.array(() => {
      read.int32();
      const error = read.int16();
      for (let times = 0; times < 3; times++) read.int64();
      read.array(() => [read.int32(), read.string()]);
      read.string();
      return error;
    });
  });
  return topics[0]?.[0] ?? -1;
}

/** Version 2; kafkajs' own refuses a partition it has not seen before. */
function deleteRecordsRequest(topic: string, partition: number, before: bigint): WireRequest<number> {
  const body = wireWriter();
  body
    .tags()
    .array([topic], () => body.string(topic).array([partition], () => body.int32(partition).int64(before)))
    .int32(10_000)
    .tags();
  return { apiKey: 21, apiVersion: 2, apiName: 'DeleteRecords', body: body.finish(), decode: decodeDeleted };
}

function decodeDeleted(bytes: Buffer): number {
  const read = wireReader(bytes);
  read.tags();
  read.int32();
  const topics = read.array(() => {
    read.string();
    return read.array(() => {
      read.int32();
      read.int64();
      return read.int16();
    });
  });
  return topics[0]?.[0] ?? -1;
}
