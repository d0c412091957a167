// Cassandra 5, one node with change data capture on. Its configuration is written as JSON, which every YAML reader
// takes, so that no path needs quoting rules.

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'cassandra-driver';
import { cassandraJvm17 } from './cassandra-jvm.ts';
import { jvmQuickStart, type Component, type ComponentPorts } from './component.ts';

export const cassandraComponent: Component<'cassandra'> = {
  name: 'cassandra',
  needs: [],
  ports: ['cql', 'storage', 'storageTls'],
  readyMaxMs: 150_000,
  endpoint: (ports, { layout, settings }) => ({
    contactPoint: '127.0.0.1',
    port: ports['cql'] ?? 0,
    localDataCenter: 'datacenter1',
    clusterName: settings.cassandraClusterName,
    configFile: join(layout.root, 'conf/cassandra/cassandra.yaml'),
  }),
  prepare: async (ports, context) => {
    const { layout, settings } = context;
    const [jars, java] = await Promise.all([context.jars(), context.java()]);
    const confDir = await layout.confDir('cassandra');
    const dataDir = await layout.dataDir('cassandra');
    const config = join(confDir, 'cassandra.yaml');
    await writeFile(config, `${JSON.stringify(cassandraConfig(ports, dataDir, settings.cassandraClusterName), null, 2)}\n`);
    const logback = await writeLogback(confDir, 'INFO');
    const jarDir = jars.cassandra.replace(/\*$/, '');
    const jamm = (await readdir(jarDir)).find((name) => name.startsWith('jamm-')) ?? 'jamm.jar';
    const jvm = ['-Xms256m', '-Xmx1g', '-Xss256k', ...jvmQuickStart, ...cassandraJvm17, `-javaagent:${join(jarDir, jamm)}`];
    const system = {
      'cassandra.config': pathToFileURL(config).href,
      'cassandra.storagedir': dataDir,
      'logback.configurationFile': logback,
      // a node that is alone need not wait for others
      'cassandra.skip_wait_for_gossip_to_settle': '0',
      'cassandra.ring_delay_ms': '1',
      'cassandra.superuser_setup_delay_ms': '-1',
    };
    const defines = Object.entries(system).map(([key, value]) => `-D${key}=${value}`);
    const main = ['-cp', `${confDir}:${jars.cassandra}`, 'org.apache.cassandra.service.CassandraDaemon'];
    return {
      command: java.java,
      args: [...jvm, ...defines, ...(settings.jvmOptions['cassandra'] ?? []), ...main],
      cwd: confDir,
      env: {},
      log: layout.log('cassandra'),
      stopSignal: 'SIGTERM',
      stopGraceMs: 20_000,
    };
  },
  probe: async (endpoint) => {
    const contactPoints = [`${endpoint.contactPoint}:${endpoint.port}`];
    const socketOptions = { connectTimeout: 2000, readTimeout: 5000 };
    const client = new Client({ contactPoints, localDataCenter: endpoint.localDataCenter, socketOptions });
    try {
      await client.execute('SELECT release_version FROM system.local');
    } finally {
      await client.shutdown();
    }
  },
};

/** Segments of 1 MiB synced every 100 ms: changes reach the agent in a fraction of a second; a mutation may be 512 KiB. */
export function cassandraConfig(ports: ComponentPorts, dataDir: string, clusterName: string): Record<string, unknown> {
  return {
    cluster_name: clusterName,
    num_tokens: 1,
    auto_bootstrap: false,
    hinted_handoff_enabled: false,
    authenticator: 'AllowAllAuthenticator',
    authorizer: 'AllowAllAuthorizer',
    role_manager: 'CassandraRoleManager',
    network_authorizer: 'AllowAllNetworkAuthorizer',
    partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
    data_file_directories: [join(dataDir, 'data')],
    commitlog_directory: join(dataDir, 'commitlog'),
    cdc_raw_directory: join(dataDir, 'cdc_raw'),
    saved_caches_directory: join(dataDir, 'saved_caches'),
    hints_directory: join(dataDir, 'hints'),
    commitlog_sync: 'periodic',
    commitlog_sync_period: '100ms',
    commitlog_segment_size: '1MiB',
    commitlog_total_space: '64MiB',
    cdc_enabled: true,
    // a stopped agent must not stop the database; the space is large enough for hours of a demo
    cdc_block_writes: false,
    cdc_on_repair_enabled: false,
    cdc_total_space: '1024MiB',
    disk_failure_policy: 'stop',
    commit_failure_policy: 'stop',
    seed_provider: [
      { class_name: 'org.apache.cassandra.locator.SimpleSeedProvider', parameters: [{ seeds: `127.0.0.1:${ports['storage']}` }] },
    ],
    listen_address: '127.0.0.1',
    storage_port: ports['storage'],
    ssl_storage_port: ports['storageTls'],
    rpc_address: '127.0.0.1',
    native_transport_port: ports['cql'],
    start_native_transport: true,
    endpoint_snitch: 'SimpleSnitch',
    memtable_allocation_type: 'heap_buffers',
    memtable_heap_space: '64MiB',
    memtable_offheap_space: '64MiB',
    key_cache_size: '8MiB',
    file_cache_size: '32MiB',
    networking_cache_size: '16MiB',
    file_cache_enabled: false,
    concurrent_reads: 8,
    concurrent_writes: 8,
    concurrent_counter_writes: 4,
    concurrent_compactors: 1,
    user_defined_functions_enabled: false,
    materialized_views_enabled: false,
    dynamic_snitch: false,
    storage_compatibility_mode: 'NONE',
  };
}

export async function writeLogback(confDir: string, rootLevel: 'INFO' | 'WARN'): Promise<string> {
  const path = join(confDir, 'logback.xml');
  await writeFile(
    path,
    `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date{ISO8601} %-5level [%thread] %logger{20} - %msg%n</pattern></encoder>
  </appender>
  <logger name="io.debezium" level="INFO"/>
  <root level="${rootLevel}"><appender-ref ref="out"/></root>
</configuration>
`,
  );
  return path;
}
