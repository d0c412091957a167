// What the quality jobs compare tables with: as `foz verify` does, with the log and the masks in force opened for each.

import type { Reconciliation } from '../../quality/reconcile/reconcile-measurer.ts';
import type { Logger } from '../../runtime/log.ts';
import type { LoadedConfig } from '../config.ts';
import { openLakeSession } from '../query/lake-session.ts';
import { tableTargets } from '../settings.ts';
import { masksInForce, openLog } from '../wire.ts';
import { withReconcileInput } from './verify-table.ts';

export function reconciliationOf(given: LoadedConfig, logger: Logger): Reconciliation {
  const loaded = withinQuality(given);
  return {
    withTable: async (table, signal, work) => {
      const target = tableTargets(loaded.config).find(({ ident }) => ident.name === table);
      const { postgres, cassandra } = loaded.config.sources;
      if (!target || (!postgres && !cassandra)) return null;
      await using session = await openLakeSession(loaded, logger);
      await using log = openLog(loaded, logger);
      const masks = await masksInForce(loaded, target.ident, signal);
      return await withReconcileInput({ target, loaded, log, masks, ...session, waitMs: waitMs(loaded) }, signal, work);
    },
  };
}

/**
 * The limits of the quality jobs in place of those of queries. The current rows of a wide table alone need some 120 MB, however
 * few they are; what differs is compared afterwards, and is little.
 */
function withinQuality(loaded: LoadedConfig): LoadedConfig {
  const { cacheDir, cacheMax, memory, threads } = loaded.config.quality;
  return { ...loaded, config: { ...loaded.config, query: { cacheDir, cacheMax, threads, memory } } };
}

/** Time is left to compare in. */
function waitMs({ config }: LoadedConfig): number {
  return Math.min(60_000, config.quality.timeout.check / 2);
}
