// What a check is when its declaration says no more than what to measure: chosen so that most of them are one line.

import type { Check, Dimension, Measure, Threshold, When } from '../check.ts';

export const samplesDefault = 5;
export const samplesMax = 100;

const cron = (expression: string): When => ({ kind: 'cron', expression });

/** After commits, but not more often than people look. */
const afterCommits: When = { kind: 'commit', atMostEveryMs: 300_000 };

/** What grows stale by itself is looked at by the clock; what only a commit changes, after commits; what is dear, at night. */
export function defaultWhen(measure: Measure): When {
  switch (measure.kind) {
    case 'freshness':
    case 'latency':
    case 'frequency':
      return cron('*/5 * * * *');
    case 'retention':
      return cron('0 2 * * *');
    case 'anomaly':
    case 'changeOverTime':
    case 'distribution':
      return cron('5 * * * *');
    case 'windowLimit':
      return { kind: 'commit', atMostEveryMs: 0 };
    case 'cdc':
      switch (measure.of) {
        case 'sourceLag':
        case 'logLag':
        case 'slotRetainedWal':
        case 'retentionHeadroom':
        case 'connectorsDown':
          return cron('*/5 * * * *');
        case 'deletePropagation':
        case 'reconcile':
          return cron('0 3 * * *');
        case 'smallFiles':
        case 'orphanObjects':
          return cron('30 2 * * *');
        default:
          return afterCommits;
      }
    default:
      return afterCommits;
  }
}

export function defaultView(measure: Measure): Check['view'] {
  switch (measure.kind) {
    case 'cdc':
    case 'schema':
    case 'latency':
    case 'frequency':
      return 'raw';
    case 'freshness':
      return typeof measure.by === 'object' ? 'current' : 'raw';
    case 'retention':
      return measure.column === null ? 'raw' : 'current';
    default:
      return 'current';
  }
}

const threshold = (operator: Threshold['operator'], value: number): Threshold => ({ operator, values: [value], unit: 'value' });

/** Undefined: nothing goes without saying. */
export function defaultFail(measure: Measure): Threshold | undefined {
  switch (measure.kind) {
    case 'nulls':
    case 'missing':
    case 'invalid':
    case 'duplicates':
    case 'relationship':
    case 'expression':
    case 'schema':
    case 'windowLimit':
      return threshold('equal', 0);
    case 'sql':
      return measure.result === 'failedRows' ? threshold('equal', 0) : undefined;
    case 'anomaly':
      return threshold('lessOrEqual', measure.sensitivity);
    case 'distribution':
      return threshold('lessOrEqual', 0.2);
    case 'cdc':
      return ['sourceLag', 'logLag', 'slotRetainedWal', 'retentionHeadroom', 'smallFiles'].includes(measure.of)
        ? undefined
        : threshold('equal', 0);
    default:
      return undefined;
  }
}

export function defaultDimension(measure: Measure): Dimension {
  switch (measure.kind) {
    case 'rowCount':
    case 'nulls':
    case 'missing':
      return 'completeness';
    case 'invalid':
    case 'schema':
      return 'conformity';
    case 'duplicates':
      return 'uniqueness';
    case 'relationship':
    case 'changeOverTime':
    case 'distribution':
    case 'anomaly':
      return 'consistency';
    case 'freshness':
    case 'latency':
    case 'retention':
    case 'frequency':
      return 'timeliness';
    case 'cdc':
      if (['rescuedRows', 'violatingRows'].includes(measure.of)) return 'conformity';
      if (['reconcile', 'deletePropagation'].includes(measure.of)) return 'consistency';
      return ['offsetGaps', 'offsetDuplicates'].includes(measure.of) ? 'completeness' : 'timeliness';
    default:
      return 'accuracy';
  }
}
