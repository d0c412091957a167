// One keyword of a schema at a time: is its value of the right kind, and does it agree with the keywords beside it?

import { jsonTypesOf } from '../column-type.ts';
import { jsonEqual } from '../compatibility/json-equal.ts';
import { annotationFormats, textFormats } from '../formats.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { linearPattern } from '../linear-pattern.ts';
import { lintAnnotation } from './lint-columns.ts';
import type { LintRuleName } from './lint-rules.ts';
import type { Report } from './lint-schema.ts';
import { jsonSchemaDialect } from './odcs-contract.ts';
import { nearest } from './shape.ts';
import type { DocumentPath } from './source-text.ts';

const types = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'];
const counts: ReadonlySet<string> = new Set([
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'minContains',
  'maxContains',
]);
const numbers = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
const booleans: ReadonlySet<string> = new Set(['uniqueItems', 'deprecated', 'readOnly', 'writeOnly']);
const texts: ReadonlySet<string> = new Set([
  '$id',
  '$schema',
  '$anchor',
  '$comment',
  'pattern',
  'format',
  'contentEncoding',
  'contentMediaType',
  'title',
  'description',
]);
const dynamic: ReadonlySet<string> = new Set(['$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$recursiveAnchor']);

/** Lower bound → its upper bounds; equal is enough to exclude everything where either excludes its own value. */
const pairs: Readonly<Record<string, readonly (readonly [upper: string, isOpen: boolean])[]>> = {
  minimum: [
    ['maximum', false],
    ['exclusiveMaximum', true],
  ],
  exclusiveMinimum: [
    ['maximum', true],
    ['exclusiveMaximum', true],
  ],
  minLength: [['maxLength', false]],
  minItems: [['maxItems', false]],
  minProperties: [['maxProperties', false]],
  minContains: [['maxContains', false]],
};

const typeOfKeyword: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(['minLength', 'maxLength', 'pattern', 'contentEncoding'].map((name) => [name, ['string']])),
  ...Object.fromEntries(numbers.map((name) => [name, ['number', 'integer']])),
  ...Object.fromEntries(['minItems', 'maxItems', 'uniqueItems', 'minContains', 'maxContains'].map((name) => [name, ['array']])),
  ...Object.fromEntries(['minProperties', 'maxProperties', 'required', 'dependentRequired'].map((name) => [name, ['object']])),
};

export function lintKeywordValue(schema: JsonObject, keyword: string, value: JsonValue, path: DocumentPath, report: Report): void {
  const here = [...path, keyword];
  const tell = (rule: LintRuleName, message: string, mend: string, at: 'key' | 'value' = 'value', where: DocumentPath = here): void =>
    report({ rule, path: where, at, message, mend });
  if (keyword.startsWith('x-')) return lintAnnotation(schema, keyword, value, path, report);
  if (dynamic.has(keyword)) return tell('ref-dynamic', `${keyword} is not supported`, 'Refer by `$ref: "#/$defs/…"`.', 'key');
  const wanted = wantedKind(keyword, value);
  if (wanted !== null) return tell('keyword-value', `${keyword} is not ${wanted}`, `Write ${wanted}.`);
  lintBounds(schema, keyword, value, tell);
  lintIdle(schema, keyword, tell);
  switch (keyword) {
    case 'type':
      return lintType(value, tell);
    case 'enum':
      return lintEnum(schema, value, here, tell);
    case 'const':
      return allows(schema, value)
        ? undefined
        : tell('enum-type', `const ${shown(value)} is none of the type`, 'Change the value or the type.');
    case 'required':
      return lintRequired(schema, value, here, tell);
    case '$schema':
      if (value === jsonSchemaDialect) return;
      return tell('schema-dialect', `${shown(value)} is another dialect`, `Write ${jsonSchemaDialect}, or leave it out.`);
    case 'pattern': {
      const pattern = linearPattern(String(value));
      if (pattern.kind === 'refused') tell('pattern-form', pattern.reason, 'Write it without look-around and back-references.');
      return;
    }
    case 'format':
      return lintFormat(String(value), tell);
    default:
  }
}

type Tell = (rule: LintRuleName, message: string, mend: string, at?: 'key' | 'value', where?: DocumentPath) => void;

/** What should stand there; null when it does. */
function wantedKind(keyword: string, value: JsonValue): string | null {
  if (counts.has(keyword) || numbers.includes(keyword)) return typeof value === 'number' ? null : 'a number';
  if (booleans.has(keyword)) return typeof value === 'boolean' ? null : 'true or false';
  if (texts.has(keyword)) return typeof value === 'string' ? null : 'text';
  if (keyword === 'enum' || keyword === 'examples') return Array.isArray(value) ? null : 'a list';
  if (keyword === 'required') return isTextList(value) ? null : 'a list of names';
  if (keyword === 'dependentRequired') {
    return isJsonObject(value) && Object.values(value).every(isTextList) ? null : 'a mapping of names to lists of names';
  }
  if (keyword === 'type') return typeof value === 'string' || (isTextList(value) && value.length > 0) ? null : 'a type or a list of types';
  return null;
}

function lintBounds(schema: JsonObject, keyword: string, value: JsonValue, tell: Tell): void {
  if (typeof value !== 'number') return;
  if (counts.has(keyword) && (value < 0 || !Number.isInteger(value))) {
    tell('bound-negative', `${keyword} is ${value}`, 'Write a whole number from 0 on.');
  }
  if (keyword === 'multipleOf' && value <= 0) tell('multiple-positive', `multipleOf is ${value}`, 'Write a number above 0.');
  for (const [upper, isOpen] of pairs[keyword] ?? []) {
    const limit = schema[upper];
    if (typeof limit !== 'number' || value < limit || (value === limit && !isOpen)) continue;
    tell('bounds-crossed', `${keyword} ${value} leaves nothing below ${upper} ${limit}`, `Lower ${keyword} or raise ${upper}.`);
  }
}

function lintIdle(schema: JsonObject, keyword: string, tell: Tell): void {
  const meant = typeOfKeyword[keyword];
  const said = jsonTypesOf(schema);
  if (meant === undefined || said.length === 0 || schema['type'] === undefined) return;
  if (said.every((type) => types.includes(type)) && !said.some((type) => meant.includes(type))) {
    tell('keyword-idle', `${keyword} says nothing about ${said.join(', ')}`, 'Remove it, or correct the type.', 'key');
  }
}

function lintType(value: JsonValue, tell: Tell): void {
  const names: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  for (const name of names) {
    if (typeof name !== 'string' || types.includes(name)) continue;
    const near = nearest(name, types);
    tell('type-unknown', `there is no type ${name}`, near === null ? `Write one of: ${types.join(', ')}.` : `Did you mean \`${near}\`?`);
  }
  if (new Set(names).size < names.length) tell('type-duplicate', `type names one type twice: ${names.join(', ')}`, 'Keep one of them.');
}

function lintEnum(schema: JsonObject, value: JsonValue, path: DocumentPath, tell: Tell): void {
  const values: readonly JsonValue[] = Array.isArray(value) ? value : [];
  if (values.length === 0) tell('enum-empty', 'enum has no values', 'List the values allowed, or leave enum out.');
  const seen = new Set<string>();
  values.forEach((item, index) => {
    const text = JSON.stringify(item);
    if (seen.has(text)) tell('enum-duplicate', `${shown(item)} stands twice in enum`, 'Keep one of them.', 'key', [...path, index]);
    seen.add(text);
    if (!allows(schema, item))
      tell('enum-type', `${shown(item)} is none of the type`, 'Change the value or the type.', 'key', [...path, index]);
  });
}

function lintRequired(schema: JsonObject, value: JsonValue, path: DocumentPath, tell: Tell): void {
  const names: readonly JsonValue[] = Array.isArray(value) ? value : [];
  const properties = schema['properties'];
  names.forEach((name, index) => {
    const here = [...path, index];
    if (names.findIndex((other) => jsonEqual(other, name)) < index) {
      tell('required-duplicate', `required names ${shown(name)} twice`, 'Keep one of them.', 'key', here);
    } else if (isJsonObject(properties) && typeof name === 'string' && !Object.hasOwn(properties, name)) {
      tell(
        'required-unknown',
        `required names ${name}, which properties does not describe`,
        'Describe it, or correct the name.',
        'key',
        here,
      );
    }
  });
}

function lintFormat(format: string, tell: Tell): void {
  if (textFormats.has(format) || annotationFormats.has(format)) return;
  const all = [...textFormats.keys(), ...annotationFormats];
  const near = nearest(format, all);
  const mend = near === null ? `Use one of: ${all.join(', ')}; or a pattern.` : `Did you mean \`${near}\`?`;
  tell('format-unknown', `nobody checks the format ${format}`, mend);
}

function allows(schema: JsonObject, value: JsonValue): boolean {
  const type = schema['type'];
  const said: readonly JsonValue[] = type === undefined ? [] : Array.isArray(type) ? type : [type];
  const own = typeNameOf(value);
  return said.length === 0 || said.some((name) => name === own || (name === 'number' && own === 'integer'));
}

function typeNameOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function isTextList(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function shown(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
