// What the worker tells, as metrics.

import type { Metrics } from '../runtime/metrics.ts';
import type { TableObserver } from '../sync/table-observer.ts';

export interface ObserverHooks {
  readonly onHalt?: (table: string) => void;
}

export function metricsObserver(metrics: Metrics, hooks: ObserverHooks = {}): TableObserver {
  return {
    committed: (table, event) => {
      const { rows, rescued, fileBytes, files, changedAtMaxUs, committedAt } = event;
      metrics.count('foz_commits_total', { table, result: 'ok' });
      metrics.count('foz_records_total', { table, outcome: 'row' }, rows - rescued);
      metrics.count('foz_records_total', { table, outcome: 'rescued' }, rescued);
      metrics.set('foz_last_commit_timestamp_seconds', { table }, committedAt / 1000);
      if (files > 0) metrics.observe('foz_data_file_bytes', { table }, fileBytes / files);
      if (event.splits) metrics.count('foz_decode_splits_total', { table }, event.splits);
      if (changedAtMaxUs === null) return;
      metrics.set('foz_table_last_source_commit_timestamp_seconds', { table }, changedAtMaxUs / 1e6);
      metrics.observe('foz_freshness_seconds', { table }, Math.max(0, committedAt / 1000 - changedAtMaxUs / 1e6));
    },
    fenced: (table) => metrics.count('foz_commits_total', { table, result: 'fenced' }),
    halted: (table, halt) => {
      metrics.set('foz_halted', { table, reason: halt.code }, 1);
      hooks.onHalt?.(table);
    },
  };
}
