// One leader among any number of processes: who holds the lease runs the schedule, who does not waits for it. A leader that
// dies is replaced once its lease has expired; one that cannot renew it stops its work before another may begin. Should two
// overlap all the same, no harm is done: results have one key, whoever measures first.

import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';

export interface LeaderParts {
  readonly store: QualityStore;
  readonly name: string;
  /** Of this process, unlike any other. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

class LeaseLost extends Error {
  constructor() {
    super('another process leads');
    this.name = 'LeaseLost';
  }
}

/** Does the work while this process leads, again each time it leads again. Ends when the signal aborts; work that fails is begun again. */
export async function leadThe(parts: LeaderParts, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
  const { clock, logger, leaseMs } = parts;
  const pauseMs = Math.ceil(leaseMs / 3);
  while (!signal.aborted) {
    if (await take(parts)) {
      const failed = await leadOnce(parts, work, signal);
      if (failed !== null) logger.warn({ error: failed }, 'the quality schedule failed; it is begun again');
    }
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

/** What it failed with; null when it was stopped. */
async function leadOnce(parts: LeaderParts, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<unknown> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const renewing = renew(parts, stop, both);
  try {
    await work(both);
    return null;
  } catch (error) {
    return both.aborted ? null : error;
  } finally {
    stop.abort(new LeaseLost());
    await renewing;
    const now = parts.clock.now();
    // Given back, if it is still ours: the next one need not wait.
    await parts.store.takeLease(parts.name, parts.holder, now, now).catch(() => false);
  }
}

async function renew(parts: LeaderParts, stop: AbortController, signal: AbortSignal): Promise<void> {
  const { clock, leaseMs, logger } = parts;
  let heldUntil: EpochMs = clock.now() + leaseMs;
  while (!signal.aborted) {
    await clock.sleep(Math.ceil(leaseMs / 3), signal).catch(() => undefined);
    if (signal.aborted) return;
    const askedAt = clock.now();
    if (await take(parts)) heldUntil = askedAt + leaseMs;
    else if (clock.now() + Math.ceil(leaseMs / 3) >= heldUntil) {
      logger.warn({ lease: parts.name }, 'the lease of the quality schedule is lost; another process goes on');
      stop.abort(new LeaseLost());
    }
  }
}

/** False too while the store does not answer. */
async function take({ store, name, holder, leaseMs, clock, logger }: LeaderParts): Promise<boolean> {
  try {
    const now = clock.now();
    return await store.takeLease(name, holder, now, now + leaseMs);
  } catch (error) {
    logger.warn({ error }, 'the lease of the quality schedule cannot be asked for');
    return false;
  }
}
