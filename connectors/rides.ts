// The Cassandra agent for `rides`: properties of the Debezium process that stands beside each node and reads its commit
// log. Unlike a Connect connector it has no REST interface, no transactions and no flow control of its own: what it
// cannot send it logs and forgets, so its producer is told to wait for ever instead.

import type { Secret } from '../runtime/secret.ts';
import {
  batchOverheadBytes,
  changeTopicConfig,
  jsonConverter,
  topicDefaults,
  type TopicDefinition,
  type TopicSettings,
} from './definition.ts';

export interface RidesAgentSettings {
  readonly topicPrefix: string;
  readonly keyspace: string;
  readonly tables: readonly string[];
  readonly clusterName: string;
  /** Unique among the agents of a cluster. */
  readonly nodeId: string;
  /** `never` where rows carry a TTL: the snapshot reader dies on the first of them. */
  readonly snapshotMode: 'initial' | 'never' | 'always';
  readonly kafkaBootstrap: string;
  /** TLS and SASL of the producer, as Kafka client properties. */
  readonly kafkaClientProperties: Readonly<Record<string, string>>;
  readonly topics: TopicSettings;
  /** Files and folders on the node. */
  readonly paths: {
    readonly cassandraYaml: string;
    readonly driverConfig: string;
    readonly offsets: string;
    readonly relocation: string;
  };
  readonly healthPort: number;
  /** More properties; these win. */
  readonly overrides: Readonly<Record<string, string>>;
}

export const ridesDefaults = {
  topicPrefix: 'cass',
  keyspace: 'rides',
  tables: ['rides'],
  clusterName: 'foz',
  nodeId: 'node1',
  snapshotMode: 'initial',
  kafkaClientProperties: {},
  topics: topicDefaults,
  healthPort: 8000,
  overrides: {},
} as const satisfies Omit<RidesAgentSettings, 'kafkaBootstrap' | 'paths'>;

/** The properties that decide what the events say; the same wherever the agent runs. */
export const ridesAgentBehaviour: Readonly<Record<string, string>> = {
  // Without real-time processing a change is sent when its commit log segment is full: on a quiet table, never.
  'commit.log.real.time.processing.enabled': 'true',
  'commit.log.marked.complete.poll.interval.ms': '200',
  'cdc.dir.poll.interval.ms': '200',
  'poll.interval.ms': '100',
  'commit.log.post.processing.enabled': 'true',
  'commit.log.relocation.dir.poll.interval.ms': '2000',
  'commit.log.error.reprocessing.enabled': 'true',
  'latest.commit.log.only': 'false',
  'snapshot.scan.interval.ms': '2000',
  'schema.refresh.interval.ms': '2000',
  // A larger interval flushes with the next event only: even a clean stop would repeat the tail.
  'offset.flush.interval.ms': '0',
  'max.offset.flush.size': '100',
  'event.order.guarantee.mode': 'PARTITION_VALUES',
  'tombstones.on.delete': 'true',
  // The defaults are a double and an int64 that overflows.
  'decimal.handling.mode': 'string',
  'varint.handling.mode': 'string',
  'key.converter': jsonConverter,
  'key.converter.schemas.enable': 'false',
  'key.converter.replace.null.with.default': 'false',
  'value.converter': jsonConverter,
  'value.converter.schemas.enable': 'false',
  'value.converter.replace.null.with.default': 'false',
  'kafka.producer.acks': 'all',
  'kafka.producer.enable.idempotence': 'true',
  'kafka.producer.compression.type': 'lz4',
  'kafka.producer.linger.ms': '5',
  // A send that fails is logged and forgotten: wait out any outage of Kafka instead.
  'kafka.producer.delivery.timeout.ms': '2147483647',
  'kafka.producer.max.block.ms': '9223372036854775807',
};

export function ridesAgentProperties(settings: RidesAgentSettings): Readonly<Record<string, string>> {
  const client = Object.entries(settings.kafkaClientProperties).map(([key, value]) => [`kafka.producer.${key}`, value] as const);
  return {
    'connector.name': `${settings.topicPrefix}-agent`,
    'topic.prefix': settings.topicPrefix,
    'cassandra.config': settings.paths.cassandraYaml,
    'cassandra.driver.config.file': settings.paths.driverConfig,
    'cassandra.node.id': settings.nodeId,
    'cassandra.cluster.name': settings.clusterName,
    'http.port': String(settings.healthPort),
    'snapshot.mode': settings.snapshotMode,
    'snapshot.consistency': 'LOCAL_QUORUM',
    'offset.backing.store.dir': settings.paths.offsets,
    'commit.log.relocation.dir': settings.paths.relocation,
    ...ridesAgentBehaviour,
    'kafka.producer.bootstrap.servers': settings.kafkaBootstrap,
    'kafka.producer.max.request.size': String(settings.topics.recordBytesMax + batchOverheadBytes),
    ...Object.fromEntries(client),
    ...settings.overrides,
  };
}

/** A `.properties` file, sorted, escaped as java.util.Properties reads it. */
export function propertiesText(properties: Readonly<Record<string, string>>): string {
  const lines = Object.entries(properties)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${escapeProperty(key).replaceAll(/[ :=]/g, String.raw`\$&`)}=${escapeProperty(value)}`);
  return `${lines.join('\n')}\n`;
}

function escapeProperty(text: string): string {
  return text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`)
    .replaceAll('\t', String.raw`\t`)
    .replaceAll(/^[ #!]/g, String.raw`\$&`)
    .replaceAll(/[^\u0020-\u007e]/g, (character) => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export interface RidesDriverSettings {
  /** `host:port` of the node the agent stands beside. */
  readonly contactPoint: string;
  readonly localDataCenter: string;
  readonly auth?: { readonly username: string; readonly password: Secret } | undefined;
  readonly tls?: { readonly truststorePath: string; readonly truststorePassword: Secret; readonly verifyHostname: boolean } | undefined;
}

/** The agent's driver configuration: HOCON, of which JSON is a part. */
export function ridesDriverConfig(settings: RidesDriverSettings): string {
  const { auth, tls } = settings;
  const config = {
    'datastax-java-driver': {
      basic: {
        'contact-points': [settings.contactPoint],
        'load-balancing-policy': { 'local-datacenter': settings.localDataCenter },
        request: { timeout: '20 seconds' },
      },
      advanced: {
        'reconnect-on-init': true,
        ...(auth === undefined
          ? {}
          : { 'auth-provider': { class: 'PlainTextAuthProvider', username: auth.username, password: auth.password.reveal() } }),
        ...(tls === undefined
          ? {}
          : {
              'ssl-engine-factory': {
                class: 'DefaultSslEngineFactory',
                'truststore-path': tls.truststorePath,
                'truststore-password': tls.truststorePassword.reveal(),
                'hostname-validation': tls.verifyHostname,
              },
            }),
      },
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

export function ridesTopic(topicPrefix: string, keyspace: string, table: string): string {
  return `${topicPrefix}.${keyspace}.${table}`;
}

/** The agent does not configure topics: they must be made before its first record. */
export function ridesTopics(
  settings: Pick<RidesAgentSettings, 'topicPrefix' | 'keyspace' | 'tables' | 'topics'>,
): readonly TopicDefinition[] {
  return settings.tables.map((table) => ({
    name: ridesTopic(settings.topicPrefix, settings.keyspace, table),
    partitions: settings.topics.partitions,
    replicationFactor: settings.topics.replicationFactor,
    config: changeTopicConfig(settings.topics),
  }));
}
