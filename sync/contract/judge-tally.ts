// The validator while one file is written, and what it has said so far: where every violation in the file is its word, the
// file need not be read again to count them.

import type { Violation } from '../../contracts/rules/rule.ts';
import { quarantinedRule } from '../../lake/raw/raw-schema.ts';
import type { Enforcer } from './enforcer.ts';

export interface JudgeTally {
  /** The list of a record's value as JSON; null where it breaks nothing or is not judged. Throws nothing. */
  judge(value: Uint8Array): string | null;
  /** Violations said, the mark of quarantine among them. */
  entries: number;
  violating: number;
  quarantined: number;
  /** By place and rule. */
  readonly byRule: Map<string, number>;
}

export function judgeTally(enforcer: Enforcer): JudgeTally {
  const tally: JudgeTally = {
    entries: 0,
    violating: 0,
    quarantined: 0,
    byRule: new Map(),
    judge: (value) => {
      const violations = enforcer.judge(value) ?? [];
      if (violations.length === 0) return null;
      count(violations, tally);
      // Half a pair of surrogates is no text to DuckDB.
      return JSON.stringify(violations, (_, part: unknown) => (typeof part === 'string' ? part.toWellFormed() : part));
    },
  };
  return tally;
}

function count(violations: readonly Violation[], tally: JudgeTally): void {
  tally.entries += violations.length;
  tally.violating++;
  for (const { property, rule } of violations) {
    if (rule === quarantinedRule) {
      tally.quarantined++;
      continue;
    }
    const name = property === '' ? rule : `${property} ${rule}`;
    tally.byRule.set(name, (tally.byRule.get(name) ?? 0) + 1);
  }
}
