// Kafka Connect, distributed mode, with the Debezium PostgreSQL plugin. Connectors are registered over REST by the
// connectors room; here is only the worker that runs them.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jvmQuickStart, propertiesText, type Component, type ComponentContext, type ComponentPorts } from './component.ts';
import { writeLog4j } from './kafka.ts';

export const connectComponent: Component<'connect'> = {
  name: 'connect',
  needs: ['kafka'],
  ports: ['rest'],
  readyMaxMs: 90_000,
  endpoint: (ports) => ({ url: `http://127.0.0.1:${ports['rest']}` }),
  prepare: async (ports, context) => {
    const { layout, settings, endpoint } = context;
    const [jars, java] = await Promise.all([context.jars(), context.java()]);
    const confDir = await layout.confDir('connect');
    const config = join(confDir, 'connect.properties');
    await writeFile(config, connectProperties(ports, endpoint('kafka').bootstrap, jars.connectPlugins, settings));
    const log4j = await writeLog4j(confDir);
    const jvm = [
      '-Xms128m',
      '-Xmx512m',
      ...jvmQuickStart,
      `-Dlog4j2.configurationFile=${log4j}`,
      ...(settings.jvmOptions['connect'] ?? []),
    ];
    return {
      command: java.java,
      args: [...jvm, '-cp', jars.kafka, 'org.apache.kafka.connect.cli.ConnectDistributed', config],
      cwd: confDir,
      env: {},
      log: layout.log('connect'),
      stopSignal: 'SIGTERM',
      stopGraceMs: 15_000,
    };
  },
  probe: async ({ url }, signal) => {
    const answer = await fetch(`${url}/connectors`, { signal });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`GET ${url}/connectors answered ${answer.status}`);
  },
};

export function connectProperties(
  ports: ComponentPorts,
  bootstrap: string,
  pluginPath: string,
  settings: Pick<ComponentContext['settings'], 'recordBytesMax'>,
): string {
  const json = 'org.apache.kafka.connect.json.JsonConverter';
  // a record grows by its headers and the batch around it
  const requestBytesMax = settings.recordBytesMax + 64 * 1024;
  return propertiesText({
    'bootstrap.servers': bootstrap,
    'group.id': 'foz-connect',
    listeners: `http://127.0.0.1:${ports['rest']}`,
    'rest.advertised.host.name': '127.0.0.1',
    'rest.advertised.port': ports['rest'] ?? 0,
    'key.converter': json,
    'value.converter': json,
    'key.converter.schemas.enable': false,
    'value.converter.schemas.enable': false,
    'config.storage.topic': 'foz-connect-configs',
    'offset.storage.topic': 'foz-connect-offsets',
    'status.storage.topic': 'foz-connect-status',
    'config.storage.replication.factor': 1,
    'offset.storage.replication.factor': 1,
    'offset.storage.partitions': 1,
    'status.storage.replication.factor': 1,
    'status.storage.partitions': 1,
    'offset.flush.interval.ms': 1000,
    'plugin.path': pluginPath,
    // reads the plugins' service files only: the reflective scan takes seconds
    'plugin.discovery': 'service_load',
    'connector.client.config.override.policy': 'All',
    'scheduled.rebalance.max.delay.ms': 0,
    'producer.max.request.size': requestBytesMax,
    'producer.buffer.memory': 4 * requestBytesMax,
    'consumer.max.partition.fetch.bytes': requestBytesMax,
    'consumer.fetch.max.bytes': 4 * requestBytesMax,
  });
}
