// What reports say of a check beside its own members.

import type { Measure } from '../check.ts';

/** The SQL that people wrote, where the check is some. */
export function sqlOf(measure: Measure): string | null {
  return measure.kind === 'sql' || measure.kind === 'expression' ? measure.sql : null;
}
