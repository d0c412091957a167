// One number a table, and how much of what is declared it speaks of.
//
//   score    = Σ weight × points / Σ weight   over the checks that were judged
//   coverage = Σ weight of judged / Σ weight of all that is declared
//
// Weights: error 4, warning 2, info 1. Points: passed 1, warning ½, failed 0. What was skipped, is unknown, learning, in error,
// not run yet or not executed is in no score; it lowers the coverage. Both are rounded down: 100 is all of it.

import type { Check, Severity } from '../check.ts';
import type { NotExecuted } from '../declare/declared.ts';
import type { Outcome } from '../result.ts';
import { isJudged } from './report.ts';

export interface TableScore {
  /** Per cent; null: nothing was judged. */
  readonly score: number | null;
  /** Per cent; null: nothing is declared. */
  readonly coverage: number | null;
}

const weights: Readonly<Record<Severity, number>> = { error: 4, warning: 2, info: 1 };

/** `outcomeOf`: of a check's newest result; null: it has none. */
export function scoreOf(
  checks: readonly Check[],
  notExecuted: readonly NotExecuted[],
  outcomeOf: (check: Check) => Outcome | null,
): TableScore {
  let [points, judged, declared] = [0, 0, 0];
  for (const check of checks) {
    const weight = weights[check.severity];
    const outcome = outcomeOf(check);
    declared += weight;
    if (outcome === null || !isJudged(outcome)) continue;
    judged += weight;
    points += outcome === 'passed' ? weight : outcome === 'warning' ? weight / 2 : 0;
  }
  for (const { severity } of notExecuted) declared += weights[severity];
  return { score: percent(points, judged), coverage: percent(judged, declared) };
}

function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.floor((100 * part) / whole);
}
