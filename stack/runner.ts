// Brings components up: waits for what they need, writes their configuration, hands them to the guardian and asks
// until they answer. A port that somebody else took in the meantime is replaced by another; any other death on the way
// is an error that carries the log's last lines.

import { LakeError } from '../runtime/errors.ts';
import { components } from './components/all.ts';
import type { ComponentContext, ComponentName, ComponentPorts, StackEndpoints } from './components/component.ts';
import type { TrinoOptions } from './components/trino.ts';
import type { GuardianClient } from './process/guardian-client.ts';
import { portPool } from './process/ports.ts';
import type { ProcessSpec } from './process/protocol.ts';
import { logTail, untilReady } from './process/ready.ts';
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

export function createRunner(options: RunnerOptions): Runner {
  const { layout, secrets, settings, guardian } = options;
  const beganAt = performance.now();
  const pool = portPool();
  const ports: Partial<Record<ComponentName, ComponentPorts>> = { ...options.ports };
  const started = new Set<ComponentName>();
  const exits = new Map<string, string>();
  const onEnd = new Map<string, (exit: string) => void>();
  guardian.onExit(({ name, exit }) => {
    exits.set(name, exit ?? 'unknown');
    onEnd.get(name)?.(exit ?? 'unknown');
  });

  const tell = (component: StackEvent['component'], state: StackEvent['state'], detail?: string) =>
    options.onEvent({ component, state, elapsedMs: Math.round(performance.now() - beganAt), ...(detail === undefined ? {} : { detail }) });
  const download: DownloadOptions = { ...options.download, onProgress: (line) => tell('set-up', 'working', line) };
  let jars: Promise<StackJars> | null = null;
  const endpoint = <N extends ComponentName>(name: N): StackEndpoints[N] => {
    if (!started.has(name)) throw new LakeError('COMPONENT_FAILED', `${name} is not part of the stack in ${layout.root}`);
    return components[name].endpoint(ports[name] ?? {}, { layout, secrets, settings });
  };
  const runToEnd = async (name: string, spec: ProcessSpec, signal?: AbortSignal) => {
    const ended = new Promise<string>((resolve, reject) => {
      onEnd.set(name, resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    ended.catch(() => undefined);
    await guardian.run(name, spec);
    const exit = await ended;
    if (exit === '0') return;
    const tail = await logTail(spec.log, logLines);
    throw new LakeError(
      'COMPONENT_FAILED',
      `${name} (${spec.command}) ended with ${exit}. Its log is ${spec.log}; the last lines:\n${tail}`,
    );
  };
  const contextWith = (trino: TrinoOptions | null, signal?: AbortSignal): ComponentContext => ({
    layout,
    jars: () => (jars ??= ensureJars(download, signal)),
    java: async () => findJava(17) ?? (await ensureBuildTools((line) => tell('set-up', 'working', line))).java,
    download,
    trino,
    secrets,
    settings,
    runToEnd: (name, spec) => runToEnd(name, spec, signal),
    endpoint,
  });

  const drawPorts = async (name: ComponentName, preferred: ComponentPorts) => {
    const drawn: Record<string, number> = {};
    for (const port of components[name].ports) drawn[port] = await pool.draw(preferred[port]);
    return drawn;
  };
  const failure = async (name: ComponentName, what: string) => {
    const log = layout.log(name);
    tell(name, 'failed', what);
    return new LakeError('COMPONENT_FAILED', `${name} ${what}. Its log is ${log}; the last lines:\n${await logTail(log, logLines)}`, {
      context: { component: name, log },
    });
  };
  const awaitReady = async <N extends ComponentName>(name: N, signal?: AbortSignal) => {
    const component = components[name];
    const reached = component.endpoint(ports[name] ?? {}, { layout, secrets, settings });
    const waiting = { maxMs: component.readyMaxMs, intervalMs: probeIntervalMs, hasExited: () => exits.get(name) ?? null };
    return untilReady((attempt) => component.probe(reached, attempt), waiting, signal);
  };
  const startOne = async <N extends ComponentName>(name: N, context: ComponentContext, signal?: AbortSignal) => {
    const component = components[name];
    for (let attempt = 1; ; attempt++) {
      ports[name] = await drawPorts(name, attempt === 1 ? (ports[name] ?? {}) : {});
      const spec = await component.prepare(ports[name] ?? {}, context, signal);
      signal?.throwIfAborted();
      tell(name, 'starting');
      exits.delete(name);
      await guardian.run(name, spec);
      const outcome = await awaitReady(name, signal);
      if (outcome.kind === 'ready') break;
      if (outcome.kind === 'late')
        throw await failure(name, `did not answer within ${component.readyMaxMs / 1000} s (${outcome.lastError})`);
      const isPortTaken = portTaken.test(await logTail(spec.log, 60));
      if (!isPortTaken || attempt >= portTriesMax) throw await failure(name, `ended with ${outcome.exit} while starting`);
    }
    started.add(name);
    await component.setUp?.(endpoint(name), context);
  };

  return {
    startAll: async (names, hooks, signal) => {
      const failed = new AbortController();
      const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
      const context = contextWith(null, either);
      const ready = new Map<ComponentName, Promise<void>>();
      const bring = async (name: ComponentName) => {
        await Promise.all(components[name].needs.map((need) => ready.get(need)));
        await startOne(name, context, either);
        if (name === 'kafka') await hooks.kafka?.(endpoint('kafka'));
        if (name === 'postgres') await hooks.postgres?.(endpoint('postgres'));
        if (name === 'cassandra') await hooks.cassandra?.(endpoint('cassandra'));
        tell(name, 'ready');
      };
      for (const name of names) {
        const start = bring(name);
        start.catch((error: unknown) => failed.abort(error));
        ready.set(name, start);
      }
      await Promise.all(ready.values());
    },
    startTrino: async (trino, signal) => {
      await startOne('trino', contextWith(trino, signal), signal);
      tell('trino', 'ready');
    },
    restart: async (name, signal) => {
      exits.delete(name);
      await guardian.restart(name);
      const outcome = await awaitReady(name, signal);
      if (outcome.kind === 'exited') throw await failure(name, `ended with ${outcome.exit} while starting again`);
      if (outcome.kind === 'late') throw await failure(name, `did not answer after its restart (${outcome.lastError})`);
    },
    adopt: (names) => {
      for (const name of names) started.add(name);
    },
    names: () => [...started],
    ports: () => ports,
    endpoint,
    endpoints: () => Object.fromEntries([...started].map((name) => [name, endpoint(name)])),
  };
}
