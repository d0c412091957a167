// What references may do. A reference that comes back to the same value without stepping into it never ends; references
// that fan out at every level, or a recursion that asks the same inner value twice, cost a power of the depth. Both are
// refused before anything follows them for real.

import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import type { Refusal } from './check-limits.ts';
import { resolveReference } from './rule.ts';

/** Schemas met when every reference is followed to its end once. */
export const expansionMax = 20_000;

/** Which inner value a part is about: of the same value, `` (empty). */
type Part = readonly [step: string, schema: JsonSchema];

export function checkReferences(body: JsonSchema): readonly Refusal[] {
  // From the body first: where everything is reached from, too much is met soonest.
  const whole = typeof body === 'boolean' ? null : followed(body, body);
  if (whole !== null) return [{ pointer: '', keyword: '$ref', reason: `the body ${whole}` }];
  const references = new Set<string>();
  collect(body, references);
  for (const reference of references) {
    const target = resolveReference(body, reference);
    if (target === undefined || typeof target === 'boolean') continue;
    const reason = followed(target, body);
    if (reason !== null) return [{ pointer: '', keyword: '$ref', reason: `${JSON.stringify(reference.slice(0, 80))} ${reason}` }];
  }
  return [];
}

function collect(value: JsonValue, references: Set<string>): void {
  if (Array.isArray(value)) for (const part of value) collect(part, references);
  if (!isJsonObject(value)) return;
  if (typeof value['$ref'] === 'string') references.add(value['$ref']);
  for (const part of Object.values(value)) collect(part, references);
}

/** Null when following everything from here ends, in bounded time. */
function followed(start: JsonObject, body: JsonSchema): string | null {
  const returns = new Set<string>();
  let visits = 0;
  const open = new Set<JsonObject>();
  const walk = (schema: JsonSchema, path: string): string | null => {
    if (typeof schema === 'boolean') return null;
    visits += 1;
    if (visits > expansionMax) return `leads to more than ${expansionMax} schemas`;
    if (schema === start && open.size > 0) {
      if (path === '') return 'leads back to itself without stepping into the value';
      if (returns.has(path)) return `leads back to itself twice for ${path}: each level would double the work`;
      returns.add(path);
      return null;
    }
    // Another recursion on the way: it is looked at from its own start.
    if (open.has(schema)) return null;
    open.add(schema);
    for (const [step, part] of parts(schema, body)) {
      const reason = walk(part, path + step);
      if (reason !== null) return reason;
    }
    open.delete(schema);
    return null;
  };
  return walk(start, '');
}

function* parts(schema: JsonObject, body: JsonSchema): Generator<Part> {
  const { $ref } = schema;
  const target = typeof $ref === 'string' ? resolveReference(body, $ref) : undefined;
  if (target !== undefined) yield ['', target];
  for (const [keyword, value] of Object.entries(schema)) {
    const step = steps.get(keyword);
    if (step === undefined) continue;
    if (isJsonSchema(value) && !named.has(keyword)) yield [step, value];
    else if (Array.isArray(value)) yield* value.filter(isJsonSchema).map((part, i): Part => [step === '' ? '' : `[${i}]`, part]);
    else if (isJsonObject(value))
      for (const [name, part] of Object.entries(value)) if (isJsonSchema(part)) yield [keyword === 'properties' ? `.${name}` : step, part];
  }
}

const named: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'dependentSchemas']);

const steps: ReadonlyMap<string, string> = new Map([
  ...['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'].map((keyword) => [keyword, ''] as const),
  ...['properties', 'patternProperties', 'additionalProperties', 'unevaluatedProperties'].map((keyword) => [keyword, '.*'] as const),
  ...['prefixItems', 'items', 'contains', 'unevaluatedItems'].map((keyword) => [keyword, '[*]'] as const),
  ['propertyNames', '.name()'],
]);
