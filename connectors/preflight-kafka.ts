// Preflight of the topics. Foz does not know the Kafka client here: the caller asks the broker and hands in what it said.

import type { TopicDefinition } from './definition.ts';
import type { Finding } from './finding.ts';

export interface TopicState {
  readonly partitions: number;
  /** Effective configuration, defaults of the broker included. */
  readonly config: Readonly<Record<string, string>>;
}

/** What the broker says of these topics; a topic that does not exist is left out. */
export type DescribeTopics = (names: readonly string[], signal?: AbortSignal) => Promise<ReadonlyMap<string, TopicState>>;

export async function preflightKafka(
  describe: DescribeTopics,
  topics: readonly TopicDefinition[],
  bootstrap: string,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  const states = await describe(
    topics.map((topic) => topic.name),
    signal,
  );
  return topics.flatMap((topic) => {
    const state = states.get(topic.name);
    return state === undefined ? [missingTopic(topic, bootstrap)] : judgeTopic(topic, state, bootstrap);
  });
}

function missingTopic(topic: TopicDefinition, bootstrap: string): Finding {
  const config = Object.entries(topic.config).map(([key, value]) => ` --config ${key}=${value}`);
  return {
    code: 'KAFKA_TOPIC_MISSING',
    severity: 'notice',
    subject: `topic ${topic.name}`,
    setting: 'topic',
    found: 'missing',
    needed: 'made before its first record, so that offset 0 is stamped by the broker too',
    mend: `kafka-topics.sh --bootstrap-server ${bootstrap} --create --topic ${topic.name} --partitions ${topic.partitions} --replication-factor ${topic.replicationFactor}${config.join('')}`,
  };
}

function judgeTopic(topic: TopicDefinition, state: TopicState, bootstrap: string): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (code: string, severity: Finding['severity'], setting: string, found: string, needed: string, value: string) => {
    const mend = `kafka-configs.sh --bootstrap-server ${bootstrap} --alter --entity-type topics --entity-name ${topic.name} --add-config ${setting}=${value}`;
    findings.push({ code, severity, subject: `topic ${topic.name}`, setting, found, needed, mend });
  };
  const value = (name: string) => state.config[name] ?? 'not set';
  const wantsStamp = topic.config['message.timestamp.type'];
  if (wantsStamp !== undefined && value('message.timestamp.type') !== wantsStamp) {
    const needed = `${wantsStamp}: the date of a partition is the day of arrival, and a producer's clock is not`;
    find('KAFKA_TIMESTAMP_TYPE', 'warning', 'message.timestamp.type', value('message.timestamp.type'), needed, wantsStamp);
  }
  if (value('cleanup.policy').includes('compact')) {
    const needed = 'delete: compaction removes changes before they are read, and refuses TRUNCATE events, which have no key';
    find('KAFKA_COMPACTED', 'error', 'cleanup.policy', value('cleanup.policy'), needed, 'delete');
  }
  const retention = topic.config['retention.ms'];
  if (retention !== undefined && isShorter(value('retention.ms'), retention)) {
    find('KAFKA_RETENTION', 'warning', 'retention.ms', value('retention.ms'), `${retention}: the longest outage without a gap`, retention);
  }
  const bytes = topic.config['max.message.bytes'];
  if (bytes !== undefined && Number(value('max.message.bytes')) < Number(bytes)) {
    const needed = `${bytes}: a larger row stops the connector`;
    find('KAFKA_MESSAGE_BYTES', 'error', 'max.message.bytes', value('max.message.bytes'), needed, bytes);
  }
  if (topic.partitions === 1 && state.partitions > 1) {
    findings.push({
      code: 'KAFKA_PARTITIONS',
      severity: 'warning',
      subject: `topic ${topic.name}`,
      setting: 'partitions',
      found: String(state.partitions),
      needed: '1: its records mean something in their order only',
      mend: `kafka-topics.sh --bootstrap-server ${bootstrap} --delete --topic ${topic.name}, then create it with one partition`,
    });
  }
  return findings;
}

/** -1 is for ever. */
function isShorter(found: string, needed: string): boolean {
  const value = Number(found);
  if (Number.isNaN(value) || value < 0) return false;
  return Number(needed) < 0 || value < Number(needed);
}
