// `foz run` as a process of its own, so that it can be killed for real.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { promisify } from 'node:util';
import { LakeError } from '../../runtime/errors.ts';

export interface FozProcess extends AsyncDisposable {
  readonly pid: number;
  readonly logFile: string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM: commits and leaves; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Resolves when the process has stopped itself at its signal point (SIGSTOP). Fails when it ended instead. */
  held(signal: AbortSignal): Promise<void>;
}

export interface FozProcessOptions {
  readonly entry: string;
  readonly configFile: string;
  /** Absent: everything that `foz run` runs. */
  readonly only?: 'sync' | 'catalog' | 'quality';
  readonly logFile: string;
  /** FOZ_SIGNAL_AT of the process. */
  readonly signalAt?: string;
}

export function startFoz(options: FozProcessOptions): FozProcess {
  const out = openSync(options.logFile, 'a');
  const env = { ...process.env, ...(options.signalAt === undefined ? {} : { FOZ_SIGNAL_AT: options.signalAt }) };
  const part = options.only === undefined ? [] : ['--only', options.only];
  const child = spawn(process.execPath, [options.entry, 'run', ...part, '--config', options.configFile], {
    stdio: ['ignore', out, out],
    env,
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const { pid } = child;
  if (pid === undefined)
    throw new LakeError('COMPONENT_FAILED', `foz run ${part.join(' ')} did not start`, { context: { log: options.logFile } });
  return {
    pid,
    logFile: options.logFile,
    async kill() {
      if (isRunning(child)) child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      if (isRunning(child)) child.kill('SIGTERM');
      return ended;
    },
    async held(signal) {
      while (isRunning(child)) {
        signal.throwIfAborted();
        if ((await processState(pid)).startsWith('T')) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new LakeError('COMPONENT_FAILED', `the worker ended before it reached ${options.signalAt ?? 'its signal point'}`, {
        context: { log: options.logFile, exit: child.exitCode },
      });
    },
    async [Symbol.asyncDispose]() {
      if (isRunning(child)) child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Resolves when the catalog process answers. Fails with the signal. */
export async function catalogAnswers(listen: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const response = await fetch(`http://${listen}/v1/config`, { signal }).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** The state letters of `ps`: T is stopped. */
async function processState(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.trim();
}
