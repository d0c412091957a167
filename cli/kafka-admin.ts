// Topics are made before their first record, so that the broker stamps them from offset 0 on; and the few records that Foz
// writes itself. The only file of this room that knows the Kafka client.

import kafkajs, { type Admin, type Kafka, type SASLOptions } from 'kafkajs';
import type { TopicDefinition } from '../connectors/definition.ts';
import type { TopicState } from '../connectors/preflight-kafka.ts';
import { LakeError } from '../runtime/errors.ts';
import { tlsOptions, type KafkaLogOptions, type KafkaSasl } from '../sync/log/kafka-options.ts';

export interface KafkaAdmin extends AsyncDisposable {
  /** Creates those that are missing; returns their names. */
  createTopics(topics: readonly TopicDefinition[]): Promise<readonly string[]>;
  /** Those that exist. */
  describeTopics(names: readonly string[]): Promise<ReadonlyMap<string, TopicState>>;
  /** By partition: the first offset whose record is from this time or later; the log's end where there is none. */
  offsetsAt(topic: string, timeMs: number): Promise<ReadonlyMap<number, bigint>>;
  /** In order within a partition; resolves when all replicas in sync have them, and the producer's own retries double none. */
  produce(records: readonly ProducedRecord[]): Promise<void>;
}

export interface ProducedRecord {
  readonly topic: string;
  /** Null: by the hash of the key, as Kafka's own producers do. */
  readonly partition: number | null;
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** What preflight judges. */
const configNames = ['message.timestamp.type', 'cleanup.policy', 'retention.ms', 'max.message.bytes'];

/** ConfigResourceTypes.TOPIC of the protocol. */
const topicResource = 2;

/** Errors: LOG_UNREACHABLE, LOG_REFUSED. */
export async function openKafkaAdmin(options: KafkaLogOptions): Promise<KafkaAdmin> {
  const ssl = tlsOptions(options.ssl);
  const client = new kafkajs.Kafka({
    clientId: options.clientId ?? 'foz',
    brokers: [...options.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: options.connectionTimeoutMs ?? 5_000,
    requestTimeout: options.requestTimeoutMs ?? 30_000,
    retry: { retries: 2, initialRetryTime: 200, maxRetryTime: 1_000 },
    ...(ssl === undefined ? {} : { ssl }),
    ...(options.sasl === undefined ? {} : { sasl: saslOptions(options.sasl) }),
  });
  const admin = client.admin();
  const brokers = options.brokers.join(',');
  await attempt(`reach Kafka at ${brokers}`, () => admin.connect());
  return {
    createTopics: (topics) => createTopics(admin, topics),
    describeTopics: (names) => attempt(`describe topics at ${brokers}`, () => describeTopics(admin, names)),
    offsetsAt: (topic, timeMs) =>
      attempt(`look for offsets of ${topic} at ${brokers}`, async () => {
        const found = await admin.fetchTopicOffsetsByTimestamp(topic, timeMs);
        return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)] as const));
      }),
    produce: (records) => attempt(`write ${records.length} records at ${brokers}`, () => produce(client, records)),
    [Symbol.asyncDispose]: () => admin.disconnect(),
  };
}

async function createTopics(admin: Admin, topics: readonly TopicDefinition[]): Promise<readonly string[]> {
  const existing = new Set(await attempt('list topics', () => admin.listTopics()));
  const missing = topics.filter(({ name }) => !existing.has(name));
  if (missing.length === 0) return [];
  await attempt(`create topics ${missing.map(({ name }) => name).join(', ')}`, () =>
    admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ name, partitions, replicationFactor, config }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      })),
    }),
  );
  return missing.map(({ name }) => name);
}

async function describeTopics(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, TopicState>> {
  const existing = new Set(await admin.listTopics());
  const found = names.filter((name) => existing.has(name));
  if (found.length === 0) return new Map();
  const { topics } = await admin.fetchTopicMetadata({ topics: [...found] });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: found.map((name) => ({ type: topicResource, name, configNames: [...configNames] })),
  });
  return new Map(
    topics.map(({ name, partitions }) => {
      const entries = resources.find((resource) => resource.resourceName === name)?.configEntries ?? [];
      const config = Object.fromEntries(entries.map((entry) => [entry.configName, entry.configValue]));
      return [name, { partitions: partitions.length, config }] as const;
    }),
  );
}

const recordsAtOnce = 500;

async function produce(client: Kafka, records: readonly ProducedRecord[]): Promise<void> {
  if (records.length === 0) return;
  const producer = client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    for (let at = 0; at < records.length; at += recordsAtOnce) {
      const topics = Map.groupBy(records.slice(at, at + recordsAtOnce), ({ topic }) => topic);
      const topicMessages = [...topics].map(([topic, page]) => ({
        topic,
        messages: page.map(({ partition, key, value, headers }) => ({
          key: Buffer.from(key),
          value: value === null ? null : Buffer.from(value),
          headers: { ...headers },
          ...(partition === null ? {} : { partition }),
        })),
      }));
      await producer.sendBatch({ acks: -1, topicMessages });
    }
  } finally {
    await producer.disconnect();
  }
}

function saslOptions(sasl: KafkaSasl): SASLOptions {
  if (sasl.mechanism === 'oauthbearer') {
    const { token } = sasl;
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await token() }) };
  }
  return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password };
}

async function attempt<T>(attempted: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof LakeError) throw cause;
    const type = cause instanceof Error && 'type' in cause ? String(cause.type) : '';
    const isRefusal =
      /AUTHORIZATION|SASL|AUTHENTICATION|INVALID|POLICY/.test(type) || (cause instanceof Error && /SASL|authenti/i.test(cause.message));
    throw new LakeError(isRefusal ? 'LOG_REFUSED' : 'LOG_UNREACHABLE', `${attempted}: failed`, { cause, context: { next: 'foz check' } });
  }
}
