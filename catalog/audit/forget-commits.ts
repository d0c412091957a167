// Entries of plain data commits come by the thousand and are worth something for days, not for years: beside the catalog they
// are forgotten once an hour, which the log says of itself. A failure waits for the next hour.

import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { AuditService } from './audit-service.ts';

export interface ForgetCommitsOptions {
  readonly audit: Pick<AuditService, 'forget'>;
  readonly keepMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly everyMs?: number;
}

const everyDefaultMs = 3_600_000;

/** Disposing it ends it. */
export function forgetCommits({ audit, keepMs, clock, logger, everyMs = everyDefaultMs }: ForgetCommitsOptions): AsyncDisposable {
  const ended = new AbortController();
  const { signal } = ended;
  const running = (async () => {
    for (; !signal.aborted; await clock.sleep(everyMs, signal)) {
      try {
        const entries = await audit.forget(keepMs, signal);
        if (entries > 0) logger.info({ entries, keepMs }, 'entries of data commits were forgotten by the audit log');
      } catch (error) {
        if (!signal.aborted) logger.warn({ error }, 'the audit log could not forget entries of data commits');
      }
    }
  })().catch((error: unknown) => {
    if (!signal.aborted) logger.error({ error }, 'the audit log forgets no more');
  });
  return {
    [Symbol.asyncDispose]: async () => {
      ended.abort(new Error('the catalog ends'));
      await running;
    },
  };
}
