// What proofs and searches ask about single values. One set serves a whole comparison: patterns are compiled once, long
// enumerations are looked through once; each phase of the work has a budget of its own.

import { formatJudge } from '../json-schema-validator.ts';
import type { JsonValue } from '../json-schema.ts';
import { linearPattern, type LinearPattern } from '../linear-pattern.ts';
import type { Budget } from './budget.ts';
import type { Judges } from './evaluate.ts';
import { jsonEqual, jsonKey } from './json-equal.ts';

/** Longer lists are kept as sets. */
const shortList = 8;

export function createJudges(): (budget: Budget) => Judges {
  const patterns = new Map<string, LinearPattern>();
  const lists = new Map<readonly JsonValue[], ReadonlySet<string>>();
  const format = formatJudge();
  const pattern = (source: string): LinearPattern => {
    const known = patterns.get(source) ?? linearPattern(source);
    patterns.set(source, known);
    return known;
  };
  const isListed = (values: readonly JsonValue[], value: JsonValue): boolean => {
    if (values.length <= shortList) return values.some((known) => jsonEqual(known, value));
    const keys = lists.get(values) ?? new Set(values.map(jsonKey));
    lists.set(values, keys);
    return keys.has(jsonKey(value));
  };
  return (budget) => ({ budget, pattern, isListed, format });
}
