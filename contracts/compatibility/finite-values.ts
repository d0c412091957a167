// The values that claims leave, when they are few and listed: `enum`, `const`. A listed value needs no reasoning, it is
// simply tried.

import { isJsonObject, type JsonValue } from '../json-schema.ts';
import type { Judges } from './evaluate.ts';
import type { Claim } from './facts.ts';
import { schemaListKeyword, textKeyword, valuesOf } from './keywords.ts';

/** The shortest list among the claims and what they contain in any case; null when there is none. */
export function finiteValues(claims: readonly Claim[], { budget }: Pick<Judges, 'budget'>): readonly JsonValue[] | null {
  let shortest: readonly JsonValue[] | null = null;
  const pending = claims.filter(({ holds }) => holds);
  const seen = new Set<unknown>();
  for (let claim = pending.pop(); claim !== undefined; claim = pending.pop()) {
    const { document, schema } = claim;
    if (!isJsonObject(schema) || seen.has(schema)) continue;
    seen.add(schema);
    budget.spend(1);
    const values = valuesOf(schema);
    if (values !== undefined && (shortest === null || values.length < shortest.length)) shortest = values;
    const reference = textKeyword(schema, '$ref');
    const target = reference === undefined ? undefined : document.resolve(reference);
    if (target !== undefined) pending.push({ document, schema: target, holds: true });
    for (const sub of schemaListKeyword(schema, 'allOf')) pending.push({ document, schema: sub, holds: true });
  }
  return shortest;
}
