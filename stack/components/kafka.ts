// Kafka, one node that is broker and controller (KRaft): no ZooKeeper. Topics carry the broker's time
// (LogAppendTime), which is what makes arrival dates in the lake bounded and monotone.

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { jvmQuickStart, propertiesText, type Component, type ComponentContext, type ComponentPorts } from './component.ts';

/** Constant: one local cluster is like another; a fresh data folder still gets new topic ids. */
const clusterId = 'Zm96LWxvY2FsLXN0YWNrMQ';

export const kafkaComponent: Component<'kafka'> = {
  name: 'kafka',
  needs: [],
  ports: ['broker', 'controller'],
  readyMaxMs: 90_000,
  endpoint: (ports) => ({ bootstrap: `127.0.0.1:${ports['broker']}` }),
  prepare: async (ports, context) => {
    const { layout, settings } = context;
    const [jars, java] = await Promise.all([context.jars(), context.java()]);
    const dataDir = await layout.dataDir('kafka');
    const confDir = await layout.confDir('kafka');
    const config = join(confDir, 'server.properties');
    await writeFile(config, kafkaProperties(ports, dataDir, settings));
    const log4j = await writeLog4j(confDir);
    const spec = (args: readonly string[]) => ({
      command: java.java,
      args: [...jvmQuickStart, ...args],
      cwd: confDir,
      env: {},
      log: layout.log('kafka'),
      stopSignal: 'SIGTERM' as const,
      stopGraceMs: 15_000,
    });
    if (!existsSync(join(dataDir, 'meta.properties'))) {
      const format = ['-Xmx128m', '-cp', jars.kafka, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config];
      await context.runToEnd('kafka-format', spec(format));
    }
    const jvm = ['-Xms128m', '-Xmx512m', `-Dlog4j2.configurationFile=${log4j}`, ...(settings.jvmOptions['kafka'] ?? [])];
    return spec([...jvm, '-cp', jars.kafka, 'kafka.Kafka', config]);
  },
  probe: async (endpoint) => {
    const brokers = [endpoint.bootstrap];
    const client = new Kafka({
      clientId: 'foz-stack',
      brokers,
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
      connectionTimeout: 1000,
    });
    const admin = client.admin();
    try {
      await admin.connect();
      const cluster = await admin.describeCluster();
      if (cluster.brokers.length === 0) throw new Error('no broker is registered yet');
    } finally {
      await admin.disconnect();
    }
  },
};

export function kafkaProperties(
  ports: ComponentPorts,
  dataDir: string,
  settings: Pick<ComponentContext['settings'], 'kafkaPartitions' | 'recordBytesMax'>,
): string {
  const broker = `PLAINTEXT://127.0.0.1:${ports['broker']}`;
  const controller = `CONTROLLER://127.0.0.1:${ports['controller']}`;
  return propertiesText({
    'process.roles': 'broker,controller',
    'node.id': 1,
    // static voters: the data outlives a change of ports
    'controller.quorum.voters': `1@127.0.0.1:${ports['controller']}`,
    listeners: `${broker},${controller}`,
    'advertised.listeners': broker,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': dataDir,
    'log.message.timestamp.type': 'LogAppendTime',
    'message.max.bytes': settings.recordBytesMax,
    'replica.fetch.max.bytes': settings.recordBytesMax,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'num.partitions': settings.kafkaPartitions,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // a killed broker may register again only when its old session has ended: 9 s by default
    'broker.session.timeout.ms': 4000,
    'broker.heartbeat.interval.ms': 1000,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': true,
    'log.retention.hours': 168,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
  });
}

/** Without a log4j configuration Kafka and Connect log nothing at all. */
export async function writeLog4j(confDir: string): Promise<string> {
  const path = join(confDir, 'log4j2.json');
  const appender = { name: 'out', PatternLayout: { pattern: '%d{ISO8601} %p %c{1}: %m%n' } };
  const document = {
    Configuration: { status: 'warn', Appenders: { Console: appender }, Loggers: { Root: { level: 'info', AppenderRef: { ref: 'out' } } } },
  };
  await writeFile(path, `${JSON.stringify(document, null, 2)}\n`);
  return path;
}
