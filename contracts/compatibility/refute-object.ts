// Facts about an object that no object meets.

import { evaluate } from './evaluate.ts';
import type { Claim, Facts, SomeMember } from './facts.ts';
import { additionalProperties, schemaMapKeyword } from './keywords.ts';
import type { Columns } from './known-columns.ts';
import { mayBeCalled, memberClaims, requiredNames, unnamedClaims } from './members.ts';
import type { Prover } from './prover.ts';

export function objectRefuted(prover: Prover, facts: Facts, columns: Columns): boolean {
  const required = requiredNames(facts);
  if (required.size > facts.propertiesMax || facts.propertiesMin > facts.propertiesMax) return true;
  // What a denial speaks of first: that is where the contradiction is, if there is one.
  for (const name of facts.forbidden) if (required.has(name)) return true;
  const focus = new Set(facts.memberClaims.map(({ name }) => name));
  for (const name of focus) if (required.has(name) && memberRefuted(prover, facts, columns, name)) return true;
  for (const name of required) if (isImpossible(prover, facts, columns, name)) return true;
  if (facts.someMember.some((some) => someMemberRefuted(prover, facts, columns, some))) return true;
  if (facts.propertiesMin > 0 && facts.propertiesMin > possibleNames(prover, facts, columns)) return true;
  for (const name of required) if (!focus.has(name) && memberRefuted(prover, facts, columns, name)) return true;
  return false;
}

function memberRefuted(prover: Prover, facts: Facts, columns: Columns, name: string): boolean {
  return prover.isEmpty(memberClaims(prover.judges, facts, name), columns.property(name));
}

/** No object has a member of this name, by its name alone. */
function isImpossible({ judges }: Prover, facts: Facts, columns: Columns, name: string): boolean {
  if (facts.forbidden.has(name) || !columns.knows(name)) return true;
  return facts.names.some((claim) => breaks(evaluate(judges, claim.document, claim.schema, name), claim));
}

function breaks(answer: boolean | null, claim: Claim): boolean {
  return answer !== null && answer !== claim.holds;
}

function someMemberRefuted(prover: Prover, facts: Facts, columns: Columns, some: SomeMember): boolean {
  const { judges } = prover;
  const value = some.value === null ? [] : [some.value];
  const named = new Set<string>(requiredNames(facts));
  for (const { node } of facts.shapes) for (const name of Object.keys(schemaMapKeyword(node, 'properties'))) named.add(name);
  if (columns.isClosed) for (const name of columns.names) named.add(name);
  for (const name of named) {
    judges.budget.spend(1);
    if (!mayBeCalled(judges, some, name) || isImpossible(prover, facts, columns, name)) continue;
    if (some.name !== null && breaks(evaluate(judges, some.name.document, some.name.schema, name), some.name)) continue;
    if (value.length > 0 && !prover.isEmpty([...memberClaims(judges, facts, name), ...value], columns.property(name))) return false;
    if (value.length === 0 && !memberRefuted(prover, facts, columns, name)) return false;
  }
  return unnamedRefuted(prover, facts, columns, some, value);
}

/** The member is called by none of the names that are known. */
function unnamedRefuted(prover: Prover, facts: Facts, columns: Columns, some: SomeMember, value: readonly Claim[]): boolean {
  if (columns.isClosed && columns.patterns.length === 0) return true;
  const called = some.name === null ? facts.names : [...facts.names, some.name];
  if (called.length > 0 && prover.isEmpty([...called, prover.isText], columns.property(''))) return true;
  const claims = [...unnamedClaims(facts, some), ...value];
  // Without a place of its own the columns of such a member are not known: it is looked at as open.
  return claims.length > 0 && prover.isEmptyAnywhere(claims);
}

/** At most so many members can there be. */
function possibleNames(prover: Prover, facts: Facts, columns: Columns): number {
  let most = Infinity;
  const possible = (names: Iterable<string>): number => [...names].filter((name) => !isImpossible(prover, facts, columns, name)).length;
  if (columns.isClosed && columns.patterns.length === 0) most = possible(columns.names);
  for (const { node } of facts.shapes) {
    if (additionalProperties(node) !== false || Object.hasOwn(node, 'patternProperties')) continue;
    most = Math.min(most, possible(Object.keys(schemaMapKeyword(node, 'properties'))));
  }
  return most;
}
