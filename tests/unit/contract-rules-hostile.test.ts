// Contracts that want to hurt are refused with a reason, each within a second; patterns that are slow elsewhere are not
// refused but harmless.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject, JsonSchema } from '../../contracts/json-schema.ts';
import { compileRules } from '../../contracts/rules/compile-rules.ts';

function nested(depth: number, keyword: string): JsonSchema {
  let schema: JsonSchema = { type: 'string' };
  for (let i = 0; i < depth; i += 1) schema = { [keyword]: schema };
  return schema;
}

function doubling(levels: number): JsonSchema {
  const $defs: Record<string, JsonObject> = { d0: { type: 'string' } };
  for (let i = 1; i <= levels; i += 1)
    $defs[`d${i}`] = { anyOf: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}`, minLength: i }] };
  return { $ref: `#/$defs/d${levels}`, $defs };
}

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `p${i}`);
const column = (schema: JsonSchema): JsonSchema => ({ type: 'object', properties: { v: schema } });

const hostile: readonly (readonly [name: string, body: JsonSchema, reason: RegExp])[] = [
  ['nested a million deep', nested(1_000_000, 'not'), /nested deeper than 64/],
  ['items nested a million deep', nested(1_000_000, 'items'), /nested deeper than 64/],
  [
    'ten thousand properties',
    { properties: Object.fromEntries(many(10_000).map((name) => [name, true])) },
    /10000 entries in one object: at most 2000/,
  ],
  ['a million enum values', column({ enum: many(1_000_000) }), /1000000 values: at most 10000/],
  ['ten thousand alternatives', column({ oneOf: many(10_000).map((name) => ({ const: name })) }), /10000 alternatives: at most 1000/],
  ['one enormous text', column({ const: 'x'.repeat(10_000_000) }), /characters/],
  ['a remote reference', column({ $ref: 'https://example.com/schema.json' }), /outside the document, and nothing is fetched/],
  ['a file reference', column({ $ref: 'file:///etc/passwd' }), /outside the document/],
  ['a reference to nowhere', column({ $ref: '#/$defs/none' }), /leads nowhere/],
  ['a reference to a prototype', column({ $ref: '#/constructor' }), /leads nowhere/],
  ['a reference to itself', { $ref: '#' }, /without stepping into the value/],
  [
    'references in a ring',
    { $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/b' }] }, b: { anyOf: [{ $ref: '#/$defs/a' }] } } },
    /without stepping into the value/,
  ],
  ['references that double thirty times', doubling(30), /leads to more than 20000 schemas/],
  [
    'a recursion that doubles at every level',
    { anyOf: [{ items: { $ref: '#' } }, { items: { $ref: '#' }, minItems: 1 }] },
    /twice for \[\*\]/,
  ],
  ['$data', column({ minimum: { $data: '1/other' } }), /\$data\) are not supported/],
  ['$dynamicRef', column({ $dynamicRef: '#x' }), /dynamic references are not supported/],
  ['contentSchema', column({ contentSchema: { type: 'object' } }), /text inside a text/],
  ['$vocabulary', { $vocabulary: { 'https://example.com/v': true } }, /own vocabularies/],
  ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }, /only https:\/\/json-schema.org\/draft\/2020-12/],
  ['an $id inside', column({ $id: 'https://example.com/x' }), /only the body itself has an \$id/],
  ['$async', { $async: true }, /is not JSON Schema/],
  ['an unknown keyword', column({ minLenght: 3 }), /no such keyword/],
  ['an unknown format', column({ format: 'emial' }), /is not supported; these are: date/],
  ['a list of items schemas', column({ items: [{ type: 'string' }] }), /write prefixItems/],
  ['a boolean exclusiveMinimum', column({ exclusiveMinimum: true }), /must be a number/],
  ['multipleOf 0', column({ multipleOf: 0 }), /above 0/],
  ['a negative length', column({ minLength: -1 }), /0 or more/],
  ['counts that multiply', column({ pattern: '((a{1,100}){1,100}){1,100}' }), /no linear form/],
  ['letters counted a thousand times', column({ pattern: '^\\p{L}{1,1000}$' }), /no linear form/],
  ['a pattern of a megabyte', column({ pattern: 'a?'.repeat(500_000) }), /at most 4096/],
  ['look-ahead', column({ pattern: '^(?=a)a' }), /no linear form/],
  ['look-behind', column({ pattern: '(?<=a)b' }), /no linear form/],
  ['a back-reference', column({ pattern: '(a+)\\1' }), /back-reference/],
  ['a named back-reference', column({ pattern: '(?<n>a+)\\k<n>' }), /is no escape/],
  ['a broken pattern as a key', column({ patternProperties: { '(': true } }), /no linear form/],
  ['no pattern at all', column({ pattern: 5 }), /must be a text/],
];

for (const [name, body, reason] of hostile) {
  test(`${name}: refused with a reason, within a second`, () => {
    const from = performance.now();
    const { refused, rules } = compileRules(body);
    assert(performance.now() - from < 1000);
    assert.match(refused[0]?.reason ?? 'not refused', reason);
    assert.deepEqual(rules, []);
  });
}

test('a refusal names keyword and place', () => {
  const { refused } = compileRules({ properties: { 'a/b': { items: { minLenght: 3, $dynamicRef: '#x' } } } });
  assert.deepEqual(
    refused.map(({ pointer, keyword }) => [pointer, keyword]),
    [
      ['/properties/a~1b/items/minLenght', 'minLenght'],
      ['/properties/a~1b/items/$dynamicRef', '$dynamicRef'],
    ],
  );
});

test('patterns that explode elsewhere take linear time', () => {
  const body = column({ pattern: '^(a+)+$' });
  const { judge } = compileRules(body);
  const from = performance.now();
  assert.equal(judge({ v: `${'a'.repeat(50_000)}!` }).length, 1);
  assert.equal(judge({ v: 'a'.repeat(50_000) }).length, 0);
  assert(performance.now() - from < 1000);
});

test('a recursion that steps into the value is a contract like others', () => {
  const { refused, judge } = compileRules({
    $ref: '#/$defs/tree',
    $defs: { tree: { type: 'object', properties: { left: { $ref: '#/$defs/tree' }, right: { $ref: '#/$defs/tree' } } } },
  });
  assert.deepEqual(refused, []);
  assert.equal(judge({ left: { right: {} } }).length, 0);
  assert.deepEqual(
    judge({ left: { right: 5 } }).map(({ property, rule }) => [property, rule]),
    [['left', '$ref']],
  );
});
