// How many failed logins an address has left: a bucket that refills with time. Who logs in rightly is never held up, not even
// behind an address whose bucket is empty; tokens cannot be guessed, so the limit is there to slow programs that try, and
// to keep them out of the log.

import type { Clock } from '../../runtime/clock.ts';

export interface FailureLimitOptions {
  readonly clock: Clock;
  readonly failuresMax: number;
  /** Time in which an empty bucket is full again. */
  readonly windowMs: number;
  readonly addressesMax: number;
}

export interface FailureLimit {
  /** Counts one; seconds to wait when there are too many, else null. */
  failed(address: string): number | null;
}

export function failureLimit({ clock, failuresMax, windowMs, addressesMax }: FailureLimitOptions): FailureLimit {
  const perFailureMs = windowMs / failuresMax;
  /** Per address: when its bucket is full again. In the order of the last failure. */
  const fullAt = new Map<string, number>();
  return {
    failed(address) {
      const now = clock.now();
      const next = Math.max(fullAt.get(address) ?? now, now) + perFailureMs;
      fullAt.delete(address);
      const [oldest] = fullAt.keys();
      if (fullAt.size >= addressesMax && oldest !== undefined) fullAt.delete(oldest);
      const isOver = next > now + windowMs;
      fullAt.set(address, isOver ? next - perFailureMs : next);
      return isOver ? Math.ceil((next - now - windowMs) / 1000) : null;
    },
  };
}
