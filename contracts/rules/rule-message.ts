// What a broken rule says: one sentence a rule, the same whoever judged it.

import { isJsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';

const textMax = 120;

export function ruleMessage(keyword: string, schema: JsonSchema): string {
  const value = isJsonObject(schema) ? schema[keyword] : undefined;
  const sentence = sentences[keyword];
  return sentence ? sentence(shown(value)) : `must satisfy ${keyword}`;
}

const sentences: Readonly<Record<string, (value: string) => string>> = {
  false: () => 'no value is allowed here',
  type: (value) => `must be ${value}`,
  enum: (value) => `must be one of ${value}`,
  const: (value) => `must be ${value}`,
  minimum: (value) => `must be at least ${value}`,
  maximum: (value) => `must be at most ${value}`,
  exclusiveMinimum: (value) => `must be above ${value}`,
  exclusiveMaximum: (value) => `must be below ${value}`,
  multipleOf: (value) => `must be a multiple of ${value}`,
  minLength: (value) => `must have at least ${value} characters`,
  maxLength: (value) => `must have at most ${value} characters`,
  pattern: (value) => `must match ${value}`,
  format: (value) => `must be a ${value}`,
  minItems: (value) => `must have at least ${value} elements`,
  maxItems: (value) => `must have at most ${value} elements`,
  uniqueItems: () => 'must not have equal elements',
  contains: () => 'must have the elements that `contains` asks for',
  required: () => 'must be present',
  minProperties: (value) => `must have at least ${value} keys`,
  maxProperties: (value) => `must have at most ${value} keys`,
  propertyNames: () => 'must have only keys that `propertyNames` allows',
  patternProperties: () => 'must satisfy the schemas of `patternProperties`',
  additionalProperties: () => 'must not have other keys than the contract names, or not with these values',
  unevaluatedProperties: () => 'must not have keys that no part of the contract names',
  unevaluatedItems: () => 'must not have elements that no part of the contract names',
  dependentRequired: () => 'must have the keys that its other keys ask for',
  dependentSchemas: () => 'must satisfy the schemas that its keys ask for',
  anyOf: () => 'must satisfy at least one alternative',
  oneOf: () => 'must satisfy exactly one alternative',
  not: () => 'must not satisfy the schema of `not`',
  if: () => 'must satisfy `then` where `if` holds, `else` where it does not',
  $ref: (value) => `must satisfy ${value}`,
};

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return cut(value);
  if (Array.isArray(value) && value.every((part) => typeof part === 'string' && /^[a-z]+$/.test(part))) return cut(value.join(' or '));
  return cut(JSON.stringify(value));
}

function cut(text: string): string {
  return text.length <= textMax ? text : `${text.slice(0, textMax)}…`;
}
