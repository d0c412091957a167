// What a commit's snapshot summary says of contracts: which versions judged its rows, how many rows break a rule, which
// rules, and what was masked with which key. Checks and reports read it without a scan.

import { summaryKeys } from '../../lake/raw/offset-chain.ts';
import type { Judged } from './pinned-contract.ts';

/** Rules named; further ones count in `foz.violations` alone. */
export const rulesNamedMax = 20;

export function judgedSummary(judged: readonly Judged[]): Readonly<Record<string, string>> {
  if (judged.length === 0) return {};
  const byRule = new Map<string, number>();
  for (const one of judged) for (const [rule, count] of one.byRule) byRule.set(rule, (byRule.get(rule) ?? 0) + count);
  const versions = new Set(judged.map(({ contract }) => `${contract.id}@${contract.version}`));
  const masked = new Map(judged.flatMap((one) => [...one.masked, ...one.standIns]));
  const quarantined = sum(judged.map((one) => one.quarantined));
  return {
    [summaryKeys.contract]: [...versions].join(' '),
    [summaryKeys.violations]: String(sum(judged.map((one) => one.violating))),
    ...(quarantined > 0 ? { [summaryKeys.quarantined]: String(quarantined) } : {}),
    ...(byRule.size > 0 ? { [summaryKeys.violationsByRule]: JSON.stringify(Object.fromEntries(mostFrequent(byRule))) } : {}),
    ...(masked.size > 0 ? { [summaryKeys.masked]: JSON.stringify(Object.fromEntries(masked)) } : {}),
  };
}

export function mostFrequent(counts: ReadonlyMap<string, number>, namesMax = rulesNamedMax): readonly (readonly [string, number])[] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, namesMax);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
