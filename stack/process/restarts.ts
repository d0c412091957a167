// Components that end to be started again: a Cassandra agent ends at the first change of a form that it does not know,
// and reads on with the schema of then. One that ends again and again is left to a person.

import { appendFileSync } from 'node:fs';
import type { ProcessSpec } from './protocol.ts';

export interface Restarts {
  /** Of a process that ended by itself: starts it again a little later, where its spec says so and it may. */
  ended(name: string, spec: ProcessSpec, exit: string): void;
  /** It is stopped, or started by somebody else: not again. */
  forget(name: string): void;
}

export const restartsMax = 10;
export const restartsWindowMs = 600_000;
const pauseMs = 1_000;

/** `run` may reject. */
export function restarts(run: (name: string, spec: ProcessSpec) => Promise<unknown>, now = Date.now, waitMs = pauseMs): Restarts {
  const byName = new Map<string, number[]>();
  const waiting = new Map<string, NodeJS.Timeout>();
  return {
    ended: (name, spec, exit) => {
      if (spec.restartOn?.includes(exit) !== true) return;
      const before = (byName.get(name) ?? []).filter((at) => now() - at < restartsWindowMs);
      const limits = `${before.length + 1} of at most ${restartsMax} in ${restartsWindowMs / 60_000} minutes`;
      if (before.length >= restartsMax)
        return say(spec, `${name} ended with exit code ${exit} and is not started again: ${restartsMax} times were not enough`);
      byName.set(name, [...before, now()]);
      say(spec, `${name} ended with exit code ${exit} and is started again (${limits})`);
      const start = () => {
        waiting.delete(name);
        run(name, spec).catch((error: unknown) => say(spec, `${name} was not started again: ${String(error)}`));
      };
      waiting.set(name, setTimeout(start, waitMs));
    },
    forget: (name) => {
      clearTimeout(waiting.get(name));
      waiting.delete(name);
    },
  };
}

function say({ log }: ProcessSpec, line: string): void {
  try {
    appendFileSync(log, `foz: ${line}\n`);
  } catch {
    // the folder may have gone
  }
}
