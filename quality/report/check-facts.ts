// What reports say of a check beside its own members.

import type { Measure } from '../check.ts';

/** Columns of its table that a measure is about; none: the whole table, or SQL that only says itself. */
export function columnsOf(measure: Measure): readonly string[] {
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
      return columnsOf(measure.of);
    case 'windowLimit':
      return [...measure.keys, ...(measure.of.kind === 'sum' ? [measure.of.column] : [])];
    default:
      return [];
  }
}

/** The SQL that people wrote, where the check is some. */
export function sqlOf(measure: Measure): string | null {
  return measure.kind === 'sql' || measure.kind === 'expression' ? measure.sql : null;
}
