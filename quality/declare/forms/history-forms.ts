// What is judged by its own past, or within windows of time.

import { isJsonObject, type JsonObject, type JsonValue } from '../../../contracts/json-schema.ts';
import type { Measure, Season } from '../../check.ts';
import { durationMs, durationText } from '../duration-text.ts';
import { figuresOfColumns } from './figure-forms.ts';
import {
  columnSchema,
  columnsSchema,
  durationSchema,
  namesIn,
  namesValue,
  numberIn,
  plainName,
  refuse,
  textIn,
  type Form,
  type Refusal,
} from './form.ts';
import { duplicateValues, invalidValues, missingValues, nullValues } from './row-forms.ts';

/** What can be measured window by window. */
const inner: readonly Form[] = [nullValues, missingValues, invalidValues, duplicateValues, ...figuresOfColumns];

const ofSchema: JsonObject = {
  anyOf: [
    { type: 'string', pattern: String.raw`^(?:rowCount|[A-Za-z]+ of [A-Za-z_]\w*)$`, maxLength: 300 },
    ...inner.map(({ key, value, keys = {}, required = [] }) => ({
      type: 'object',
      properties: { [key]: value, ...keys },
      required: [key, ...required.filter((name) => name in keys)],
      additionalProperties: false,
    })),
  ],
  title: 'a measure: rowCount, nullValues of email, sum of fare, or a mapping such as { quantile: fare, at: 0.5 }',
};

const seasons: readonly Season[] = ['none', 'hour-of-day', 'hour-of-week', 'day-of-week', 'day-of-month'];

const windowPreset = 86_400_000;
const windowKey: JsonObject = { ...durationSchema, description: 'How long a window is; default: 1d. Windows are in UTC.' };
const lastKey: JsonObject = {
  type: 'integer',
  minimum: 1,
  maximum: 1_000,
  title: 'a number of windows',
  description: 'How many windows before it; default: 7.',
};

const anomaly: Form = {
  key: 'anomaly',
  doc: 'Whether the newest closed window is what its own past makes likely: anomaly: rowCount',
  value: ofSchema,
  keys: {
    window: windowKey,
    season: { enum: seasons, title: `one of ${seasons.join(', ')}`, description: 'Which earlier windows are like it; default: none.' },
    sensitivity: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 100,
      title: 'a number of deviations',
      description: 'How far from the usual is too far; default: 4.',
    },
  },
  takes: 'filtered',
  read: (item) =>
    withWindow(item, 'anomaly', (of, windowMs) => ({
      kind: 'anomaly',
      of,
      windowMs,
      season: seasons.find((season) => season === item['season']) ?? 'none',
      sensitivity: numberIn(item, 'sensitivity', sensitivityPreset),
    })),
  print: (measure) => {
    if (measure.kind !== 'anomaly') return null;
    const { of, windowMs, season, sensitivity } = measure;
    return {
      anomaly: printOf(of),
      ...windowValue(windowMs),
      ...(season === 'none' ? {} : { season }),
      ...(sensitivity === sensitivityPreset ? {} : { sensitivity }),
    };
  },
};

const sensitivityPreset = 4;

const changeOverTime: Form = {
  key: 'changeOverTime',
  doc: 'The newest closed window as a share of the average of those before it: changeOverTime: rowCount',
  value: ofSchema,
  keys: { window: windowKey, last: lastKey },
  takes: 'filtered',
  read: (item) =>
    withWindow(item, 'changeOverTime', (of, windowMs) => ({ kind: 'changeOverTime', of, windowMs, last: numberIn(item, 'last', 7) })),
  print: (measure) =>
    measure.kind === 'changeOverTime'
      ? { changeOverTime: printOf(measure.of), ...windowValue(measure.windowMs), ...lastValue(measure.last) }
      : null,
};

const distribution: Form = {
  key: 'distribution',
  doc: 'How far the values of a column in the newest closed window are from those before it (population stability index).',
  value: columnSchema,
  keys: {
    window: windowKey,
    last: lastKey,
    bins: { type: 'integer', minimum: 2, maximum: 100, title: 'a number of bins', description: 'Default: 10.' },
  },
  takes: 'filtered',
  read: (item) => {
    const windowMs = windowIn(item);
    if (windowMs === null) return noWindow;
    const [last, bins] = [numberIn(item, 'last', 7), numberIn(item, 'bins', 10)];
    return { kind: 'distribution', column: textIn(item, 'distribution'), windowMs, last, bins };
  },
  print: (measure) =>
    measure.kind === 'distribution'
      ? {
          distribution: measure.column,
          ...windowValue(measure.windowMs),
          ...lastValue(measure.last),
          ...(measure.bins === 10 ? {} : { bins: measure.bins }),
        }
      : null,
};

const windowLimit: Form = {
  key: 'windowLimit',
  doc: 'Keys whose sum or count within a window passes the limit.',
  value: { type: 'number', title: 'a number: the limit' },
  keys: {
    of: {
      anyOf: [
        { type: 'string', pattern: String.raw`^(?:count|sum of [A-Za-z_]\w*)$`, maxLength: 300 },
        { type: 'object', properties: { sum: columnSchema }, required: ['sum'], additionalProperties: false },
      ],
      title: 'count, or sum of a column: sum of fare',
      description: 'What is added up; default: count.',
    },
    per: { ...columnsSchema, description: 'Whose: the column or columns of the key.' },
    window: windowKey,
    time: { ...columnSchema, description: 'The time that decides the window.' },
  },
  required: ['per', 'time'],
  takes: 'filtered',
  read: (item) => {
    const windowMs = windowIn(item);
    if (windowMs === null) return noWindow;
    const limit = numberIn(item, 'windowLimit', 0);
    return { kind: 'windowLimit', keys: namesIn(item['per']), of: summed(item['of']), time: textIn(item, 'time'), windowMs, limit };
  },
  print: (measure) => {
    if (measure.kind !== 'windowLimit') return null;
    const { limit, of, keys, windowMs, time } = measure;
    const added = of.kind === 'count' ? {} : { of: plainName.test(of.column) ? `sum of ${of.column}` : { sum: of.column } };
    return { windowLimit: limit, ...added, per: namesValue(keys), ...windowValue(windowMs), time };
  },
};

function summed(of: JsonValue | undefined): Extract<Measure, { kind: 'windowLimit' }>['of'] {
  if (isJsonObject(of)) return { kind: 'sum', column: textIn(of, 'sum') };
  return typeof of === 'string' && of !== 'count' ? { kind: 'sum', column: of.slice('sum of '.length) } : { kind: 'count' };
}

const noWindow = refuse('window', 'a window without length', 'Write a duration such as 1h or 1d.');

function windowIn(item: JsonObject): number | null {
  const ms = item['window'] === undefined ? windowPreset : durationMs(textIn(item, 'window'));
  return ms === null || ms === 0 ? null : ms;
}

function windowValue(windowMs: number): JsonObject {
  return windowMs === windowPreset ? {} : { window: durationText(windowMs) };
}

function lastValue(last: number): JsonObject {
  return last === 7 ? {} : { last };
}

function withWindow(item: JsonObject, key: string, make: (of: Measure, windowMs: number) => Measure): Measure | Refusal {
  const windowMs = windowIn(item);
  if (windowMs === null) return noWindow;
  const of = readOf(item[key] ?? null, key);
  return of.kind === 'refused' ? of : make(of, windowMs);
}

function readOf(value: JsonValue, at: string): Measure | Refusal {
  if (value === 'rowCount') return { kind: 'rowCount' };
  const item = typeof value === 'string' ? itemIn(value) : isJsonObject(value) ? value : {};
  const form = inner.find(({ key }) => item[key] !== undefined);
  const known = `rowCount, ${inner.map(({ key }) => `${key} of COLUMN`).join(', ')}`;
  if (form === undefined) return refuse(at, `nothing is measured by ${JSON.stringify(value).slice(0, 60)}`, `Write one of: ${known}.`);
  if (form.required?.some((key) => item[key] === undefined) === true)
    return refuse(
      at,
      `${form.key} needs ${form.required.join(', ')}`,
      `Write it as a mapping: { ${form.key}: …, ${form.required.join(': …, ')}: … }.`,
    );
  const measure = form.read(item);
  return measure.kind === 'refused' ? { ...measure, at } : measure;
}

function itemIn(text: string): JsonObject {
  const [key = '', column = ''] = text.split(' of ');
  return { [key]: column };
}

function printOf(of: Measure): JsonValue {
  if (of.kind === 'rowCount') return 'rowCount';
  for (const form of inner) {
    const item = form.print(of);
    if (item === null) continue;
    const column = item[form.key];
    return Object.keys(item).length === 1 && typeof column === 'string' && plainName.test(column) ? `${form.key} of ${column}` : item;
  }
  // Only a Measure that no declaration makes: written as it is, for a reader to refuse.
  return of.kind;
}

export const historyForms: readonly Form[] = [anomaly, changeOverTime, distribution, windowLimit];
