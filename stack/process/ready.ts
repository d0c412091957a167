// Readiness is an answer in the component's own protocol, never a sleep. While it does not answer we ask again, unless
// its process has died: then its last words are the error.

import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ReadyOptions {
  readonly maxMs: number;
  readonly intervalMs: number;
  /** Null while the process lives, else how it ended. */
  readonly hasExited: () => string | null;
}

export type ReadyOutcome =
  | { readonly kind: 'ready' }
  | { readonly kind: 'exited'; readonly exit: string }
  | { readonly kind: 'late'; readonly lastError: string };

export async function untilReady(
  probe: (signal: AbortSignal) => Promise<void>,
  options: ReadyOptions,
  signal?: AbortSignal,
): Promise<ReadyOutcome> {
  const deadline = Date.now() + options.maxMs;
  let lastError = 'it was never asked';
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    const exit = options.hasExited();
    if (exit !== null) return { kind: 'exited', exit };
    const late = AbortSignal.timeout(probeMaxMs);
    const attempt = signal === undefined ? late : AbortSignal.any([late, signal]);
    try {
      // a stranger on the port may take the connection and never answer
      await Promise.race([probe(attempt), whenAborted(attempt)]);
      return { kind: 'ready' };
    } catch (error) {
      lastError = error instanceof Error ? error.message : String(error);
    }
    await sleep(options.intervalMs, undefined, signal === undefined ? {} : { signal });
  }
  return { kind: 'late', lastError };
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

const probeMaxMs = 5000;
const tailBytes = 16 * 1024;

/** The last lines of a log, however long it is. */
export async function logTail(path: string, linesMax: number): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: size - length, length });
    const lines = buffer.toString('utf8').trimEnd().split('\n');
    return lines.slice(-linesMax).join('\n');
  } catch {
    return '(no log)';
  }
}
