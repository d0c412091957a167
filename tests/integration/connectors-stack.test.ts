// The real path once: both databases, the real connectors, Kafka. Every value of every type that comes out of Kafka must be
// the value that is in the database, and what would lose changes silently must fail loudly.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { connectClient, type ConnectClient } from '../../connectors/connect-client.ts';
import { agentHealth, connectorHealth, slotHealth } from '../../connectors/health.ts';
import { cassandraPreflightDefaults } from '../../connectors/preflight-cassandra.ts';
import { preflightKafka, type DescribeTopics } from '../../connectors/preflight-kafka.ts';
import { checkCassandra } from '../../connectors/preflight.ts';
import { registerConnector } from '../../connectors/register.ts';
import { ridesAgentBehaviour, ridesDefaults, ridesTopic } from '../../connectors/rides.ts';
import { captureRoleSql, ridesSchemaCql, usersSchemaSql } from '../../connectors/schema.ts';
import {
  tableNameOf,
  usersConnector,
  usersDefaults,
  usersTopic,
  usersTopics,
  type UsersConnectorSettings,
} from '../../connectors/users.ts';
import { secret } from '../../runtime/secret.ts';
import { canonicalCassandraEvent } from '../../sources/canonical-cassandra.ts';
import { canonicalPostgresEvent, unavailableValue } from '../../sources/canonical-postgres.ts';
import { cassandraDefaults, openCassandra, type CassandraSettings } from '../../sources/cassandra-client.ts';
import { cassandraSource } from '../../sources/cassandra-source.ts';
import { isJsonObject, parseExactJson } from '../../sources/exact-json.ts';
import { openPostgres, postgresDefaults, type PostgresSettings } from '../../sources/postgres-client.ts';
import { postgresSource } from '../../sources/postgres-source.ts';
import { keyOf, type Source, type SourceTable, type SourceValue } from '../../sources/source.ts';
import { startStack, type Stack, type StackEndpoints } from '../../stack/stack.ts';
import { readRows, registerSourceTests } from '../conformance/source.ts';
import { cassandraRows, cassandraTable, cassandraTypesCql, postgresRows, postgresTable, postgresTypesSql } from './connectors-types.ts';

const timeout = 600_000;
// As the protocol numbers it.
const topicResource = 2;
// The tests' Kafka client decodes no compression.
const plain = { 'producer.override.compression.type': 'none' };

interface World {
  readonly stack: Stack;
  readonly kafka: Kafka;
  readonly connect: ConnectClient;
  readonly postgres: PostgresSettings;
  readonly cassandra: CassandraSettings;
  readonly users: UsersConnectorSettings;
}

test('from the databases through the connectors into Kafka', { timeout }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-connectors-'));
  await using stack = await startStack({
    dir,
    components: ['kafka', 'connect', 'postgres', 'cassandra', 'cassandra-cdc'],
    settings: {
      agentTopicPrefix: ridesDefaults.topicPrefix,
      agentProperties: { ...ridesAgentBehaviour, 'kafka.producer.compression.type': 'none' },
    },
    // Before the agent starts: a table made later, with a user type, is not captured until the agent starts again.
    onCassandraReady: loadCassandra,
  });
  t.after(() => rm(dir, { recursive: true, force: true }));
  const world = await prepare(stack);
  await registration(t, world);
  await postgresTypes(t, world);
  await cassandraTypes(t, world);
  await lostSlot(t, world);
});

async function loadCassandra(endpoint: StackEndpoints['cassandra']): Promise<void> {
  await using client = await openCassandra(cassandraAt(endpoint));
  for (const statement of [...(await ridesSchemaCql()), ...(await ridesSchemaCql()), cassandraTypesCql]) await client.query(statement);
}

function cassandraAt(endpoint: StackEndpoints['cassandra']): CassandraSettings {
  return { ...cassandraDefaults, contactPoints: [`${endpoint.contactPoint}:${endpoint.port}`], localDataCenter: endpoint.localDataCenter };
}

async function prepare(stack: Stack): Promise<World> {
  const pg = stack.endpoint('postgres');
  const common = { ...postgresDefaults, host: pg.host, port: pg.port, database: pg.database } as const;
  const postgres: PostgresSettings = { ...common, user: pg.adminUser, password: secret(pg.adminPassword) };
  const users: UsersConnectorSettings = {
    ...usersDefaults,
    tables: [...usersDefaults.tables, postgresTable, 'public.toasted'],
    database: { ...common, user: pg.cdcUser, password: secret(pg.cdcPassword) },
    kafkaBootstrap: stack.endpoint('kafka').bootstrap,
    overrides: plain,
  };
  await using client = await openPostgres(postgres);
  await client.query(captureRoleSql(pg.cdcUser, pg.cdcPassword));
  await client.query(await usersSchemaSql({ cdcRole: pg.cdcUser, publication: users.publication }));
  await client.query(postgresTypesSql);
  return {
    stack,
    kafka: new Kafka({ brokers: [users.kafkaBootstrap], logLevel: logLevel.NOTHING }),
    connect: connectClient({ url: stack.endpoint('connect').url, requestTimeoutMs: 30_000 }),
    postgres,
    cassandra: cassandraAt(stack.endpoint('cassandra')),
    users,
  };
}

async function sql(world: World, ...statements: readonly string[]): Promise<void> {
  await using client = await openPostgres(world.postgres);
  for (const statement of statements) await client.query(statement);
}

async function registration(t: TestContext, world: World): Promise<void> {
  await t.test('a wrong password fails the registration with what PostgreSQL said', async () => {
    const definition = usersConnector({
      ...world.users,
      name: 'wrong',
      slot: 'wrong',
      database: { ...world.users.database, password: secret('wrong') },
    });
    await assert.rejects(registerConnector(world.connect, definition), /password authentication failed/);
    await world.connect.remove('wrong');
  });
  await t.test('the connector runs after a snapshot, and registering again changes nothing', async () => {
    await sql(
      world,
      ...postgresRows,
      `INSERT INTO public.toasted SELECT 1, 'one', string_agg(md5(i::text), '') FROM generate_series(1, 400) i`,
    );
    assert.equal((await registerConnector(world.connect, usersConnector(world.users))).outcome, 'created');
    assert.equal((await registerConnector(world.connect, usersConnector(world.users))).outcome, 'unchanged');
    await until('the slot is active', async () => (await readSlot(world))?.isActive === true);
    assert.deepEqual(await connectorHealth(world.connect, world.users.name), { kind: 'running' });
    assert.deepEqual(await connectorHealth(world.connect, 'nobody'), { kind: 'missing' });
  });
  await t.test('topics that Connect makes are as preflight wants them', async () => {
    const topics = usersTopics({ ...world.users, tables: [postgresTable] }).slice(0, 1);
    await until('the topic exists', async () => (await describe(world)(topics.map(({ name }) => name))).size === 1);
    assert.deepEqual(await preflightKafka(describe(world), topics, world.users.kafkaBootstrap), []);
  });
}

async function readSlot(world: World) {
  await using client = await openPostgres(world.postgres);
  return await slotHealth(client.query, world.users.slot);
}

function describe(world: World): DescribeTopics {
  return async (names) => {
    const admin = world.kafka.admin();
    await admin.connect();
    try {
      const present = new Set(await admin.listTopics());
      const wanted = names.filter((name) => present.has(name));
      if (wanted.length === 0) return new Map();
      const { topics } = await admin.fetchTopicMetadata({ topics: wanted });
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: wanted.map((name) => ({ type: topicResource, name })),
      });
      const configs = new Map(
        resources.map((resource) => [
          resource.resourceName,
          Object.fromEntries(resource.configEntries.map((entry) => [entry.configName, entry.configValue])),
        ]),
      );
      return new Map(topics.map((topic) => [topic.name, { partitions: topic.partitions.length, config: configs.get(topic.name) ?? {} }]));
    } finally {
      await admin.disconnect();
    }
  };
}

async function postgresTypes(t: TestContext, world: World): Promise<void> {
  const source = postgresSource({ settings: { ...world.postgres }, pageRowsMax: 5 });
  await t.test('every PostgreSQL value is in its event as it is in the table, from the snapshot and from the stream', async () => {
    await sql(world, ...postgresRows);
    const { table, rows } = await readTable(source, postgresTable);
    const topic = usersTopic(world.users.topicPrefix, postgresTable);
    const events = await readTopic(world, topic, (seen) => seen.length >= 2 * postgresRows.length);
    assert.deepEqual(
      events.map((event) => event['op']),
      [...postgresRows.map(() => 'r'), ...postgresRows.map(() => 'c')],
    );
    const differences: string[] = [];
    for (const event of events) {
      const after = event['after'];
      assert.ok(isJsonObject(after));
      const row = rows.get(JSON.stringify([canonicalPostgresEvent(typeOf(table, 'id'), after['id'])]));
      assert.ok(row, `row ${String(after['id'])}`);
      for (const [index, column] of table.columns.entries()) {
        const value = column.name in after ? canonicalPostgresEvent(column.type, after[column.name]) : 'absent';
        if (value !== row[index])
          differences.push(`${event['op']} ${column.name} ${column.type.declared}: table ${row[index]}, event ${value}`);
      }
    }
    assert.deepEqual(differences, []);
  });
  await t.test('TRUNCATE arrives, and an unchanged TOAST value arrives as the placeholder', async () => {
    await sql(world, `UPDATE public.toasted SET title = 'uno'`, 'TRUNCATE public.toasted');
    const events = await readTopic(world, usersTopic(world.users.topicPrefix, 'public.toasted'), (seen) =>
      seen.some((event) => event['op'] === 't'),
    );
    assert.deepEqual(
      events.map((event) => event['op']),
      ['r', 'u', 't'],
    );
    const after = events[1]?.['after'];
    assert.ok(isJsonObject(after));
    assert.deepEqual([after['title'], after['body']], ['uno', unavailableValue]);
  });
}

function typeOf(table: SourceTable, name: string) {
  const found = table.columns.find((column) => column.name === name);
  assert.ok(found, name);
  return found.type;
}

async function readTable(
  source: Source,
  qualified: string,
): Promise<{ readonly table: SourceTable; readonly rows: ReadonlyMap<string, readonly SourceValue[]> }> {
  const table = await source.introspect(tableNameOf(qualified));
  assert.ok(table);
  await using reading = await source.read(table, { kind: 'all' });
  const { rows } = await readRows(reading.pages);
  return { table, rows: new Map(rows.map((row) => [JSON.stringify(keyOf(table, row)), row.values])) };
}

async function cassandraTypes(t: TestContext, world: World): Promise<void> {
  const name = `rides.${cassandraTable}`;
  const source = cassandraSource({ settings: world.cassandra, pageRowsMax: 2 });
  await t.test('every Cassandra value is in its event as it is in the table', async () => {
    await using client = await openCassandra(world.cassandra);
    for (const statement of cassandraRows) await client.query(statement);
    const { table, rows } = await readTable(source, name);
    assert.equal(rows.size, cassandraRows.length);
    const seenKeys = (events: readonly Event[]) => new Set(events.map((event) => JSON.stringify(keyOfCells(table, event['after']))));
    const topic = ridesTopic(ridesDefaults.topicPrefix, 'rides', cassandraTable);
    const events = await readTopic(world, topic, (seen) => seenKeys(seen).size === rows.size);
    const differences: string[] = [];
    for (const event of events) {
      const after = event['after'];
      assert.ok(isJsonObject(after));
      const row = rows.get(JSON.stringify(keyOfCells(table, after)));
      assert.ok(row);
      for (const [index, column] of table.columns.entries()) {
        const cell = after[column.name];
        const value = isJsonObject(cell) ? canonicalCassandraEvent(column.type, cell['value']) : null;
        if (value !== row[index]) differences.push(`${column.name} ${column.type.declared}: table ${row[index]}, event ${value}`);
      }
    }
    assert.deepEqual(differences, []);
    assert.deepEqual(await agentHealth(world.stack.endpoint('cassandra-cdc').healthUrl, 5_000), { kind: 'running' });
  });
  const { table, rows } = await readTable(source, name);
  const keys = [...rows.values()].map((values) => table.key.map((_name, index) => values[index] ?? ''));
  const fixture = { name: 'Cassandra source', open: async () => source, table: { namespace: 'rides', table: cassandraTable }, keys };
  await registerSourceTests(fixture, (what, work) => t.test(what, work));
  await cassandraPreflight(t, world);
}

function keyOfCells(table: SourceTable, after: unknown): readonly SourceValue[] {
  assert.ok(isJsonObject(after));
  return table.key.map((name) => {
    const cell = after[name];
    return isJsonObject(cell) ? canonicalCassandraEvent(typeOf(table, name), cell['value']) : null;
  });
}

async function cassandraPreflight(t: TestContext, world: World): Promise<void> {
  const wanted = {
    ...cassandraPreflightDefaults,
    cluster: 'local',
    keyspace: 'rides',
    tables: ['rides'],
    snapshotMode: 'initial',
  } as const;
  const codes = async (tables: readonly string[], settings = world.cassandra) =>
    (await checkCassandra(settings, { ...wanted, tables }))
      .filter((finding) => finding.severity === 'error')
      .map((finding) => finding.code);
  await t.test('preflight finds what the agent cannot do, on real tables', async () => {
    await using client = await openCassandra(world.cassandra);
    // Not captured (no cdc), so the agent does not meet them.
    await client.query(
      'CREATE TABLE rides.loose (id int PRIMARY KEY, tags set<text>, place place, groups frozen<list<frozen<set<int>>>>, v text)',
    );
    await client.query(`INSERT INTO rides.loose (id, v) VALUES (1, 'x') USING TTL 1000`);
    assert.deepEqual(await codes(['rides']), []);
    assert.deepEqual(
      new Set(await codes(['loose', 'none'])),
      new Set([
        'CASSANDRA_TABLE_CDC',
        'CASSANDRA_NESTED_SET',
        'CASSANDRA_UDT_NOT_FROZEN',
        'CASSANDRA_NOT_FROZEN',
        'CASSANDRA_TTL_ROWS',
        'CASSANDRA_TABLE_MISSING',
      ]),
    );
  });
  await t.test('preflight tells a node that does not answer and a data centre that is not there', async () => {
    assert.deepEqual(await codes(['rides'], { ...world.cassandra, contactPoints: ['127.0.0.1:1'], connectTimeoutMs: 1000 }), [
      'CASSANDRA_UNREACHABLE',
    ]);
    assert.deepEqual(await codes(['rides'], { ...world.cassandra, localDataCenter: 'nowhere' }), ['CASSANDRA_DATACENTER']);
  });
}

async function lostSlot(t: TestContext, world: World): Promise<void> {
  const { name, slot } = world.users;
  const drop = `SELECT pg_drop_replication_slot('${slot}')`;
  const lose = async (...statements: readonly string[]) => {
    await world.connect.stop(name);
    await until('the slot is free', async () => (await readSlot(world))?.isActive !== true);
    await sql(world, drop, `INSERT INTO public.user_events (user_id, kind) VALUES (1, 'lost')`, ...statements);
    await world.connect.resume(name);
    await until('the task failed', async () => (await connectorHealth(world.connect, name)).kind === 'failed', 120_000);
    const health = await connectorHealth(world.connect, name);
    assert.ok(health.kind === 'failed');
    t.diagnostic(health.reason.slice(0, 300));
    assert.match(health.reason, /slot|lsn|offset/i);
  };
  await t.test('a replication slot that was made anew stops the connector: what was written in between is not skipped silently', () =>
    lose(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`),
  );
  await t.test('a replication slot that is gone stops the connector too: it does not begin anew from now', () => lose());
}

type Event = Readonly<Record<string, unknown>>;

/** From offset 0 until `isDone`. Values only; tombstones are left out. */
async function readTopic(world: World, topic: string, isDone: (events: readonly Event[]) => boolean): Promise<readonly Event[]> {
  await until(`topic ${topic} exists`, async () => (await describe(world)([topic])).size === 1);
  const consumer = world.kafka.consumer({ groupId: `read-${topic}-${process.pid}`, maxWaitTimeInMs: 100 });
  const events: Event[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const value = message.value === null ? null : parseExactJson(message.value.toString());
        if (isJsonObject(value)) events.push(value);
      },
    });
    await until(`events in ${topic}`, async () => isDone(events));
  } finally {
    await consumer.disconnect();
  }
  return events;
}

async function until(what: string, isDone: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await isDone())) {
    assert.ok(Date.now() < deadlineMs, `timed out waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
