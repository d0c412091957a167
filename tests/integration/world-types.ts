// Both databases with tables of every type, captured by the real connectors, and one worker that lands every topic there
// is: changes, truncates, messages, transactions, heartbeats, signals.

import assert from 'node:assert/strict';
import { connectClient } from '../../connectors/connect-client.ts';
import { registerConnector } from '../../connectors/register.ts';
import { ridesAgentBehaviour, ridesDefaults, ridesTopic, ridesTopics } from '../../connectors/rides.ts';
import { captureRoleSql, ridesSchemaCql, usersSchemaSql } from '../../connectors/schema.ts';
import { usersConnector, usersDefaults, usersTopic, usersTopics, type UsersConnectorSettings } from '../../connectors/users.ts';
import { topicDefaults, type TopicDefinition } from '../../connectors/definition.ts';
import { secret } from '../../runtime/secret.ts';
import { cassandraDefaults, openCassandra, type CassandraSettings } from '../../sources/cassandra-client.ts';
import { openPostgres, postgresDefaults, type PostgresSettings } from '../../sources/postgres-client.ts';
import { startStack, type Stack, type StackEndpoints } from '../../stack/stack.ts';
import type { TableTarget } from '../../sync/table.ts';
import { cassandraTable, cassandraTypesCql, postgresTable, postgresTypesSql } from './connectors-types.ts';
import { createTopic } from './log-kafka-world.ts';
import { openWorld, targetOf, type World } from './world.ts';

const { topicPrefix } = usersDefaults;

/** Every topic of the two connectors and its table. */
export const targets = {
  users: targetOf(usersTopic(topicPrefix, 'public.users'), 'users'),
  userEvents: targetOf(usersTopic(topicPrefix, 'public.user_events'), 'user_events'),
  postgresTypes: targetOf(usersTopic(topicPrefix, postgresTable), 'pg_all_types'),
  toasted: targetOf(usersTopic(topicPrefix, 'public.toasted'), 'toasted'),
  signal: targetOf(usersTopic(topicPrefix, usersDefaults.signalTable), 'foz_signal'),
  transaction: targetOf(`${topicPrefix}.transaction`, 'pg_transaction'),
  message: targetOf(`${topicPrefix}.message`, 'pg_message'),
  heartbeat: targetOf(`__debezium-heartbeat.${topicPrefix}`, 'pg_heartbeat'),
  rides: targetOf(ridesTopic(ridesDefaults.topicPrefix, 'rides', 'rides'), 'rides'),
  cassandraTypes: targetOf(ridesTopic(ridesDefaults.topicPrefix, 'rides', cassandraTable), 'cass_all_types'),
} as const satisfies Record<string, TableTarget>;

export interface TypesWorld extends World {
  readonly postgres: PostgresSettings;
  readonly cassandra: CassandraSettings;
  sql(...statements: readonly string[]): Promise<void>;
  cql(...statements: readonly string[]): Promise<void>;
}

/** The stack with schemas loaded and nothing captured yet on the PostgreSQL side. */
export async function startTypesStack(dir: string): Promise<Stack> {
  // The tests' own Kafka client decodes no compression.
  const agentProperties = { ...ridesAgentBehaviour, 'kafka.producer.compression.type': 'none' };
  return startStack({
    dir,
    components: ['kafka', 'connect', 'postgres', 'cassandra', 'cassandra-cdc', 's3'],
    settings: { agentTopicPrefix: ridesDefaults.topicPrefix, agentProperties },
    // Before the agent starts: a table made later, with a user type, is not captured until the agent starts again.
    onCassandraReady: async (endpoint) => {
      await using client = await openCassandra(cassandraAt(endpoint));
      for (const statement of [...(await ridesSchemaCql()), cassandraTypesCql]) await client.query(statement);
    },
  });
}

export async function openTypesWorld(stack: Stack, dir: string): Promise<TypesWorld> {
  const endpoint = stack.endpoint('postgres');
  const common = { ...postgresDefaults, host: endpoint.host, port: endpoint.port, database: endpoint.database } as const;
  const postgres: PostgresSettings = { ...common, user: endpoint.adminUser, password: secret(endpoint.adminPassword) };
  const cassandra = cassandraAt(stack.endpoint('cassandra'));
  const sql = async (...statements: readonly string[]): Promise<void> => {
    await using client = await openPostgres(postgres);
    for (const statement of statements) await client.query(statement);
  };
  const cql = async (...statements: readonly string[]): Promise<void> => {
    await using client = await openCassandra(cassandra);
    for (const statement of statements) await client.query(statement);
  };
  const schema = await usersSchemaSql({ cdcRole: endpoint.cdcUser, publication: usersDefaults.publication });
  await sql(captureRoleSql(endpoint.cdcUser, endpoint.cdcPassword), schema, postgresTypesSql);
  const world = await openWorld(stack, dir);
  return Object.assign(world, { postgres, cassandra, sql, cql });
}

/** Topics first, then the connector: from here on rows arrive. */
export async function captureUsers(world: TypesWorld): Promise<void> {
  const endpoint = world.stack.endpoint('postgres');
  const settings: UsersConnectorSettings = {
    ...usersDefaults,
    tables: [...usersDefaults.tables, postgresTable, 'public.toasted'],
    database: { ...world.postgres, user: endpoint.cdcUser, password: secret(endpoint.cdcPassword) },
    kafkaBootstrap: world.stack.endpoint('kafka').bootstrap,
    heartbeatIntervalMs: 1_000,
    overrides: { 'producer.override.compression.type': 'none' },
  };
  const rides = ridesTopics({ ...ridesDefaults, tables: ['rides', cassandraTable], topics: topicDefaults });
  await makeTopics(world, [...usersTopics(settings), ...rides]);
  const connect = connectClient({ url: world.stack.endpoint('connect').url, requestTimeoutMs: 30_000 });
  assert.equal((await registerConnector(connect, usersConnector(settings))).outcome, 'created');
}

async function makeTopics(world: TypesWorld, topics: readonly TopicDefinition[]): Promise<void> {
  const existing = new Set(await world.admin.listTopics());
  for (const { name, partitions, config } of topics) {
    const entries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    if (!existing.has(name)) await createTopic(world.admin, name, partitions, entries);
  }
}

function cassandraAt(endpoint: StackEndpoints['cassandra']): CassandraSettings {
  return { ...cassandraDefaults, contactPoints: [`${endpoint.contactPoint}:${endpoint.port}`], localDataCenter: endpoint.localDataCenter };
}
