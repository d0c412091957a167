// What a measure counts in.

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
