// Which Java: Kafka, Connect, Cassandra and the Debezium agent run on JDK 17 (Cassandra 5 does not start on 25, whose
// security manager is gone); Trino needs 25. A JDK is found, never assumed; its absence is one sentence with one command.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LakeError } from '../../runtime/errors.ts';

export type JavaMajor = 17 | 25;

const defaultJvmDir = '/usr/lib/jvm';

export interface JavaHome {
  readonly home: string;
  readonly major: JavaMajor;
  readonly java: string;
  /** Null in a runtime without a compiler. */
  readonly javac: string | null;
  readonly jar: string | null;
}

/** Looks in FOZ_JAVA_HOME_<major>, JAVA_HOME, /usr/lib/jvm and the PATH, in this order. */
export function findJava(major: JavaMajor, env: NodeJS.ProcessEnv = process.env, jvmDir = defaultJvmDir): JavaHome | null {
  for (const home of candidates(major, env, jvmDir)) {
    if (javaMajor(home) !== major) continue;
    const program = (name: string) => join(home, 'bin', name);
    const present = (name: string) => (existsSync(program(name)) ? program(name) : null);
    return { home, major, java: program('java'), javac: present('javac'), jar: present('jar') };
  }
  return null;
}

function candidates(major: JavaMajor, env: NodeJS.ProcessEnv, jvmDir: string): string[] {
  const homes = [env[`FOZ_JAVA_HOME_${major}`], env['JAVA_HOME']];
  if (existsSync(jvmDir)) {
    for (const name of readdirSync(jvmDir).sort()) homes.push(join(jvmDir, name), join(jvmDir, name, 'Contents/Home'));
  }
  for (const dir of (env['PATH'] ?? '').split(':')) {
    const java = join(dir, 'java');
    if (dir !== '' && existsSync(java)) homes.push(dirname(dirname(realpathSync(java))));
  }
  return homes
    .filter((home) => home !== undefined && home !== '' && existsSync(join(home, 'bin/java')))
    .filter((home) => home !== undefined);
}

/** From the `release` file every JDK carries; asking the program itself is the slow way round. */
export function javaMajor(home: string): number | null {
  const release = join(home, 'release');
  if (existsSync(release)) {
    const version = /^JAVA_VERSION="(?:1\.)?(\d+)/m.exec(readFileSync(release, 'utf8'))?.[1];
    if (version !== undefined) return Number(version);
  }
  const asked = spawnSync(join(home, 'bin/java'), ['-version'], { encoding: 'utf8' });
  const version = /version "(?:1\.)?(\d+)/.exec(asked.stderr ?? '')?.[1];
  return version === undefined ? null : Number(version);
}

export function findMaven(env: NodeJS.ProcessEnv = process.env): string | null {
  const dirs = [env['MAVEN_HOME'] === undefined ? '' : join(env['MAVEN_HOME'], 'bin'), ...(env['PATH'] ?? '').split(':')];
  return (
    dirs
      .filter((dir) => dir !== '')
      .map((dir) => join(dir, 'mvn'))
      .find((path) => existsSync(path)) ?? null
  );
}

export interface BuildTools {
  readonly java: JavaHome;
  readonly maven: string;
}

const installCommand = 'apt-get update && apt-get install -y --no-install-recommends openjdk-17-jdk-headless maven';

/** JDK 17 with its compiler, and Maven. As root on a system with apt-get they are installed, said aloud through `say`. */
export async function ensureBuildTools(
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
  jvmDir = defaultJvmDir,
): Promise<BuildTools> {
  const found = findBuildTools(env, jvmDir);
  if (!Array.isArray(found)) return found;
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && env['FOZ_INSTALL'] !== 'off';
  if (!mayInstall) throw missing(found);
  say(`${found.join(' and ')} not found; installing: ${installCommand}`);
  await aptInstall(say);
  const installed = findBuildTools(env, jvmDir);
  if (Array.isArray(installed)) throw missing(installed);
  return installed;
}

export function requireJava25(env: NodeJS.ProcessEnv = process.env, jvmDir = defaultJvmDir): JavaHome {
  const java = findJava(25, env, jvmDir);
  if (java !== null && java.javac !== null) return java;
  throw new LakeError(
    'PREREQUISITE_MISSING',
    'Trino 483 needs a JDK 25 and none was found. Install one (for example Eclipse Temurin 25) and name it: export FOZ_JAVA_HOME_25=/path/to/jdk-25',
  );
}

function findBuildTools(env: NodeJS.ProcessEnv, jvmDir: string): BuildTools | string[] {
  const java = findJava(17, env, jvmDir);
  const maven = findMaven(env);
  if (java !== null && java.javac !== null && maven !== null) return { java, maven };
  return [...(java === null || java.javac === null ? ['JDK 17'] : []), ...(maven === null ? ['Maven'] : [])];
}

function missing(what: readonly string[]): LakeError {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo sh -c ';
  const command = sudo === '' ? installCommand : `${sudo}'${installCommand}'`;
  return new LakeError(
    'PREREQUISITE_MISSING',
    `${what.join(' and ')} not found. On Debian or Ubuntu: ${command}  (a JDK 17 elsewhere: export FOZ_JAVA_HOME_17=/path/to/jdk-17)`,
  );
}

async function aptInstall(say: (line: string) => void): Promise<void> {
  const child = spawn('/bin/sh', ['-c', installCommand], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let tail = '';
  const keep = (chunk: string) => {
    tail = (tail + chunk).slice(-2000);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new LakeError('PREREQUISITE_MISSING', `\`${installCommand}\` failed with exit code ${code}:\n${tail.trim()}`);
  say('installed JDK 17 and Maven');
}
