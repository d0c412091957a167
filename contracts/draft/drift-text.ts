// Findings of drift, for people.

import type { Drift } from './drift.ts';

export function driftText({ kind, severity, column, expected, found, mend }: Drift): string {
  const where = column === null ? '' : `${column}: `;
  const lines = [`${severity}: ${where}${kind}`, `    contract: ${expected}`, `    source:   ${found}`, `    mend:     ${mend}`];
  return lines.map(printable).join('\n');
}

/** On one line, and unable to steer a terminal: names come from a database. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\ufffd');
}

/** Whether somebody has to do something: what the contract could merely say besides does not count. */
export function isDrift(drifts: readonly Drift[]): boolean {
  return drifts.some(({ severity }) => severity !== 'info');
}
