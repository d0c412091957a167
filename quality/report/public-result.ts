// A result as it may leave the operators' hands: in tables of the lake, at a lineage server, in the logs of a build. What was
// measured and what had to hold, told from figures and declarations; never a row, never a key, never the words of an engine
// (they may quote a value), and no least, greatest or middle value of a column that is personal.

import { rowStructs } from '../../lake/raw/raw-schema.ts';
import type { Check } from '../check.ts';
import { carriers } from '../plan/personal-columns.ts';
import type { CheckResult } from '../result.ts';
import { foundText } from '../run/expected-text.ts';
import { sqlOf } from './check-facts.ts';

/** Columns of a table that its contract calls personal; null: nobody could say. */
export type PersonalColumns = (table: string) => ReadonlySet<string> | null;

export function publicResult(result: CheckResult, personalOf: PersonalColumns): CheckResult {
  const { check, measured, outcome, reason, expected } = result;
  const isHidden = isSomebodysValue(check, personalOf);
  const found = measured === null ? null : isHidden ? 'the value is not shown: it may be somebody’s' : foundText(check, measured);
  const told = {
    passed: found,
    warning: `${found}; expected ${expected}`,
    failed: `${found}; expected ${expected}`,
    error: `it could not be measured: foz quality show ${check.id}`,
    learning: null,
    skipped: null,
    unknown: measured === null ? null : `not exact enough to judge: ${found}; expected ${expected}`,
  }[outcome];
  return { ...result, measured: isHidden ? null : measured, reason: told ?? reason, failing: null, keys: [] };
}

function isSomebodysValue({ measure, table }: Check, personalOf: PersonalColumns): boolean {
  const personal = personalOf(table);
  if (measure.kind === 'aggregate') {
    const isOneValue = measure.of === 'min' || measure.of === 'max' || typeof measure.of === 'object';
    return isOneValue && (personal === null || isPersonalPath(measure.column, personal));
  }
  if (measure.kind !== 'sql' || measure.result !== 'value') return false;
  const words = new Set((sqlOf(measure)?.match(/[\p{L}\p{N}_$]+/gu) ?? []).map((word) => word.toLowerCase()));
  return personal === null || [...personal].some((column) => words.has(column.toLowerCase()));
}

/** `email`, and `after.email` of raw rows; of what carries a row, or pieces of it, as a whole: whatever is personal in it. */
function isPersonalPath(path: string, personal: ReadonlySet<string>): boolean {
  const [first = '', second] = path.split('.');
  if (personal.has(first)) return true;
  if (!carriers.has(first)) return false;
  return rowStructs.has(first) && second !== undefined ? personal.has(second) : personal.size > 0;
}
