// Keywords whose value is not what JSON Schema says it is. Such a schema accepts nothing in particular: comparing it would
// give an answer about something else.

import { isJsonObject, isJsonSchema, type JsonObject, type JsonValue } from '../json-schema.ts';
import { schemaLists, schemaMaps, singleSchemas } from '../schema-applicators.ts';
import { keyword } from './keywords.ts';

/** What is wrong, with the first keyword that is; null when all are well. */
export function malformedKeyword(node: JsonObject): string | null {
  for (const [expected, names, isRight] of shapes) {
    const wrong = names.find((name) => {
      const value = keyword(node, name);
      return value !== undefined && !isRight(value);
    });
    if (wrong !== undefined) return `${wrong} is not ${expected}`;
  }
  return null;
}

const types = new Set<JsonValue>(['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']);

const isTexts = (value: JsonValue): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');
const isCount = (value: JsonValue): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0;

const shapes: readonly (readonly [string, readonly string[], (value: JsonValue) => boolean])[] = [
  [
    'a type or a list of types',
    ['type'],
    (value) => types.has(value) || (Array.isArray(value) && value.length > 0 && value.every((item) => types.has(item))),
  ],
  ['a number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], (value) => typeof value === 'number'],
  ['a number above 0', ['multipleOf'], (value) => typeof value === 'number' && value > 0],
  ['a count', ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties', 'minContains', 'maxContains'], isCount],
  ['a text', ['pattern', 'format', '$ref', '$anchor'], (value) => typeof value === 'string'],
  ['true or false', ['uniqueItems'], (value) => typeof value === 'boolean'],
  ['a list', ['enum'], (value) => Array.isArray(value)],
  ['a list of names', ['required'], isTexts],
  ['an object of lists of names', ['dependentRequired'], (value) => isJsonObject(value) && Object.values(value).every(isTexts)],
  ['a list of schemas', schemaLists, (value) => Array.isArray(value) && value.length > 0 && value.every(isJsonSchema)],
  ['a schema', singleSchemas, isJsonSchema],
  ['an object of schemas', schemaMaps, (value) => isJsonObject(value) && Object.values(value).every(isJsonSchema)],
];
