// Work with a limit of time: told to stop by its signal, and left behind when it does not listen.

import { LakeError } from '../../runtime/errors.ts';

export interface TimeLimit {
  readonly limitMs: number;
  /** What reaches it, for the message: `check users.rows`. */
  readonly what: string;
  /** Work that was told to stop may take this much longer. */
  readonly graceMs?: number;
}

const graceDefaultMs = 2_000;

/** LIMIT_EXCEEDED at the limit; the outer signal's reason when that one aborts. */
export async function withinTime<T>(limit: TimeLimit, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { limitMs, what, graceMs = graceDefaultMs } = limit;
  const expiry = new AbortController();
  const late = new LakeError('LIMIT_EXCEEDED', `${what} took longer than ${limitMs / 1000} s`, { context: { limit: `${limitMs} ms` } });
  const timers: NodeJS.Timeout[] = [setTimeout(() => expiry.abort(late), limitMs)];
  const both = AbortSignal.any([signal, expiry.signal]);
  const given = work(both);
  const abandoned = new Promise<never>((_resolve, reject) => {
    both.addEventListener('abort', () => timers.push(setTimeout(() => reject(both.reason), graceMs)), { once: true });
  });
  try {
    return await Promise.race([given, abandoned]);
  } catch (error) {
    given.catch(() => undefined);
    throw both.aborted ? both.reason : error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    abandoned.catch(() => undefined);
  }
}
