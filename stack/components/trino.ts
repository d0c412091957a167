// Trino, to read the lake the way analysts do: one coordinator with an Iceberg REST catalog over ours. It comes last,
// when there is a catalog to read from, and needs Java 25.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LakeError } from '../../runtime/errors.ts';
import { ensureTrino } from '../setup/trino-assembly.ts';
import { propertiesText, type Component, type ComponentPorts, type StackEndpoints } from './component.ts';

export interface TrinoOptions {
  /** What queries call it. */
  readonly catalogName: string;
  /** Base address of the Iceberg REST catalog, without /v1. */
  readonly catalogUri: string;
  readonly warehouse: string;
  readonly s3: Pick<StackEndpoints['s3'], 'endpoint' | 'region' | 'accessKey' | 'secretKey'>;
  /** Bearer token for the catalog. */
  readonly token?: string;
  readonly heapMegabytes?: number;
  /** More properties of the catalog file; these win. */
  readonly catalogProperties?: Readonly<Record<string, string>>;
}

export const trinoComponent: Component<'trino'> = {
  name: 'trino',
  needs: [],
  ports: ['http'],
  readyMaxMs: 180_000,
  endpoint: (ports) => ({ url: `http://127.0.0.1:${ports['http']}`, user: 'foz' }),
  prepare: async (ports, { layout, trino: options, download }, signal) => {
    if (options === null) throw new LakeError('INTERNAL', 'Trino is started with startTrino, which says what it reads from');
    const trino = await ensureTrino(download, signal);
    const dataDir = await layout.dataDir('trino');
    const confDir = await layout.confDir('trino');
    const catalogDir = join(confDir, 'catalog');
    await rm(catalogDir, { recursive: true, force: true });
    await mkdir(catalogDir, { recursive: true });
    const heap = options.heapMegabytes ?? 1024;
    const config = join(confDir, 'config.properties');
    await writeFile(config, propertiesText(trinoConfig(ports, heap, catalogDir, join(trino.dir, 'plugin'))));
    const levels = join(confDir, 'log.properties');
    await writeFile(levels, propertiesText({ 'io.trino': 'INFO' }));
    await writeFile(join(catalogDir, `${options.catalogName}.properties`), propertiesText(icebergCatalog(options)), { mode: 0o600 });
    const defines = {
      'trino.version': trino.version,
      'node.environment': 'local',
      'node.id': 'local-1',
      'node.data-dir': dataDir,
      'node.internal-address': '127.0.0.1',
      'node.bind-ip': '127.0.0.1',
      config,
      'log.levels-file': levels,
    };
    const jvm = [...trinoJvm(heap), ...Object.entries(defines).map(([key, value]) => `-D${key}=${value}`)];
    return {
      command: trino.java.java,
      args: [...jvm, '-cp', join(trino.dir, 'lib/*'), 'io.trino.server.FozTrinoServer'],
      cwd: dataDir,
      env: {},
      log: layout.log('trino'),
      stopSignal: 'SIGTERM',
      stopGraceMs: 10_000,
    };
  },
  probe: async ({ url }, signal) => {
    const answer = await fetch(`${url}/v1/info`, { signal });
    const info: unknown = await answer.json();
    const hasStarted = typeof info === 'object' && info !== null && 'starting' in info && info.starting === false;
    if (!answer.ok || !hasStarted) throw new Error('Trino is still starting');
  },
};

/** Limits that fit a small heap: a quarter for one query, a fifth kept free. */
export function trinoConfig(ports: ComponentPorts, heapMegabytes: number, catalogDir: string, pluginDir: string) {
  const queryMax = `${Math.floor(heapMegabytes * 0.3)}MB`;
  return {
    coordinator: true,
    'node-scheduler.include-coordinator': true,
    'http-server.http.port': ports['http'] ?? 0,
    'discovery.uri': `http://127.0.0.1:${ports['http']}`,
    'query.max-memory': queryMax,
    'query.max-memory-per-node': queryMax,
    'memory.heap-headroom-per-node': `${Math.floor(heapMegabytes * 0.2)}MB`,
    'catalog.config-dir': catalogDir,
    'plugin.dir': pluginDir,
  };
}

export function icebergCatalog(options: TrinoOptions): Record<string, string> {
  const { s3, token } = options;
  return {
    'connector.name': 'iceberg',
    'iceberg.catalog.type': 'rest',
    'iceberg.rest-catalog.uri': options.catalogUri,
    'iceberg.rest-catalog.warehouse': options.warehouse,
    ...(token === undefined ? {} : { 'iceberg.rest-catalog.security': 'OAUTH2', 'iceberg.rest-catalog.oauth2.token': token }),
    'fs.s3.enabled': 'true',
    's3.endpoint': s3.endpoint,
    's3.region': s3.region,
    's3.path-style-access': 'true',
    's3.aws-access-key': s3.accessKey,
    's3.aws-secret-key': s3.secretKey,
    ...options.catalogProperties,
  };
}

function trinoJvm(heapMegabytes: number): string[] {
  return [
    '-server',
    `-Xmx${heapMegabytes}m`,
    '-XX:+UseG1GC',
    '-XX:+ExplicitGCInvokesConcurrent',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:ReservedCodeCacheSize=256M',
    '-XX:-UsePerfData',
    '-Djdk.attach.allowAttachSelf=true',
    '-Djdk.nio.maxCachedBufferSize=2000000',
    '-Dfile.encoding=UTF-8',
    '--enable-native-access=ALL-UNNAMED',
    '--sun-misc-unsafe-memory-access=allow',
    '--add-modules=jdk.incubator.vector',
  ];
}
