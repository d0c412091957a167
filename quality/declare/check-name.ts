// Names of checks: told from what is measured, so that a line needs none, and stable as long as that stays.

import type { Measure } from '../check.ts';

/** Lower-case, digits, `_` and `-`; at most 100 characters. */
export function slug(text: string): string {
  const name = text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replaceAll(/^[-_]+|-+$/g, '')
    .slice(0, 100);
  return name === '' ? 'check' : name;
}

/** Null where only a person can name it: statements. */
export function measureName(measure: Measure): string | null {
  const words = wordsOf(measure);
  return words === null ? null : slug(words.join('-'));
}

function wordsOf(measure: Measure): readonly string[] | null {
  switch (measure.kind) {
    case 'rowCount':
      return ['row-count'];
    case 'nulls':
      return ['null-values', measure.column];
    case 'missing':
      return ['missing-values', measure.column];
    case 'invalid':
      return ['invalid-values', measure.column];
    case 'duplicates':
      return ['duplicate-values', ...measure.columns];
    case 'relationship':
      return ['relationship', ...measure.columns, measure.to.table];
    case 'expression':
    case 'sql':
      return null;
    case 'distinct':
      return ['distinct-values', measure.column];
    case 'aggregate':
      return [typeof measure.of === 'string' ? measure.of : `quantile-${measure.of.quantile}`, measure.column];
    case 'freshness':
      return typeof measure.by === 'object'
        ? ['freshness', measure.by.column]
        : ['freshness', ...(measure.by === 'commit' ? ['commit'] : [])];
    case 'latency':
    case 'frequency':
      return [measure.kind];
    case 'retention':
      return ['retention', ...(measure.column === null ? [] : [measure.column])];
    case 'anomaly':
    case 'changeOverTime': {
      const of = wordsOf(measure.of);
      return of === null ? null : [measure.kind === 'anomaly' ? 'anomaly' : 'change-over-time', ...of];
    }
    case 'distribution':
      return ['distribution', measure.column];
    case 'windowLimit':
      return ['window-limit', ...(measure.of.kind === 'sum' ? [measure.of.column] : ['count']), ...measure.keys];
    case 'schema':
      return ['schema'];
    case 'cdc':
      return ['cdc', measure.of];
  }
}
