// Brings components up: waits for what they need, writes their configuration, hands them to the guardian and asks
// until they answer. A port that somebody else took in the meantime is replaced by another; any other death on the way
// is an error that carries the log's last lines.

import { LakeError } from '../runtime/errors.ts';
import { components } from './components/all.ts';
import type { ComponentContext, ComponentName, ComponentPorts, StackEndpoints } from './components/component.ts';
import type { TrinoOptions } from './components/trino.ts';
import { watchExits, type ExitWatch } from './process/exit-watch.ts';
import type { GuardianClient } from './process/guardian-client.ts';
import { portPool, type PortPool } from './process/ports.ts';
import { logTail, untilReady, type ReadyOutcome } from './process/ready.ts';
import { ensureJars, type DownloadOptions, type StackJars } from './setup/downloads.ts';
import { ensureBuildTools, findJava } from './setup/java.ts';
import type { StackSettings } from './settings.ts';
import type { StackLayout, StackPorts, StackSecrets } from './state.ts';

export interface StackEvent {
  readonly component: ComponentName | 'set-up';
  readonly state: 'working' | 'starting' | 'ready' | 'failed';
  /** Since the start of the whole stack. */
  readonly elapsedMs: number;
  /** One line for people. */
  readonly detail?: string;
}

export interface RunnerOptions {
  readonly layout: StackLayout;
  readonly secrets: StackSecrets;
  readonly settings: StackSettings;
  readonly guardian: GuardianClient;
  readonly download: DownloadOptions;
  readonly onEvent: (event: StackEvent) => void;
  /** Of an earlier run; taken again where they are free. */
  readonly ports: StackPorts;
}

export interface ReadyHooks {
  readonly kafka?: ((endpoint: StackEndpoints['kafka']) => Promise<void>) | undefined;
  readonly postgres?: ((endpoint: StackEndpoints['postgres']) => Promise<void>) | undefined;
  readonly cassandra?: ((endpoint: StackEndpoints['cassandra']) => Promise<void>) | undefined;
}

export interface Runner {
  startAll(names: readonly ComponentName[], hooks: ReadyHooks, signal?: AbortSignal): Promise<void>;
  startTrino(options: TrinoOptions, signal?: AbortSignal): Promise<void>;
  restart(name: ComponentName, signal?: AbortSignal): Promise<void>;
  /** Takes components as started that another process started. */
  adopt(names: readonly ComponentName[]): void;
  names(): readonly ComponentName[];
  ports(): StackPorts;
  endpoint<N extends ComponentName>(name: N): StackEndpoints[N];
  endpoints(): Partial<StackEndpoints>;
}

const portTriesMax = 4;
const probeIntervalMs = 100;
const logLines = 15;
const portTaken = /address already in use|BindException|could not bind|EADDRINUSE|Failed to bind/i;

/** What the functions below share: one stack, as this process sees it. */
interface Session extends RunnerOptions {
  readonly watch: ExitWatch;
  readonly pool: PortPool;
  readonly drawn: Partial<Record<ComponentName, ComponentPorts>>;
  readonly started: Set<ComponentName>;
  readonly tell: (component: StackEvent['component'], state: StackEvent['state'], detail?: string) => void;
}

export function createRunner(options: RunnerOptions): Runner {
  const beganAt = performance.now();
  const started = new Set<ComponentName>();
  const tell: Session['tell'] = (component, state, detail) =>
    options.onEvent({ component, state, elapsedMs: Math.round(performance.now() - beganAt), ...(detail === undefined ? {} : { detail }) });
  const session: Session = {
    ...options,
    watch: watchExits(options.guardian),
    pool: portPool(),
    drawn: { ...options.ports },
    started,
    tell,
  };
  return {
    startAll: async (names, hooks, signal) => {
      const bring = async (name: ComponentName, context: ComponentContext, until: AbortSignal) => {
        await startOne(session, name, context, until);
        if (name === 'postgres') await hooks.postgres?.(endpointOf(session, 'postgres'));
        if (name === 'cassandra') await hooks.cassandra?.(endpointOf(session, 'cassandra'));
        tell(name, 'ready');
      };
      await asNeedsAllow(session, names, bring, signal);
    },
    startTrino: async (trino, signal) => {
      await startOne(session, 'trino', contextOf(session, trino, signal), signal);
      tell('trino', 'ready');
    },
    restart: async (name, signal) => {
      const { pid } = await options.guardian.restart(name);
      const outcome = await awaitReady(session, name, pid, signal);
      if (outcome.kind === 'exited') throw await failure(session, name, `ended with ${outcome.exit} while starting again`);
      if (outcome.kind === 'late') throw await failure(session, name, `did not answer after its restart (${outcome.lastError})`);
    },
    adopt: (names) => {
      for (const name of names) started.add(name);
    },
    names: () => [...started],
    ports: () => session.drawn,
    endpoint: (name) => endpointOf(session, name),
    endpoints: () => Object.fromEntries([...started].map((name) => [name, endpointOf(session, name)])),
  };
}

/** All at once, but each after what it needs; the first failure calls the others off. */
async function asNeedsAllow(
  session: Session,
  names: readonly ComponentName[],
  bring: (name: ComponentName, context: ComponentContext, until: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const until = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const context = contextOf(session, null, until);
  const ready = new Map<ComponentName, Promise<void>>();
  for (const name of names) {
    const needs = components[name].needs.map((need) => ready.get(need));
    const start = Promise.all(needs).then(() => bring(name, context, until));
    start.catch((error: unknown) => failed.abort(error));
    ready.set(name, start);
  }
  await Promise.all(ready.values());
}

async function startOne<N extends ComponentName>(
  session: Session,
  name: N,
  context: ComponentContext,
  signal?: AbortSignal,
): Promise<void> {
  const component = components[name];
  for (let attempt = 1; ; attempt++) {
    const ports = await drawPorts(session, name, attempt === 1 ? (session.drawn[name] ?? {}) : {});
    session.drawn[name] = ports;
    const spec = await component.prepare(ports, context, signal);
    signal?.throwIfAborted();
    session.tell(name, 'starting');
    const { pid } = await session.guardian.run(name, spec);
    const outcome = await awaitReady(session, name, pid, signal);
    if (outcome.kind === 'ready') break;
    if (outcome.kind === 'late')
      throw await failure(session, name, `did not answer within ${component.readyMaxMs / 1000} s (${outcome.lastError})`);
    const isPortTaken = portTaken.test(await logTail(spec.log, 60));
    if (!isPortTaken || attempt >= portTriesMax) throw await failure(session, name, `ended with ${outcome.exit} while starting`);
  }
  session.started.add(name);
  await component.setUp?.(endpointOf(session, name), context);
}

async function drawPorts(session: Session, name: ComponentName, preferred: ComponentPorts): Promise<ComponentPorts> {
  const ports: Record<string, number> = {};
  for (const port of components[name].ports) ports[port] = await session.pool.draw(preferred[port]);
  return ports;
}

function awaitReady<N extends ComponentName>(session: Session, name: N, pid: number, signal?: AbortSignal): Promise<ReadyOutcome> {
  const component = components[name];
  const endpoint = component.endpoint(session.drawn[name] ?? {}, session);
  const waiting = { maxMs: component.readyMaxMs, intervalMs: probeIntervalMs, hasExited: () => session.watch.exitOf(pid) };
  return untilReady((attempt) => component.probe(endpoint, attempt), waiting, signal);
}

function endpointOf<N extends ComponentName>(session: Session, name: N): StackEndpoints[N] {
  if (!session.started.has(name)) throw new LakeError('COMPONENT_FAILED', `${name} is not part of the stack in ${session.layout.root}`);
  return components[name].endpoint(session.drawn[name] ?? {}, session);
}

async function failure(session: Session, name: ComponentName, what: string): Promise<LakeError> {
  const log = session.layout.log(name);
  session.tell(name, 'failed', what);
  const message = `${name} ${what}. Its log is ${log}; the last lines:\n${await logTail(log, logLines)}`;
  return new LakeError('COMPONENT_FAILED', message, { context: { component: name, log } });
}

function contextOf(session: Session, trino: TrinoOptions | null, signal?: AbortSignal): ComponentContext {
  const { layout, secrets, settings, watch } = session;
  const say = (line: string) => session.tell('set-up', 'working', line);
  const download: DownloadOptions = { ...session.download, onProgress: say };
  let jars: Promise<StackJars> | null = null;
  return {
    layout,
    jars: () => (jars ??= ensureJars(download, signal)),
    java: async () => findJava(17) ?? (await ensureBuildTools(say)).java,
    download,
    trino,
    secrets,
    settings,
    runToEnd: (name, spec) => watch.runToEnd(name, spec, signal),
    endpoint: (name) => endpointOf(session, name),
  };
}
