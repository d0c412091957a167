// The quality jobs beside the worker, in a process of their own: their memory is bounded apart, and whatever a check does to
// its process, the worker goes on. The process is started again when it ends, with growing pauses, and ends with this one.

import { fork, type ChildProcess } from 'node:child_process';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import { isQualityGauges, type QualityGauges } from '../../quality/report/gauges.ts';

export interface QualityProcessOptions {
  /** `bin/foz.mjs`. */
  readonly entry: string;
  readonly configFile: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What its checks say, for Prometheus: whenever that changes. */
  readonly onGauges?: (gauges: QualityGauges) => void;
  /** Of JavaScript; what reads data has `quality.memory`. */
  readonly heapMaxMiB?: number;
}

export interface QualityProcess {
  /** What it said last; where it does not run, why. */
  status(): Readonly<Record<string, unknown>>;
  /** Resolves once it has ended, after the signal aborted. */
  readonly done: Promise<void>;
}

const heapDefaultMiB = 256;
const pauseMinMs = 1_000;
const pauseMaxMs = 60_000;
/** One that lived this long was well. */
const healthyMs = 5 * 60_000;
const stopMaxMs = 10_000;

export function startQualityProcess(options: QualityProcessOptions, signal: AbortSignal): QualityProcess {
  const told: { status: Readonly<Record<string, unknown>> | null; starts: number; ended: string | null } = {
    status: null,
    starts: 0,
    ended: null,
  };
  return {
    status: () => ({ state: told.status === null ? (told.ended ?? 'starting') : 'running', starts: told.starts, ...told.status }),
    done: keepRunning(options, told, signal),
  };
}

async function keepRunning(
  options: QualityProcessOptions,
  told: { status: Readonly<Record<string, unknown>> | null; starts: number; ended: string | null },
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger } = options;
  let pauseMs = pauseMinMs;
  while (!signal.aborted) {
    const startedAt = clock.now();
    told.starts++;
    const child = start(options);
    child.on('message', (message: unknown) => {
      if (!isRecord(message)) return;
      if (message['kind'] === 'quality' && isRecord(message['status'])) told.status = message['status'];
      if (message['kind'] === 'quality-gauges' && isQualityGauges(message['gauges'])) options.onGauges?.(message['gauges']);
    });
    const how = await untilEnded(child, signal);
    told.status = null;
    told.ended = how;
    if (signal.aborted) return;
    if (clock.now() - startedAt > healthyMs) pauseMs = pauseMinMs;
    logger.warn({ how, againInMs: pauseMs }, 'the process of the quality jobs ended; the worker goes on, and it is started again');
    await clock.sleep(pauseMs, signal).catch(() => undefined);
    pauseMs = Math.min(pauseMaxMs, pauseMs * 2);
  }
}

function start({ entry, configFile, heapMaxMiB = heapDefaultMiB }: QualityProcessOptions): ChildProcess {
  const { FOZ_SIGNAL_AT: _ofTheWorker, ...env } = process.env;
  return fork(entry, ['quality', 'serve', '--config', configFile], {
    // glibc would keep a heap for each of DuckDB's threads.
    env: { MALLOC_ARENA_MAX: '2', ...env },
    execArgv: [`--max-old-space-size=${heapMaxMiB}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** How it ended, for people. Told to stop when the signal aborts, and made to when it does not. */
function untilEnded(child: ChildProcess, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill('SIGTERM');
      timer = setTimeout(() => child.kill('SIGKILL'), stopMaxMs);
    };
    const end = (how: string): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve(how);
    };
    child.once('error', (error) => end(`it could not be started: ${error.message}`));
    child.once('exit', (code, by) => end(by === null ? `ended with exit code ${code ?? 0}` : `ended by ${by}`));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
