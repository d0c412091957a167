// Figures of a column, and time.

import type { JsonObject } from '../../../contracts/json-schema.ts';
import type { Aggregate, Measure } from '../../check.ts';
import { durationMs, durationText } from '../duration-text.ts';
import { columnSchema, durationSchema, numberIn, refuse, textIn, type Form, type Refusal } from './form.ts';

export const distinctValues: Form = {
  key: 'distinctValues',
  doc: 'Different values of the column.',
  value: columnSchema,
  takes: 'filtered',
  read: (item) => ({ kind: 'distinct', column: textIn(item, 'distinctValues') }),
  print: (measure) => (measure.kind === 'distinct' ? { distinctValues: measure.column } : null),
};

const named = ['min', 'max', 'average', 'sum', 'stddev', 'variance'] as const satisfies readonly Aggregate[];

const aggregates: readonly Form[] = named.map((of) => ({
  key: of,
  doc: `The ${of} of the column.`,
  value: columnSchema,
  takes: 'filtered',
  read: (item) => ({ kind: 'aggregate', column: textIn(item, of), of }),
  print: (measure) => (measure.kind === 'aggregate' && measure.of === of ? { [of]: measure.column } : null),
}));

const share: JsonObject = { type: 'number', minimum: 0, maximum: 1, title: 'a number from 0 to 1' };

const quantile: Form = {
  key: 'quantile',
  doc: 'The value below which the share `at` of the values lies.',
  value: columnSchema,
  keys: { at: { ...share, description: '0.5 is the median.' } },
  required: ['at'],
  takes: 'filtered',
  read: (item) => ({ kind: 'aggregate', column: textIn(item, 'quantile'), of: { quantile: numberIn(item, 'at', 0.5) } }),
  print: (measure) =>
    measure.kind === 'aggregate' && typeof measure.of === 'object' ? { quantile: measure.column, at: measure.of.quantile } : null,
};

export const figuresOfColumns: readonly Form[] = [distinctValues, ...aggregates, quantile];

const freshness: Form = {
  key: 'freshness',
  doc: 'How long ago the newest source change was; with `by: commit` the newest commit, with `column` its newest value.',
  value: 'must',
  keys: {
    by: { enum: ['change', 'commit'], title: 'change or commit', description: 'What must be new; default: change.' },
    column: { ...columnSchema, description: 'A time: its newest value must be new.' },
  },
  takes: 'view',
  read: (item) => {
    const { by, column } = item;
    if (typeof column !== 'string') return { kind: 'freshness', by: by === 'commit' ? 'commit' : 'change' };
    return by === undefined
      ? { kind: 'freshness', by: { column } }
      : refuse('by', 'both `by` and `column` say what must be new', 'Keep one of them.');
  },
  print: (measure) => {
    if (measure.kind !== 'freshness') return null;
    if (typeof measure.by === 'object') return { column: measure.by.column };
    return measure.by === 'commit' ? { by: 'commit' } : {};
  },
};

const overPreset = { latency: 3_600_000, frequency: 86_400_000 } as const;

const latency: Form = {
  key: 'latency',
  doc: 'From source commit to lake commit, for most rows of the last hour.',
  value: 'must',
  keys: {
    at: { ...share, description: 'Share of the rows that must keep it; default: 0.95.' },
    over: { ...durationSchema, description: 'Rows of how long; default: 1h.' },
  },
  takes: 'nothing',
  read: (item) => withOver(item, overPreset.latency, (overMs) => ({ kind: 'latency', quantile: numberIn(item, 'at', 0.95), overMs })),
  print: (measure) =>
    measure.kind === 'latency'
      ? { ...(measure.quantile === 0.95 ? {} : { at: measure.quantile }), ...overKey(measure.overMs, overPreset.latency) }
      : null,
};

const retention: Form = {
  key: 'retention',
  doc: 'Age of the oldest row, by arrival or by `column`.',
  value: 'must',
  keys: { column: { ...columnSchema, description: 'A time; without it: when the row arrived.' } },
  takes: 'view',
  read: ({ column }) => ({ kind: 'retention', column: typeof column === 'string' ? column : null }),
  print: (measure) => (measure.kind === 'retention' ? (measure.column === null ? {} : { column: measure.column }) : null),
};

const frequency: Form = {
  key: 'frequency',
  doc: 'The longest time between commits with rows, in the last day.',
  value: 'must',
  keys: { over: { ...durationSchema, description: 'Looking back how far; default: 1d.' } },
  takes: 'nothing',
  read: (item) => withOver(item, overPreset.frequency, (overMs) => ({ kind: 'frequency', overMs })),
  print: (measure) => (measure.kind === 'frequency' ? overKey(measure.overMs, overPreset.frequency) : null),
};

function withOver(item: JsonObject, preset: number, make: (overMs: number) => Measure): Measure | Refusal {
  if (item['over'] === undefined) return make(preset);
  const overMs = durationMs(textIn(item, 'over'));
  return overMs === null || overMs === 0 ? refuse('over', 'no time to look back', 'Write a duration such as 1h.') : make(overMs);
}

function overKey(overMs: number, preset: number): JsonObject {
  return overMs === preset ? {} : { over: durationText(overMs) };
}

export const timeForms: readonly Form[] = [freshness, latency, retention, frequency];
