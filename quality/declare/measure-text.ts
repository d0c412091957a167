// A measure in words, for lists and messages: in the words of the Open Data Contract Standard where it has them.

import type { Aggregate, Measure, Valid } from '../check.ts';
import { durationText } from './duration-text.ts';
import { cdcMeasures } from './forms/forms.ts';

export function measureText(measure: Measure): string {
  switch (measure.kind) {
    case 'rowCount':
      return 'rowCount';
    case 'nulls':
      return `nullValues of ${measure.column}`;
    case 'missing':
      return `missingValues of ${measure.column}`;
    case 'invalid':
      return `invalidValues of ${measure.column}: not ${validText(measure.valid)}`;
    case 'duplicates':
      return `duplicateValues of ${measure.columns.join(', ')}`;
    case 'relationship':
      return `${measure.columns.join(', ')} without a row in ${measure.to.table}.${measure.to.columns.join(', ')}`;
    case 'expression':
      return `rows where not (${shortened(measure.sql)})`;
    case 'sql':
      return `${measure.result === 'value' ? 'value' : 'rows'} of ${shortened(measure.sql)}`;
    case 'distinct':
      return `distinct values of ${measure.column}`;
    case 'aggregate':
      return `${aggregateText(measure.of)} of ${measure.column}`;
    case 'freshness':
      return `age of the newest ${typeof measure.by === 'object' ? measure.by.column : measure.by}`;
    case 'latency':
      return `source to lake, for ${percentText(measure.quantile)} of the rows of ${durationText(measure.overMs)}`;
    case 'retention':
      return `age of the oldest ${measure.column ?? 'row'}`;
    case 'frequency':
      return `longest time between commits in ${durationText(measure.overMs)}`;
    case 'anomaly':
      return `${measureText(measure.of)} in ${durationText(measure.windowMs)}, against its past${measure.season === 'none' ? '' : ` by ${measure.season}`}`;
    case 'changeOverTime':
      return `${measureText(measure.of)} in ${durationText(measure.windowMs)}, against the ${measure.last} before`;
    case 'distribution':
      return `distribution of ${measure.column} in ${durationText(measure.windowMs)}, against the ${measure.last} before`;
    case 'windowLimit': {
      const what = measure.of.kind === 'count' ? 'count' : `sum of ${measure.of.column}`;
      return `${measure.keys.join(', ')} whose ${what} in ${durationText(measure.windowMs)} passes ${measure.limit}`;
    }
    case 'schema':
      return 'columns that differ from the contract';
    case 'cdc':
      return `${measure.of}: ${cdcMeasures[measure.of]}`;
  }
}

function validText(valid: Valid): string {
  switch (valid.kind) {
    case 'values':
      return `one of ${shortened(valid.values.map(String).join(', '))}`;
    case 'notValues':
      return `other than ${shortened(valid.values.map(String).join(', '))}`;
    case 'pattern':
      return `like ${shortened(valid.pattern)}`;
    case 'format':
      return `of format ${valid.format}`;
    case 'range':
      return `in ${valid.min ?? ''}..${valid.max ?? ''}`;
    case 'length':
      return `${valid.min ?? 0}..${valid.max ?? ''} long`;
  }
}

function aggregateText(of: Aggregate): string {
  return typeof of === 'string' ? of : `${percentText(of.quantile)} quantile`;
}

function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

/** One line, without losing what it begins with. */
function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
