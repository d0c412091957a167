// Whether a measured value is right: thresholds against what is known of it. A bound decides only where every value it
// allows is judged alike; where it does not, the check is open: the next measurer must answer, and where there is none the
// outcome is unknown, never a pass. Comparison is exact: decimals and integers beyond 2^53 by their text.

import { exactDecimal, type ExactDecimal } from '../contracts/rules/exact-decimal.ts';
import type { Check, Threshold } from './check.ts';
import { countsRows } from './check.ts';
import type { Measured, Outcome } from './result.ts';

export type Judgement = Extract<Outcome, 'passed' | 'warning' | 'failed'> | 'open';

export function judge(check: Pick<Check, 'measure' | 'fail' | 'warn'>, measured: Measured): Judgement {
  const isCount = countsRows(check.measure);
  const fails = check.fail === null ? 'holds' : standing(check.fail, measured, isCount);
  if (fails === 'broken') return 'failed';
  const warns = check.warn === null ? 'holds' : standing(check.warn, measured, isCount);
  if (fails === 'open' || warns === 'open') return 'open';
  return warns === 'broken' ? 'warning' : 'passed';
}

type Standing = 'holds' | 'broken' | 'open';

/** `isCount`: not below 0, nor above the rows considered. */
export function standing(threshold: Threshold, measured: Measured, isCount: boolean): Standing {
  const range = rangeOf(threshold, measured, isCount);
  if (range === null) return 'open';
  const { operator, values } = threshold;
  const [first = 0, second = first] = values;
  const [low, high] = [scaled(first, range), scaled(second, range)];
  switch (operator) {
    case 'equal':
      return within(range, low, low);
    case 'notEqual':
      return opposite(within(range, low, low));
    case 'between':
      return within(range, low, high);
    case 'notBetween':
      return opposite(within(range, low, high));
    case 'greaterOrEqual':
      return within(range, low, null);
    case 'lessOrEqual':
      return within(range, null, low);
    case 'greater':
      return opposite(within(range, null, low));
    case 'less':
      return opposite(within(range, low, null));
  }
}

/** The least and the greatest that the value can be, null where there is no end, and what thresholds are multiplied by. */
interface ValueRange {
  readonly low: ExactDecimal | null;
  readonly high: ExactDecimal | null;
  readonly factor: ExactDecimal;
}

const one: ExactDecimal = { digits: 1n, scale: 0 };
const zero: ExactDecimal = { digits: 0n, scale: 0 };

/** Null where nothing can be said: no number, or a percentage of nothing. Percentages: 100 × value against threshold × total. */
function rangeOf({ unit }: Threshold, measured: Measured, isCount: boolean): ValueRange | null {
  const value = decimalOf(measured);
  if (value === null) return null;
  const { total, exactness } = measured;
  if (unit === 'percent' && (total === null || !Number.isFinite(total) || total < 0)) return null;
  // Of no rows at all, no row is wrong.
  const isOfNothing = unit === 'percent' && total === 0;
  const up: ExactDecimal = unit === 'percent' ? { digits: isOfNothing ? 0n : 100n, scale: 0 } : one;
  const factor = unit === 'percent' && total !== null && !isOfNothing ? exactDecimal(total) : one;
  const least = isCount ? zero : null;
  const most = isCount && total !== null && Number.isFinite(total) ? times(exactDecimal(total), up) : null;
  return {
    factor,
    low: exactness === 'upper' ? least : times(value, up),
    high: exactness === 'lower' ? most : times(value, up),
  };
}

function decimalOf({ value, text }: Measured): ExactDecimal | null {
  const plain = text === null ? null : /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (plain) {
    const [, sign = '', whole = '0', fraction = ''] = plain;
    const digits = BigInt(whole + fraction);
    return { digits: sign === '-' ? -digits : digits, scale: fraction.length };
  }
  return Number.isFinite(value) ? exactDecimal(value) : null;
}

function scaled(threshold: number, { factor }: ValueRange): ExactDecimal {
  return times(exactDecimal(threshold), factor);
}

/** Whether every value of the range is in [low, high], none is, or some. Null: no end. */
function within(range: ValueRange, low: ExactDecimal | null, high: ExactDecimal | null): Standing {
  const isAbove = range.low !== null && high !== null && compare(range.low, high) > 0;
  const isBelow = range.high !== null && low !== null && compare(range.high, low) < 0;
  if (isAbove || isBelow) return 'broken';
  const startsInside = low === null || (range.low !== null && compare(range.low, low) >= 0);
  const endsInside = high === null || (range.high !== null && compare(range.high, high) <= 0);
  return startsInside && endsInside ? 'holds' : 'open';
}

function opposite(found: Standing): Standing {
  return found === 'open' ? 'open' : found === 'holds' ? 'broken' : 'holds';
}

function times(a: ExactDecimal, b: ExactDecimal): ExactDecimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

function compare(a: ExactDecimal, b: ExactDecimal): number {
  const scale = Math.max(a.scale, b.scale);
  const [left, right] = [a.digits * 10n ** BigInt(scale - a.scale), b.digits * 10n ** BigInt(scale - b.scale)];
  return left < right ? -1 : left > right ? 1 : 0;
}
