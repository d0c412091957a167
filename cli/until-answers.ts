// What is away at the start is waited for; what refuses ends it.

import { systemClock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';

const waitMs = 2_000;

export interface Waiting {
  /** As the log names it: `the object store`. */
  readonly what: string;
  readonly logger: Logger;
  /** Told at each try that failed. */
  readonly onWait?: (reason: string) => void;
}

export async function untilAnswers<T>(attempt: () => Promise<T>, waiting: Waiting, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof LakeError) || error.retry !== 'backoff') throw error;
      waiting.onWait?.(error.message);
      waiting.logger.warn({ error: error.message }, `${waiting.what} is away; waiting`);
      await systemClock.sleep(waitMs, signal);
    }
  }
}
