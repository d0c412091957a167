// The compiled checks and the validator agree: on whether a row is clean, and on what it breaks.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { compileSchema } from '../../contracts/json-schema-validator.ts';
import type { JsonSchema, JsonValue } from '../../contracts/json-schema.ts';
import { compileRules } from '../../contracts/rules/compile-rules.ts';
import { rowWire, type DecodedType } from '../../contracts/rules/row-wire.ts';
import type { Violation } from '../../contracts/rules/rule.ts';
import { bodyFor, documentOf, rowType } from './contract-rules-documents.ts';
import { rulesLab, type RulesLab } from './contract-rules-lab.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';
const batch = 40;
const runs = isLong ? 2_600 : 75;

interface Case {
  readonly body: JsonSchema;
  readonly type: DecodedType;
  /** Columns that are decoded as JSON, though they have a type. */
  readonly asJson: readonly string[];
  readonly documents: readonly JsonValue[];
}

const cases: fc.Arbitrary<Case> = rowType.chain((type) =>
  fc.record({
    body: bodyFor(type),
    type: fc.constant(type),
    asJson: fc.subarray(['a', 'b', 'c', 'd']),
    documents: fc.array(documentOf(type), { minLength: batch, maxLength: batch }),
  }),
);

interface Tally {
  pairs: number;
  clean: number;
  bySql: number;
  brokenBySql: number;
}

function decodedAs(type: DecodedType, asJson: readonly string[]): DecodedType {
  if (type.kind !== 'struct') return type;
  return {
    kind: 'struct',
    fields: type.fields.map((field) => (asJson.includes(field.name) ? { name: field.name, type: { kind: 'json' } } : field)),
  };
}

async function compare(lab: RulesLab, { body, type, asJson, documents }: Case, tally: Tally): Promise<void> {
  const rules = compileRules(body);
  fc.pre(rules.refused[0]?.keyword !== 'patternProperties');
  assert.deepEqual(rules.refused, []);
  const validator = compileSchema(body);
  assert(validator.kind === 'validator', JSON.stringify(validator));
  const decoded = decodedAs(type, asJson);
  const verdicts = await lab.judge(
    rules,
    rowWire([], decoded, 'postgres'),
    decoded,
    documents.map((document) => JSON.stringify(document)),
  );
  assert.equal(verdicts.length, documents.length);
  documents.forEach((document, i) => {
    const verdict = verdicts[i];
    assert(verdict);
    const accepted = validator.accepts(document);
    const judged = rules.judge(document);
    const about = JSON.stringify({ body, document, verdict, judged });
    assert.equal(judged.length === 0, accepted, `the judge and the validator differ: ${about}`);
    tally.pairs += 1;
    if (accepted) tally.clean += 1;
    if (verdict.needsJudge) {
      assert.equal(verdict.isClean, false, `a row that needs the judge is not clean: ${about}`);
      return;
    }
    tally.bySql += 1;
    if (!accepted) tally.brokenBySql += 1;
    assert.equal(verdict.isClean, accepted, `SQL and the validator differ: ${about}`);
    assert.deepEqual(verdict.violations.map(told), judged.map(told), about);
  });
}

function told({ property, rule, message }: Violation): string {
  return `${property} ${rule} ${message}`;
}

test('SQL and the validator agree on generated schemas and documents', { timeout: isLong ? 3_600_000 : 120_000 }, async (context) => {
  using lab = await rulesLab();
  const tally: Tally = { pairs: 0, clean: 0, bySql: 0, brokenBySql: 0 };
  await fc.assert(
    fc.asyncProperty(cases, (some) => compare(lab, some, tally)),
    { numRuns: runs },
  );
  context.diagnostic(`${tally.pairs} pairs: ${tally.clean} clean, ${tally.bySql} judged by SQL (${tally.brokenBySql} of them broken)`);
  assert(tally.pairs >= batch * runs);
  assert(
    // Usually a half, a third and a seventh; far below that, the generator has lost its meaning.
    tally.bySql > tally.pairs / 5 && tally.brokenBySql > tally.pairs / 20 && tally.clean > tally.pairs / 40,
    `the pairs say too little: ${JSON.stringify(tally)}`,
  );
});
