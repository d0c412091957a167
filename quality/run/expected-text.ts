// What a value had to be, and what was found, for people.

import type { Check } from '../check.ts';
import { thresholdText } from '../declare/threshold-text.ts';
import { measureUnit } from '../measure-unit.ts';
import type { Measured } from '../result.ts';

/** `at most 1 %`; with a threshold to warn at, that one too: `at most 5 %; should be at most 1 %`. */
export function expectedText({ measure, fail, warn }: Pick<Check, 'measure' | 'fail' | 'warn'>): string {
  const unit = measureUnit(measure);
  const must = thresholdText(fail, unit);
  return warn === null ? must : `${must}; should be ${thresholdText(warn, unit)}`;
}

/** `12 of 1,000 rows (1.2 %)`, `at least 3 files`, `1 key`. */
export function foundText(check: Pick<Check, 'measure'>, { value, text, total, exactness }: Measured): string {
  const bound = exactness === 'exact' ? '' : exactness === 'upper' ? 'at most ' : 'at least ';
  const number = text ?? numberText(value);
  const unit = unitText(measureUnit(check.measure));
  // Seconds are told from rows, and are no part of them.
  const isWord = unit.length > 2;
  if (total === null || check.measure.kind === 'rowCount' || unit === ' s')
    return `${bound}${number}${value === 1 && isWord ? unit.slice(0, -1) : unit}`;
  const share = total > 0 && Number.isFinite(value) ? ` (${percentText((100 * value) / total)} %)` : '';
  return `${bound}${number} of ${numberText(total)}${unit}${share}`;
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
