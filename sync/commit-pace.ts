// The pause before a commit that failed is tried again: it grows, and where somebody is waited for, it says for whom.

import { retryDelayMs } from '../runtime/retry.ts';
import type { CommitDeps } from './commit.ts';

export interface CommitPace {
  /** A growing delay. `reason`: shown meanwhile, until the table moves or the commit ends. */
  wait(attempt: number, reason: string | null): Promise<void>;
  /** Nothing is waited for any more. */
  end(): void;
}

export function commitPace(
  deps: Pick<CommitDeps, 'clock' | 'random' | 'waiting' | 'waitMinMs' | 'waitMaxMs'>,
  signal: AbortSignal,
): CommitPace {
  const policy = { attemptsMax: 1, delayMinMs: deps.waitMinMs, delayMaxMs: deps.waitMaxMs };
  let isShown = false;
  const end = (): void => {
    if (isShown) deps.waiting(null);
    isShown = false;
  };
  const wait = async (attempt: number, reason: string | null): Promise<void> => {
    if (reason !== null) deps.waiting(reason);
    isShown ||= reason !== null;
    await deps.clock.sleep(retryDelayMs(policy, attempt, deps.random), signal);
  };
  return {
    wait,
    end,
  };
}
