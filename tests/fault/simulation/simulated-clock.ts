// A clock that only moves when told: sleepers wake in order of their time. `settle` lets everything that can run
// without time passing run to its end.

import type { Clock, EpochMs } from '../../../runtime/clock.ts';

interface Sleeper {
  readonly at: EpochMs;
  readonly wake: () => void;
}

export class SimulatedClock implements Clock {
  #now: EpochMs;
  readonly #sleepers = new Set<Sleeper>();

  constructor(now: EpochMs = Date.parse('2026-11-21T12:00:00Z')) {
    this.#now = now;
  }

  now(): EpochMs {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        at: this.#now + ms,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Moves to the next sleeper and wakes it; false when nobody sleeps. */
  advance(): boolean {
    const next = [...this.#sleepers].reduce<Sleeper | null>((first, sleeper) => (!first || sleeper.at < first.at ? sleeper : first), null);
    if (!next) return false;
    this.#sleepers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.wake();
    return true;
  }

  /** Moves on by `ms`, waking everyone on the way. */
  async advanceBy(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#sleepers].some((sleeper) => sleeper.at <= end);
      if (!due) break;
      this.advance();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets pending promises and immediates run. */
export async function settle(rounds = 12): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}
