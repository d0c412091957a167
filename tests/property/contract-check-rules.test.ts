// What a draft makes of a CHECK constraint must be what the database means by it: over random conditions and values, the
// database lets a row pass exactly where the validator accepts it. DuckDB stands in for PostgreSQL: the operators of this
// subset mean the same there.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { checkRules } from '../../contracts/draft/check-rules.ts';
import { mergeKeywords } from '../../contracts/draft/merge-keywords.ts';
import type { JsonObject } from '../../contracts/json-schema.ts';
import { compileSchema } from '../../contracts/json-schema-validator.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';

const numbers: readonly number[] = [-3, -2.5, -1, 0, 0.5, 1, 2, 2.5, 3, 7, 100];
const texts: readonly string[] = ['', 'a', 'ab', 'abc', 'abcd', "o'k", 'b c', 'é', '😀', 'x"y'];

const figure = fc.constantFrom(...numbers);
const text = fc.constantFrom(...texts);

/** As the server writes a constant back. */
const writtenNumber = figure.chain((value) => fc.constantFrom(...spellings(value)));

function spellings(value: number): readonly string[] {
  const quotedOnes = [`('${value}'::numeric)::double precision`, `'${value}'::numeric`];
  if (value >= 0) return [...quotedOnes, String(value), `(${value})::numeric`];
  return Number.isInteger(value) ? [...quotedOnes, `'${value}'::integer`] : quotedOnes;
}

const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const writtenText = text.chain((value) => fc.constantFrom(`${literal(value)}::text`, `(${literal(value)}::character varying)::text`));

const sign = fc.constantFrom('<', '<=', '>', '>=', '=', '<>');

const numberTerm = fc.oneof(
  fc.tuple(sign, writtenNumber).map(([op, value]) => `(n ${op} ${value})`),
  fc.tuple(sign, writtenNumber).map(([op, value]) => `(${value} ${op} n)`),
  fc.array(writtenNumber, { minLength: 1, maxLength: 3 }).map((values) => `(n = ANY (ARRAY[${values.join(', ')}]))`),
);
const textTerm = fc.oneof(
  fc.tuple(fc.constantFrom('=', '<>'), writtenText).map(([op, value]) => `(t ${op} ${value})`),
  fc
    .tuple(
      sign.filter((op) => op !== '<>'),
      fc.integer({ min: 1, max: 5 }),
    )
    .map(([op, length]) => `(char_length(t) ${op} ${length})`),
  fc
    .tuple(
      sign.filter((op) => op !== '<>'),
      fc.integer({ min: 1, max: 5 }),
    )
    .map(([op, length]) => `(length((t)::text) ${op} ${length})`),
  fc.array(writtenText, { minLength: 1, maxLength: 3 }).map((values) => `(t = ANY (ARRAY[${values.join(', ')}]))`),
);

function condition(term: fc.Arbitrary<string>, column: string): fc.Arbitrary<string> {
  const joined = fc
    .array(term, { minLength: 1, maxLength: 3 })
    .map((terms) => (terms.length === 1 ? (terms[0] ?? '') : `(${terms.join(' AND ')})`));
  return fc.tuple(joined, fc.boolean()).map(([inner, isOpen]) => (isOpen ? `(${inner} OR (${column} IS NULL))` : inner));
}

test('a CHECK that becomes keywords lets pass exactly what the database lets pass', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run('CREATE TABLE numbers (n DOUBLE); CREATE TABLE texts (t VARCHAR)');
  await connection.run(`INSERT INTO numbers VALUES ${[...numbers.map(String), 'NULL'].map((value) => `(${value})`).join(', ')}`);
  await connection.run(`INSERT INTO texts VALUES ${[...texts.map(literal), 'NULL'].map((value) => `(${value})`).join(', ')}`);
  const property = (column: 'n' | 't', term: fc.Arbitrary<string>) =>
    fc.asyncProperty(condition(term, column), async (expression) => {
      const rules = checkRules(expression, null);
      assert.ok(rules, `not understood: ${expression}`);
      const keywords = rules.reduce<JsonObject>((whole, rule) => mergeKeywords(whole, rule.keywords), {});
      const listed = keywords['enum'];
      // As a draft of a column that may be null has it.
      const schema = Array.isArray(listed) ? { ...keywords, enum: [...listed, null] } : keywords;
      const validator = compileSchema(schema);
      assert.ok(validator.kind === 'validator');
      const table = column === 'n' ? 'numbers' : 'texts';
      const rows = await connection.runAndReadAll(`SELECT ${column}, coalesce(${expression}, true) FROM ${table}`);
      for (const [value, passes] of rows.getRows()) {
        const document = typeof value === 'number' || typeof value === 'string' ? value : null;
        assert.equal(validator.accepts(document), passes, `${expression} as ${JSON.stringify(schema)} of ${JSON.stringify(document)}`);
      }
    });
  const numRuns = isLong ? 3_000 : 60;
  await fc.assert(property('n', numberTerm), { numRuns });
  await fc.assert(property('t', textTerm), { numRuns });
  connection.closeSync();
  instance.closeSync();
});
