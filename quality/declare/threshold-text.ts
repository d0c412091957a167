// Thresholds as people write and read them: `0`, `at most 1 %`, `between 1 and 5`, `at most 10m`. One grammar for files of
// checks and for what reports say was expected.

import type { MeasureUnit, Threshold, ThresholdOperator } from '../check.ts';
import { durationText } from './duration-text.ts';

const words: readonly (readonly [words: string, operator: ThresholdOperator])[] = [
  ['not between', 'notBetween'],
  ['between', 'between'],
  ['at least', 'greaterOrEqual'],
  ['at most', 'lessOrEqual'],
  ['more than', 'greater'],
  ['less than', 'less'],
  ['not', 'notEqual'],
  ['exactly', 'equal'],
  ['', 'equal'],
];

const seconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
const bytes: Readonly<Record<string, number>> = { B: 1, KB: 1e3, KiB: 1024, MB: 1e6, MiB: 1024 ** 2, GB: 1e9, GiB: 1024 ** 3 };

const amount = String.raw`-?[0-9]{1,15}(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,3})?`;
const amountWithUnit = `${amount} ?(?:%|ms|s|m|h|d|[KMG]i?B|B)?`;

/** For the JSON Schema: what every threshold looks like, whatever it measures. */
export const thresholdPattern = `^(?:anything|(?:exactly |not |at least |at most |more than |less than )?${amountWithUnit}|(?:not )?between ${amountWithUnit} and ${amountWithUnit})$`;

export const thresholdForms = '0, at least 1, at most 1 %, more than 5, less than 10m, between 1 and 5, not 3, anything';

export type ThresholdReading =
  /** Null: anything will do. */
  | { readonly kind: 'threshold'; readonly threshold: Threshold | null }
  | { readonly kind: 'refused'; readonly message: string; readonly mend: string };

/** `percentOf`: whether a percentage of the rows considered means something for the measure. */
export function readThreshold(
  given: string | number,
  measure: { readonly unit: MeasureUnit; readonly hasPercent: boolean },
): ThresholdReading {
  const text = String(given).trim();
  if (text === 'anything') return { kind: 'threshold', threshold: null };
  const said = words.find(([prefix]) => prefix === '' || text.startsWith(`${prefix} `));
  const [prefix, operator] = said ?? ['', 'equal'];
  const parts =
    operator === 'between' || operator === 'notBetween' ? text.slice(prefix.length).split(' and ') : [text.slice(prefix.length)];
  const read = parts.map((part) => new RegExp(`^(${amount}) ?(%|ms|s|m|h|d|[KMG]i?B|B)?$`).exec(part.trim()));
  const isRange = operator === 'between' || operator === 'notBetween';
  if (read.length !== (isRange ? 2 : 1) || read.some((part) => part === null))
    return refused(`${JSON.stringify(text.slice(0, 60))} does not say which values are right`, `Write one of: ${thresholdForms}.`);
  const lastUnit = read.at(-1)?.[2];
  const factors = read.map((part) => factorOf(part?.[2] ?? lastUnit, measure));
  const wrong = factors.find((factor) => typeof factor === 'string');
  if (typeof wrong === 'string') return refused(wrong, mendOf(measure));
  const values = read.map((part, index) => Number(part?.[1]) * Number(factors[index]));
  const [low = 0, high = low] = values;
  if (!values.every(Number.isFinite)) return refused(`${text} is beyond what a number holds`, `Write one of: ${thresholdForms}.`);
  if (low > high) return refused(`nothing is between ${low} and ${high}`, 'Write the smaller number first.');
  const isPercent = lastUnit === '%' && measure.unit !== 'percent';
  return { kind: 'threshold', threshold: { operator, values, unit: isPercent ? 'percent' : 'value' } };
}

function factorOf(unit: string | undefined, measure: { readonly unit: MeasureUnit; readonly hasPercent: boolean }): number | string {
  if (unit === undefined) return 1;
  if (unit === '%')
    return measure.hasPercent || measure.unit === 'percent' ? 1 : 'a percentage of what? The measure does not count rows of a total';
  if (measure.unit === 'seconds') return seconds[unit] ?? `${unit} is no unit of time`;
  if (measure.unit === 'bytes') return bytes[unit] ?? `${unit} is no unit of size`;
  return `the measure counts ${measure.unit}, not ${unit}`;
}

function mendOf({ unit, hasPercent }: { readonly unit: MeasureUnit; readonly hasPercent: boolean }): string {
  if (unit === 'seconds') return 'Write a time, such as at most 10m.';
  if (unit === 'bytes') return 'Write a size, such as at most 10GB.';
  return hasPercent ? 'Write a number, or a percentage such as at most 1 %.' : 'Write a plain number.';
}

/** What `readThreshold` reads back. */
export function thresholdText(threshold: Threshold | null, unit: MeasureUnit): string {
  if (threshold === null) return 'anything';
  const { operator, values } = threshold;
  const [first = 0, second = first] = values;
  const text = (value: number): string => valueText(value, threshold, unit);
  if (operator === 'between' || operator === 'notBetween') return `${wordsOf(operator)} ${text(first)} and ${text(second)}`;
  return operator === 'equal' ? text(first) : `${wordsOf(operator)} ${text(first)}`;
}

function wordsOf(operator: ThresholdOperator): string {
  return words.find(([, candidate]) => candidate === operator)?.[0] ?? '';
}

function valueText(value: number, { unit: percent }: Threshold, unit: MeasureUnit): string {
  if (percent === 'percent' || unit === 'percent') return `${value} %`;
  if (unit === 'bytes') return sizeText(value);
  if (unit !== 'seconds') return String(value);
  return Number.isSafeInteger(value) && value > 0 && value < 1e12 ? durationText(value * 1000) : `${value}s`;
}

const sizes = ['GB', 'GiB', 'MB', 'MiB', 'KB', 'KiB'] as const;

/** In the largest unit that it is a whole number of; never without one, since `between 1 and 5MB` begins at 1MB. */
function sizeText(value: number): string {
  if (value === 0) return '0';
  const unit = Number.isSafeInteger(value) ? sizes.find((name) => value % (bytes[name] ?? 1) === 0) : undefined;
  return unit === undefined ? `${value}B` : `${value / (bytes[unit] ?? 1)}${unit}`;
}

function refused(message: string, mend: string): ThresholdReading {
  return { kind: 'refused', message, mend };
}
