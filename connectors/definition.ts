// What a connector needs around it, as data: its name, its configuration, the topics it writes and how they must be
// made. Nothing here talks to anything; register.ts does.

export type ConnectorConfig = Readonly<Record<string, string>>;

export interface ConnectorDefinition {
  readonly name: string;
  readonly config: ConnectorConfig;
}

export interface TopicDefinition {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicSettings {
  readonly partitions: number;
  readonly replicationFactor: number;
  /** How long Kafka keeps what Foz has not read yet; -1 for ever. */
  readonly retentionMs: number;
  readonly recordBytesMax: number;
}

/** Seven days, as Kafka's own default: the time an outage of Foz may last without a gap. */
export const topicDefaults: TopicSettings = {
  partitions: 1,
  replicationFactor: 1,
  retentionMs: 7 * 24 * 3600 * 1000,
  recordBytesMax: 16 * 1024 * 1024,
};

/** Room for the record batch's own header beside a record of `recordBytesMax`. */
export const batchOverheadBytes = 64 * 1024;

/** Arrival dates must be bounded and monotone, so the broker stamps; a topic of changes must never be compacted. */
export function changeTopicConfig(settings: TopicSettings): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': 'delete',
    'message.timestamp.type': 'LogAppendTime',
    'retention.ms': String(settings.retentionMs),
    'max.message.bytes': String(settings.recordBytesMax + batchOverheadBytes),
  };
}

export const jsonConverter = 'org.apache.kafka.connect.json.JsonConverter';
