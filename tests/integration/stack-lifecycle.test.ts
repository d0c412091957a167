// The whole stack, once: every component answers, what makes Foz possible is switched on, deaths are seen and mended,
// and the end leaves nothing.

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { GetBucketLocationCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { Client as CassandraClient } from 'cassandra-driver';
import { Kafka, logLevel } from 'kafkajs';
import { Client as PostgresClient } from 'pg';
import { componentNames } from '../../stack/components/component.ts';
import { isFree } from '../../stack/process/ports.ts';
import { readStack, startStack, type ComponentStatus, type Stack, type StackEvent } from '../../stack/stack.ts';
import { listening, noneLeft, stackFolder, survivors, until } from './stack-processes.ts';

const timeout = 300_000;
const local = componentNames.filter((name) => name !== 'trino');

interface World {
  readonly stack: Stack;
  readonly kafka: Kafka;
}

test('the whole stack starts, works, heals and ends', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  const order: string[] = [];
  const onProgress = (event: StackEvent) => {
    order.push(`${event.component} ${event.state}`);
    if (event.state === 'ready') t.diagnostic(`${event.component} ready after ${event.elapsedMs} ms`);
  };
  const stack = await startStack({
    dir,
    components: local,
    onProgress,
    onPostgresReady: async () => void order.push('postgres hook'),
    onCassandraReady: async (endpoint) => {
      order.push('cassandra hook');
      await withCassandra(endpoint, async (client) => {
        await client.execute("CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
        await client.execute('CREATE TABLE shop.items (id int PRIMARY KEY, price decimal) WITH cdc = true');
        await client.execute('CREATE TYPE shop.place (x int)');
        await client.execute('CREATE TABLE shop.broken (id int PRIMARY KEY, at place) WITH cdc = true');
      });
    },
  });
  t.diagnostic(`resident MiB: ${JSON.stringify(await inMegabytes(stack))}`);
  const kafka = new Kafka({ clientId: 'test', brokers: [stack.endpoint('kafka').bootstrap], logLevel: logLevel.NOTHING });
  const world = { stack, kafka };
  const pids = [stack.guardianPid, ...(await stack.status()).map((member) => member.pid)];

  await t.test('schemas are loaded before what reads them starts', () => {
    for (const event of ['cassandra hook', 'postgres hook', 'connect starting']) assert.notEqual(order.indexOf(event), -1, event);
    assert.ok(order.indexOf('cassandra hook') < order.indexOf('cassandra-cdc starting'));
    assert.ok(order.indexOf('kafka ready') < order.indexOf('connect starting'));
    assert.ok(order.indexOf('postgres hook') < order.indexOf('postgres ready'));
  });
  await t.test('everything listens on 127.0.0.1 and nowhere else', (subtest) => {
    const addresses = listening(pids);
    if (addresses === null) return subtest.skip('ss is not installed');
    assert.ok(addresses.length >= 7, addresses.join(' '));
    assert.deepEqual(
      addresses.filter((address) => !/^(127\.0\.0\.1|\[::ffff:127\.0\.0\.1\]):/.test(address)),
      [],
    );
  });
  await t.test('PostgreSQL decodes logically for a role that may replicate', () => checkPostgres(world));
  await t.test('Connect has the Debezium plugin', () => checkConnect(world));
  await t.test('the store has its bucket and refuses a wrong secret', () => checkStore(world));
  await t.test('a record of 10 MB passes Kafka, and the log time is the broker’s', () => checkLargeRecord(world));
  await t.test('a change in Cassandra is in Kafka within seconds, decimals exact', () => checkCapture(world));
  await t.test('a type the agent cannot read ends it with exit code 3 instead of silence, and loses nothing', () => checkWatchdog(world));
  await t.test('a killed Kafka is seen, and comes back with its records', () => checkRestart(world));
  await t.test('a second start in the same folder is refused, and another process may join', () => checkSecond(world, dir));
  await t.test('the end is clean', async () => {
    const { port } = stack.endpoint('postgres');
    await stack[Symbol.asyncDispose]();
    assert.deepEqual(await survivors(pids, 1000), []);
    await noneLeft(dir);
    assert.equal(await isFree(port), true);
    assert.equal(await readStack(dir), null);
    await assert.rejects(stat(join(dir, 'pids/kafka.pid')));
    assert.equal((await stat(join(dir, 'secrets.json'))).mode & 0o777, 0o600);
    assert.match(await readFile(join(dir, 'logs/kafka.log'), 'utf8'), /started/i);
  });
});

async function inMegabytes(stack: Stack): Promise<Record<string, number>> {
  const bytes = Object.entries(await stack.rssBytes());
  return Object.fromEntries(bytes.map(([name, rss]) => [name, Math.round(rss / 1024 / 1024)]));
}

async function withCassandra(
  endpoint: { contactPoint: string; port: number; localDataCenter: string },
  work: (client: CassandraClient) => Promise<void>,
) {
  const contactPoints = [`${endpoint.contactPoint}:${endpoint.port}`];
  const client = new CassandraClient({ contactPoints, localDataCenter: endpoint.localDataCenter });
  await work(client).finally(() => client.shutdown());
}

async function checkPostgres({ stack }: World): Promise<void> {
  const { host, port, database, cdcUser: user, cdcPassword: password } = stack.endpoint('postgres');
  const client = new PostgresClient({ host, port, database, user, password });
  await client.connect();
  try {
    const settings = await client.query('select name, setting from pg_settings where name = any($1) order by name', [
      ['TimeZone', 'fsync', 'max_slot_wal_keep_size', 'wal_level'],
    ]);
    const values = Object.fromEntries(settings.rows.map((row: { name: string; setting: string }) => [row.name, row.setting]));
    assert.deepEqual(values, { TimeZone: 'UTC', fsync: 'off', max_slot_wal_keep_size: '4096', wal_level: 'logical' });
    const role = await client.query('select rolreplication, rolsuper from pg_roles where rolname = current_user');
    assert.deepEqual(role.rows, [{ rolreplication: true, rolsuper: false }]);
  } finally {
    await client.end();
  }
  const wrong = new PostgresClient({ host, port, database, user, password: `${password}x` });
  await assert.rejects(wrong.connect(), /password authentication failed/);
}

async function checkConnect({ stack }: World): Promise<void> {
  const plugins = await (await fetch(`${stack.endpoint('connect').url}/connector-plugins`)).text();
  assert.match(plugins, /io\.debezium\.connector\.postgresql\.PostgresConnector.*3\.7\.0\.Final/);
}

async function checkStore({ stack }: World): Promise<void> {
  const { endpoint, region, bucket, accessKey, secretKey } = stack.endpoint('s3');
  const open = (secretAccessKey: string) =>
    new S3Client({ endpoint, region, forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId: accessKey, secretAccessKey } });
  await open(secretKey).send(new GetBucketLocationCommand({ Bucket: bucket }));
  await assert.rejects(open('wrong').send(new ListBucketsCommand({})), { name: 'SignatureDoesNotMatch' });
}

async function checkLargeRecord({ kafka }: World): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  const value = Buffer.alloc(10 * 1024 * 1024, 'x');
  const sentAt = Date.now();
  await producer.send({ topic: 'large', messages: [{ key: 'k', value, timestamp: '1000' }] });
  await producer.disconnect();
  const record = await firstRecord(kafka, 'large', (message) => message.value?.length === value.length);
  assert.ok(Number(record.timestamp) >= sentAt - 1000, `the producer said 1000, the log says ${record.timestamp}`);
}

async function checkCapture({ stack, kafka }: World): Promise<void> {
  await withCassandra(stack.endpoint('cassandra'), async (client) => {
    await client.execute('INSERT INTO shop.items (id, price) VALUES (7, 12345678901234567890.10)');
  });
  const topic = `${stack.endpoint('cassandra-cdc').topicPrefix}.shop.items`;
  const admin = kafka.admin();
  await admin.connect();
  await until(`topic ${topic}`, 30_000, async () => ((await admin.listTopics()).includes(topic) ? true : null));
  await admin.disconnect();
  const record = await firstRecord(kafka, topic, (message) => message.value?.includes('"id":{"value":7') === true);
  assert.match(String(record.value), /"price":\{"value":"12345678901234567890\.10"/);
}

async function checkWatchdog({ stack }: World): Promise<void> {
  await withCassandra(stack.endpoint('cassandra'), (client) =>
    client.execute('INSERT INTO shop.broken (id, at) VALUES (1, {x: 1})').then(() => undefined),
  );
  const agent = await until('the end of the agent', 60_000, async () => {
    const found = (await stack.status()).find((member) => member.name === 'cassandra-cdc');
    return found?.isRunning === false ? found : null;
  });
  assert.equal(agent.exit, '3');
  const fatal = /FATAL cannot read (\S+\/cdc_raw\/CommitLog-\S+\.log)/.exec(await readFile(agent.log, 'utf8'));
  assert.ok(fatal?.[1] !== undefined, 'its log says why');
  assert.ok((await stat(fatal[1])).size > 0, 'the segment with everybody else’s changes is kept');
}

async function checkRestart({ stack, kafka }: World): Promise<void> {
  const exits: ComponentStatus[] = [];
  stack.onExit((status) => exits.push(status));
  await stack.kill('kafka', 'SIGKILL');
  await until('the exit event', 5000, async () => exits[0]);
  assert.deepEqual(
    exits.map(({ name, exit }) => [name, exit]),
    [['kafka', 'SIGKILL']],
  );
  await assert.rejects(stack.pid('kafka'), { code: 'COMPONENT_FAILED', message: /kafka\.log/ });
  await stack.start('kafka');
  assert.ok((await stack.pid('kafka')) > 0);
  await firstRecord(kafka, 'large', (message) => message.value?.length === 10 * 1024 * 1024);
  await stack.kill('kafka', 'SIGSTOP');
  await stack.kill('kafka', 'SIGCONT');
}

async function checkSecond({ stack }: World, dir: string): Promise<void> {
  await assert.rejects(startStack({ dir, components: ['postgres'] }), { code: 'COMPONENT_FAILED', message: /already running/ });
  await using joined = await readStack(dir);
  assert.deepEqual(joined?.endpoints(), stack.endpoints());
  assert.throws(() => joined?.endpoint('trino'), { code: 'COMPONENT_FAILED' });
}

async function firstRecord(kafka: Kafka, topic: string, isWanted: (message: { value: Buffer | null; timestamp: string }) => boolean) {
  const consumer = kafka.consumer({ groupId: `test-${topic}-${Date.now()}`, maxWaitTimeInMs: 100, maxBytesPerPartition: 16 * 1024 * 1024 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    return await new Promise<{ value: Buffer | null; timestamp: string }>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no such record in ${topic} within 60 s`)), 60_000);
      void consumer.run({
        eachMessage: async ({ message }) => {
          if (!isWanted(message)) return;
          clearTimeout(late);
          resolve(message);
        },
      });
    });
  } finally {
    await consumer.disconnect();
  }
}
