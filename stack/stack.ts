// The local stack: the real components as processes of this machine, without containers, all on 127.0.0.1.
//
// `startStack` downloads what is missing, starts the components in parallel as far as their needs allow, and returns
// when each has answered in its own protocol. Every process is a child of the stack's guardian (process/guardian.ts),
// so that nothing outlives a crash of the caller unless it was told to (`detached`). `readStack` joins a running stack
// from another process; `stopStack` ends one. Data stays in the folder: a second start goes on where the first stopped.

import { rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LakeError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import { silentLogger } from '../runtime/log.ts';
import { stopOrder, withNeeds } from './components/all.ts';
import type { ComponentName, StackEndpoints } from './components/component.ts';
import { outsideClusterParent } from './components/postgres.ts';
import type { TrinoOptions } from './components/trino.ts';
import { joinGuardian, startGuardian, type GuardianClient } from './process/guardian-client.ts';
import { residentBytes } from './process/resident-bytes.ts';
import { endLeftovers } from './process/leftovers.ts';
import { createRunner, type Runner, type StackEvent } from './runner.ts';
import { defaultSettings, type StackSettings } from './settings.ts';
import {
  openLayout,
  openSecrets,
  readPorts,
  readState,
  removeState,
  stackEntries,
  writePorts,
  writeState,
  type StackLayout,
} from './state.ts';

export type { ComponentName, StackEndpoints } from './components/component.ts';
export type { TrinoOptions } from './components/trino.ts';
export type { StackEvent } from './runner.ts';
export type { StackSettings } from './settings.ts';

export interface StartStackOptions {
  /** Holds configuration, data, logs and state of this stack. */
  readonly dir: string;
  /** What these need comes with them. */
  readonly components: readonly Exclude<ComponentName, 'trino'>[];
  readonly settings?: Partial<StackSettings>;
  readonly cacheDir?: string;
  readonly onProgress?: (event: StackEvent) => void;
  readonly logger?: Logger;
  /** Lives on after this process; `stopStack` ends it. */
  readonly detached?: boolean;
  /** Run before anything that needs Kafka, PostgreSQL or Cassandra: the place to create topics and load schemas. */
  readonly onKafkaReady?: (endpoint: StackEndpoints['kafka']) => Promise<void>;
  readonly onPostgresReady?: (endpoint: StackEndpoints['postgres']) => Promise<void>;
  readonly onCassandraReady?: (endpoint: StackEndpoints['cassandra']) => Promise<void>;
}

export interface ComponentStatus {
  readonly name: ComponentName;
  readonly pid: number;
  readonly isRunning: boolean;
  readonly log: string;
  readonly startedAt: number;
  /** Exit code or signal name; null while it runs. */
  readonly exit: string | null;
}

export interface Stack extends AsyncDisposable {
  readonly dir: string;
  readonly guardianPid: number;
  /** How to reach a component; fails when it is not part of this stack. */
  endpoint<N extends ComponentName>(name: N): StackEndpoints[N];
  /** Those of this stack. */
  endpoints(): Partial<StackEndpoints>;
  log(name: ComponentName): string;
  status(): Promise<ComponentStatus[]>;
  pid(name: ComponentName): Promise<number>;
  /** Resident memory by component, children included (pages that PostgreSQL's processes share count several times). */
  rssBytes(): Promise<Partial<Record<ComponentName, number>>>;
  /** Starts a stopped or dead component again, same ports and data; returns when it is ready. */
  start(name: ComponentName, signal?: AbortSignal): Promise<void>;
  /** Its clean stop; returns when the process is gone. */
  stop(name: ComponentName): Promise<void>;
  kill(name: ComponentName, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  startTrino(options: TrinoOptions, signal?: AbortSignal): Promise<StackEndpoints['trino']>;
  onExit(listener: (status: ComponentStatus) => void): void;
  /** Ends everything in order; also when the stack is detached. */
  shutdown(): Promise<void>;
  /** Ends a stack that this process started undetached; only lets go of any other. */
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startStack(options: StartStackOptions, signal?: AbortSignal): Promise<Stack> {
  signal?.throwIfAborted();
  const layout = await openLayout(options.dir);
  const running = await readStack(options.dir);
  if (running !== null) {
    await running[Symbol.asyncDispose]();
    throw new LakeError(
      'COMPONENT_FAILED',
      `a stack is already running in ${layout.root} (guardian ${running.guardianPid}); stop it first`,
    );
  }
  await endLeftovers(layout.pidDir);
  const logger = options.logger ?? silentLogger;
  const settings = { ...defaultSettings, ...options.settings };
  const secrets = await openSecrets(layout.root);
  const guardian = await startGuardian(layout.pidDir, layout.log('guardian'));
  const download = { cacheDir: options.cacheDir };
  const onEvent = (event: StackEvent) => {
    logger.info({ component: event.component, state: event.state, elapsedMs: event.elapsedMs }, event.detail ?? event.state);
    options.onProgress?.(event);
  };
  const runner = createRunner({ layout, secrets, settings, guardian, download, onEvent, ports: await readPorts(layout.root) });
  const names = withNeeds(options.components);
  const hooks = { kafka: options.onKafkaReady, postgres: options.onPostgresReady, cassandra: options.onCassandraReady };
  try {
    await runner.startAll(names, hooks, signal);
    await writePorts(layout.root, runner.ports());
    await writeState(layout.root, stateOf(guardian, runner, settings));
    if (options.detached === true) await guardian.detach();
  } catch (error) {
    await guardian.shutdown(stopOrder).catch(() => undefined);
    await removeState(layout.root);
    await guardian.close();
    // what was interrupted says so in its own words; the caller gave the reason
    signal?.throwIfAborted();
    throw error;
  }
  return stackOf(layout, guardian, runner, settings, options.detached !== true);
}

/** The stack that runs in `dir`, or null when none does. */
export async function readStack(dir: string): Promise<Stack | null> {
  const root = resolve(dir);
  const state = await readState(root);
  if (state === null) return null;
  const guardian = await joinGuardian(state.guardianSocket, state.guardianPid).catch(() => null);
  if (guardian === null) return null;
  const layout = await openLayout(root);
  const secrets = await openSecrets(root);
  const { settings, ports } = state;
  const runner = createRunner({ layout, secrets, settings, guardian, download: {}, onEvent: () => undefined, ports });
  runner.adopt(state.components);
  return stackOf(layout, guardian, runner, settings, false);
}

/** Ends the stack in `dir` and what a lost guardian left behind. False when nothing ran. */
export async function stopStack(dir: string): Promise<boolean> {
  const stack = await readStack(dir);
  if (stack !== null) {
    await stack.shutdown();
    return true;
  }
  const root = resolve(dir);
  const hadState = (await readState(root)) !== null;
  const ended = await endLeftovers(`${root}/pids`);
  await removeState(root);
  return hadState || ended > 0;
}

/** Ends the stack in `dir` and removes what a stack makes there (nothing else), and data that had to lie elsewhere. */
export async function removeStack(dir: string): Promise<void> {
  await stopStack(dir);
  const root = resolve(dir);
  await rm(outsideClusterParent(root), { recursive: true, force: true });
  for (const name of stackEntries) await rm(join(root, name), { recursive: true, force: true });
  await rmdir(root).catch(() => undefined);
}

function stackOf(layout: StackLayout, guardian: GuardianClient, runner: Runner, settings: StackSettings, isOwned: boolean): Stack {
  const status = async () => {
    const members = await guardian.list();
    return runner.names().flatMap((name) => members.filter((member) => member.name === name).map((member) => ({ ...member, name })));
  };
  const pid = async (name: ComponentName) => {
    const found = (await status()).find((member) => member.name === name && member.isRunning);
    if (found === undefined)
      throw new LakeError('COMPONENT_FAILED', `${name} is not running in ${layout.root}; its log: ${layout.log(name)}`);
    return found.pid;
  };
  const shutdown = async () => {
    await guardian.shutdown(stopOrder);
    await removeState(layout.root);
    await guardian.close();
  };
  return {
    dir: layout.root,
    guardianPid: guardian.pid,
    endpoint: (name) => runner.endpoint(name),
    endpoints: () => runner.endpoints(),
    log: (name) => layout.log(name),
    status,
    pid,
    rssBytes: async () => {
      const members = (await status()).filter((member) => member.isRunning);
      const bytes = await residentBytes(members.map((member) => member.pid));
      return Object.fromEntries(members.map((member, index) => [member.name, bytes[index] ?? 0]));
    },
    start: (name, signal) => runner.restart(name, signal),
    stop: (name) => guardian.stop(name),
    kill: (name, signal) => guardian.signal(name, signal),
    startTrino: async (options, signal) => {
      await runner.startTrino(options, signal);
      await writePorts(layout.root, runner.ports());
      await writeState(layout.root, stateOf(guardian, runner, settings));
      return runner.endpoint('trino');
    },
    onExit: (listener) => {
      guardian.onExit((exited) => {
        const name = runner.names().find((known) => known === exited.name);
        if (name !== undefined) listener({ ...exited, name });
      });
    },
    shutdown,
    [Symbol.asyncDispose]: () => (isOwned ? shutdown() : guardian.close()),
  };
}

function stateOf(guardian: GuardianClient, runner: Runner, settings: StackSettings) {
  return {
    guardianPid: guardian.pid,
    guardianSocket: guardian.socketPath,
    startedAt: Date.now(),
    settings,
    ports: runner.ports(),
    components: runner.names(),
  };
}
