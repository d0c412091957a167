// What a caller may steer of the local stack; everything has a default that suits a demo on two cores.

export interface StackSettings {
  /** Log partitions of topics that are created on first use. */
  readonly kafkaPartitions: number;
  /** Largest record in bytes that broker, Connect and the agent let through. */
  readonly recordBytesMax: number;
  readonly postgresDatabase: string;
  readonly postgresCdcUser: string;
  /** WAL a slot may hold back before PostgreSQL gives the slot up, in megabytes. */
  readonly postgresSlotWalMegabytesMax: number;
  readonly s3Bucket: string;
  readonly cassandraClusterName: string;
  readonly agentTopicPrefix: string;
  /** `initial` reads the tables first; `never` only follows the commit log (needed when rows carry a TTL). */
  readonly agentSnapshotMode: 'initial' | 'never' | 'always';
  /** More properties for the Debezium agent; these win. */
  readonly agentProperties: Readonly<Record<string, string>>;
  /** More JVM options by component name; they come last and win. */
  readonly jvmOptions: Readonly<Record<string, readonly string[]>>;
}

export const defaultSettings: StackSettings = {
  kafkaPartitions: 1,
  recordBytesMax: 16 * 1024 * 1024,
  postgresDatabase: 'app',
  postgresCdcUser: 'foz_cdc',
  postgresSlotWalMegabytesMax: 4096,
  s3Bucket: 'lake',
  cassandraClusterName: 'foz',
  agentTopicPrefix: 'cassandra',
  agentSnapshotMode: 'initial',
  agentProperties: {},
  jvmOptions: {},
};

/** Settings from a state file; what is missing or of another type takes its default. */
export function readSettings(value: unknown): StackSettings {
  const given = new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  const text = (key: keyof StackSettings, fallback: string) => {
    const found: unknown = given.get(key);
    return typeof found === 'string' ? found : fallback;
  };
  const number = (key: keyof StackSettings, fallback: number) => {
    const found: unknown = given.get(key);
    return typeof found === 'number' ? found : fallback;
  };
  const mode = given.get('agentSnapshotMode');
  return {
    ...defaultSettings,
    kafkaPartitions: number('kafkaPartitions', defaultSettings.kafkaPartitions),
    recordBytesMax: number('recordBytesMax', defaultSettings.recordBytesMax),
    postgresDatabase: text('postgresDatabase', defaultSettings.postgresDatabase),
    postgresCdcUser: text('postgresCdcUser', defaultSettings.postgresCdcUser),
    postgresSlotWalMegabytesMax: number('postgresSlotWalMegabytesMax', defaultSettings.postgresSlotWalMegabytesMax),
    s3Bucket: text('s3Bucket', defaultSettings.s3Bucket),
    cassandraClusterName: text('cassandraClusterName', defaultSettings.cassandraClusterName),
    agentTopicPrefix: text('agentTopicPrefix', defaultSettings.agentTopicPrefix),
    agentSnapshotMode: mode === 'never' || mode === 'always' ? mode : 'initial',
  };
}
