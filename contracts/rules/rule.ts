// A contract's body taken apart: every assertion on the way down (through properties, items, allOf and references) is one
// rule with its place in the row. What combines alternatives (anyOf, oneOf, not, if, contains …) is one rule as a whole.
// The row is clean exactly when every rule holds, whoever judges it.

import type { ViolationPolicy } from '../contract.ts';
import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { ruleMessage } from './rule-message.ts';

export interface Rule {
  /** Unique within the contract: `fare:minimum`. */
  readonly id: string;
  /** `address.city`, `tags[*]`; empty for the row itself. */
  readonly property: string;
  readonly keyword: string;
  readonly message: string;
  readonly policy: ViolationPolicy;
  readonly steps: readonly Step[];
  /** The rule as a schema of its own, over the value at `steps`; `$ref` is into the body. */
  readonly schema: JsonSchema;
  /** What a missing property is called below `steps`; null for other keywords. */
  readonly missing: string | null;
}

export type Step =
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'item'; readonly index: number }
  /** Every element from this index on. */
  | { readonly kind: 'items'; readonly from: number };

/** What a broken rule leaves in `_violations`. */
export interface Violation {
  /** With indexes: `tags[2]`. */
  readonly property: string;
  readonly rule: string;
  /** An excerpt; null where there is none. */
  readonly value: string | null;
  readonly message: string;
}

export const rulesMax = 20_000;

/** Rules of a body, in document order; null when there would be more than `rulesMax`. */
export function listRules(body: JsonSchema, policy: ViolationPolicy): readonly Rule[] | null {
  const listing: Listing = { body, rules: [], ids: new Map(), visits: 0 };
  walk(body, { steps: [], property: '', policy, references: [] }, listing);
  return listing.visits > rulesMax ? null : listing.rules;
}

interface Listing {
  readonly body: JsonSchema;
  readonly rules: Rule[];
  readonly ids: Map<string, number>;
  visits: number;
}

interface Place {
  readonly steps: readonly Step[];
  readonly property: string;
  readonly policy: ViolationPolicy;
  /** Followed to get here: one met again is a recursion. */
  readonly references: readonly string[];
}

/** Assertions that stand alone. `contains` and `if` bring their partners along. */
const single = [
  'type',
  'enum',
  'const',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'propertyNames',
  'patternProperties',
  'dependentRequired',
  'dependentSchemas',
  'anyOf',
  'oneOf',
  'not',
] as const;

function walk(schema: JsonSchema, place: Place, listing: Listing): void {
  if (++listing.visits > rulesMax) return;
  if (schema === true) return;
  if (schema === false) {
    add('false', false, place, listing);
    return;
  }
  const own = schema['x-policy'];
  const here = isPolicy(own) ? { ...place, policy: own } : place;
  for (const keyword of single) {
    const value = schema[keyword];
    if (value !== undefined && !(keyword === 'uniqueItems' && value === false)) add(keyword, { [keyword]: value }, here, listing);
  }
  composites(schema, here, listing);
  descend(schema, here, listing);
}

function composites(schema: JsonObject, place: Place, listing: Listing): void {
  const { required } = schema;
  if (Array.isArray(required))
    for (const name of new Set(required))
      if (typeof name === 'string')
        add('required', { required: [name] }, { ...place, policy: policyOfProperty(schema, name) ?? place.policy }, listing, name);
  if (schema['contains'] !== undefined) add('contains', pick(schema, ['contains', 'minContains', 'maxContains']), place, listing);
  if (schema['if'] !== undefined && (schema['then'] !== undefined || schema['else'] !== undefined))
    add('if', pick(schema, ['if', 'then', 'else']), place, listing);
  const additional = schema['additionalProperties'];
  if (additional !== undefined && additional !== true) {
    const allowed: Record<string, JsonValue> = { additionalProperties: additional };
    for (const keyword of ['properties', 'patternProperties']) {
      const named = schema[keyword];
      if (isJsonObject(named)) allowed[keyword] = Object.fromEntries(Object.keys(named).map((name) => [name, true]));
    }
    add('additionalProperties', allowed, place, listing);
  }
  for (const keyword of ['unevaluatedProperties', 'unevaluatedItems'])
    if (schema[keyword] !== undefined && schema[keyword] !== true) add(keyword, withoutOther(schema, keyword), place, listing);
}

/** What unevaluated… is about depends on everything beside it, but not on its counterpart. */
function withoutOther(schema: JsonObject, keyword: string): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name === keyword || !name.startsWith('unevaluated')));
}

function descend(schema: JsonObject, place: Place, listing: Listing): void {
  const { $ref, allOf, properties, prefixItems, items } = schema;
  if (typeof $ref === 'string') {
    const target = place.references.includes($ref) ? undefined : resolveReference(listing.body, $ref);
    if (target === undefined) add('$ref', { $ref }, place, listing);
    else walk(target, { ...place, references: [...place.references, $ref] }, listing);
  }
  if (Array.isArray(allOf)) for (const part of allOf) if (isJsonSchema(part)) walk(part, place, listing);
  if (isJsonObject(properties))
    for (const [name, part] of Object.entries(properties))
      if (isJsonSchema(part)) walk(part, below(place, { kind: 'property', name }), listing);
  const prefix = Array.isArray(prefixItems) ? prefixItems : [];
  prefix.forEach((part, index) => {
    if (isJsonSchema(part)) walk(part, below(place, { kind: 'item', index }), listing);
  });
  if (isJsonSchema(items)) walk(items, below(place, { kind: 'items', from: prefix.length }), listing);
}

function below(place: Place, step: Step): Place {
  return { ...place, steps: [...place.steps, step], property: propertyPath(place.property, step) };
}

/** `a`, `a.b`, `a[2]`, `a[*]`. */
export function propertyPath(parent: string, step: Step): string {
  if (step.kind === 'items') return `${parent}[*]`;
  if (step.kind === 'item') return `${parent}[${step.index}]`;
  return parent === '' ? step.name : `${parent}.${step.name}`;
}

function add(keyword: string, schema: JsonSchema, place: Place, listing: Listing, missing: string | null = null): void {
  if (++listing.visits > rulesMax) return;
  const property = missing === null ? place.property : propertyPath(place.property, { kind: 'property', name: missing });
  const stem = `${property}:${keyword}`;
  const seen = (listing.ids.get(stem) ?? 0) + 1;
  listing.ids.set(stem, seen);
  const id = seen === 1 ? stem : `${stem}#${seen}`;
  listing.rules.push({
    id,
    property,
    keyword,
    message: ruleMessage(keyword, schema),
    policy: place.policy,
    steps: place.steps,
    schema,
    missing,
  });
}

/** `#`, `#/$defs/x` or `#name`; undefined when it leads nowhere. */
export function resolveReference(body: JsonSchema, reference: string): JsonSchema | undefined {
  if (!reference.startsWith('#')) return undefined;
  const text = decodeFragment(reference.slice(1));
  if (text === null) return undefined;
  if (text !== '' && !text.startsWith('/')) return anchored(body, text);
  let at: JsonValue | undefined = body;
  for (const part of text.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = /^(0|[1-9][0-9]*)$/.test(key) ? at[Number(key)] : undefined;
    else at = isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return isJsonSchema(at) ? at : undefined;
}

function decodeFragment(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function anchored(value: JsonValue, name: string): JsonSchema | undefined {
  if (Array.isArray(value)) return value.map((part: JsonValue) => anchored(part, name)).find((found) => found !== undefined);
  if (!isJsonObject(value)) return undefined;
  if (value['$anchor'] === name) return value;
  return Object.values(value)
    .map((part) => anchored(part, name))
    .find((found) => found !== undefined);
}

function pick(schema: JsonObject, keywords: readonly string[]): JsonObject {
  return Object.fromEntries(
    keywords.flatMap((keyword) => {
      const value = schema[keyword];
      return value === undefined ? [] : [[keyword, value]];
    }),
  );
}

/** That it is missing is the property's matter. */
function policyOfProperty(schema: JsonObject, name: string): ViolationPolicy | null {
  const { properties } = schema;
  const property = isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  const own = isJsonObject(property) ? property['x-policy'] : undefined;
  return isPolicy(own) ? own : null;
}

function isPolicy(value: JsonValue | undefined): value is ViolationPolicy {
  return value === 'flag' || value === 'quarantine' || value === 'halt';
}
