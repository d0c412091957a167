// `foz run` tells the catalog its own part of the lineage: at the start and every hour, since tables are added meanwhile. It
// never stops or slows the worker; a catalog that is away, or keeps no lineage, is told once in the log.

import type { Catalog } from '../../catalog/catalog.ts';
import type { Lineage } from '../../catalog/lineage.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { LoadedConfig } from '../config.ts';
import { tableTargets } from '../settings.ts';
import { version } from '../version.ts';
import { jobEvent } from './job-event.ts';
import { ownLineage } from './own-lineage.ts';

export interface TellLineageParts {
  readonly loaded: LoadedConfig;
  /** Reads foz.yaml again, for tables that were added since. */
  readonly reload: () => LoadedConfig;
  readonly catalog: Catalog;
  readonly lineage: Lineage;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The first commits have made their tables by then. */
const firstAfterMs = 15_000;
const everyMs = 3_600_000;

/** Runs until the signal. */
export async function tellLineage(parts: TellLineageParts, signal: AbortSignal): Promise<void> {
  const { clock, logger } = parts;
  let isTold = false;
  for (let waitMs = firstAfterMs; !signal.aborted; waitMs = everyMs) {
    await clock.sleep(waitMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await tell(parts, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!isTold) logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'the catalog was not told the lineage');
      isTold = true;
    }
  }
}

async function tell({ loaded, reload, catalog, lineage, clock }: TellLineageParts, signal: AbortSignal): Promise<void> {
  const config = configOf(loaded, reload);
  const origin = { eventTime: new Date(clock.now()).toISOString(), version: version() };
  for (const target of tableTargets(config)) {
    const table = await catalog.loadTable(target.ident, signal);
    const jobs = ownLineage(config, target, table?.metadata.location ?? null);
    await lineage.record(
      jobs.map((job) => jobEvent(job, origin)),
      signal,
    );
  }
}

function configOf(loaded: LoadedConfig, reload: () => LoadedConfig): LoadedConfig['config'] {
  try {
    return reload().config;
  } catch {
    // Somebody is writing it: those that are known go on.
    return loaded.config;
  }
}
