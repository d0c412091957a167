// Alerts beside the schedule, at their own pace: a receiver that is slow holds up no check.

import { systemClock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { Declared } from '../../quality/declare/declared.ts';
import { openAlerts, type Alerts } from '../../quality/alert/alerts.ts';
import type { RunReport } from '../../quality/run/run-checks.ts';
import type { LoadedConfig } from '../config.ts';
import { alertReceivers } from './alert-receivers.ts';

export interface ServedAlerts {
  /** After each run: what changed is on the boards when this returns, and sent soon after. */
  observe(report: RunReport): Promise<void>;
  /** Alerts of checks that are declared no longer end; not while a declaration is wrong, for its checks are only away. */
  declared(declared: Declared): Promise<void>;
  /** foz.yaml read again: receivers come and go. CONFIG_INVALID keeps those of before. */
  configured(loaded: LoadedConfig): void;
  /** Ends when the signal aborts. */
  readonly done: Promise<void>;
}

const tickMaxMs = 1_000;
const catchUpEveryMs = 30_000;
const claimExtraMs = 15_000;

export function serveAlerts(loaded: LoadedConfig, store: QualityStore, logger: Logger, signal: AbortSignal): ServedAlerts {
  const { timeout, retry } = loaded.config.quality.alerts;
  const limits = { timeoutMs: timeout, claimExtraMs, retryMinMs: retry.min, retryMaxMs: retry.max, retryForMs: retry.for };
  let receivers = alertReceivers(loaded);
  const alerts = openAlerts({
    store,
    get receivers() {
      return receivers;
    },
    clock: systemClock,
    random: systemRandom,
    logger,
    limits,
  });
  return {
    observe: ({ results }) => alerts.observe(results),
    declared: async ({ checks, problems, notExecuted }) => {
      if (problems.some(({ severity }) => severity === 'error')) return;
      await alerts.retire(new Set([...checks, ...notExecuted].map(({ id }) => id)));
    },
    configured: (now) => {
      receivers = alertReceivers(now);
    },
    done: keepTelling(alerts, logger, signal),
  };
}

async function keepTelling(alerts: Alerts, logger: Logger, signal: AbortSignal): Promise<void> {
  let caughtUpAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      if (systemClock.now() - caughtUpAt >= catchUpEveryMs) {
        await alerts.catchUp();
        caughtUpAt = systemClock.now();
      }
      await alerts.tick(signal);
    } catch (error) {
      if (!signal.aborted) logger.warn({ error }, 'alerts could not be looked after; tried again soon');
    }
    await systemClock.sleep(tickMaxMs, signal).catch(() => undefined);
  }
}
