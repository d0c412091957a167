// What holds of one member of an object, or of one item of an array, by the facts about the whole.

import type { JsonSchema } from '../json-schema.ts';
import type { Judges } from './evaluate.ts';
import type { Claim, Facts, ObjectShape, SomeMember } from './facts.ts';
import { additionalProperties, schemaMapKeyword } from './keywords.ts';

/** Claims about the member `name`. Where a pattern cannot be run, what it would say is left out: that proves less, never more. */
export function memberClaims(judges: Judges, facts: Facts, name: string): readonly Claim[] {
  const claims = facts.memberClaims.filter((member) => member.name === name).map(({ claim }) => claim);
  for (const shape of facts.shapes) claims.push(...shapeClaims(judges, shape, name));
  return claims;
}

function shapeClaims(judges: Judges, { document, node }: ObjectShape, name: string): readonly Claim[] {
  const held = (schema: JsonSchema): Claim => ({ document, schema, holds: true });
  const properties = schemaMapKeyword(node, 'properties');
  const named = Object.hasOwn(properties, name) ? properties[name] : undefined;
  const claims = named === undefined ? [] : [held(named)];
  let mayBeNamed = named !== undefined;
  for (const [source, schema] of Object.entries(schemaMapKeyword(node, 'patternProperties'))) {
    const pattern = judges.pattern(source);
    if (pattern.kind === 'pattern' && !pattern.test(name)) continue;
    mayBeNamed = true;
    if (pattern.kind === 'pattern') claims.push(held(schema));
  }
  const rest = additionalProperties(node);
  if (!mayBeNamed && rest !== undefined) claims.push(held(rest));
  return claims;
}

/** Claims about a member that no `properties` names, as far as they are certain whatever it is called. */
export function unnamedClaims(facts: Facts, some: SomeMember): readonly Claim[] {
  const claims: Claim[] = [];
  for (const { document, node } of facts.shapes) {
    const patterns = schemaMapKeyword(node, 'patternProperties');
    const matched = some.pattern === null || !Object.hasOwn(patterns, some.pattern) ? undefined : patterns[some.pattern];
    if (matched !== undefined) claims.push({ document, schema: matched, holds: true });
    const rest = additionalProperties(node);
    const escapesAll = Object.keys(patterns).every((pattern) => some.exceptPatterns.includes(pattern));
    if (rest !== undefined && escapesAll) claims.push({ document, schema: rest, holds: true });
  }
  return claims;
}

export function itemClaims(facts: Facts, index: number): readonly Claim[] {
  const claims = facts.itemClaims.filter((item) => item.index === index).map(({ claim }) => claim);
  for (const { prefix, rest } of facts.arrays) {
    const claim = prefix[index] ?? rest;
    if (claim !== null) claims.push(claim);
  }
  return claims;
}

/** Items from this index on are all alike. */
export function prefixLength(facts: Facts): number {
  return Math.max(0, ...facts.arrays.map(({ prefix }) => prefix.length), ...facts.itemClaims.map(({ index }) => index + 1));
}

/** `required` and what follows from it. */
export function requiredNames(facts: Facts): ReadonlySet<string> {
  if (facts.dependents.length === 0) return facts.required;
  const names = new Set(facts.required);
  for (let size = -1; size !== names.size;) {
    size = names.size;
    for (const { name, needs } of facts.dependents) if (names.has(name)) for (const need of needs) names.add(need);
  }
  return names;
}

/** Whether the member that `some` speaks of may be called so. */
export function mayBeCalled(judges: Judges, some: SomeMember, name: string): boolean {
  if (Object.hasOwn(some.exceptNames, name)) return false;
  const matches = (source: string): boolean | null => {
    const pattern = judges.pattern(source);
    return pattern.kind === 'refused' ? null : pattern.test(name);
  };
  if (some.pattern !== null && matches(some.pattern) === false) return false;
  return !some.exceptPatterns.some((source) => matches(source) === true);
}
