// What the quality jobs compare tables with: as `foz verify` does, with the log and the masks in force opened for each.

import type { Reconciliation } from '../../quality/reconcile/reconcile-measurer.ts';
import type { Logger } from '../../runtime/log.ts';
import type { LoadedConfig } from '../config.ts';
import { openLakeSession } from '../query/lake-session.ts';
import { tableTargets } from '../settings.ts';
import { masksInForce, openLog } from '../wire.ts';
import { withReconcileInput } from './verify-table.ts';

export function reconciliationOf(loaded: LoadedConfig, logger: Logger): Reconciliation {
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

/** Time is left to compare in. */
function waitMs({ config }: LoadedConfig): number {
  return Math.min(60_000, config.quality.timeout.check / 2);
}
