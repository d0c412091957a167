// Where a stack keeps what it knows, in its own folder: `stack.json` while it runs (how to reach it), `secrets.json`
// and `ports.json` across runs (data keeps its passwords, and ports are kept when they are still free), `conf/`,
// `data/`, `logs/`, `pids/`. Everything is readable by its owner only.

import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isComponentName, type ComponentName, type ComponentPorts } from './components/component.ts';
import { isRecord } from './process/protocol.ts';
import { readSettings, type StackSettings } from './settings.ts';

export interface StackSecrets {
  readonly postgresAdminPassword: string;
  readonly postgresCdcPassword: string;
  readonly s3AccessKey: string;
  readonly s3SecretKey: string;
}

export interface StackLayout {
  readonly root: string;
  /** Creates the folder. */
  readonly confDir: (name: ComponentName) => Promise<string>;
  readonly dataDir: (name: ComponentName) => Promise<string>;
  readonly log: (name: ComponentName | 'guardian') => string;
  readonly pidDir: string;
}

export interface StackState {
  readonly guardianPid: number;
  readonly guardianSocket: string;
  readonly startedAt: number;
  readonly settings: StackSettings;
  readonly ports: StackPorts;
  /** Those that were asked for, in the order of their start. */
  readonly components: readonly ComponentName[];
}

export type StackPorts = Readonly<Partial<Record<ComponentName, ComponentPorts>>>;

export async function openLayout(dir: string): Promise<StackLayout> {
  const root = resolve(dir);
  const folder = async (...parts: readonly string[]) => {
    const path = join(root, ...parts);
    await mkdir(path, { recursive: true });
    return path;
  };
  // PostgreSQL's own user must pass through to its data when we are root; everything beside it stays closed
  const isRoot = process.getuid?.() === 0;
  for (const part of ['logs', 'pids', 'conf']) await chmod(await folder(part), 0o700);
  for (const path of [await folder(), await folder('data')]) await chmod(path, isRoot ? 0o711 : 0o700);
  const dataDir = async (name: ComponentName) => {
    const path = await folder('data', name);
    if (name !== 'postgres') await chmod(path, 0o700);
    return path;
  };
  return {
    root,
    confDir: (name) => folder('conf', name),
    dataDir,
    log: (name) => join(root, 'logs', `${name}.log`),
    pidDir: join(root, 'pids'),
  };
}

/** The secrets of this folder, made up at its first start: data made with a password keeps it. */
export async function openSecrets(root: string): Promise<StackSecrets> {
  const path = join(root, 'secrets.json');
  const found = readSecrets(await readJson(path));
  if (found !== null) return found;
  const made: StackSecrets = {
    postgresAdminPassword: randomBytes(18).toString('base64url'),
    postgresCdcPassword: randomBytes(18).toString('base64url'),
    s3AccessKey: `FOZ${randomBytes(8).toString('hex').toUpperCase()}`,
    s3SecretKey: randomBytes(24).toString('hex'),
  };
  await writeJson(path, made);
  return made;
}

export async function readPorts(root: string): Promise<StackPorts> {
  return parsePorts(await readJson(join(root, 'ports.json')));
}

export async function writePorts(root: string, ports: StackPorts): Promise<void> {
  await writeJson(join(root, 'ports.json'), ports);
}

const stateFile = 'stack.json';

/** All that a stack makes in its folder. */
export const stackEntries: readonly string[] = ['conf', 'data', 'logs', 'pids', stateFile, 'secrets.json', 'ports.json'];

export async function writeState(root: string, state: StackState): Promise<void> {
  await writeJson(join(root, stateFile), state);
}

export async function removeState(root: string): Promise<void> {
  await rm(join(root, stateFile), { force: true });
}

export async function readState(root: string): Promise<StackState | null> {
  const value = await readJson(join(root, stateFile));
  if (!isRecord(value)) return null;
  const { guardianPid, guardianSocket, startedAt, settings, ports, components } = value;
  if (typeof guardianPid !== 'number' || typeof guardianSocket !== 'string' || typeof startedAt !== 'number') return null;
  const names = Array.isArray(components) ? components.filter(isComponentName) : [];
  return { guardianPid, guardianSocket, startedAt, settings: readSettings(settings), ports: parsePorts(ports), components: names };
}

function readSecrets(value: unknown): StackSecrets | null {
  if (!isRecord(value)) return null;
  const { postgresAdminPassword, postgresCdcPassword, s3AccessKey, s3SecretKey } = value;
  if (typeof postgresAdminPassword !== 'string' || typeof postgresCdcPassword !== 'string') return null;
  if (typeof s3AccessKey !== 'string' || typeof s3SecretKey !== 'string') return null;
  return { postgresAdminPassword, postgresCdcPassword, s3AccessKey, s3SecretKey };
}

function parsePorts(value: unknown): StackPorts {
  const ports: Partial<Record<ComponentName, ComponentPorts>> = {};
  for (const [name, given] of Object.entries(isRecord(value) ? value : {})) {
    if (!isComponentName(name) || !isRecord(given)) continue;
    const numbers: Record<string, number> = {};
    for (const [key, port] of Object.entries(given)) if (typeof port === 'number') numbers[key] = port;
    ports[name] = numbers;
  }
  return ports;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}
