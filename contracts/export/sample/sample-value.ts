// A value that a schema probably accepts: built from what the keywords ask for, chosen by the seed. "Probably": `not`,
// `if`, `oneOf` and the like are met by trying; sample-rows.ts asks the validator and tries again.

import { randomInt, type Random } from '../../../runtime/random.ts';
import { columnType } from '../../column-type.ts';
import { mergeKeywords } from '../../draft/merge-keywords.ts';
import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema, type JsonValue } from '../../json-schema.ts';
import type { PhysicalType } from '../../physical-type.ts';
import type { Database } from '../../type-table.ts';
import { localReference } from '../local-reference.ts';
import { base64Text, formatText, personalText, pick, plainText, uuidText } from './format-text.ts';
import { patternSampler } from './pattern-text.ts';
import { sampleNumber } from './sample-number.ts';

export interface SampleScope {
  readonly root: JsonSchema;
  readonly database: Database;
  readonly random: Random;
  /** Grows with each failed try: longer texts, more items, rarer branches. */
  readonly attempt: number;
}

const depthMax = 16;
const itemsMax = 50;
/** A list that must be longer is not made. */
const leastItemsMax = 1_000;

/** Undefined when nothing was found this time. */
export function sampleValue(given: JsonSchema, scope: SampleScope, depth = 0): JsonValue | undefined {
  const schema = flattened(given, scope, 0);
  if (schema === false) return undefined;
  if (schema === true) return plainText(scope.random, 3, 12);
  if (schema['const'] !== undefined) return schema['const'];
  const listed = schema['enum'];
  if (Array.isArray(listed)) return listed.length === 0 ? undefined : pick(fitting(listed, schema), scope.random);
  const examples = schema['examples'];
  if (Array.isArray(examples) && examples.length > 0 && (scope.attempt > 20 || needsExamples(schema))) return pick(examples, scope.random);
  const types = typesOf(schema);
  // Null where it is allowed, now and then; always where the schema nests without end.
  const others = types.filter((type) => type !== 'null');
  const isNull = types.includes('null') && (others.length === 0 || depth >= depthMax || randomInt(scope.random, 8) === 0);
  if (isNull) return null;
  return typed(pick(others, scope.random), schema, scope, depth);
}

/** Listed values of the type, where both are said. */
function fitting(listed: readonly JsonValue[], schema: JsonObject): readonly JsonValue[] {
  const types = schema['type'] === undefined ? null : typesOf(schema);
  const fit = listed.filter((value) => types === null || types.some((type) => isOfType(value, type)));
  return fit.length === 0 ? listed : fit;
}

function isOfType(value: JsonValue, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return type === 'object' ? isJsonObject(value) : typeof value === type;
}

function typesOf(schema: JsonObject): readonly string[] {
  const { type } = schema;
  const said = (Array.isArray(type) ? type : [type]).filter((one) => typeof one === 'string');
  if (said.length > 0) return said;
  if (schema['properties'] !== undefined || schema['required'] !== undefined) return ['object'];
  if (schema['items'] !== undefined || schema['prefixItems'] !== undefined || schema['minItems'] !== undefined) return ['array'];
  const isNumber = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].some(
    (keyword) => schema[keyword] !== undefined,
  );
  return [isNumber ? 'number' : 'string'];
}

function needsExamples(schema: JsonObject): boolean {
  const { pattern } = schema;
  return typeof pattern === 'string' && patternSampler(pattern) === null;
}

/** References followed, allOf joined, one branch of anyOf and oneOf taken, `then` or `else` taken. */
function flattened(schema: JsonSchema, scope: SampleScope, level: number): JsonSchema {
  if (!isJsonObject(schema)) return schema;
  if (level > depthMax) return true;
  const { $ref, allOf, anyOf, oneOf, if: condition, then, else: otherwise, ...rest } = schema;
  const parts: JsonSchema[] = [];
  if (typeof $ref === 'string') parts.push(localReference(scope.root, $ref) ?? false);
  if (Array.isArray(allOf)) parts.push(...allOf.filter(isJsonSchema));
  for (const branches of [anyOf, oneOf]) if (Array.isArray(branches)) parts.push(pick(branches.filter(isJsonSchema), scope.random));
  if (isJsonSchema(condition)) parts.push(...conditional(condition, then, otherwise, scope.random));
  return parts.reduce<JsonSchema>((whole, part) => {
    const inner = flattened(part, scope, level + 1);
    if (whole === false || inner === false) return false;
    return isJsonObject(whole) && isJsonObject(inner) ? joined(whole, inner) : whole;
  }, rest);
}

function conditional(
  condition: JsonSchema,
  then: JsonValue | undefined,
  otherwise: JsonValue | undefined,
  random: Random,
): readonly JsonSchema[] {
  if (randomInt(random, 2) === 0) return isJsonSchema(then) ? [condition, then] : [condition];
  return isJsonSchema(otherwise) ? [otherwise] : [];
}

/** Both at once: properties of the two together, types in common, bounds the tighter. */
function joined(left: JsonObject, right: JsonObject): JsonObject {
  const { properties: leftProperties, required: leftRequired, type: leftType, ...leftRest } = left;
  const { properties: rightProperties, required: rightRequired, type: rightType, ...rightRest } = right;
  const properties: Record<string, JsonValue> = { ...(isJsonObject(leftProperties) ? leftProperties : {}) };
  for (const [name, schema] of Object.entries(isJsonObject(rightProperties) ? rightProperties : {})) {
    const known = properties[name];
    properties[name] =
      isJsonObject(known) && isJsonObject(schema) ? joined(known, schema) : known === undefined || known === true ? schema : known;
  }
  const required = [...(Array.isArray(leftRequired) ? leftRequired : []), ...(Array.isArray(rightRequired) ? rightRequired : [])];
  const type = commonTypes(leftType, rightType);
  return {
    ...mergeKeywords(leftRest, rightRest),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required: [...new Set(required)] }),
    ...(type === undefined ? {} : { type }),
  };
}

function commonTypes(left: JsonValue | undefined, right: JsonValue | undefined): JsonValue | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const lefts = Array.isArray(left) ? left : [left];
  const rights = Array.isArray(right) ? right : [right];
  const common = lefts.filter((type) => rights.includes(type) || (type === 'integer' && rights.includes('number')));
  return [...common, ...rights.filter((type) => type === 'integer' && lefts.includes('number'))];
}

function typed(type: string, schema: JsonObject, scope: SampleScope, depth: number): JsonValue | undefined {
  switch (type) {
    case 'boolean':
      return randomInt(scope.random, 2) === 0;
    case 'integer':
    case 'number':
      return sampleNumber(schema, type === 'integer', physical(schema, scope), scope.random) ?? undefined;
    case 'string':
      return sampleText(schema, scope);
    case 'array':
      return depth > depthMax ? [] : sampleArray(schema, scope, depth);
    case 'object':
      return depth > depthMax ? {} : sampleObject(schema, scope, depth);
    default:
      return undefined;
  }
}

function physical(schema: JsonObject, { database }: SampleScope): PhysicalType | null {
  return typeof schema['x-physicalType'] === 'string' ? columnType(schema, database) : null;
}

function sampleText(schema: JsonObject, { random, attempt }: SampleScope): string | undefined {
  const { pattern, format, minLength, maxLength } = schema;
  const least = typeof minLength === 'number' ? minLength : 0;
  const most = typeof maxLength === 'number' ? maxLength : Math.max(least, 40);
  if (typeof pattern === 'string') {
    const text = patternSampler(pattern)?.text(random, Math.max(2 + attempt, least)) ?? undefined;
    return text;
  }
  if (schema['contentEncoding'] === 'base64')
    return base64Text(random, Math.floor(Math.min(most, Math.max(least, randomInt(random, 24))) / 4) * 3);
  const fits = (text: string | null): text is string => text !== null && text.length >= least && text.length <= most;
  const personal = typeof schema['x-pii'] === 'string' ? personalText(schema['x-pii'], random) : null;
  if (typeof format === 'string') {
    const isTimeUuid = typeof schema['x-physicalType'] === 'string' && /^timeuuid$/i.test(schema['x-physicalType']);
    const text = format === 'uuid' && isTimeUuid ? uuidText(random, '1') : formatText(format, random);
    if (text !== null) return text;
  }
  return fits(personal) ? personal : plainText(random, least, most);
}

function sampleArray(schema: JsonObject, scope: SampleScope, depth: number): JsonValue | undefined {
  const { items, prefixItems, contains, uniqueItems } = schema;
  const count = (keyword: string, preset: number): number => (typeof schema[keyword] === 'number' ? schema[keyword] : preset);
  const least = Math.max(count('minItems', 0), isJsonSchema(contains) ? count('minContains', 1) : 0);
  const most = Math.min(count('maxItems', Math.max(least, 4)), least + itemsMax);
  if (least > leastItemsMax) return undefined;
  const length = least + randomInt(scope.random, Math.max(most - least, 0) + 1);
  const places = Array.isArray(prefixItems) ? prefixItems.filter(isJsonSchema) : [];
  const needed = isJsonSchema(contains) ? count('minContains', 1) : 0;
  const values: JsonValue[] = [];
  const seen = new Set<string>();
  for (let tries = 0; values.length < length && tries < length * 20; tries++) {
    const place = values.length;
    const rest = isJsonSchema(items) ? items : true;
    const wanted = places[place] ?? (isJsonSchema(contains) && place < needed + places.length ? both(rest, contains) : rest);
    if (wanted === false) break;
    const value = sampleValue(wanted, scope, depth + 1);
    if (value === undefined) return undefined;
    const text = JSON.stringify(value);
    if (uniqueItems === true && seen.has(text)) continue;
    seen.add(text);
    values.push(value);
  }
  return values;
}

function both(left: JsonSchema, right: JsonSchema): JsonSchema {
  return left === true ? right : { allOf: [left, right] };
}

function sampleObject(schema: JsonObject, scope: SampleScope, depth: number): JsonValue | undefined {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = new Set((Array.isArray(schema['required']) ? schema['required'] : []).filter((name) => typeof name === 'string'));
  const entries: (readonly [string, JsonValue])[] = [];
  for (const name of new Set([...Object.keys(properties), ...required])) {
    const inner = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const isWanted = required.has(name) || (depth < 6 && randomInt(scope.random, 4) > 0);
    if (!isWanted) continue;
    const value = sampleValue(isJsonSchema(inner) ? inner : additional(schema), scope, depth + 1);
    if (value === undefined) {
      if (required.has(name)) return undefined;
    } else entries.push([name, value]);
  }
  const rest = additional(schema);
  const least = typeof schema['minProperties'] === 'number' ? schema['minProperties'] : 0;
  const isMap = Object.keys(properties).length === 0 && isJsonObject(rest);
  const wanted = Math.min(Math.max(least - entries.length, isMap ? randomInt(scope.random, 4) : 0), itemsMax);
  const more = rest === false ? 0 : wanted;
  for (let i = 0; i < more; i++) {
    const value = sampleValue(rest, scope, depth + 1);
    if (value !== undefined) entries.push([mapKey(schema, scope, i), value]);
  }
  // defineProperty semantics: a property called __proto__ is a property like others.
  return Object.fromEntries(entries);
}

function additional(schema: JsonObject): JsonSchema {
  const values = schema['additionalProperties'];
  return isJsonSchema(values) ? values : true;
}

function mapKey(schema: JsonObject, scope: SampleScope, place: number): string {
  const names = schema['propertyNames'];
  const key = isJsonSchema(names) ? sampleValue(isJsonObject(names) ? { type: 'string', ...names } : names, scope, depthMax) : undefined;
  return typeof key === 'string' ? key : `key${place + 1}`;
}
