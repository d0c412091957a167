// Modes, histories, closed evaluation, hostile schemas and whole contracts. What each keyword means for compatibility is
// in the conformance vectors.

import assert from 'node:assert/strict';
import test from 'node:test';
import { compareContracts } from '../../contracts/compatibility/compare-contracts.ts';
import { compareSchemas } from '../../contracts/compatibility/compare-schemas.ts';
import type { CompatibilityMode, Contract } from '../../contracts/contract.ts';
import type { JsonObject, JsonSchema } from '../../contracts/json-schema.ts';

const text = { type: 'string' } as const;
const whole = { type: 'integer' } as const;
const row = (properties: JsonObject, required: readonly string[] = []): JsonSchema => ({ type: 'object', properties, required });

const list = (leaf: JsonSchema): JsonSchema => ({ type: 'object', properties: { head: leaf, tail: { $ref: '#' } } });
const nested = (depth: number, wrap: (inner: JsonSchema) => JsonSchema): JsonSchema => {
  let schema: JsonSchema = text;
  for (let level = 0; level < depth; level += 1) schema = wrap(schema);
  return schema;
};
const thousand = (length: number): JsonObject =>
  Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`c${index}`, { ...text, maxLength: index === 999 ? length : 10 }]));

const narrow = row({ c: { ...text, maxLength: 5 } });
const wide = row({ c: { ...text, maxLength: 9 } });

test('each mode asks its own direction', () => {
  const verdicts = (['none', 'backward', 'forward', 'full'] as const).map((mode) => [
    compareSchemas(narrow, wide, { mode }).compatible,
    compareSchemas(wide, narrow, { mode }).compatible,
  ]);
  assert.deepEqual(verdicts, [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ]);
});

test('a witness says who accepts it, who rejects it, and where', () => {
  const backward = compareSchemas(wide, narrow, { mode: 'backward' }).witness;
  assert.deepEqual(
    [backward?.acceptedBy, backward?.rejectedBy, backward?.explains.pointer, backward?.explains.keyword],
    ['old', 'new', '/c', 'maxLength'],
  );
  const forward = compareSchemas(narrow, wide, { mode: 'forward' }).witness;
  assert.deepEqual([forward?.acceptedBy, forward?.rejectedBy], ['new', 'old']);
});

test('mode none tells the differences and forbids none', () => {
  const { compatible, differences } = compareSchemas(wide, narrow, { mode: 'none' });
  assert.equal(compatible, true);
  assert.deepEqual(
    differences.map(({ kind, path, allowed }) => [kind, path, allowed]),
    [['MAX_LENGTH_DECREASED', '#/properties/c/maxLength', true]],
  );
});

test('a transitive mode looks at every older version, the others at the last', () => {
  const history = [row({ c: text })];
  assert.equal(compareSchemas(narrow, wide, { mode: 'backward', history }).compatible, true);
  const transitive = compareSchemas(narrow, wide, { mode: 'backward-transitive', history });
  assert.equal(transitive.compatible, false);
  assert.equal(transitive.witness?.against, 1);
  assert.deepEqual(new Set(transitive.differences.map(({ against }) => against)), new Set([0, 1]));
});

test('columns come and go freely as long as none is required: closed evaluation', () => {
  const one = row({ c: text });
  const two = row({ c: text, d: whole });
  for (const mode of ['backward', 'forward', 'full'] as const) {
    assert.equal(compareSchemas(one, two, { mode }).compatible, true);
    assert.equal(compareSchemas(two, one, { mode }).compatible, true);
  }
  // In the other profiles a row of the old version could have carried the column with any type.
  assert.equal(compareSchemas(one, two, { mode: 'backward', profile: 'confluent-strict' }).compatible, false);
});

test('a column is known when any alternative names it, and a place that names none is free-form', () => {
  const either: JsonSchema = { type: 'object', anyOf: [{ properties: { a: text } }, { properties: { b: text } }] };
  assert.equal(compareSchemas(either, row({ c: whole }), { mode: 'backward' }).compatible, true);
  assert.equal(compareSchemas({ type: 'object' }, row({ c: whole }), { mode: 'backward' }).compatible, false);
});

test('a proof by induction: a schema that contains itself, under another shape', () => {
  const twice: JsonSchema = {
    $defs: { odd: { type: 'object', properties: { head: { type: 'number' }, tail: { $ref: '#/$defs/even' } } }, even: { $ref: '#' } },
    type: 'object',
    properties: { head: { type: 'number' }, tail: { $ref: '#/$defs/odd' } },
  };
  assert.equal(compareSchemas(list(whole), twice, { mode: 'backward' }).compatible, true);
  const flawed = compareSchemas(twice, list(whole), { mode: 'backward' });
  assert.equal(flawed.compatible, false);
});

test('an assumption of a proof by induction that turns out false takes its conclusions with it', () => {
  // To show that `outer` has no value, `inner` is shown to have none, assuming that of `outer`; but null is an `outer`.
  const recursive: JsonSchema = {
    $defs: {
      outer: { anyOf: [{ type: 'object', required: ['m'], properties: { m: { $ref: '#/$defs/inner' } } }, { type: 'null' }] },
      inner: { type: 'object', required: ['k'], properties: { k: { $ref: '#/$defs/outer' } } },
    },
    type: 'object',
    required: ['a', 'b'],
    properties: { a: { $ref: '#/$defs/outer' }, b: { $ref: '#/$defs/inner' } },
  };
  assert.equal(compareSchemas(recursive, false, { mode: 'backward' }).compatible, false);
});

test('what is not understood is unknown, with the reason, in bounded time', () => {
  const column = (schema: JsonSchema): JsonSchema => row({ c: schema });
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`c${index}`, text]));
  const tower = (length: number): JsonSchema =>
    nested(8, (inner) => ({ anyOf: [inner, { allOf: [inner, { minLength: length }] }, { oneOf: [inner, { type: 'null' }] }] }));
  const hostile: readonly (readonly [string, JsonSchema, RegExp])[] = [
    ['nested a million deep', nested(1_000_000, (inner) => ({ properties: { a: inner } })), /nested/],
    ['10,000 properties', row(many), /10000 entries/],
    ['a reference elsewhere', column({ $ref: 'https://example.com/schema' }), /leads nowhere within the document/],
    ['$data', column({ minimum: { $data: '1/a' } }), /minimum is not a number/],
    ['a reference that describes nothing', { $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }, /comes back to itself/],
    ['a count that no machine holds', column({ type: 'string', pattern: '(a{1000}){1000}' }), /linear form|neither a proof nor a witness/],
    ['a type that is none', column({ type: 'strnig' }), /type is not/],
    ['a dynamic reference', column({ $dynamicRef: '#a' }), /\$dynamicRef is not compared/],
    ['alternatives upon alternatives', column(tower(1)), /given up|neither|more than/],
  ];
  for (const [name, schema, reason] of hostile) {
    const began = performance.now();
    const comparison = compareSchemas(schema, column({ ...text, maxLength: 3 }), { mode: 'backward', stepsMax: 50_000, phaseMaxMs: 1_000 });
    if (comparison.compatible === 'unknown') assert.match(comparison.reason ?? '', reason, name);
    else assert.ok(name.startsWith('alternatives') && comparison.witness, name);
    assert.ok((comparison.reason ?? '').length < 300, name);
    assert.ok(performance.now() - began < 8_000, name);
  }
});

test('a pattern that ruins other engines is compared in linear time', () => {
  const pattern = row({ c: { ...text, pattern: '^(a+)+$' } });
  assert.equal(compareSchemas(pattern, row({ c: text }), { mode: 'backward' }).compatible, true);
  assert.equal(compareSchemas(row({ c: text }), pattern, { mode: 'backward' }).compatible, false);
});

test('a table of 1,000 columns is decided both ways', () => {
  const [before, after] = [thousand(10), thousand(20)].map((properties) => row(properties, Object.keys(properties)));
  assert.ok(before !== undefined && after !== undefined);
  assert.equal(compareSchemas(before, after, { mode: 'backward' }).compatible, true);
  assert.equal(compareSchemas(before, after, { mode: 'forward' }).compatible, false);
});

const contract = (tables: Readonly<Record<string, JsonSchema>>, compatibility: CompatibilityMode = 'backward'): Contract => ({
  id: 'users',
  version: '1.0.0',
  state: 'draft',
  name: null,
  description: null,
  domain: null,
  owner: null,
  tags: [],
  compatibility,
  policy: 'flag',
  tables: Object.entries(tables).map(([name, body]) => ({
    name,
    physicalName: null,
    description: null,
    body,
    columns: [],
    tags: [],
    quality: [],
  })),
  serviceLevels: [],
  rest: {},
});

test('contracts are compared table by table, by the mode the new version declares', () => {
  const comparison = compareContracts(contract({ users: wide, rides: narrow }), contract({ users: narrow, rides: wide, trips: wide }));
  assert.equal(comparison.compatible, false);
  assert.deepEqual(
    comparison.tables.map(({ table, compatible }) => [table, compatible]),
    [
      ['users', false],
      ['rides', true],
      ['trips', true],
    ],
  );
  assert.equal(comparison.witness?.table, 'users');
  assert.equal(compareContracts(contract({ users: wide }), contract({ users: narrow }, 'forward')).compatible, true);
});

test('a table that leaves the contract breaks it, unless nothing is asked', () => {
  const [before, after] = [contract({ users: wide, rides: wide }), contract({ users: wide })];
  const gone = compareContracts(before, after);
  assert.equal(gone.compatible, false);
  assert.match(gone.reason ?? '', /table rides is no longer in the contract/);
  assert.equal(compareContracts(before, after, { mode: 'none' }).compatible, true);
});
