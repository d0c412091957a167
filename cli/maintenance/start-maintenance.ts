// The upkeep beside a catalog or a worker, in their process: started once, ended with them.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '../../catalog/catalog.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { maintainTables } from '../../maintenance/maintain-tables.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { LoadedConfig } from '../config.ts';
import type { CatalogMaintenanceConfig } from '../options/catalog-maintenance.ts';
import { workDirectory } from '../work-directory.ts';
import { maintainedNamespaces, maintainOptions } from './maintain-options.ts';

export interface MaintenanceParts {
  readonly settings: CatalogMaintenanceConfig;
  /** Null: no foz.yaml; then the defaults of it count. */
  readonly loaded: LoadedConfig | null;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly logger: Logger;
  readonly metrics: Metrics | null;
  readonly purgeDropped: ((signal: AbortSignal) => Promise<number>) | null;
}

/** Nothing where it is switched off. Disposing it waits for the step under way to be broken off. */
export function startMaintenance(parts: MaintenanceParts): AsyncDisposable {
  const { settings, loaded, catalog, store, logger, metrics, purgeDropped } = parts;
  const ended = new AbortController();
  const directory = join(workDirectory(loaded), 'maintenance');
  const running = settings.enabled
    ? maintainTables(
        {
          catalog,
          store,
          logger,
          metrics,
          purgeDropped,
          clock: systemClock,
          random: systemRandom,
          options: maintainOptions(settings, directory),
          namespaces: maintainedNamespaces(loaded?.config.lake.namespace ?? 'raw'),
          everyMs: Math.max(1_000, settings.every),
          orphansEveryMs: settings.orphans.every,
        },
        ended.signal,
      ).catch((error: unknown) => logger.error({ error }, 'the upkeep of the tables has ended'))
    : Promise.resolve();
  return {
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await running;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
