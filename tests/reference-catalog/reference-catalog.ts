// The REST catalog that Iceberg tests its own clients with (RESTCatalogAdapter over JdbcCatalog and SQLite), as a process on
// 127.0.0.1: what our catalog is measured and compared against. Its jars come through Maven, once, into the cache of the
// local stack.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LakeError } from '../../runtime/errors.ts';
import { cachedFolder, cacheRoot, hashOf, run, runMaven, type DownloadOptions } from '../../stack/setup/downloads.ts';
import { ensureBuildTools, findJava, findMaven } from '../../stack/setup/java.ts';

export interface ReferenceCatalogOptions extends DownloadOptions {
  /** `file:///…` or `s3://…`. */
  readonly warehouse: string;
  /** SQLite file of its pointers. */
  readonly database: string;
  /** Further catalog properties, as `io-impl` and `s3.endpoint`. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ReferenceCatalog extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  readonly pid: number;
}

const folder = fileURLToPath(new URL('.', import.meta.url));
const mainClass = 'org.apache.iceberg.rest.FozReferenceCatalog';
const startMaxMs = 60_000;
const stopMaxMs = 5_000;

/** Null where it can be started; else why not, for a test or a benchmark that goes on without it and says so. */
export function referenceCatalogMissing(): string | null {
  const java = findJava(17);
  if (java === null || java.javac === null) return 'the reference catalog needs a JDK 17 (FOZ_JAVA_HOME_17)';
  return findMaven() === null ? 'the reference catalog is fetched by Maven, which is not here' : null;
}

export async function startReferenceCatalog(options: ReferenceCatalogOptions, signal?: AbortSignal): Promise<ReferenceCatalog> {
  const { classPath, java } = await ensureReferenceJars(options, signal);
  await mkdir(dirname(options.database), { recursive: true });
  const properties: Readonly<Record<string, string>> = {
    'catalog-impl': 'org.apache.iceberg.jdbc.JdbcCatalog',
    uri: `jdbc:sqlite:${options.database}`,
    'jdbc.schema-version': 'V1',
    // SQLite has one writer; more connections only meet its lock.
    clients: '1',
    warehouse: options.warehouse,
    ...options.properties,
  };
  const pairs = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  const child = spawn(java, ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath, mainClass, '0', ...pairs], {
    // It ends when its input does: when this process dies, too.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  try {
    const url = await addressOf(child, signal);
    return {
      url,
      pid: child.pid ?? 0,
      async [Symbol.asyncDispose]() {
        process.off('exit', stop);
        await ended(child);
      },
    };
  } catch (error) {
    process.off('exit', stop);
    await ended(child);
    throw error;
  }
}

interface ReferenceJars {
  readonly classPath: string;
  readonly java: string;
}

async function ensureReferenceJars(options: DownloadOptions, signal?: AbortSignal): Promise<ReferenceJars> {
  const tools = await ensureBuildTools(options.onProgress ?? (() => undefined));
  const dir = join(options.cacheDir ?? cacheRoot(), `reference-catalog-${await hashOf([join(folder, 'java'), join(folder, 'jars')])}`);
  const fill = async (work: string) => {
    await runMaven(tools, ['-f', join(folder, 'jars/pom.xml'), `-Dfoz.out=${work}`, 'generate-resources'], signal);
    await rm(join(work, '.work'), { recursive: true, force: true });
    const source = join(folder, 'java', `${mainClass.replaceAll('.', '/')}.java`);
    const args = ['-proc:none', '-nowarn', '-d', join(work, 'classes'), '-cp', join(work, 'lib/*'), source];
    await run(tools.java.javac ?? 'javac', args, process.env, signal);
  };
  await cachedFolder({ dir, what: 'fetching the reference catalog (about 150 MB, once)', fill }, options, signal);
  return { classPath: `${join(dir, 'classes')}:${join(dir, 'lib/*')}`, java: tools.java.java };
}

/** What it prints when it answers. */
function addressOf(child: ChildProcess, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new LakeError('COMPONENT_FAILED', `the reference catalog ${why}:\n${said.slice(-2000)}`));
    };
    const timer = setTimeout(() => fail(`did not answer within ${startMaxMs} ms`), startMaxMs);
    const hear = (chunk: string): void => {
      said = (said + chunk).slice(-16_384);
      const url = /^listening (\S+)$/m.exec(said)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.setEncoding('utf8').on('data', hear);
    child.stderr?.setEncoding('utf8').on('data', hear);
    child.once('error', (error) => fail(`cannot be started: ${error.message}`));
    child.once('exit', (code) => fail(`ended with exit code ${code}`));
    signal?.addEventListener('abort', () => fail('was not waited for'), { once: true });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMaxMs);
  await exited;
  clearTimeout(timer);
}
