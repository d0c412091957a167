import { assert } from '../../runtime/errors.ts';

/** Runs at most `max` tasks at once, the others in the order they came. A task still waiting when the signal aborts never runs. */
export type Limiter = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function limiter(max: number): Limiter {
  assert(Number.isSafeInteger(max) && max > 0, `a limiter needs a positive whole number, found ${max}`);
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (task, signal) => {
    signal?.throwIfAborted();
    // A finished task hands its place to the first that waits, so `running` does not change then.
    if (running < max) running++;
    else await turn(waiting, signal);
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

function turn(waiting: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onTurn = () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = () => {
      const index = waiting.indexOf(onTurn);
      if (index >= 0) waiting.splice(index, 1);
      reject(signal?.reason);
    };
    waiting.push(onTurn);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
