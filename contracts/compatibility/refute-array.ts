// Facts about an array that no array meets.

import type { Claim, Counted, Facts } from './facts.ts';
import type { Columns } from './known-columns.ts';
import { itemClaims, prefixLength } from './members.ts';
import type { Prover } from './prover.ts';

export function arrayRefuted(prover: Prover, facts: Facts, columns: Columns): boolean {
  if (facts.itemsMin > facts.itemsMax || facts.itemsMax < 0) return true;
  if (facts.hasEqualItems && (facts.isUnique || facts.itemsMax < 2)) return true;
  const refuted = (index: number, more: readonly Claim[]): boolean =>
    prover.isEmpty([...itemClaims(facts, index), ...more], columns.item(index));
  const different = prefixLength(facts);
  for (let index = 0; index < facts.itemsMin && index <= different; index += 1) if (refuted(index, [])) return true;
  /** No item at or after `from` can satisfy the claim. */
  const nowhere = (from: number, claim: Claim): boolean => {
    for (let index = from; index <= Math.max(different, from) && index < facts.itemsMax; index += 1)
      if (!refuted(index, [claim])) return false;
    return true;
  };
  if (facts.someItem.some(({ from, claim }) => nowhere(from, claim))) return true;
  if (facts.atLeast.some(({ count, claim }) => count > facts.itemsMax || nowhere(0, claim))) return true;
  return facts.atMost.some((most) => exceeded(prover, facts, columns, most));
}

/** More items satisfy the claim than may. */
function exceeded(prover: Prover, facts: Facts, columns: Columns, most: Counted): boolean {
  const denied: Claim = { ...most.claim, holds: !most.claim.holds };
  const implied = facts.atLeast.some(({ claim, count }) => count > most.count && prover.isEmptyAnywhere([claim, denied]));
  if (implied) return true;
  if (facts.itemsMin <= most.count) return false;
  for (let index = 0; index <= prefixLength(facts); index += 1) {
    if (!prover.isEmpty([...itemClaims(facts, index), denied], columns.item(index))) return false;
  }
  return true;
}
