// What a contract says of a column's parts, wherever a schema can stand: the catalog's masks and the failing rows of checks go by
// the same answer.

import assert from 'node:assert/strict';
import test from 'node:test';
import { columnFacts } from '../../catalog/entities/column-facts.ts';
import { columnsOf } from '../../contracts/columns.ts';
import type { JsonObject, JsonValue } from '../../contracts/json-schema.ts';
import { saidOfColumns } from '../../contracts/said-of-columns.ts';
import { schemaLists, schemaMaps, singleSchemas } from '../../contracts/schema-applicators.ts';
import { isClassified } from '../../contracts/classified.ts';
import { personalColumns } from '../../quality/plan/personal-columns.ts';
import { contractOf } from '../conformance/quality-session.ts';

const pii = { 'x-pii': 'email' };
const restricted = { 'x-classification': 'restricted' };
/** A schema under each keyword that can hold one. */
const holders: readonly (readonly [string, (part: JsonObject) => JsonObject])[] = [
  ...[...singleSchemas, 'contentSchema'].map((keyword) => [keyword, (part: JsonObject) => ({ [keyword]: part })] as const),
  ...schemaLists.map((keyword) => [keyword, (part: JsonObject) => ({ [keyword]: [{ type: 'string' }, part] })] as const),
  ...schemaMaps.map((keyword) => [keyword, (part: JsonObject) => ({ [keyword]: { x: part } })] as const),
];

test('what is said under any keyword of a column’s schema is said of the column, and its values are kept back', () => {
  for (const [keyword, held] of holders)
    for (const part of [pii, restricted, { type: 'object', properties: { a: { items: pii } } }]) {
      assert.deepEqual(hidden({ properties: { c: held(part), other: { type: 'string' } } }), ['c'], keyword);
      assert.deepEqual(hidden({ properties: { c: held(held(part)) } }), ['c'], `${keyword} within itself`);
      assert.deepEqual(hidden({ properties: { c: held({ 'x-classification': 'Internal' }) } }), [], keyword);
    }
});

test('so is what alternatives, patterns and references of the row say of it', () => {
  const c = { type: 'string' };
  const open = { properties: { c, d: c } };
  for (const keyword of ['allOf', 'anyOf', 'oneOf'])
    assert.deepEqual(hidden({ ...open, [keyword]: [{ properties: { c: pii } }] }), ['c'], keyword);
  for (const keyword of ['not', 'if', 'then', 'else'])
    assert.deepEqual(hidden({ ...open, [keyword]: { allOf: [{ properties: { c: restricted } }] } }), ['c'], keyword);
  assert.deepEqual(hidden({ ...open, dependentSchemas: { d: { properties: { c: pii } } } }), ['c']);
  assert.deepEqual(hidden({ ...open, patternProperties: { '^[ce]$': pii } }), ['c']);
  assert.deepEqual(hidden({ ...open, patternProperties: { '(?=c)': pii } }), ['c', 'd'], 'a pattern that cannot be tried');
  assert.deepEqual(hidden({ ...open, additionalProperties: pii }), [], 'both are named beside it');
  assert.deepEqual(hidden({ ...open, allOf: [{ properties: { d: c }, additionalProperties: pii }] }), ['c']);
  const $defs = {
    mail: { type: 'string', ...pii },
    'a/b': { $ref: '#/$defs/mail' },
    tree: { items: { $ref: '#/$defs/tree' }, type: 'array' },
  };
  assert.deepEqual(hidden({ properties: { c: { $ref: '#/$defs/mail' }, d: c }, $defs }), ['c']);
  assert.deepEqual(hidden({ properties: { c: { items: { $ref: '#/$defs/a~1b' } }, d: { $ref: '#/$defs/tree' } }, $defs }), ['c']);
  assert.deepEqual(hidden({ ...open, allOf: [{ $ref: '#/$defs/row' }], $defs: { row: { properties: { d: pii } } } }), ['d']);
});

test('a column that only an alternative of the row names is kept back too', () => {
  const body = { type: 'object', properties: { c: { type: 'string' } }, anyOf: [{ properties: { mail: pii, city: { type: 'string' } } }] };
  assert.deepEqual([...personalColumns(inForce(body))], ['mail']);
  assert.deepEqual([...saidOfColumns(body).names], ['c', 'mail', 'city']);
});

test('references that fan out are followed to a limit; what is not read is not open', () => {
  let level: JsonObject = { type: 'string' };
  for (let i = 0; i < 1_200; i++) level = i % 100 === 0 ? { items: level } : { ...level, [`x-note-${i}`]: i };
  const $defs = { wide: level };
  const properties = Object.fromEntries(Array.from({ length: 1_500 }, (_, i): [string, JsonValue] => [`c${i}`, { $ref: '#/$defs/wide' }]));
  const said = saidOfColumns({ properties, $defs });
  const found = Object.keys(properties).map((name) => said.of(name).pii.length);
  assert.deepEqual([found.at(0), found.at(-1)], [0, 1]);
});

/** The same from the catalog as from quality. */
function hidden(body: JsonObject): readonly string[] {
  const contract = inForce({ type: 'object', ...body });
  const byCatalog = columnFacts(contract.table, null).flatMap((fact) => (isClassified(fact) ? [fact.column] : []));
  assert.deepEqual([...personalColumns(contract)], byCatalog, JSON.stringify(body));
  return byCatalog;
}

function inForce(body: JsonObject) {
  const base = contractOf('users', []);
  return { ...base, table: { ...base.table, body, columns: columnsOf(body) } };
}
