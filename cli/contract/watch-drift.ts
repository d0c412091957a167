// The drift watch of `foz run`, over foz.yaml's tables and sources; started, and running until the signal.

import type { Contracts } from '../../catalog/contracts.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { LoadedConfig } from '../config.ts';
import { tableTargets } from '../settings.ts';
import { driftWatch, type DriftWatch } from './drift-watch.ts';
import { liveTarget } from './live-table.ts';

export interface WatchParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function watchDrift(loaded: LoadedConfig, contracts: Contracts, parts: WatchParts, signal: AbortSignal): DriftWatch {
  const watch = driftWatch({
    ...parts,
    targets: tableTargets(loaded.config),
    intervalMs: loaded.config.contracts.drift.interval,
    activeContract: ({ ident }, until) => contracts.activeContract(ident, until),
    openLive: (target) => liveTarget(loaded, target),
  });
  void watch.run(signal);
  return watch;
}
