// When a commit that failed is tried again. A conflict is ordinary and its retry must be fast: another writer has moved the
// table, and the next try is made on top of that. A conflict on a table that has not moved since the one before is none of
// those: nothing that this worker does will mend it (a newer version has written what this one cannot continue, say), so it
// waits, as after an unknown outcome, and says for what.

import type { LoadedTable } from '../catalog/catalog.ts';
import { retryDelayMs } from '../runtime/retry.ts';
import type { CommitDeps } from './commit.ts';

export interface CommitPace {
  /** A growing delay. `reason`: shown meanwhile, until the table moves or the commit ends. */
  wait(attempt: number, reason: string | null): Promise<void>;
  /** `table`: as it is after the conflict. */
  conflict(attempt: number, table: LoadedTable, message: string): Promise<void>;
  /** Nothing is waited for any more. */
  end(): void;
}

export function commitPace(
  deps: Pick<CommitDeps, 'clock' | 'random' | 'waiting' | 'waitMinMs' | 'waitMaxMs'>,
  signal: AbortSignal,
): CommitPace {
  const policy = { attemptsMax: 1, delayMinMs: deps.waitMinMs, delayMaxMs: deps.waitMaxMs };
  let isShown = false;
  let conflictOn: string | null = null;
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
    async conflict(attempt, { metadataLocation }, message) {
      const hasMoved = conflictOn !== metadataLocation;
      conflictOn = metadataLocation;
      if (hasMoved) end();
      else await wait(attempt, `the catalog refuses the commit, and the table has not moved: ${message}`);
    },
  };
}
