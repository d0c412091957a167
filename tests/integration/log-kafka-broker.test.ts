// What only a real broker shows: its own compression, the producer's time, an outage, a member that slept too long.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import test, { after, before } from 'node:test';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { LakeError } from '../../runtime/errors.ts';
import { kafkaClient } from '../../sync/log/kafka-client.ts';
import { fetchRequest } from '../../sync/log/kafka-fetch.ts';
import { kafkaLog } from '../../sync/log/kafka-log.ts';
import { metadataRequest } from '../../sync/log/kafka-metadata.ts';
import { codecNames } from '../../sync/log/record-codecs.ts';
import { logReader, until } from '../conformance/log-reader.ts';
import { createTopic, send, testKafka, type TestKafka } from './log-kafka-world.ts';

let kafka: TestKafka;
let admin: Admin;
before(async () => {
  kafka = await testKafka();
  admin = new Kafka({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
});
after(async () => {
  await admin.disconnect();
  await kafka[Symbol.asyncDispose]();
});

for (const [number, codec] of codecNames.entries()) {
  if (number === 0) continue;
  test(`records that the broker compressed with ${codec} come back to the byte`, { timeout: 60_000 }, async () => {
    const topic = `${codec}-${randomUUID()}`;
    await createTopic(admin, topic, 1, [{ name: 'compression.type', value: codec }]);
    await using client = kafkaClient({ brokers: [kafka.bootstrap] });
    const values = Array.from({ length: 2_000 }, (_, i) => `value ${i} ${'abc'.repeat(i % 100)}`);
    for (let at = 0; at < values.length; at += 500) {
      const records = values.slice(at, at + 500).map((value) => ({ key: null, value: Buffer.from(value) }));
      await send(client, topic, 0, records);
    }
    assert.equal(await codecOnTheWire(client, topic), number);
    await using log = kafkaLog({ brokers: [kafka.bootstrap] });
    const reader = logReader();
    await log.subscribe({ groupId: randomUUID(), topics: [topic] }, reader);
    await until(
      () => reader.seen.length >= values.length,
      'all records',
      () => reader.seen.length,
    );
    assert.deepEqual(reader.values(), values);
  });
}

test("where the topic keeps the producer's time, the log time is that of receiving", { timeout: 60_000 }, async () => {
  const topic = `create-time-${randomUUID()}`;
  await createTopic(admin, topic, 1, [{ name: 'message.timestamp.type', value: 'CreateTime' }]);
  const producer = new Kafka({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({
    topic,
    messages: [
      { value: 'a', timestamp: '1000' },
      { value: 'b', timestamp: '4000000000' },
    ],
  });
  await producer.disconnect();
  await using log = kafkaLog({ brokers: [kafka.bootstrap], clock: { now: () => 77, sleep: (ms, signal) => sleep(ms, signal) } });
  assert.equal((await log.describe([topic]))[0]?.timestampType, 'create');
  const times: number[] = [];
  const reader = logReader({ onBatch: async ({ records }) => void times.push(...records.recordTimesMs) });
  await log.subscribe({ groupId: randomUUID(), topics: [topic] }, reader);
  await until(() => reader.seen.length === 2, 'two records');
  assert.deepEqual(times, [1000, 4_000_000_000]);
  assert.deepEqual(
    reader.seen.map((one) => one.logTimeMs),
    [77, 77],
  );
});

test('a broker that goes and comes back is told of once each way, and nothing is lost or repeated', { timeout: 120_000 }, async (t) => {
  const { stack } = kafka;
  if (!stack) return t.skip('the broker is not ours to stop');
  const topic = `outage-${randomUUID()}`;
  await createTopic(admin, topic, 2);
  await using client = kafkaClient({ brokers: [kafka.bootstrap] });
  await using log = kafkaLog({ brokers: [kafka.bootstrap], heartbeatIntervalMs: 200 });
  const reader = logReader();
  await log.subscribe({ groupId: randomUUID(), topics: [topic] }, reader);
  const produce = (name: string) =>
    Promise.all([0, 1].map((partition) => send(client, topic, partition, [{ key: null, value: Buffer.from(`${name}${partition}`) }])));
  await produce('before');
  await until(
    () => reader.seen.length === 2,
    'the first two',
    () => reader.calls,
  );
  const told = () => reader.calls.filter((call) => call === 'away' || call === 'available');
  const toldBefore = told().length;
  await stack.kill('kafka', 'SIGKILL');
  await until(
    () => told().length > toldBefore,
    'that the log is away',
    () => reader.calls,
  );
  try {
    await assert.rejects(log.offsets(topic), (error) => error instanceof LakeError && error.code === 'LOG_UNREACHABLE');
  } finally {
    await stack.start('kafka');
  }
  await until(
    () => told().at(-1) === 'available',
    'that it is back',
    () => reader.calls,
    60_000,
  );
  await produce('after');
  await until(
    () => reader.values().filter((value) => value.startsWith('after')).length === 2,
    'the last two',
    () => reader.calls,
    60_000,
  );
  assert.deepEqual(reader.values(0), ['before0', 'after0']);
  assert.deepEqual(reader.values(1), ['before1', 'after1']);
  assert.deepEqual(told().slice(toldBefore), ['away', 'available']);
});

test('a member that slept past its session loses its partitions and takes part again when it wakes', { timeout: 120_000 }, async () => {
  const topic = `sleeper-${randomUUID()}`;
  const groupId = randomUUID();
  await createTopic(admin, topic, 2);
  await using client = kafkaClient({ brokers: [kafka.bootstrap] });
  const sleeper = spawn(process.execPath, [new URL('log-kafka-member.ts', import.meta.url).pathname, kafka.bootstrap, topic, groupId], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const lines: string[] = [];
    createInterface(sleeper.stdout).on('line', (line) => lines.push(line));
    await using log = kafkaLog({ brokers: [kafka.bootstrap], sessionTimeoutMs: 6_000, heartbeatIntervalMs: 200 });
    const reader = logReader();
    await log.subscribe({ groupId, topics: [topic] }, reader);
    await until(
      () => reader.mine.size === 1 && lines.at(-1)?.startsWith('assigned') === true,
      'one each',
      () => [...reader.calls, ...lines],
    );
    sleeper.kill('SIGSTOP');
    await until(
      () => reader.mine.size === 2,
      'both here',
      () => reader.calls,
      60_000,
    );
    for (const partition of [0, 1]) await send(client, topic, partition, [{ key: null, value: Buffer.from(`p${partition}`) }]);
    await until(
      () => reader.seen.length === 2,
      'both records',
      () => reader.values(),
    );
    const already = lines.length;
    sleeper.kill('SIGCONT');
    await until(
      () => reader.mine.size === 1,
      'one each again',
      () => reader.calls,
      60_000,
    );
    await until(
      () => lines.slice(already).some((line) => line.startsWith('assigned')),
      'its assignment',
      () => lines,
    );
    assert.match(lines.slice(already).find((line) => !line.startsWith('batch')) ?? '', /^revoked/);
  } finally {
    sleeper.kill('SIGKILL');
    await once(sleeper, 'exit');
  }
});

async function codecOnTheWire(client: ReturnType<typeof kafkaClient>, topic: string): Promise<number> {
  const metadata = await client.send(await client.any(), 'metadata', metadataRequest([topic]));
  const topicId = metadata.topics[0]?.topicId ?? '';
  const request = fetchRequest([{ topicId, partition: 0, nextOffset: 0n }], {
    waitMaxMs: 100,
    bytesMax: 1_000_000,
    partitionBytesMax: 1_000_000,
  });
  const response = await client.send(await client.any(), 'fetch', request);
  return (response.partitions[0]?.records.readInt16BE(21) ?? 0) & 7;
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
