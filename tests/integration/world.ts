// A running stack with Foz around it, for the tests that watch real processes: one catalog process, workers as child
// processes that are killed, stopped and resumed, and readers of this process that look at log, catalog and store from
// outside. Workers reach the catalog over HTTP, so that it can be killed under them.

import { mkdir, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { loadConfig } from '../../cli/config.ts';
import type { Readers } from '../../cli/demo/progress-of-tables.ts';
import { startFoz, type FozProcess } from '../../cli/demo/worker-process.ts';
import { openLog, openStore } from '../../cli/wire.ts';
import { silentLogger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Stack } from '../../stack/stack.ts';
import type { TableTarget } from '../../sync/table.ts';
import { until } from './stack-processes.ts';

/** `npm run test:long`: the full counts. */
export const isLong = process.env['FOZ_TEST_LONG'] === '1';

export const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));

/** One worker's configuration: its own file, operator port and log. */
export interface Site {
  readonly name: string;
  readonly configFile: string;
  readonly url: string;
  readonly logFile: string;
  start(signalAt?: string): FozProcess;
}

export interface SiteOptions {
  readonly groupId: string;
  readonly tables: readonly TableTarget[];
  readonly freshness?: string;
}

export interface World extends AsyncDisposable {
  readonly stack: Stack;
  readonly dir: string;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly readers: Readers;
  readonly catalogUrl: string;
  site(name: string, options: SiteOptions): Promise<Site>;
  /** Ends the catalog process (SIGKILL). */
  killCatalog(): Promise<void>;
  /** Starts it and waits until it answers. */
  startCatalog(): Promise<void>;
}

/** Around a stack with Kafka and S3. It ends what it started, not the stack. */
export async function openWorld(stack: Stack, dir: string): Promise<World> {
  const conf = join(dir, 'conf');
  await mkdir(conf, { recursive: true });
  const s3 = stack.endpoint('s3');
  await writeFile(join(conf, '.env'), `FOZ_TEST_ACCESS=${s3.accessKey}\nFOZ_TEST_SECRET=${s3.secretKey}\n`, { mode: 0o600 });
  const catalogListen = `127.0.0.1:${await freePort()}`;
  const catalogUrl = `http://${catalogListen}`;
  const catalogFile = join(conf, 'catalog.yaml');
  const embedded = { kind: 'embedded', listen: catalogListen, store: 'sqlite:catalog.sqlite' };
  const nothing = [{ topic: 'none', table: 'none' }];
  await writeConfig(catalogFile, { ...baseConfig(stack, 'catalog', 0), catalog: embedded, sync: { tables: nothing } });

  const kafka = new Kafka({ brokers: [stack.endpoint('kafka').bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 30 } });
  const admin = kafka.admin();
  const loaded = loadConfig(catalogFile);
  await using parts = new AsyncDisposableStack();
  await admin.connect();
  parts.defer(() => admin.disconnect());
  const store = parts.use(openStore(loaded, silentLogger));
  const log = parts.use(openLog(loaded, silentLogger));
  const catalog = parts.use(restCatalog({ uri: catalogUrl }));
  const processes: FozProcess[] = [];
  const started = (process: FozProcess): FozProcess => {
    processes.push(process);
    return process;
  };
  parts.defer(async () => {
    for (const process of processes) await process[Symbol.asyncDispose]();
  });
  let serving: FozProcess | null = null;
  const startCatalog = async (): Promise<void> => {
    serving = started(startFoz({ entry, configFile: catalogFile, only: 'catalog', logFile: join(dir, 'catalog.log') }));
    await until('the catalog answers', 60_000, () => fetchOk(`${catalogUrl}/v1/config`));
  };
  await startCatalog();
  const owned = parts.move();
  return {
    stack,
    dir,
    kafka,
    admin,
    readers: { catalog, store, log },
    catalogUrl,
    startCatalog,
    killCatalog: async () => serving?.kill(),
    async site(name, options) {
      const port = await freePort();
      const configFile = join(conf, `${name}.yaml`);
      await writeConfig(configFile, siteConfig(stack, name, port, catalogUrl, options));
      const logFile = join(dir, `${name}.log`);
      const start = (signalAt?: string) =>
        started(startFoz({ entry, configFile, only: 'sync', logFile, ...(signalAt === undefined ? {} : { signalAt }) }));
      return { name, configFile, logFile, url: `http://127.0.0.1:${port}`, start };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Time-outs that show an outage within seconds. */
function baseConfig(stack: Stack, name: string, port: number) {
  const s3 = stack.endpoint('s3');
  return {
    kafka: { brokers: [stack.endpoint('kafka').bootstrap], sessionTimeout: '6s' },
    lake: {
      store: {
        kind: 's3',
        bucket: s3.bucket,
        prefix: 'foz',
        endpoint: s3.endpoint,
        region: s3.region,
        pathStyle: true,
        requestTimeout: '5s',
        attempts: 2,
        credentials: {
          kind: 'static',
          accessKeyId: '${env:FOZ_TEST_ACCESS}',
          secretAccessKey: '${env:FOZ_TEST_SECRET}',
        },
      },
      workDir: `work-${name}`,
    },
    http: { listen: `127.0.0.1:${port}` },
  };
}

function siteConfig(stack: Stack, name: string, port: number, catalogUrl: string, options: SiteOptions) {
  const base = baseConfig(stack, name, port);
  return {
    ...base,
    kafka: { ...base.kafka, groupId: options.groupId },
    catalog: { kind: 'rest', url: catalogUrl, requestTimeout: '5s' },
    sync: {
      freshness: options.freshness ?? '500ms',
      tables: options.tables.map(({ topic, ident }) => ({ topic, table: ident.name })),
      wait: { min: '100ms', max: '1s', haltRecheck: '1s', discover: '1s' },
    },
  };
}

/** JSON is YAML. */
function writeConfig(file: string, config: unknown): Promise<void> {
  return writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

export function targetOf(topic: string, table: string): TableTarget {
  return { topic, ident: { namespace: ['raw'], name: table } };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

async function fetchOk(url: string): Promise<true | null> {
  const response = await fetch(url, { signal: AbortSignal.timeout(3_000) }).catch(() => null);
  await response?.arrayBuffer();
  return response?.ok === true ? true : null;
}

export interface Answer {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Null while nobody answers. */
export async function askJson(url: string): Promise<Answer | null> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  const body: unknown = await response?.json().catch(() => null);
  return response && isRecord(body) ? { code: response.status, body } : null;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The `foz` command, away from any other stack of this folder. */
export function runFoz(args: readonly string[], cwd: string): Promise<Ran> {
  const options = { cwd, env: { ...process.env, FOZ_STACK_DIR: join(cwd, 'no-stack') }, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
