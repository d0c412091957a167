// What a value had to be, and what was found, for people.

import type { Check, Threshold } from '../check.ts';
import { measureUnit } from '../measure-unit.ts';
import type { Measured } from '../result.ts';

/** `at most 1 %`, `0 rows`; with a threshold to warn at, that one too. */
export function expectedText({ measure, fail, warn }: Pick<Check, 'measure' | 'fail' | 'warn'>): string {
  const unit = unitText(measureUnit(measure));
  const parts = [
    ...(fail === null ? [] : [thresholdText(fail, unit)]),
    ...(warn === null ? [] : [`${fail === null ? '' : 'warns unless '}${thresholdText(warn, unit)}`]),
  ];
  return parts.length === 0 ? 'anything' : parts.join('; ');
}

/** `12 of 1,000 rows (1.2 %)`, `at least 3 files`. */
export function foundText(check: Pick<Check, 'measure'>, { value, text, total, exactness }: Measured): string {
  const bound = exactness === 'exact' ? '' : exactness === 'upper' ? 'at most ' : 'at least ';
  const number = text ?? numberText(value);
  const unit = unitText(measureUnit(check.measure));
  if (total === null || check.measure.kind === 'rowCount') return `${bound}${number}${unit}`;
  const share = total > 0 && Number.isFinite(value) ? ` (${percentText((100 * value) / total)} %)` : '';
  return `${bound}${number} of ${numberText(total)}${unit}${share}`;
}

function thresholdText({ operator, values, unit }: Threshold, ofMeasure: string): string {
  const suffix = unit === 'percent' ? ' %' : ofMeasure;
  const [first = 0, second = first] = values;
  const range = `${numberText(first)} to ${numberText(second)}${suffix}`;
  const one = `${numberText(first)}${suffix}`;
  switch (operator) {
    case 'equal':
      return one;
    case 'notEqual':
      return `not ${one}`;
    case 'greater':
      return `more than ${one}`;
    case 'greaterOrEqual':
      return `at least ${one}`;
    case 'less':
      return `less than ${one}`;
    case 'lessOrEqual':
      return `at most ${one}`;
    case 'between':
      return range;
    case 'notBetween':
      return `not ${range}`;
  }
}

function unitText(unit: ReturnType<typeof measureUnit>): string {
  switch (unit) {
    case 'number':
    case 'ratio':
      return '';
    case 'seconds':
      return ' s';
    case 'percent':
      return ' %';
    default:
      return ` ${unit}`;
  }
}

function numberText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
}

/** Small shares keep two figures: one row of a million is not 0 %. */
function percentText(percent: number): string {
  return percent.toLocaleString('en-US', percent !== 0 && percent < 0.1 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 });
}
