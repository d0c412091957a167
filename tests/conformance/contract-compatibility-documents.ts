// Documents aimed at schemas, drawn without any knowledge of how they are compared: names, values and bounds found in the
// schemas' text, their neighbours, and nesting around them. Most are rejected by both; some of the rest would tell.

import { isJsonObject, type JsonSchema, type JsonValue } from '../../contracts/json-schema.ts';
import { randomInt, type Random } from '../../runtime/random.ts';

export function documentSource(schemas: readonly JsonSchema[], random: Random): () => JsonValue {
  const { names, scalars } = wordsOf(schemas);
  const pick = <T>(items: readonly T[]): T | undefined => items[randomInt(random, items.length)];
  const scalar = (): JsonValue => pick(scalars) ?? null;
  const value = (depth: number): JsonValue => {
    const roll = random.next();
    if (depth <= 0 || roll < 0.5) return scalar();
    if (roll < 0.75) return Array.from({ length: randomInt(random, 5) }, () => value(depth - 1));
    return object(depth);
  };
  const object = (depth: number): JsonValue => {
    const chosen = names.filter(() => random.next() < 0.5).slice(0, 8);
    return Object.fromEntries(chosen.map((name) => [name, value(depth - 1)]));
  };
  return () => (random.next() < 0.95 ? object(1 + randomInt(random, 4)) : value(2));
}

function wordsOf(schemas: readonly JsonSchema[]): { readonly names: readonly string[]; readonly scalars: readonly JsonValue[] } {
  const names = new Set<string>(['other']);
  const scalars = new Map<string, JsonValue>();
  const addScalar = (value: JsonValue): unknown => scalars.set(JSON.stringify(value), value);
  const visit = (value: JsonValue): void => {
    if (typeof value === 'number') {
      for (const near of [value, value + 1, value - 1, value + 0.5, value / 2, -value, Math.round(value * 300) / 100]) addScalar(near);
      if (value >= 0 && value <= 50)
        for (const length of [value, value + 1, value - 1])
          if (length >= 0) for (const letter of ['a', 'A']) addScalar(letter.repeat(length));
    } else if (typeof value === 'string') addScalar(value);
    else if (Array.isArray(value)) for (const item of value) visit(item);
    else if (isJsonObject(value)) {
      for (const [key, inner] of Object.entries(value)) {
        if ((key === 'properties' || key === 'dependentRequired') && isJsonObject(inner))
          for (const name of Object.keys(inner)) names.add(name);
        if (key === 'patternProperties' && isJsonObject(inner))
          for (const name of Object.keys(inner)) names.add(`${name.replace(/^\^/, '')}x`);
        visit(inner);
      }
    }
  };
  for (const schema of schemas) visit(schema);
  for (const value of [null, true, false, '', 'a', 'ABC', '2024-02-29', 0, 1, 0.5, 12.34, 'é']) addScalar(value);
  return { names: [...names], scalars: [...scalars.values()] };
}
