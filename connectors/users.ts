// The PostgreSQL connector for `users`: every setting that decides whether the events are exact and complete.
//
// Exact: decimals as text; times in microseconds whatever the column's precision (the default mixes days, millis and
// micros by column); intervals as ISO text; nothing replaced by a column's default (a NULL in a column with a default
// would otherwise arrive as the default).
// Complete: TRUNCATE is kept, deletes carry a tombstone, types the connector does not know come as opaque text, and a
// replication slot that was re-created stops the connector: what was lost with the old slot cannot be replayed, and a
// new one that silently starts "now" would hide the hole.

import type { Secret } from '../runtime/secret.ts';
import type { PostgresSslMode } from '../sources/postgres-client.ts';
import type { SourceTableName } from '../sources/source.ts';
import {
  batchOverheadBytes,
  changeTopicConfig,
  jsonConverter,
  topicDefaults,
  type ConnectorDefinition,
  type TopicDefinition,
  type TopicSettings,
} from './definition.ts';

export interface UsersConnectorSettings {
  readonly name: string;
  readonly topicPrefix: string;
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    /** May be a reference of Connect's own config provider, such as ${file:/run/secrets/pg:password}. */
    readonly password?: Secret | undefined;
    readonly sslmode: PostgresSslMode;
    /** PEM file of the authority, as the Connect worker sees it. */
    readonly ca?: string | undefined;
  };
  /** `schema.table`: what reaches the lake. */
  readonly tables: readonly string[];
  readonly slot: string;
  readonly publication: string;
  /** `schema.table` of the signal table and of the heartbeat table; see schema/users.sql. */
  readonly signalTable: string;
  readonly heartbeatTable: string;
  readonly heartbeatIntervalMs: number;
  /** Brokers as the Connect worker reaches them: the signal channel has its own consumer. */
  readonly kafkaBootstrap: string;
  /** TLS and SASL of that consumer, as Kafka client properties; the producer's are the worker's. */
  readonly kafkaClientProperties: Readonly<Record<string, string>>;
  readonly topics: TopicSettings;
  readonly pollIntervalMs: number;
  /** More properties; these win. */
  readonly overrides: Readonly<Record<string, string>>;
}

export const usersDefaults = {
  name: 'foz-users',
  topicPrefix: 'pg',
  tables: ['public.users', 'public.user_events'],
  slot: 'foz_users',
  publication: 'foz',
  signalTable: 'public.foz_signal',
  heartbeatTable: 'public.foz_heartbeat',
  heartbeatIntervalMs: 5_000,
  kafkaClientProperties: {},
  topics: topicDefaults,
  pollIntervalMs: 100,
  overrides: {},
} as const satisfies Omit<UsersConnectorSettings, 'database' | 'kafkaBootstrap'>;

/** As given to `PUT /connectors/NAME/config`. */
export function usersConnector(settings: UsersConnectorSettings): ConnectorDefinition {
  return {
    name: settings.name,
    config: {
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'tasks.max': '1',
      'topic.prefix': settings.topicPrefix,
      ...databaseConfig(settings),
      ...captureConfig(settings),
      ...exactnessConfig,
      ...livenessConfig(settings),
      ...signalConfig(settings),
      ...deliveryConfig(settings),
      ...settings.overrides,
    },
  };
}

function databaseConfig({ database, slot, publication }: UsersConnectorSettings): Record<string, string> {
  return {
    'database.hostname': database.host,
    'database.port': String(database.port),
    'database.dbname': database.database,
    'database.user': database.user,
    ...(database.password === undefined ? {} : { 'database.password': database.password.reveal() }),
    'database.sslmode': database.sslmode,
    ...(database.ca === undefined ? {} : { 'database.sslrootcert': database.ca }),
    'plugin.name': 'pgoutput',
    'slot.name': slot,
    'slot.drop.on.stop': 'false',
    'publication.name': publication,
    // The publication is made by whoever owns the tables; the connector's role needs no right to.
    'publication.autocreate.mode': 'disabled',
    // A slot ahead of the stored offset was made anew: fail, never go on from "now".
    'offset.mismatch.strategy': 'trust_offset',
  };
}

function captureConfig(settings: UsersConnectorSettings): Record<string, string> {
  return {
    'table.include.list': [...settings.tables, settings.signalTable].map(anchored).join(','),
    'snapshot.mode': 'initial',
    // `none` skips nothing: TRUNCATE (op t) reaches the lake.
    'skipped.operations': 'none',
    'tombstones.on.delete': 'true',
    'include.unknown.datatypes': 'true',
    'event.processing.failure.handling.mode': 'fail',
    'errors.tolerance': 'none',
  };
}

/** Names are regular expressions to the connector, anchored but not escaped. */
function anchored(table: string): string {
  return table.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

const exactnessConfig = {
  'decimal.handling.mode': 'string',
  'time.precision.mode': 'microseconds',
  'interval.handling.mode': 'string',
  'binary.handling.mode': 'base64',
  'hstore.handling.mode': 'json',
  'schema.name.adjustment.mode': 'none',
  'field.name.adjustment.mode': 'none',
  'key.converter': jsonConverter,
  'key.converter.schemas.enable': 'false',
  'key.converter.replace.null.with.default': 'false',
  'value.converter': jsonConverter,
  'value.converter.schemas.enable': 'false',
  'value.converter.replace.null.with.default': 'false',
} as const;

function livenessConfig(settings: UsersConnectorSettings): Record<string, string> {
  const table = settings.heartbeatTable;
  return {
    // Without a heartbeat a slot on a quiet table holds back the WAL of the busy ones until the disk is full.
    'heartbeat.interval.ms': String(settings.heartbeatIntervalMs),
    'heartbeat.action.query': `INSERT INTO ${table} (id, beat_at) VALUES (1, clock_timestamp()) ON CONFLICT (id) DO UPDATE SET beat_at = EXCLUDED.beat_at`,
    'provide.transaction.metadata': 'true',
    'poll.interval.ms': String(settings.pollIntervalMs),
    'status.update.interval.ms': '5000',
    'slot.max.retries': '30',
    'slot.retry.delay.ms': '2000',
    'retriable.restart.connector.wait.ms': '2000',
  };
}

function signalConfig(settings: UsersConnectorSettings): Record<string, string> {
  const client = Object.entries(settings.kafkaClientProperties).map(([key, value]) => [`signal.consumer.${key}`, value] as const);
  return {
    'signal.data.collection': settings.signalTable,
    'signal.enabled.channels': 'source,kafka',
    'signal.kafka.topic': signalTopic(settings.topicPrefix),
    'signal.kafka.bootstrap.servers': settings.kafkaBootstrap,
    ...Object.fromEntries(client),
    'incremental.snapshot.chunk.size': '1024',
  };
}

function deliveryConfig(settings: UsersConnectorSettings): Record<string, string> {
  const topics = Object.entries(changeTopicConfig(settings.topics)).map(
    ([key, value]) => [`topic.creation.default.${key}`, value] as const,
  );
  return {
    'topic.creation.default.replication.factor': String(settings.topics.replicationFactor),
    'topic.creation.default.partitions': String(settings.topics.partitions),
    ...Object.fromEntries(topics),
    'producer.override.acks': 'all',
    'producer.override.enable.idempotence': 'true',
    'producer.override.compression.type': 'lz4',
    'producer.override.max.request.size': String(settings.topics.recordBytesMax + batchOverheadBytes),
  };
}

/** Where the connector takes signals from; a record's key is the topic prefix. */
export function signalTopic(topicPrefix: string): string {
  return `${topicPrefix}-signal`;
}

/** The change topic of `schema.table`. */
export function usersTopic(topicPrefix: string, table: string): string {
  return `${topicPrefix}.${table}`;
}

/**
 * Every topic the connector writes or reads. Connect creates the change topics by itself, but only a topic made before
 * its first record is sure to be stamped by the broker from offset 0 on.
 */
export function usersTopics(
  settings: Pick<UsersConnectorSettings, 'topicPrefix' | 'tables' | 'signalTable' | 'topics'>,
): readonly TopicDefinition[] {
  const { topicPrefix, topics } = settings;
  const { replicationFactor } = topics;
  const config = changeTopicConfig(topics);
  const changes = settings.tables.map((table) => ({
    name: usersTopic(topicPrefix, table),
    partitions: topics.partitions,
    replicationFactor,
    config,
  }));
  // Order matters within these, so each is one log partition.
  const others = [usersTopic(topicPrefix, settings.signalTable), `${topicPrefix}.transaction`, `__debezium-heartbeat.${topicPrefix}`];
  return [
    ...changes,
    ...others.map((name) => ({ name, partitions: 1, replicationFactor, config })),
    { name: signalTopic(topicPrefix), partitions: 1, replicationFactor, config: { 'cleanup.policy': 'delete' } },
  ];
}

export function tableNameOf(qualified: string): SourceTableName {
  const dot = qualified.indexOf('.');
  return dot < 0 ? { namespace: 'public', table: qualified } : { namespace: qualified.slice(0, dot), table: qualified.slice(dot + 1) };
}
