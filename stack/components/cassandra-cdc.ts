// The Debezium agent that stands beside the Cassandra node, reads its commit log and writes to Kafka itself. It is
// started by our own launcher (stack/java), which binds loopback only and notices when the reader dies.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeLogback } from './cassandra.ts';
import { cassandraJvm17 } from './cassandra-jvm.ts';
import { jvmQuickStart, propertiesText, type Component, type StackEndpoints } from './component.ts';
import type { StackSettings } from '../settings.ts';

export const cassandraCdcComponent: Component<'cassandra-cdc'> = {
  name: 'cassandra-cdc',
  needs: ['kafka', 'cassandra'],
  ports: ['health'],
  readyMaxMs: 90_000,
  endpoint: (ports, { settings }) => ({
    healthUrl: `http://127.0.0.1:${ports['health']}/health`,
    topicPrefix: settings.agentTopicPrefix,
  }),
  prepare: async (ports, context) => {
    const { layout, settings, endpoint } = context;
    const [jars, java] = await Promise.all([context.jars(), context.java()]);
    const confDir = await layout.confDir('cassandra-cdc');
    const dataDir = await layout.dataDir('cassandra-cdc');
    await mkdir(join(dataDir, 'offsets'), { recursive: true });
    await mkdir(join(dataDir, 'relocation'), { recursive: true });
    // where the reader leaves a copy of each change that it cannot read
    const scratch = join(dataDir, 'tmp');
    await mkdir(scratch, { recursive: true });
    const cassandra = endpoint('cassandra');
    const driver = join(confDir, 'driver.json');
    await writeFile(driver, `${JSON.stringify(driverConfig(cassandra), null, 2)}\n`);
    const files = { driver, dataDir, healthPort: ports['health'] ?? 0 };
    const config = join(confDir, 'agent.properties');
    await writeFile(config, propertiesText(agentProperties(cassandra, endpoint('kafka').bootstrap, files, settings)));
    const logback = await writeLogback(confDir, 'WARN');
    const defines = [
      `-Djava.io.tmpdir=${scratch}`,
      `-Dlogback.configurationFile=${logback}`,
      `-Dcassandra.storagedir=${await layout.dataDir('cassandra')}`,
    ];
    const jvm = ['-Xms64m', '-Xmx256m', ...jvmQuickStart, ...cassandraJvm17, ...defines, ...(settings.jvmOptions['cassandra-cdc'] ?? [])];
    return {
      command: java.java,
      args: [...jvm, '-cp', jars.cassandraAgent, 'io.debezium.connector.cassandra.FozAgentLauncher', config],
      cwd: confDir,
      env: {},
      log: layout.log('cassandra-cdc'),
      stopSignal: 'SIGTERM',
      stopGraceMs: 15_000,
      // its reader met a change of a form that it does not know: started again, it goes on there with the schema of then
      restartOn: ['3'],
    };
  },
  probe: async ({ healthUrl }, signal) => {
    const answer = await fetch(healthUrl, { signal });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`GET ${healthUrl} answered ${answer.status}`);
  },
};

export function agentProperties(
  cassandra: StackEndpoints['cassandra'],
  bootstrap: string,
  files: { readonly driver: string; readonly dataDir: string; readonly healthPort: number },
  settings: StackSettings,
): Record<string, string | number | boolean> {
  const json = 'org.apache.kafka.connect.json.JsonConverter';
  return {
    'connector.name': `${settings.agentTopicPrefix}-agent`,
    'topic.prefix': settings.agentTopicPrefix,
    'cassandra.config': cassandra.configFile,
    'cassandra.driver.config.file': files.driver,
    'cassandra.node.id': 'node1',
    'cassandra.cluster.name': cassandra.clusterName,
    'http.port': files.healthPort,
    'snapshot.mode': settings.agentSnapshotMode,
    'snapshot.consistency': 'ONE',
    'snapshot.scan.interval.ms': 2000,
    'schema.refresh.interval.ms': 2000,
    'offset.backing.store.dir': join(files.dataDir, 'offsets'),
    // flush with every event: a larger interval flushes only when the next event comes, and repeats the tail after a stop
    'offset.flush.interval.ms': 0,
    'max.offset.flush.size': 100,
    // without it a change is seen only when its commit log segment is full
    'commit.log.real.time.processing.enabled': true,
    'commit.log.marked.complete.poll.interval.ms': 200,
    'commit.log.post.processing.enabled': true,
    'commit.log.relocation.dir': join(files.dataDir, 'relocation'),
    'commit.log.relocation.dir.poll.interval.ms': 2000,
    'cdc.dir.poll.interval.ms': 200,
    'poll.interval.ms': 100,
    'tombstones.on.delete': true,
    'latest.commit.log.only': false,
    'event.order.guarantee.mode': 'PARTITION_VALUES',
    // exact: the defaults are a double and an int64 that overflows
    'decimal.handling.mode': 'string',
    'varint.handling.mode': 'string',
    'key.converter': json,
    'value.converter': json,
    'key.converter.schemas.enable': false,
    'value.converter.schemas.enable': false,
    'kafka.producer.bootstrap.servers': bootstrap,
    'kafka.producer.acks': 'all',
    'kafka.producer.enable.idempotence': true,
    'kafka.producer.linger.ms': 0,
    // a send that fails for good is only logged and the stream goes on: outlast any outage of Kafka
    'kafka.producer.delivery.timeout.ms': 2_147_483_647,
    'kafka.producer.max.request.size': settings.recordBytesMax + 64 * 1024,
    ...settings.agentProperties,
  };
}

/** HOCON, of which JSON is a part. */
function driverConfig(cassandra: StackEndpoints['cassandra']): unknown {
  return {
    'datastax-java-driver': {
      basic: {
        'contact-points': [`${cassandra.contactPoint}:${cassandra.port}`],
        'load-balancing-policy': { 'local-datacenter': cassandra.localDataCenter },
        request: { timeout: '20 seconds' },
      },
      advanced: { 'reconnect-on-init': true },
    },
  };
}
