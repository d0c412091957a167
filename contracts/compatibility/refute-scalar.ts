// Facts about nulls, booleans, numbers and texts that no value meets.

import { isDecimalMultiple } from '../decimal-multiple.ts';
import type { Facts } from './facts.ts';
import { jsonEqual } from './json-equal.ts';
import { hasKind, kinds } from './kinds.ts';
import { lengthsOfFormat, lengthsOfPattern } from './text-lengths.ts';

/** More values than this are not looked at one by one. */
const enumeratedMax = 256;

export function nullRefuted({ excluded }: Facts): boolean {
  return excluded.some((value) => value === null);
}

export function booleanRefuted({ excluded }: Facts): boolean {
  return excluded.includes(true) && excluded.includes(false);
}

export function numberRefuted(facts: Facts, kind: typeof kinds.integer | typeof kinds.fraction): boolean {
  const { low, high, multiples, notMultiples } = facts;
  if (low > high || (low === high && (facts.lowIsOpen || facts.highIsOpen))) return true;
  const isInteger = kind === kinds.integer;
  const steps = isInteger ? [...multiples, 1] : multiples;
  // A fraction is no multiple of an integer.
  if (!isInteger && multiples.some((step) => Number.isInteger(step))) return true;
  if (notMultiples.some((divisor) => steps.some((step) => isDecimalMultiple(step, divisor)))) return true;
  const values = valuesBetween(facts, steps);
  return values !== null && values.every((value) => isExcluded(facts, value, kind));
}

/** Every value there can be, when they are few and known; null otherwise. */
function valuesBetween({ low, high }: Facts, steps: readonly number[]): readonly number[] | null {
  if (low === high) return [low];
  const step = Math.max(...steps, 0);
  // Steps written with an exponent are not multiplied exactly below.
  if (step === 0 || String(step).includes('e') || !Number.isFinite(low) || !Number.isFinite(high)) return null;
  const first = Math.ceil(low / step) - 1;
  const last = Math.floor(high / step) + 1;
  if (last - first > enumeratedMax || !Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return null;
  return Array.from({ length: last - first + 1 }, (_, index) => decimalProduct(first + index, step));
}

/** 3 × 0.1 is 0.3. */
function decimalProduct(count: number, step: number): number {
  const digits = /\.(\d+)$/.exec(String(step))?.[1]?.length;
  return digits === undefined ? count * step : Number((count * step).toFixed(digits));
}

function isExcluded(facts: Facts, value: number, kind: number): boolean {
  if (value < facts.low || value > facts.high || (value === facts.low && facts.lowIsOpen) || (value === facts.high && facts.highIsOpen))
    return true;
  if (Number.isInteger(value) !== (kind === kinds.integer)) return true;
  if (facts.multiples.some((divisor) => !isDecimalMultiple(value, divisor))) return true;
  if (facts.notMultiples.some((divisor) => isDecimalMultiple(value, divisor))) return true;
  return facts.excluded.some((excluded) => jsonEqual(excluded, value));
}

export function textRefuted(facts: Facts): boolean {
  let shortest = facts.lengthMin;
  let longest = facts.lengthMax;
  for (const lengths of [...facts.formats.map(lengthsOfFormat), ...facts.patterns.map(lengthsOfPattern)]) {
    shortest = Math.max(shortest, lengths.min);
    longest = Math.min(longest, lengths.max);
  }
  if (shortest > longest || longest < 0) return true;
  if (facts.notPatterns.some((pattern) => facts.patterns.includes(pattern) || matchesAll(pattern))) return true;
  if (facts.notFormats.some((format) => facts.formats.includes(format))) return true;
  return longest === 0 && facts.excluded.includes('');
}

function matchesAll(pattern: string): boolean {
  return pattern === '' || pattern === '.*' || pattern === '^' || pattern === '^.*';
}

/** Nothing of any kind meets the facts, as far as can be told without looking into members and items. */
export function hasNoKind(facts: Facts): boolean {
  const possible = (kind: number): boolean => hasKind(facts.kinds, kind);
  if (possible(kinds.null) && !nullRefuted(facts)) return false;
  if (possible(kinds.boolean) && !booleanRefuted(facts)) return false;
  if (possible(kinds.integer) && !numberRefuted(facts, kinds.integer)) return false;
  if (possible(kinds.fraction) && !numberRefuted(facts, kinds.fraction)) return false;
  if (possible(kinds.string) && !textRefuted(facts)) return false;
  if (possible(kinds.array) && facts.itemsMin <= facts.itemsMax) return false;
  return !possible(kinds.object) || [...facts.forbidden].some((name) => facts.required.has(name));
}
