// Compatibility by a table of vectors: every kind of difference in both directions, every profile. A witness is judged by
// two validators that share no code; where the verdict is compatible, documents drawn from both schemas by a generator
// that knows nothing of the comparison look for a counterexample.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { registerSchema, setShouldValidateFormat, unregisterSchema, validate } from '@hyperjump/json-schema/draft-2020-12';
import { compareSchemas } from '../../contracts/compatibility/compare-schemas.ts';
import type { CompatibilityProfile, Witness } from '../../contracts/compatibility/difference.ts';
import { columnsOf, hasUnknownColumn } from '../../contracts/compatibility/known-columns.ts';
import { createNumbering, openSchema } from '../../contracts/compatibility/schema-document.ts';
import { compileSchema } from '../../contracts/json-schema-validator.ts';
import type { JsonSchema, JsonValue } from '../../contracts/json-schema.ts';
import { seededRandom } from '../../runtime/random.ts';
import { documentSource } from './contract-compatibility-documents.ts';
import type { Expected } from './contract-compatibility-vector.ts';
import { vectors } from './contract-compatibility-vectors.ts';

const profiles: readonly CompatibilityProfile[] = ['confluent-strict', 'confluent-lenient', 'sound'];
const documents = process.env['FOZ_TEST_LONG'] === '1' ? 10_000 : 300;

before(async () => {
  // Has no types of its own; registers the formats.
  const formats: string = '@hyperjump/json-schema/formats';
  await import(formats);
  setShouldValidateFormat(true);
});
after(() => setShouldValidateFormat(undefined));

for (const { name, schemas, there, back } of vectors) {
  const [a, b] = schemas;
  test(`${name}: kinds, verdicts and witnesses are as the table says, there and back`, async () => {
    await checkOneWay(a, b, there);
    await checkOneWay(b, a, back);
  });
}

async function checkOneWay(writer: JsonSchema, reader: JsonSchema, expected: Expected): Promise<void> {
  const letters = profiles.map((profile) => {
    const { compatible } = compareSchemas(writer, reader, { mode: 'backward', profile });
    return compatible === true ? 'y' : compatible === false ? 'n' : 'u';
  });
  const sound = compareSchemas(writer, reader, { mode: 'backward' });
  assert.deepEqual([...new Set(sound.differences.map(({ kind }) => kind))], expected.kinds);
  assert.equal(letters.join(''), expected.verdicts);
  // The same question asked from the other side.
  assert.equal(compareSchemas(reader, writer, { mode: 'forward' }).compatible, sound.compatible);
  if (sound.compatible === false) await checkWitness(sound.witness, writer, reader);
  if (sound.compatible === true) searchCounterexample(writer, reader);
}

async function checkWitness(witness: Witness | null, writer: JsonSchema, reader: JsonSchema): Promise<void> {
  assert.ok(witness);
  assert.deepEqual([witness.acceptedBy, witness.rejectedBy], ['old', 'new']);
  assert.notEqual(witness.explains.message, '');
  assert.equal(accepts(writer, witness.document), true, 'accepted by the writer, says ajv');
  assert.equal(accepts(reader, witness.document), false, 'rejected by the reader, says ajv');
  assert.equal(await secondOpinion(writer, witness.document), true, 'accepted by the writer, says the second validator');
  assert.equal(await secondOpinion(reader, witness.document), false, 'rejected by the reader, says the second validator');
}

function accepts(schema: JsonSchema, document: JsonValue): boolean {
  const compiled = compileSchema(schema);
  assert.ok(compiled.kind === 'validator');
  return compiled.accepts(document);
}

async function secondOpinion(schema: JsonSchema, document: JsonValue): Promise<boolean> {
  const id = 'https://example.com/under-test';
  const named = typeof schema === 'boolean' ? (schema ? {} : { not: {} }) : schema;
  registerSchema({ ...named } as Parameters<typeof registerSchema>[0], id, 'https://json-schema.org/draft/2020-12/schema');
  try {
    const judge = await validate(id);
    return judge(structuredClone(document) as Parameters<typeof judge>[0]).valid;
  } finally {
    unregisterSchema(id);
  }
}

function searchCounterexample(writer: JsonSchema, reader: JsonSchema): void {
  const [written, read] = [compileSchema(writer), compileSchema(reader)];
  const opened = openSchema(writer, createNumbering());
  assert.ok(written.kind === 'validator' && read.kind === 'validator' && opened.kind === 'document');
  const columns = columnsOf(opened);
  const draw = documentSource([writer, reader], seededRandom(7));
  for (let count = 0; count < documents; count += 1) {
    const document = draw();
    if (!written.accepts(document) || hasUnknownColumn(columns, document)) continue;
    assert.equal(read.accepts(document), true, `counterexample: ${JSON.stringify(document)}`);
  }
}

test('the vectors hold every kind of difference', () => {
  const seen = new Set(vectors.flatMap(({ there, back }) => [...there.kinds, ...back.kinds]));
  assert.deepEqual(
    allKinds.filter((kind) => !seen.has(kind)),
    [],
  );
  assert.deepEqual(
    [...seen].filter((kind) => !allKinds.includes(kind)),
    [],
  );
});

const limit = (name: string): string[] => ['ADDED', 'REMOVED', 'INCREASED', 'DECREASED'].map((change) => `${name}_${change}`);
const rest = (name: string): string[] => ['ADDED', 'REMOVED', 'EXTENDED', 'NARROWED'].map((change) => `${name}_${change}`);

const allKinds: readonly string[] = [
  'TITLE_CHANGED',
  'DESCRIPTION_CHANGED',
  'DEFAULT_CHANGED',
  'SCHEMA_ADDED',
  'SCHEMA_REMOVED',
  'TYPE_EXTENDED',
  'TYPE_NARROWED',
  'TYPE_CHANGED',
  ...['MAX_LENGTH', 'MIN_LENGTH', 'MAXIMUM', 'MINIMUM', 'EXCLUSIVE_MAXIMUM', 'EXCLUSIVE_MINIMUM'].flatMap(limit),
  ...['MAX_PROPERTIES', 'MIN_PROPERTIES', 'MAX_ITEMS', 'MIN_ITEMS', 'MAX_CONTAINS', 'MIN_CONTAINS'].flatMap(limit),
  ...['ADDITIONAL_PROPERTIES', 'UNEVALUATED_PROPERTIES', 'ADDITIONAL_ITEMS', 'UNEVALUATED_ITEMS'].flatMap(rest),
  'PATTERN_ADDED',
  'PATTERN_REMOVED',
  'PATTERN_CHANGED',
  'FORMAT_ADDED',
  'FORMAT_REMOVED',
  'FORMAT_CHANGED',
  ...['ADDED', 'REMOVED', 'EXPANDED', 'REDUCED', 'CHANGED'].map((change) => `MULTIPLE_OF_${change}`),
  'REQUIRED_ATTRIBUTE_ADDED',
  'REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED',
  'REQUIRED_ATTRIBUTE_REMOVED',
  ...['ADDED', 'REMOVED', 'EXTENDED', 'NARROWED', 'CHANGED'].map((change) => `DEPENDENCY_ARRAY_${change}`),
  'DEPENDENCY_SCHEMA_ADDED',
  'DEPENDENCY_SCHEMA_REMOVED',
  'PATTERN_PROPERTIES_CHANGED',
  'PROPERTY_NAMES_CHANGED',
  ...['REQUIRED_PROPERTY', 'REQUIRED_PROPERTY_WITH_DEFAULT', 'OPTIONAL_PROPERTY'].flatMap((who) => [
    `${who}_ADDED_TO_OPEN_CONTENT_MODEL`,
    `${who}_ADDED_TO_UNOPEN_CONTENT_MODEL`,
  ]),
  'PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL',
  'PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL',
  'PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL',
  'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL',
  ...['PROPERTY', 'ITEM'].flatMap((what) =>
    ['ADDED_IS', 'ADDED_NOT', 'REMOVED_IS', 'REMOVED_NOT'].map((how) => `${what}_${how}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`),
  ),
  'ITEM_ADDED_TO_OPEN_CONTENT_MODEL',
  'ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL',
  'ITEM_ADDED_TO_CLOSED_CONTENT_MODEL',
  'ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL',
  'ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL',
  'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL',
  'UNIQUE_ITEMS_ADDED',
  'UNIQUE_ITEMS_REMOVED',
  'CONTAINS_CHANGED',
  'ENUM_ARRAY_EXTENDED',
  'ENUM_ARRAY_NARROWED',
  'ENUM_ARRAY_CHANGED',
  'COMBINED_TYPE_EXTENDED',
  'COMBINED_TYPE_CHANGED',
  'COMBINED_TYPE_SUBSCHEMAS_CHANGED',
  'SUM_TYPE_EXTENDED',
  'SUM_TYPE_NARROWED',
  'PRODUCT_TYPE_EXTENDED',
  'PRODUCT_TYPE_NARROWED',
  'NOT_TYPE_EXTENDED',
  'NOT_TYPE_NARROWED',
  'CONDITION_CHANGED',
];
