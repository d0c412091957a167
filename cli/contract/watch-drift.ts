// The drift watch of `foz run`, over foz.yaml's tables and sources; started, and running until the signal.

import type { Contracts } from '../../catalog/contracts.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { LoadedConfig } from '../config.ts';
import { tableTargets } from '../settings.ts';
import { contractsOf } from '../wire.ts';
import { driftWatch, type DriftWatch } from './drift-watch.ts';
import { liveTarget } from './live-table.ts';

export interface WatchParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** `reload`: reads foz.yaml again, for tables that were added since. */
export function watchDrift(
  loaded: LoadedConfig,
  reload: () => LoadedConfig,
  registry: Contracts,
  parts: WatchParts,
  signal: AbortSignal,
): DriftWatch {
  const contracts = contractsOf(loaded, registry);
  const watch = driftWatch({
    ...parts,
    targets: () => {
      try {
        return tableTargets(reload().config);
      } catch {
        // Somebody is writing it: those that are known go on.
        return tableTargets(loaded.config);
      }
    },
    intervalMs: contracts === null ? 0 : loaded.config.contracts.drift.interval,
    activeContract: async ({ ident }, until) => (await contracts?.activeContract(ident, until)) ?? null,
    openLive: (target) => liveTarget(loaded, target),
  });
  void watch.run(signal);
  return watch;
}
