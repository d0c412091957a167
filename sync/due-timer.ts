// When what has been taken must be committed: the earliest time that anybody asked for.

import type { Clock, EpochMs } from '../runtime/clock.ts';

export interface DueTimer {
  /** Acts in so many ms, or when it was due already, whichever comes first. */
  within(ms: number): void;
  clear(): void;
}

/** @param act Does not reject. */
export function dueTimer(clock: Clock, act: () => Promise<void>): DueTimer {
  let due: { readonly at: EpochMs; readonly timer: AbortController } | null = null;
  const clear = (): void => {
    due?.timer.abort();
    due = null;
  };
  return {
    within(ms) {
      const at = clock.now() + ms;
      if (due && due.at <= at) return;
      clear();
      const mine = { at, timer: new AbortController() };
      due = mine;
      clock.sleep(ms, mine.timer.signal).then(
        () => (due === mine ? act() : undefined),
        () => undefined,
      );
    },
    clear,
  };
}
