// A schema that holds, as facts. What offers a choice (anyOf, oneOf, if) is returned as alternatives instead.

import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { lowerHigh, raiseLow, type Claim, type Facts } from './facts.ts';
import { jsonEqual } from './json-equal.ts';
import {
  additionalItems,
  additionalProperties,
  keyword,
  numberKeyword,
  schemaKeyword,
  schemaListKeyword,
  schemaMapKeyword,
  textKeyword,
  textList,
  textListKeyword,
  typesOf,
  valuesOf,
} from './keywords.ts';
import { kinds, kindsOfTypes } from './kinds.ts';
import type { SchemaDocument } from './schema-document.ts';

/** One way on: more claims about the same value, and facts that are not a schema. */
export interface Alternative {
  readonly claims: readonly Claim[];
  readonly add?: (facts: Facts) => void;
}

export interface Affirmed {
  /** Hold as well. */
  readonly claims: readonly Claim[];
  /** Each entry is a choice: one of its alternatives holds. */
  readonly choices: readonly (readonly Alternative[])[];
}

export function affirm(facts: Facts, document: SchemaDocument, schema: JsonObject, isAsserted: (format: string) => boolean): Affirmed {
  const claim = (sub: JsonSchema, holds = true): Claim => ({ document, schema: sub, holds });
  const types = typesOf(schema);
  if (types !== undefined) facts.kinds &= kindsOfTypes(types);
  const values = valuesOf(schema);
  if (values !== undefined) facts.values = facts.values === null ? values : intersect(facts.values, values);
  affirmNumber(facts, schema);
  affirmText(facts, schema, isAsserted);
  affirmArray(facts, schema, claim);
  affirmObject(facts, document, schema, claim);
  const claims = schemaListKeyword(schema, 'allOf').map((sub) => claim(sub));
  const not = schemaKeyword(schema, 'not');
  if (not !== undefined) claims.push(claim(not, false));
  const target = textKeyword(schema, '$ref');
  const resolved = target === undefined ? undefined : document.resolve(target);
  if (resolved !== undefined) claims.push(claim(resolved));
  return { claims, choices: choicesOf(schema, claim) };
}

type MakeClaim = (schema: JsonSchema, holds?: boolean) => Claim;

function choicesOf(schema: JsonObject, claim: MakeClaim): (readonly Alternative[])[] {
  const choices: (readonly Alternative[])[] = [];
  const any = schemaListKeyword(schema, 'anyOf');
  if (any.length > 0) choices.push(any.map((sub) => ({ claims: [claim(sub)] })));
  const one = schemaListKeyword(schema, 'oneOf');
  if (one.length > 0)
    choices.push(
      one.map((sub, index) => ({ claims: [claim(sub), ...one.filter((_, other) => other !== index).map((other) => claim(other, false))] })),
    );
  const condition = schemaKeyword(schema, 'if');
  if (condition !== undefined) {
    const yes = schemaKeyword(schema, 'then') ?? true;
    const no = schemaKeyword(schema, 'else') ?? true;
    choices.push([{ claims: [claim(condition), claim(yes)] }, { claims: [claim(condition, false), claim(no)] }]);
  }
  for (const [name, sub] of Object.entries(schemaMapKeyword(schema, 'dependentSchemas'))) {
    choices.push([
      { claims: [], add: (facts) => forbidIfObject(facts, name) },
      { claims: [claim(sub)], add: (facts) => require(facts, [name]) },
    ]);
  }
  return choices;
}

/** Says something of objects only: every other kind stays possible. */
function forbidIfObject(facts: Facts, name: string): void {
  facts.forbidden = new Set([...facts.forbidden, name]);
}

/** The value is an object with these members. */
export function require(facts: Facts, names: readonly string[]): void {
  facts.kinds &= kinds.object;
  facts.required = new Set([...facts.required, ...names]);
}

function affirmNumber(facts: Facts, schema: JsonObject): void {
  const minimum = numberKeyword(schema, 'minimum');
  if (minimum !== undefined) raiseLow(facts, minimum, false);
  const above = numberKeyword(schema, 'exclusiveMinimum');
  if (above !== undefined) raiseLow(facts, above, true);
  const maximum = numberKeyword(schema, 'maximum');
  if (maximum !== undefined) lowerHigh(facts, maximum, false);
  const below = numberKeyword(schema, 'exclusiveMaximum');
  if (below !== undefined) lowerHigh(facts, below, true);
  const divisor = numberKeyword(schema, 'multipleOf');
  if (divisor !== undefined) facts.multiples = [...facts.multiples, divisor];
}

function affirmText(facts: Facts, schema: JsonObject, isAsserted: (format: string) => boolean): void {
  facts.lengthMin = Math.max(facts.lengthMin, numberKeyword(schema, 'minLength') ?? 0);
  facts.lengthMax = Math.min(facts.lengthMax, numberKeyword(schema, 'maxLength') ?? Infinity);
  const pattern = textKeyword(schema, 'pattern');
  if (pattern !== undefined) facts.patterns = [...facts.patterns, pattern];
  const format = textKeyword(schema, 'format');
  if (format !== undefined && isAsserted(format)) facts.formats = [...facts.formats, format];
}

function affirmArray(facts: Facts, schema: JsonObject, claim: MakeClaim): void {
  facts.itemsMin = Math.max(facts.itemsMin, numberKeyword(schema, 'minItems') ?? 0);
  facts.itemsMax = Math.min(facts.itemsMax, numberKeyword(schema, 'maxItems') ?? Infinity);
  if (keyword(schema, 'uniqueItems') === true) facts.isUnique = true;
  const prefix = schemaListKeyword(schema, 'prefixItems');
  const rest = additionalItems(schema);
  if (prefix.length > 0 || rest !== undefined) {
    facts.arrays = [...facts.arrays, { prefix: prefix.map((sub) => claim(sub)), rest: rest === undefined ? null : claim(rest) }];
  }
  const contains = schemaKeyword(schema, 'contains');
  if (contains === undefined) return;
  const least = numberKeyword(schema, 'minContains') ?? 1;
  const most = numberKeyword(schema, 'maxContains');
  if (least > 0) {
    facts.atLeast = [...facts.atLeast, { claim: claim(contains), count: least }];
    facts.itemsMin = Math.max(facts.itemsMin, least);
  }
  if (most !== undefined) facts.atMost = [...facts.atMost, { claim: claim(contains), count: most }];
}

function affirmObject(facts: Facts, document: SchemaDocument, schema: JsonObject, claim: MakeClaim): void {
  facts.propertiesMin = Math.max(facts.propertiesMin, numberKeyword(schema, 'minProperties') ?? 0);
  facts.propertiesMax = Math.min(facts.propertiesMax, numberKeyword(schema, 'maxProperties') ?? Infinity);
  const required = textListKeyword(schema, 'required');
  if (required.length > 0) facts.required = new Set([...facts.required, ...required]);
  if (Object.hasOwn(schema, 'properties') || Object.hasOwn(schema, 'patternProperties') || additionalProperties(schema) !== undefined) {
    facts.shapes = [...facts.shapes, { document, node: schema }];
  }
  const names = schemaKeyword(schema, 'propertyNames');
  if (names !== undefined) facts.names = [...facts.names, claim(names)];
  const dependent = keyword(schema, 'dependentRequired');
  if (!isJsonObject(dependent)) return;
  const added = Object.entries(dependent).map(([name, needs]) => ({ name, needs: textList(needs) }));
  facts.dependents = [...facts.dependents, ...added];
}

function intersect(a: readonly JsonValue[], b: readonly JsonValue[]): readonly JsonValue[] {
  return a.filter((value) => b.some((other) => jsonEqual(value, other)));
}
