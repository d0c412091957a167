// The Iceberg REST Compatibility Kit: its jars, fetched once into the project's cache, and one run of it against a
// catalog that is served. The kit speaks through the Java client, so what passes here is what Spark and Trino meet.

import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedFolder, cacheRoot, hashOf, run, runMaven } from '../../stack/setup/downloads.ts';
import { ensureBuildTools, findJava } from '../../stack/setup/java.ts';
import { readReport, type KitResult } from './report.ts';

/** The kit as it comes, or its catalog tests with nested namespaces and names with dots switched on. */
export type KitSelection = 'kit' | 'nested';

export interface KitRun {
  readonly selection: KitSelection;
  /** Of the catalog under test, without a trailing slash. */
  readonly url: string;
  readonly warehouse: string;
  /** For what the kit and its reports leave behind; the caller's to remove. */
  readonly scratch: string;
  /** Bearer token where the catalog asks for one. */
  readonly token?: string;
}

/** The kit puts some tables under this folder by name, whatever the warehouse is. */
export const kitBase = '/tmp';

const kitDir = fileURLToPath(new URL('./kit/', import.meta.url));
const runMaxMs = 10 * 60_000;

const classOf: Readonly<Record<KitSelection, string>> = {
  kit: 'org.apache.iceberg.rest.RESTCompatibilityKitSuite',
  nested: 'org.apache.iceberg.rest.NestedCatalogTests',
};

/** The folder with `lib` and `classes`. */
export async function ensureKit(say: (line: string) => void): Promise<string> {
  const dir = join(cacheRoot(), `rck-${await hashOf([kitDir])}`);
  const fill = async (work: string) => {
    const tools = await ensureBuildTools(say);
    await runMaven(tools, ['-f', join(kitDir, 'pom.xml'), `-Dfoz.out=${work}`, 'generate-resources']);
    await rm(join(work, '.work'), { recursive: true, force: true });
    const source = join(kitDir, 'java/org/apache/iceberg/rest/NestedCatalogTests.java');
    const args = ['-proc:none', '-nowarn', '-d', join(work, 'classes'), '-cp', join(work, 'lib/*'), source];
    await run(tools.java.javac ?? 'javac', args, process.env);
  };
  const what = 'fetching the REST compatibility kit through Maven (about 100 MB, once)';
  await cachedFolder({ dir, what, fill }, { onProgress: say });
  return dir;
}

export async function runKit(kit: string, options: KitRun): Promise<readonly KitResult[]> {
  const java = findJava(17)?.java ?? 'java';
  const [reports, temporary] = [join(options.scratch, 'reports'), join(options.scratch, 'tmp')];
  await mkdir(temporary, { recursive: true });
  const settings = {
    'rck.local': 'false',
    'rck.requires-namespace-create': 'true',
    'rck.supports-serverside-retry': 'true',
    uri: `${options.url}/`,
    warehouse: options.warehouse,
    'java.io.tmpdir': temporary,
    'org.slf4j.simpleLogger.defaultLogLevel': 'error',
    ...(options.token === undefined ? {} : { token: options.token }),
  };
  const properties = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  const classPath = ['-cp', `${join(kit, 'classes')}:${join(kit, 'lib/*')}`];
  const selection = ['--select-class', classOf[options.selection], '--include-classname', '.*'];
  const output = ['--details=none', '--disable-banner', '--reports-dir', reports];
  const console = ['org.junit.platform.console.ConsoleLauncher', 'execute'];
  // 1: some tests failed, which the report says better.
  const { code, text } = await runJava(java, ['-Xmx1g', ...properties, ...classPath, ...console, ...selection, ...output]);
  if (code !== 0 && code !== 1) throw new Error(`the compatibility kit ended with ${code}:\n${text.slice(-4000)}`);
  const report = options.selection === 'kit' ? 'TEST-junit-platform-suite.xml' : 'TEST-junit-jupiter.xml';
  return readReport(await readFile(join(reports, report), 'utf8'));
}

function runJava(java: string, args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(java, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: runMaxMs });
    let text = '';
    const keep = (chunk: string) => {
      text = (text + chunk).slice(-20_000);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
}
