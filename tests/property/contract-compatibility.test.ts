// Compatibility over generated schemas: a proof is never contradicted by a document, a witness is always one, and the
// evaluator that proofs rest on answers as the validator does.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { createBudget } from '../../contracts/compatibility/budget.ts';
import { compareSchemas } from '../../contracts/compatibility/compare-schemas.ts';
import { evaluate } from '../../contracts/compatibility/evaluate.ts';
import { createJudges } from '../../contracts/compatibility/judges.ts';
import { columnsOf, hasUnknownColumn } from '../../contracts/compatibility/known-columns.ts';
import { createNumbering, openSchema } from '../../contracts/compatibility/schema-document.ts';
import { compileSchema } from '../../contracts/json-schema-validator.ts';
import type { JsonSchema, JsonValue } from '../../contracts/json-schema.ts';
import { seededRandom } from '../../runtime/random.ts';
import { documentSource } from '../conformance/contract-compatibility-documents.ts';

const long = process.env['FOZ_TEST_LONG'] === '1';
const pairs = long ? 20_000 : 300;
const documentsPerPair = long ? 300 : 60;

const count = fc.integer({ min: 0, max: 4 });
const bound = fc.constantFrom(-1, 0, 0.5, 1, 2, 3);
const name = fc.constantFrom('a', 'b', 'c');
const scalar: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue[]>(null, true, false, 0, 1, 2, 0.5, '', 'a', 'ab', 'ABC', '2024-02-29');
const types = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object');

const optional = (keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> => fc.record(keywords, { requiredKeys: [] });

const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => {
  const sub = tie('schema');
  const list = fc.array(sub, { minLength: 1, maxLength: 3 });
  const map = fc.dictionary(name, sub, { maxKeys: 3 });
  const parts: fc.Arbitrary<object>[] = [
    optional({ type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 3 })) }),
    optional({ enum: fc.array(scalar, { minLength: 1, maxLength: 4 }), const: scalar }),
    optional({
      minimum: bound,
      maximum: bound,
      exclusiveMinimum: bound,
      exclusiveMaximum: bound,
      multipleOf: fc.constantFrom(0.5, 1, 2, 0.1),
    }),
    optional({
      minLength: count,
      maxLength: count,
      pattern: fc.constantFrom('^a', '^[a-z]*$', '[A-Z]{2}', '^$'),
      format: fc.constantFrom('date', 'email'),
    }),
    optional({ items: sub, prefixItems: list, minItems: count, maxItems: count, uniqueItems: fc.boolean() }),
    optional({ contains: sub, minContains: count, maxContains: count }),
    optional({ properties: map, required: fc.uniqueArray(name, { maxLength: 2 }) }),
    optional({ additionalProperties: sub, patternProperties: fc.dictionary(fc.constantFrom('^a', 'b$'), sub, { maxKeys: 2 }) }),
    optional({ minProperties: count, maxProperties: count, propertyNames: sub }),
    optional({ dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), { maxKeys: 2 }), dependentSchemas: map }),
    optional({ allOf: list }),
    optional({ anyOf: list }),
    optional({ oneOf: list }),
    optional({ not: sub }),
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    optional({ if: sub, then: sub, else: sub }),
  ];
  const object = fc.array(fc.oneof(...parts), { minLength: 1, maxLength: 3 }).map((found): JsonSchema => Object.assign({}, ...found));
  return {
    schema: fc.oneof({ maxDepth: 3, depthSize: 'small' }, { weight: 1, arbitrary: fc.boolean() }, { weight: 8, arbitrary: object }),
  };
});

/** A schema and one that differs a little: unrelated schemas are rarely compatible, and tell little. */
const pair: fc.Arbitrary<readonly [JsonSchema, JsonSchema]> = fc
  .record({
    base: schema,
    other: schema,
    edit: fc.constantFrom('merge', 'anyOf', 'allOf', 'drop', 'other'),
    at: fc.nat(),
    flip: fc.boolean(),
  })
  .map(({ base, other, edit, at, flip }) => {
    const edited =
      edit === 'other' ? other : edit === 'anyOf' || edit === 'allOf' ? { [edit]: [base, other] } : near(base, other, edit, at);
    return flip ? [edited, base] : [base, edited];
  });

function near(base: JsonSchema, other: JsonSchema, edit: string, at: number): JsonSchema {
  if (typeof base === 'boolean' || typeof other === 'boolean') return other;
  if (edit === 'merge') return { ...base, ...other };
  const names = Object.keys(base);
  const dropped = names[at % Math.max(names.length, 1)];
  return Object.fromEntries(Object.entries(base).filter(([key]) => key !== dropped));
}

test('a verdict of compatible is never contradicted by a document, and a witness is accepted and rejected as it says', () => {
  const verdicts = { true: 0, false: 0, unknown: 0 };
  fc.assert(
    fc.property(pair, fc.nat(), ([writer, reader], seed) => {
      const { compatible, witness } = compareSchemas(writer, reader, { mode: 'backward', stepsMax: 40_000 });
      verdicts[`${compatible}`] += 1;
      if (compatible === 'unknown') return;
      const [written, read] = [compileSchema(writer, true), compileSchema(reader, true)];
      const opened = openSchema(writer, createNumbering());
      assert.ok(written.kind === 'validator' && read.kind === 'validator' && opened.kind === 'document');
      if (compatible === false) {
        assert.ok(witness && written.accepts(witness.document) && !read.accepts(witness.document));
        return;
      }
      const columns = columnsOf(opened);
      const draw = documentSource([writer, reader], seededRandom(seed));
      for (let tries = 0; tries < documentsPerPair; tries += 1) {
        const document = draw();
        if (!written.accepts(document) || hasUnknownColumn(columns, document)) continue;
        assert.ok(read.accepts(document), `counterexample ${JSON.stringify(document)}`);
      }
    }),
    { numRuns: pairs },
  );
  // Otherwise the property holds because nothing is ever decided.
  assert.ok(verdicts.true > pairs / 10 && verdicts.false > pairs / 10 && verdicts.unknown < pairs / 5, JSON.stringify(verdicts));
});

test('the evaluator answers as the validator does, or not at all', () => {
  const judges = createJudges()(createBudget(1e9, 1e9));
  fc.assert(
    fc.property(schema, fc.nat(), (one, seed) => {
      const compiled = compileSchema(one, true);
      const document = openSchema(one, createNumbering());
      fc.pre(compiled.kind === 'validator' && document.kind === 'document');
      const draw = documentSource([one], seededRandom(seed));
      for (let tries = 0; tries < 20; tries += 1) {
        const value = draw();
        const answer = evaluate(judges, document, one, value);
        if (answer !== null) assert.equal(answer, compiled.accepts(value), JSON.stringify(value));
      }
    }),
    { numRuns: pairs },
  );
});
