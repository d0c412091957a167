// How far behind the worker is, and how far ahead of retention: asked of the log now and then, for its own positions.

import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Log } from '../sync/log/log.ts';
import type { WorkerStatus } from '../sync/worker.ts';

const everyMs = 10_000;

/** Runs until the signal; a log that is away leaves the last figures standing. */
export async function measureLag(
  log: Log,
  status: () => WorkerStatus,
  metrics: Metrics,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const table of status().tables) await measureTopic(log, table, metrics, signal);
      await clock.sleep(everyMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      logger.debug({ error }, 'the lag was not measured');
      await clock.sleep(everyMs, signal).catch(() => undefined);
    }
  }
}

async function measureTopic(log: Log, table: WorkerStatus['tables'][number], metrics: Metrics, signal: AbortSignal): Promise<void> {
  if (Object.keys(table.positions).length === 0) return;
  const ranges = await log.offsets(table.topic, signal);
  for (const [partition, position] of Object.entries(table.positions)) {
    const range = ranges.get(Number(partition));
    if (!range) continue;
    const labels = { topic: table.topic, partition };
    metrics.set('foz_log_lag_records', labels, Math.max(0, Number(range.highWatermark - BigInt(position))));
    metrics.set('foz_log_retention_headroom_records', labels, Number(BigInt(position) - range.logStart));
  }
}
