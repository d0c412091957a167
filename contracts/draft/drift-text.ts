// Findings of drift, for people.

import type { Drift } from './drift.ts';

export function driftText({ kind, severity, column, expected, found, mend }: Drift): string {
  const where = column === null ? '' : `${column}: `;
  return `${severity}: ${where}${kind}\n    contract: ${expected}\n    source:   ${found}\n    mend:     ${mend}`;
}

/** Whether somebody has to do something: what the contract could merely say besides does not count. */
export function isDrift(drifts: readonly Drift[]): boolean {
  return drifts.some(({ severity }) => severity !== 'info');
}
