// Every keyword of a body, by name: understood, an annotation, or refused with its place. A keyword that is silently
// ignored is a rule its author believes in and nobody keeps.

import { annotationFormats, textFormats } from '../formats.ts';
import { isJsonObject, isJsonSchema, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { linearPattern } from '../linear-pattern.ts';
import type { Refusal } from './check-limits.ts';
import { checkReferences } from './check-references.ts';
import { resolveReference } from './rule.ts';

type Kind =
  | 'schema'
  | 'schemas'
  | 'named schemas'
  | 'annotation'
  | 'count'
  | 'number'
  | 'divisor'
  | 'type'
  | 'texts'
  | 'lists of texts'
  | 'boolean'
  | 'list'
  | 'value'
  | 'pattern'
  | 'patterns'
  | 'format'
  | 'reference'
  | 'dialect'
  | 'name';

const kinds: Readonly<Record<Kind, string>> = {
  schema: 'items contains additionalProperties propertyNames not if then else unevaluatedProperties unevaluatedItems',
  schemas: 'allOf anyOf oneOf prefixItems',
  'named schemas': 'properties $defs definitions dependentSchemas',
  annotation: 'title description default examples deprecated readOnly writeOnly $comment contentEncoding contentMediaType',
  count: 'minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains',
  number: 'minimum maximum exclusiveMinimum exclusiveMaximum',
  divisor: 'multipleOf',
  type: 'type',
  texts: 'required',
  'lists of texts': 'dependentRequired',
  boolean: 'uniqueItems',
  list: 'enum',
  value: 'const',
  pattern: 'pattern',
  patterns: 'patternProperties',
  format: 'format',
  reference: '$ref',
  dialect: '$schema',
  name: '$anchor $id',
};

const kindOf: ReadonlyMap<string, string> = new Map(
  Object.entries(kinds).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind] as const)),
);

const refusedKeywords: ReadonlyMap<string, string> = new Map([
  ['$dynamicRef', 'dynamic references are not supported: write $ref'],
  ['$dynamicAnchor', 'dynamic references are not supported: write $anchor'],
  ['$recursiveRef', 'of an older dialect: write $ref'],
  ['$recursiveAnchor', 'of an older dialect: write $anchor'],
  ['$vocabulary', 'own vocabularies are not supported'],
  ['$data', 'references into the data are not supported'],
  ['$async', 'is not JSON Schema'],
  ['contentSchema', 'the text inside a text is not judged: say what it holds in a column of its own'],
  ['dependencies', 'of an older dialect: write dependentRequired or dependentSchemas'],
  ['additionalItems', 'of an older dialect: write prefixItems, and items for the rest'],
  ['id', 'of an older dialect: write $id'],
]);

const types: ReadonlySet<unknown> = new Set(['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']);
const dialects: ReadonlySet<unknown> = new Set([
  'https://json-schema.org/draft/2020-12/schema',
  'https://json-schema.org/draft/2020-12/schema#',
]);

/** Told of one body. */
export const refusalsMax = 100;

export function checkKeywords(body: JsonSchema): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (mentions(body, 'patternProperties') && (mentions(body, 'unevaluatedProperties') || mentions(body, 'unevaluatedItems')))
    refusals.push({
      pointer: '',
      keyword: 'patternProperties',
      reason: 'not supported in one body with unevaluatedProperties or unevaluatedItems',
    });
  check(body, '', body, refusals);
  return refusals.length > 0 ? refusals.slice(0, refusalsMax) : checkReferences(body);
}

function mentions(value: JsonValue, keyword: string): boolean {
  if (Array.isArray(value)) return value.some((part: JsonValue) => mentions(part, keyword));
  return isJsonObject(value) && (value[keyword] !== undefined || Object.values(value).some((part) => mentions(part, keyword)));
}

function check(schema: JsonSchema, pointer: string, body: JsonSchema, refusals: Refusal[]): void {
  if (typeof schema === 'boolean') return;
  for (const [keyword, value] of Object.entries(schema)) {
    if (refusals.length > refusalsMax) return;
    if (keyword.startsWith('x-')) continue;
    const at = `${pointer}/${escaped(keyword)}`;
    const kind = kindOf.get(keyword);
    const reason =
      refusedKeywords.get(keyword) ??
      (kind === undefined ? 'no such keyword: annotations of your own begin with x-' : problemOf(kind, value, body, pointer));
    if (reason !== null) refusals.push({ pointer: at, keyword, reason });
    else for (const [inner, place] of partsOf(kind, value, at)) check(inner, place, body, refusals);
  }
}

function* partsOf(kind: string | undefined, value: JsonValue, at: string): Generator<[JsonSchema, string]> {
  if (kind === 'schema' && isJsonSchema(value)) yield [value, at];
  if (kind === 'schemas' && Array.isArray(value))
    for (const [i, part] of value.entries()) if (isJsonSchema(part)) yield [part, `${at}/${i}`];
  if ((kind === 'named schemas' || kind === 'patterns') && isJsonObject(value))
    for (const [name, part] of Object.entries(value)) if (isJsonSchema(part)) yield [part, `${at}/${escaped(name)}`];
}

/** Null when the value is as the keyword asks. */
function problemOf(kind: string, value: JsonValue, body: JsonSchema, pointer: string): string | null {
  if (isJsonObject(value) && value['$data'] !== undefined) return 'references into the data ($data) are not supported';
  switch (kind) {
    case 'schema':
      if (Array.isArray(value)) return 'a list of schemas is of an older dialect: write prefixItems';
      return isJsonSchema(value) ? null : 'must be a schema';
    case 'schemas':
      return Array.isArray(value) && value.length > 0 && value.every(isJsonSchema) ? null : 'must be a list of schemas, not empty';
    case 'named schemas':
    case 'patterns':
      if (!isJsonObject(value) || !Object.values(value).every(isJsonSchema)) return 'must be an object of schemas';
      return kind === 'patterns'
        ? (Object.keys(value)
            .map(patternProblem)
            .find((problem) => problem !== null) ?? null)
        : null;
    case 'count':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? null : 'must be a whole number, 0 or more';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? null : 'must be a number';
    case 'divisor':
      return typeof value === 'number' && Number.isFinite(value) && value > 0 ? null : 'must be a number above 0';
    case 'type':
      return (Array.isArray(value) ? value.length > 0 && value.every((type) => types.has(type)) : types.has(value))
        ? null
        : 'must be a type, or a list of types';
    case 'texts':
      return areTexts(value) ? null : 'must be a list of texts';
    case 'lists of texts':
      return isJsonObject(value) && Object.values(value).every(areTexts) ? null : 'must be an object of lists of texts';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'list':
      return Array.isArray(value) && value.length > 0 ? null : 'must be a list, not empty: nothing could satisfy it';
    default:
      return problemOfText(kind, value, body, pointer);
  }
}

function problemOfText(kind: string, value: JsonValue, body: JsonSchema, pointer: string): string | null {
  if (kind === 'annotation' || kind === 'value') return null;
  if (typeof value !== 'string') return 'must be a text';
  switch (kind) {
    case 'pattern':
      return patternProblem(value);
    case 'format':
      return textFormats.has(value) || annotationFormats.has(value)
        ? null
        : `format ${JSON.stringify(value)} is not supported; these are: ${[...textFormats.keys()].join(', ')}`;
    case 'reference':
      return referenceProblem(value, body);
    case 'dialect':
      return dialects.has(value) ? null : 'only https://json-schema.org/draft/2020-12/schema is supported';
    default:
      return pointer === '' || !value.includes(':') ? null : 'only the body itself has an $id';
  }
}

function referenceProblem(reference: string, body: JsonSchema): string | null {
  if (!reference.startsWith('#'))
    return `${JSON.stringify(reference.slice(0, 80))} is outside the document, and nothing is fetched: copy it into $defs`;
  return resolveReference(body, reference) === undefined ? `${JSON.stringify(reference.slice(0, 80))} leads nowhere` : null;
}

function patternProblem(source: string): string | null {
  const pattern = linearPattern(source);
  return pattern.kind === 'refused' ? pattern.reason : null;
}

function areTexts(value: JsonValue): boolean {
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
