// Kafka behind the log port. Needs Kafka 3.1 or newer: topic ids in Metadata and Fetch are what keeps a re-created
// topic from being read as the old one (I6). kafkajs carries the bytes (kafka-client.ts); fetching, positions and the
// decoding of records are done here, because a reset must never be silent (I7).

import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';
import { kafkaClient, type KafkaBroker, type KafkaClient } from './kafka-client.ts';
import { kafkaCodes } from './kafka-error.ts';
import { metadataRequest, type KafkaMetadata, type KafkaTopic } from './kafka-metadata.ts';
import { kafkaNumbers, type KafkaLogOptions } from './kafka-options.ts';
import { kafkaSubscription } from './kafka-subscription.ts';
import type { Log, LogPartition, LogSubscription, OffsetRange, TopicDescription } from './log.ts';

const earliest = -2;
const latest = -1;
const readUncommitted = 0;
const readCommitted = 1;
const topicResource = 2;
const timestampTypeSetting = 'message.timestamp.type';

export function kafkaLog(options: KafkaLogOptions): Log {
  const numbers = kafkaNumbers(options);
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? silentLogger;
  const client = kafkaClient(options);
  const subscriptions = new Set<LogSubscription>();

  return {
    async describe(topics, signal) {
      signal?.throwIfAborted();
      if (topics.length === 0) return [];
      const metadata = await readMetadata(client, topics);
      signal?.throwIfAborted();
      const present = metadata.topics.filter(exists);
      if (present.length === 0) return [];
      const appendTime = await topicsWithAppendTime(client, present);
      return present.map((topic): TopicDescription => ({
        topic: topic.name,
        clusterId: metadata.clusterId,
        topicId: topic.topicId,
        partitionCount: topic.leaders.size,
        timestampType: appendTime.has(topic.name) ? 'append' : 'create',
      }));
    },
    async offsets(topic, signal) {
      signal?.throwIfAborted();
      const metadata = await readMetadata(client, [topic]);
      signal?.throwIfAborted();
      const found = metadata.topics.find(exists);
      if (!found) throw new LakeError('LOG_REFUSED', `read the offsets of ${topic}: no such topic`, { context: { topic } });
      return readOffsets(client, found, [...found.leaders.keys()], readCommitted);
    },
    async subscribe(wanted, handler, signal) {
      signal?.throwIfAborted();
      const subscription = kafkaSubscription({
        ...wanted,
        handler,
        groupClient: kafkaClient(options),
        fetchClient: kafkaClient(options),
        numbers,
        clock,
        logger: logger.child({ groupId: wanted.groupId }),
        metadata: readMetadata,
        range: readRange,
      });
      subscriptions.add(subscription);
      const forget = () => void subscriptions.delete(subscription);
      subscription.done.then(forget, forget);
      signal?.addEventListener('abort', () => void subscription.close(), { once: true });
      return subscription;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
      await client[Symbol.asyncDispose]();
    },
  };
}

async function readMetadata(client: KafkaClient, topics: readonly string[]): Promise<KafkaMetadata> {
  const broker = await client.any();
  requireVersion(broker, 3, 12, 'Metadata');
  requireVersion(broker, 1, 13, 'Fetch');
  const metadata = await client.send(broker, `read the metadata of ${topics.join(', ')}`, metadataRequest(topics));
  client.learn(metadata.brokers);
  return metadata;
}

function requireVersion(broker: KafkaBroker, apiKey: number, version: number, name: string): void {
  const range = broker.versions?.[apiKey];
  if (range && range.minVersion <= version && range.maxVersion >= version) return;
  throw new LakeError(
    'LOG_REFUSED',
    `use Kafka: it speaks ${name} ${range?.minVersion}–${range?.maxVersion}, needed is ${version} (Kafka 3.1 or newer)`,
    {
      context: { apiKey, version },
    },
  );
}

function exists(topic: KafkaTopic): boolean {
  if (topic.error === kafkaCodes.topicAuthorizationFailed) {
    throw new LakeError('LOG_REFUSED', `describe topic ${topic.name}: not authorised`, { context: { topic: topic.name } });
  }
  if (topic.error === kafkaCodes.leaderNotAvailable) {
    throw new LakeError('LOG_UNREACHABLE', `describe topic ${topic.name}: a partition has no leader yet`, {
      context: { topic: topic.name },
    });
  }
  return topic.error === kafkaCodes.none;
}

async function topicsWithAppendTime(client: KafkaClient, topics: readonly KafkaTopic[]): Promise<ReadonlySet<string>> {
  const what = `read ${timestampTypeSetting} of ${topics.map((topic) => topic.name).join(', ')}`;
  const { resources } = await client.call(await client.any(), what, (broker) =>
    broker.describeConfigs({
      resources: topics.map((topic) => ({ type: topicResource, name: topic.name, configNames: [timestampTypeSetting] })),
    }),
  );
  const appending = resources.filter((resource) =>
    resource.configEntries.some((entry) => entry.configName === timestampTypeSetting && entry.configValue === 'LogAppendTime'),
  );
  return new Set(appending.map((resource) => resource.resourceName));
}

/** The range to judge an offset by: up to the end of the log, open transactions included. */
async function readRange(client: KafkaClient, at: LogPartition): Promise<OffsetRange> {
  const metadata = await readMetadata(client, [at.topic]);
  const found = metadata.topics.find(exists);
  const range = found && (await readOffsets(client, found, [at.partition], readUncommitted)).get(at.partition);
  if (!range) throw new LakeError('LOG_UNREACHABLE', `read the range of ${at.topic}/${at.partition}: it is not there now`);
  return range;
}

async function readOffsets(
  client: KafkaClient,
  topic: KafkaTopic,
  partitions: readonly number[],
  isolationLevel: number,
): Promise<ReadonlyMap<number, OffsetRange>> {
  const byNode = Map.groupBy(partitions, (partition) => topic.leaders.get(partition) ?? -1);
  const ranges = new Map<number, OffsetRange>();
  for (const [nodeId, wanted] of byNode) {
    const broker = await client.node(nodeId);
    const at = async (timestamp: number): Promise<ReadonlyMap<number, bigint>> => {
      const topics = [{ topic: topic.name, partitions: wanted.map((partition) => ({ partition, timestamp })) }];
      const answer = await client.call(broker, `list the offsets of ${topic.name}`, (connected) =>
        connected.listOffsets({ replicaId: -1, isolationLevel, topics }),
      );
      return new Map(answer.responses.flatMap((one) => one.partitions.map(({ partition, offset }) => [partition, BigInt(offset)])));
    };
    // The end first: a start read later cannot lie behind it unseen.
    const ends = await at(latest);
    const starts = await at(earliest);
    for (const partition of wanted) {
      ranges.set(partition, { logStart: starts.get(partition) ?? 0n, highWatermark: ends.get(partition) ?? 0n });
    }
  }
  return new Map([...ranges].toSorted(([a], [b]) => a - b));
}
