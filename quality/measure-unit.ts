// What a measure counts in, and how it hangs on time.

import type { CdcMeasure, Measure, MeasureUnit } from './check.ts';

const cdcUnits: Readonly<Record<CdcMeasure, MeasureUnit>> = {
  offsetGaps: 'records',
  offsetDuplicates: 'records',
  deletePropagation: 'keys',
  rescuedRows: 'rows',
  violatingRows: 'rows',
  sourceLag: 'seconds',
  logLag: 'records',
  slotRetainedWal: 'bytes',
  retentionHeadroom: 'seconds',
  connectorsDown: 'connectors',
  smallFiles: 'files',
  orphanObjects: 'objects',
  reconcile: 'rows',
};

export function measureUnit(measure: Measure): MeasureUnit {
  switch (measure.kind) {
    case 'rowCount':
    case 'nulls':
    case 'missing':
    case 'invalid':
    case 'duplicates':
    case 'relationship':
    case 'expression':
      return 'rows';
    case 'sql':
      return measure.result === 'failedRows' ? 'rows' : 'number';
    case 'distinct':
    case 'aggregate':
    case 'anomaly':
    case 'distribution':
      return 'number';
    case 'freshness':
    case 'latency':
    case 'retention':
    case 'frequency':
      return 'seconds';
    case 'changeOverTime':
      return 'ratio';
    case 'windowLimit':
      return 'keys';
    case 'schema':
      return 'differences';
    case 'cdc':
      return cdcUnits[measure.of];
  }
}

/**
 * `snapshot`: one snapshot gives one answer, so it is measured once. `moment`: the answer hangs on when it is asked, so it
 * is measured once for each time it is due.
 */
export function measureHangsOn(measure: Measure): 'snapshot' | 'moment' {
  switch (measure.kind) {
    case 'freshness':
    case 'latency':
    case 'retention':
    case 'frequency':
    case 'anomaly':
    case 'changeOverTime':
    case 'distribution':
    case 'windowLimit':
    case 'sql':
    case 'expression':
      // Statements may say now().
      return 'moment';
    case 'cdc':
      return ['offsetGaps', 'offsetDuplicates', 'deletePropagation', 'rescuedRows', 'violatingRows', 'smallFiles'].includes(measure.of)
        ? 'snapshot'
        : 'moment';
    default:
      return 'snapshot';
  }
}
