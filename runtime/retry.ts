// Retry at one level: the adapter that knows whether an outcome is known. Only `backoff` errors are tried again;
// `reconcile` goes to the caller, who must look first (I5).

import { systemClock, type Clock } from './clock.ts';
import { LakeError } from './errors.ts';
import { systemRandom, type Random } from './random.ts';

export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attemptsMax: number;
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
}

export interface RetryContext {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: (error: LakeError, attempt: number, delayMs: number) => void;
}

/** Runs `operation` until it succeeds, fails with anything but `backoff`, or the attempts are used up. Exponential, full jitter. */
export async function retry<T>(policy: RetryPolicy, operation: (attempt: number) => Promise<T>, context: RetryContext = {}): Promise<T> {
  const clock = context.clock ?? systemClock;
  for (let attempt = 1; ; attempt++) {
    context.signal?.throwIfAborted();
    try {
      return await operation(attempt);
    } catch (error) {
      if (!(error instanceof LakeError) || error.retry !== 'backoff' || attempt >= policy.attemptsMax) throw error;
      const delayMs = retryDelayMs(policy, attempt, context.random ?? systemRandom);
      context.onRetry?.(error, attempt, delayMs);
      await clock.sleep(delayMs, context.signal);
    }
  }
}

export function retryDelayMs(policy: RetryPolicy, attempt: number, random: Random): number {
  const ceiling = Math.min(policy.delayMaxMs, policy.delayMinMs * 2 ** (attempt - 1));
  return Math.max(policy.delayMinMs, Math.round(random.next() * ceiling));
}
