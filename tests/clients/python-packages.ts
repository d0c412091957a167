// What the clients are made of: Python packages and, for Spark, Iceberg's jars, pinned in packages/<client>, each client in
// a folder of its own in the cache of the local stack. Nothing is installed into the machine's Python.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LakeError } from '../../runtime/errors.ts';
import { cachedFolder, cacheRoot, hashOf, run, runMaven } from '../../stack/setup/downloads.ts';
import { ensureBuildTools } from '../../stack/setup/java.ts';

export type PythonClient = 'pyiceberg' | 'duckdb' | 'spark';

export interface PythonPackages {
  readonly python: string;
  /** For PYTHONPATH. */
  readonly path: string;
  /** Class path entry; of Spark only. */
  readonly jars: string;
}

const megabytes: Readonly<Record<PythonClient, number>> = { pyiceberg: 70, duckdb: 90, spark: 570 };
const minorMin = 10;

/** A line for people, on stderr: stdout belongs to the tests' report. */
const say = (line: string): void => console.error(`clients: ${line}`);

/** PREREQUISITE_MISSING where there is no Python with pip; DOWNLOAD_FAILED with pip's or Maven's last lines. */
export async function ensurePythonPackages(client: PythonClient, signal?: AbortSignal): Promise<PythonPackages> {
  const { python, version } = findPython();
  const pinned = fileURLToPath(new URL(`packages/${client}/`, import.meta.url));
  const dir = join(cacheRoot(), `client-${client}-python${version}-${await hashOf([pinned])}`);
  const what = `installing ${client} for Python ${version} (about ${megabytes[client]} MB, once)`;
  await cachedFolder({ dir, what, fill: (work) => fill(work, python, pinned, signal) }, { onProgress: say }, signal);
  return { python, path: join(dir, 'python'), jars: join(dir, 'iceberg/*') };
}

async function fill(work: string, python: string, pinned: string, signal?: AbortSignal): Promise<void> {
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--no-compile'];
  await run(python, [...install, '--target', join(work, 'python'), '-r', join(pinned, 'requirements.txt')], process.env, signal);
  if (!existsSync(join(pinned, 'pom.xml'))) return;
  const tools = await ensureBuildTools(say);
  await runMaven(tools, ['-f', join(pinned, 'pom.xml'), `-Dfoz.out=${work}`, 'generate-resources'], signal);
  await rm(join(work, '.work'), { recursive: true, force: true });
}

interface Python {
  readonly python: string;
  readonly version: string;
}

function findPython(): Python {
  for (const python of [process.env['FOZ_PYTHON'], 'python3', 'python']) {
    if (python === undefined || python === '') continue;
    const asked = spawnSync(python, ['-c', 'import sys, pip; print(*sys.version_info[:2], sep=".")'], { encoding: 'utf8' });
    const version = /^3\.(\d+)$/.exec(asked.stdout?.trim() ?? '');
    if (asked.status === 0 && Number(version?.[1]) >= minorMin) return { python, version: version?.[0] ?? '' };
  }
  throw new LakeError(
    'PREREQUISITE_MISSING',
    `Python 3.${minorMin} or newer with pip was not found (on Debian: apt-get install python3-pip; elsewhere name it: export FOZ_PYTHON=/path/to/python3)`,
  );
}
