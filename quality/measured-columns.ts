// Which columns of its table a measure is about.

import type { Measure } from './check.ts';

/** None: the whole table, or SQL that only says itself. */
export function measuredColumns(measure: Measure): readonly string[] {
  switch (measure.kind) {
    case 'nulls':
    case 'missing':
    case 'invalid':
    case 'distinct':
    case 'aggregate':
    case 'distribution':
      return [measure.column];
    case 'duplicates':
    case 'relationship':
      return measure.columns;
    case 'freshness':
      return typeof measure.by === 'object' ? [measure.by.column] : [];
    case 'retention':
      return measure.column === null ? [] : [measure.column];
    case 'anomaly':
    case 'changeOverTime':
      return measuredColumns(measure.of);
    case 'windowLimit':
      return [...measure.keys, measure.time, ...(measure.of.kind === 'sum' ? [measure.of.column] : [])];
    default:
      return [];
  }
}
