// Conditions for skipping files: "may this file hold a row that …?" answered from counts and bounds. Where the statistics
// do not say, the answer is yes. It never says no wrongly, so the engine still filters rows.

import { compareValues, type SingleValue } from './value-bytes.ts';

/** On one column by field id, or on one partition field by its id (`date`: days since 1970-01-01). */
export interface Target {
  readonly kind: 'column' | 'partition';
  readonly id: number;
}

export interface End {
  /** number is accepted for the 64-bit types. Decimals are unscaled bigints, timestamps microseconds, dates days. */
  readonly value: SingleValue;
  readonly isInclusive: boolean;
}

export type Predicate =
  | { readonly kind: 'and'; readonly all: readonly Predicate[] }
  | { readonly kind: 'or'; readonly any: readonly Predicate[] }
  | LeafPredicate;

export type LeafPredicate =
  | { readonly kind: 'is-null'; readonly target: Target }
  | { readonly kind: 'not-null'; readonly target: Target }
  | { readonly kind: 'in'; readonly target: Target; readonly values: readonly SingleValue[] }
  | { readonly kind: 'range'; readonly target: Target; readonly from?: End; readonly to?: End };

export function equalTo(target: Target, value: SingleValue): Predicate {
  return { kind: 'in', target, values: [value] };
}

/** What is known of the values of one target in one file or manifest. */
export interface ValueRange {
  readonly mayBeNull: boolean;
  /** False: every value is null. */
  readonly mayBeValue: boolean;
  readonly mayBeNan: boolean;
  /** Null: unknown. */
  readonly lower: SingleValue | null;
  readonly upper: SingleValue | null;
  /** A predicate's value in the form of the bounds. Null: it has none; then nothing is ruled out. Never reverses an order. */
  readonly convert: (value: SingleValue) => SingleValue | null;
  /** Whether `convert` may make different values one (the day of a timestamp): then an open end counts as a closed one. */
  readonly isLossy: boolean;
}

/** `ranges` gives everything known of a leaf's target; each range alone can rule a file out. */
export function mayMatch(predicate: Predicate, ranges: (leaf: LeafPredicate) => readonly ValueRange[]): boolean {
  if (predicate.kind === 'and') return predicate.all.every((inner) => mayMatch(inner, ranges));
  if (predicate.kind === 'or') return predicate.any.some((inner) => mayMatch(inner, ranges));
  return ranges(predicate).every((range) => leafMayMatch(predicate, range));
}

function leafMayMatch(leaf: LeafPredicate, range: ValueRange): boolean {
  switch (leaf.kind) {
    case 'is-null':
      return range.mayBeNull;
    case 'not-null':
      return range.mayBeValue;
    case 'in':
      return range.mayBeValue && leaf.values.some((value) => mayHold(value, range));
    case 'range':
      // Engines differ on whether NaN is above every number; bounds never tell of it.
      if (range.mayBeNan && leaf.to === undefined) return true;
      return range.mayBeValue && !isBelow(range, leaf.from) && !isAbove(range, leaf.to);
  }
}

function mayHold(value: SingleValue, range: ValueRange): boolean {
  const end = { value, isInclusive: true };
  return !isBelow(range, end) && !isAbove(range, end);
}

/** Everything in the range lies below `from`. */
function isBelow(range: ValueRange, from: End | undefined): boolean {
  const order = ordered(range.upper, from, range);
  return order < 0 || (order === 0 && from?.isInclusive === false && !range.isLossy);
}

/** Everything in the range lies above `to`. */
function isAbove(range: ValueRange, to: End | undefined): boolean {
  const order = ordered(range.lower, to, range);
  return order > 0 || (order === 0 && to?.isInclusive === false && !range.isLossy);
}

/** The bound against the end; NaN, which is neither below, above nor equal, where one of them is not known. */
function ordered(bound: SingleValue | null, end: End | undefined, range: ValueRange): number {
  const converted = end === undefined || Number.isNaN(end.value) ? null : range.convert(end.value);
  if (bound === null || converted === null) return Number.NaN;
  // In SQL −0.0 equals 0.0; in Iceberg's order it stands before it.
  return bound === 0 && converted === 0 ? 0 : compareValues(bound, converted);
}
