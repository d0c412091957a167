// Keywords of a schema by the shape their value must have; undefined when absent or of another shape.

import { jsonEqual } from './json-equal.ts';
import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';

/** Own property only: documents come from people, and `constructor` is a fine column name. */
export function keyword(schema: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(schema, name) ? schema[name] : undefined;
}

export function numberKeyword(schema: JsonObject, name: string): number | undefined {
  const value = keyword(schema, name);
  return typeof value === 'number' ? value : undefined;
}

export function textKeyword(schema: JsonObject, name: string): string | undefined {
  const value = keyword(schema, name);
  return typeof value === 'string' ? value : undefined;
}

export function schemaKeyword(schema: JsonObject, name: string): JsonSchema | undefined {
  const value = keyword(schema, name);
  return isJsonSchema(value) ? value : undefined;
}

export function schemaListKeyword(schema: JsonObject, name: string): readonly JsonSchema[] {
  const value = keyword(schema, name);
  return Array.isArray(value) ? value.filter(isJsonSchema) : [];
}

export function schemaMapKeyword(schema: JsonObject, name: string): Readonly<Record<string, JsonSchema>> {
  const value = keyword(schema, name);
  return isSchemaMap(value) ? value : {};
}

export function textListKeyword(schema: JsonObject, name: string): readonly string[] {
  const value = keyword(schema, name);
  return textList(value);
}

export function textList(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

export function typesOf(schema: JsonObject): readonly string[] | undefined {
  const value = keyword(schema, 'type');
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? textList(value) : undefined;
}

/** Values of `enum` and `const`, both taken into account. */
export function valuesOf(schema: JsonObject): readonly JsonValue[] | undefined {
  const list = keyword(schema, 'enum');
  const one = keyword(schema, 'const');
  if (one === undefined) return Array.isArray(list) ? list : undefined;
  return Array.isArray(list) && !list.some((value) => jsonEqual(value, one)) ? [] : [one];
}

/** What governs properties that `properties` and `patternProperties` beside it do not name. */
export function additionalProperties(schema: JsonObject): JsonSchema | undefined {
  const additional = schemaKeyword(schema, 'additionalProperties');
  if (additional !== undefined) return additional;
  // Without anything in place that could evaluate a property, `unevaluatedProperties` says the same.
  return inPlace.some((name) => Object.hasOwn(schema, name)) ? undefined : schemaKeyword(schema, 'unevaluatedProperties');
}

/** What governs items after `prefixItems`. */
export function additionalItems(schema: JsonObject): JsonSchema | undefined {
  const items = schemaKeyword(schema, 'items');
  if (items !== undefined) return items;
  return Object.hasOwn(schema, 'contains') || inPlace.some((name) => Object.hasOwn(schema, name))
    ? undefined
    : schemaKeyword(schema, 'unevaluatedItems');
}

const inPlace = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'];

/** The members are looked at once, when a document is opened: here it would cost as much as the table is wide, each time. */
function isSchemaMap(value: JsonValue | undefined): value is Readonly<Record<string, JsonSchema>> {
  return isJsonObject(value);
}
