// Tables that are added to foz.yaml while `foz run` runs: the file is looked at when it changes, and tables that it names
// besides are begun. Everything else in it needs a restart, as ever; a file that cannot be read is told, and waited for.

import { stat } from 'node:fs/promises';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { LoadedConfig } from '../config.ts';
import { tableTargets } from '../settings.ts';

export interface WatchTablesParts {
  readonly loaded: Pick<LoadedConfig, 'file' | 'config'>;
  readonly reload: () => Pick<LoadedConfig, 'config'>;
  readonly add: (target: TableTarget) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Runs until the signal. */
export async function watchTables({ loaded, reload, add, clock, logger }: WatchTablesParts, signal: AbortSignal): Promise<void> {
  const everyMs = loaded.config.sync.wait.discover;
  let seen = await changedAt(loaded.file);
  while (!signal.aborted) {
    try {
      await clock.sleep(everyMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const now = await changedAt(loaded.file);
    if (now === seen) continue;
    seen = now;
    try {
      for (const target of tableTargets(reload().config)) {
        if (add(target)) logger.info({ topic: target.topic, table: target.ident.name }, 'a table was added to foz.yaml');
      }
    } catch (error) {
      logger.warn({ file: loaded.file, error: String(error) }, 'foz.yaml was changed and cannot be read; the tables stay as they were');
    }
  }
}

/** Null while the file is away. */
async function changedAt(file: string): Promise<number | null> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
}
