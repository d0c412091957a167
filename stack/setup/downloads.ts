// The Java parts of the stack, through Maven with the pinned poms of `stack/jars`, into a cache outside the work tree.
//
// A download folder appears whole or not at all: Maven fills a temporary folder, the launcher is compiled into it, the
// manifest is written last, and one rename publishes it. Its name carries the hash of the poms and of the Java sources,
// so an upgrade never meets old jars, and several clones share one cache.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LakeError } from '../../runtime/errors.ts';
import { ensureBuildTools, type BuildTools } from './java.ts';
import { withLock } from './lock.ts';
import { verifyManifest, writeManifest } from './manifest.ts';

export interface StackJars {
  readonly dir: string;
  /** Class path entry: every jar of Kafka, Connect and their tools. */
  readonly kafka: string;
  /** Value of Connect's `plugin.path`. */
  readonly connectPlugins: string;
  readonly cassandra: string;
  /** Class path of the Debezium agent, launcher included. */
  readonly cassandraAgent: string;
  readonly s3proxy: string;
}

export interface DownloadOptions {
  /** Default: FOZ_CACHE, else XDG_CACHE_HOME/foz, else ~/.cache/foz. */
  readonly cacheDir?: string | undefined;
  /** One line for people: what is done and how long it took. */
  readonly onProgress?: (line: string) => void;
}

const jarsDir = fileURLToPath(new URL('../jars/', import.meta.url));
const javaDir = fileURLToPath(new URL('../java/', import.meta.url));
const lockWaitMaxMs = 20 * 60_000;
const mavenTimeoutMs = 15 * 60_000;

export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env['FOZ_CACHE'] !== undefined && env['FOZ_CACHE'] !== '') return env['FOZ_CACHE'];
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg === undefined || xdg === '' ? join(homedir(), '.cache') : xdg, 'foz');
}

/** The jars, downloaded when they are not there or not whole. */
export async function ensureJars(options: DownloadOptions = {}, signal?: AbortSignal): Promise<StackJars> {
  const dir = await jarsFolder(options.cacheDir);
  const what = 'downloading Kafka, Cassandra, Debezium and S3Proxy (about 280 MB, once)';
  await cachedFolder({ dir, what, fill: (work, say) => fillJars(work, say, signal) }, options, signal);
  return jarsIn(dir);
}

async function fillJars(work: string, say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const tools = await ensureBuildTools(say);
  await runMaven(tools, ['-T', '4', '-f', join(jarsDir, 'pom.xml'), `-Dfoz.out=${work}`, 'generate-resources'], signal);
  await rm(join(work, '.work'), { recursive: true, force: true });
  await compileLauncher(tools, work);
}

/** The problems of the downloaded jars, sums compared; for `foz check`. None where nothing was downloaded. */
export async function checkJars(cacheDir?: string): Promise<{ readonly dir: string; readonly problems: readonly string[] }> {
  const dir = await jarsFolder(cacheDir);
  return { dir, problems: existsSync(dir) ? await verifyManifest(dir, 'sums') : [] };
}

async function jarsFolder(cacheDir: string | undefined): Promise<string> {
  return join(cacheDir ?? cacheRoot(), `jars-${await hashOf([jarsDir, javaDir])}`);
}

function jarsIn(dir: string): StackJars {
  return {
    dir,
    kafka: join(dir, 'kafka/*'),
    connectPlugins: join(dir, 'debezium-postgres'),
    cassandra: join(dir, 'cassandra/*'),
    cassandraAgent: `${join(dir, 'launcher')}:${join(dir, 'debezium-cassandra/*')}`,
    s3proxy: join(dir, 's3proxy/*'),
  };
}

export interface CachedFolder {
  readonly dir: string;
  /** For people, with size and how often: `downloading … (about 280 MB, once)`. */
  readonly what: string;
  /** Called by one process at a time, and only while the folder is not whole. */
  readonly fill: (work: string, say: (line: string) => void) => Promise<void>;
}

/** Fills the folder unless it is whole; whoever comes meanwhile, from any process, waits for it. */
export async function cachedFolder({ dir, what, fill }: CachedFolder, options: DownloadOptions, signal?: AbortSignal): Promise<void> {
  const isWhole = async () => (await verifyManifest(dir, 'sizes')).length === 0;
  if (await isWhole()) return;
  const say = options.onProgress ?? (() => undefined);
  await mkdir(dirname(dir), { recursive: true });
  const onWait = (pid: number | null) => say(`another process${pid === null ? '' : ` (${pid})`} fills ${dir}; waiting for it`);
  const work = async () => {
    if (await isWhole()) return;
    const startedAt = Date.now();
    say(`${what} into ${dir}`);
    await publishFolder(dir, (folder) => fill(folder, say));
    say(`done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  };
  await withLock(`${dir}.lock`, { waitMaxMs: lockWaitMaxMs, onWait }, work, signal);
}

/** Fills a folder beside `dir`, adds its manifest and renames it: `dir` appears whole. The caller holds the lock. */
export async function publishFolder(dir: string, fill: (work: string) => Promise<void>): Promise<void> {
  // what a killed process left half-done
  const siblings = await readdir(dirname(dir));
  const stale = siblings.filter((name) => name.startsWith(`${basename(dir)}.`) && !name.startsWith(`${basename(dir)}.lock`));
  for (const name of stale) await rm(join(dirname(dir), name), { recursive: true, force: true });
  const work = await mkdtemp(`${dir}.`);
  try {
    await fill(work);
    await writeManifest(work);
    await rm(dir, { recursive: true, force: true });
    await rename(work, dir);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export async function runMaven(tools: BuildTools, args: readonly string[], signal?: AbortSignal): Promise<void> {
  const retries = ['-Dmaven.wagon.http.retryHandler.count=3', '-Daether.connector.http.retryHandler.count=3'];
  const env = { ...process.env, JAVA_HOME: tools.java.home };
  await run(tools.maven, ['-q', '-B', '-ntp', ...retries, ...args], env, signal);
}

async function compileLauncher(tools: BuildTools, work: string): Promise<void> {
  const source = join(javaDir, 'io/debezium/connector/cassandra/FozAgentLauncher.java');
  const classPath = join(work, 'debezium-cassandra/*');
  const args = ['-proc:none', '-nowarn', '-d', join(work, 'launcher'), '-cp', classPath, source];
  await run(tools.java.javac ?? 'javac', args, process.env);
}

export async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<void> {
  const options = { env, timeout: mavenTimeoutMs, maxBuffer: 16 * 1024 * 1024, ...(signal === undefined ? {} : { signal }) };
  await new Promise<void>((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve();
      if (signal?.aborted) return reject(signal.reason);
      const tail = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
      const message = `\`${command} ${args.join(' ')}\` failed:\n${tail}`;
      reject(new LakeError('DOWNLOAD_FAILED', message, { cause: error }));
    });
  });
}

/** Names and contents of everything in the folders: 16 hexadecimal digits. */
export async function hashOf(dirs: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const dir of dirs) {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const path of paths.sort())
      hash
        .update(path.slice(dir.length))
        .update('\0')
        .update(await readFile(path))
        .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}
