// The law of the two forms: a JSON Schema written as ODCS reads back as itself, whatever it says; and what ODCS has no key
// for is named.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { columnsOf } from '../../contracts/columns.ts';
import type { Contract } from '../../contracts/contract.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { schemaOfProperty } from '../../contracts/document/property-schema.ts';
import { propertyOf } from '../../contracts/document/schema-property.ts';
import { notSayableInOdcs, writeJsonSchema, writeOdcs } from '../../contracts/document/write-contract.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../../contracts/json-schema.ts';

const numRuns = process.env['FOZ_TEST_LONG'] === '1' ? 20_000 : 600;
const name = fc.constantFrom('id', 'a', 'b c', 'größe', 'x.y', '__proto__', 'constructor', '1', 'null', 'true', '~/#');
const text = fc.oneof(
  fc.constantFrom('', 'no', '1.0', '2024-01-01', '# not a comment', ' a ', 'a: b', '- x', '\u0085', '\ttab', '"', "'", 'ä\n\nb\n'),
  fc.string(),
);
const types = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'] as const;
const number = fc.oneof(fc.integer({ min: -5, max: 5_000 }), fc.constantFrom(0.1, 1e-7, 1e21, -0.5));
const scalar: fc.Arbitrary<JsonValue> = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const wild: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const physical = fc.constantFrom(
  'timestamptz',
  'timestamp',
  'numeric(12,2)',
  'jsonb',
  'text[]',
  'frozen<map<text, int>>',
  'timeuuid',
  'mood',
  '',
);

/** Keywords with fitting values, and with any. */
function keywords(schema: fc.Arbitrary<JsonSchema>, isWild: boolean): fc.Arbitrary<JsonObject> {
  const type = fc.oneof(fc.constantFrom(...types), fc.uniqueArray(fc.constantFrom(...types), { minLength: 1, maxLength: 3 }));
  const format = fc.constantFrom('date', 'time', 'time-local', 'date-time', 'date-time-local', 'uuid', 'email', 'int32', 'double', 'byte');
  const fitting: Record<string, fc.Arbitrary<JsonValue>> = {
    type,
    format,
    enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 4, selector: (value) => JSON.stringify(value) }),
    const: scalar,
    minimum: number,
    maximum: number,
    multipleOf: fc.constantFrom(0.01, 2),
    minLength: fc.nat(3),
    maxLength: fc.integer({ min: 3, max: 9 }),
    pattern: fc.constantFrom('^a+$', '[0-9]{2}'),
    minItems: fc.nat(2),
    uniqueItems: fc.boolean(),
    items: schema,
    properties: fc.dictionary(name, schema, { maxKeys: 3, noNullPrototype: true }),
    required: fc.uniqueArray(name, { maxLength: 3 }),
    additionalProperties: schema,
    maxProperties: fc.nat(3),
    propertyNames: schema,
    if: schema,
    oneOf: fc.array(schema, { minLength: 1, maxLength: 2 }),
    title: text,
    description: text,
    deprecated: fc.boolean(),
    default: wild,
    examples: fc.array(wild, { maxLength: 2 }),
    contentEncoding: fc.constantFrom('base64', 'quoted-printable'),
    'x-physicalType': physical,
    'x-primaryKey': fc.integer({ min: 1, max: 3 }),
    'x-unique': fc.boolean(),
    'x-id': fc.constantFrom('1', 'order_id', 'not an id'),
    'x-classification': text,
    'x-pii': fc.constantFrom('email', 'name'),
    'x-mask': fc.constantFrom({ kind: 'drop' }, { kind: 'hmac', keyId: 'k' }),
    'x-policy': fc.constantFrom('flag', 'halt'),
    'x-tags': fc.array(text, { maxLength: 2 }),
    'x-other': wild,
  };
  const any = Object.fromEntries(Object.keys(fitting).map((key) => [key, wild]));
  return fc.record(isWild ? any : fitting, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<JsonObject>;
}

function schemas(isWild: boolean): fc.Arbitrary<JsonSchema> {
  return fc.letrec<{ schema: JsonSchema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      { arbitrary: fc.boolean(), weight: 1 },
      { arbitrary: keywords(tie('schema'), isWild), weight: 6 },
    ),
  })).schema;
}

for (const isWild of [false, true]) {
  test(`a ${isWild ? 'nonsensical' : 'sensible'} schema written as a property reads back as itself`, () => {
    fc.assert(
      fc.property(schemas(isWild), fc.boolean(), fc.constantFrom('postgres', 'cassandra'), (schema, isRequired, database) => {
        const property = propertyOf('column', schema, isRequired, database);
        assert.deepEqual(schemaOfProperty(property, database), schema);
        assert.equal(property['name'], 'column');
        assert.equal(typeof property['logicalType'], 'string');
      }),
      { numRuns },
    );
  });
}

function contractWith(body: JsonSchema, more: Partial<Contract>): Contract {
  return {
    id: 'shop',
    version: '1.0.0',
    state: 'active',
    name: null,
    description: null,
    domain: null,
    owner: null,
    tags: [],
    compatibility: 'full',
    policy: 'quarantine',
    serviceLevels: [],
    rest: {},
    ...more,
    tables: [{ name: 'orders', physicalName: 'public.orders', description: null, body, columns: columnsOf(body), tags: [], quality: [] }],
  };
}

test('a contract that is accepted survives both forms, through their text', () => {
  let accepted = 0;
  const metadata = fc.record(
    { name: text, description: text, owner: text, domain: text, tags: fc.array(text, { maxLength: 2 }) },
    { requiredKeys: [], noNullPrototype: true },
  );
  fc.assert(
    fc.property(schemas(false), metadata, (schema, more) => {
      const body: JsonSchema = { type: 'object', properties: { column: schema } };
      const contract = contractWith(body, more);
      const first = readContract(writeJsonSchema(contract), 'a.json');
      if (first.kind === 'problems') return;
      accepted++;
      assert.deepEqual(first.contract, contract);
      const second = readContract(writeOdcs(contract), 'a.yaml');
      assert.ok(second.kind === 'contract', JSON.stringify(second.kind === 'problems' ? second.problems : ''));
      assert.deepEqual(second.contract, contract);
    }),
    { numRuns: numRuns / 2 },
  );
  assert.ok(accepted > numRuns / 40, `${accepted} accepted`);
});

test('what ODCS cannot say is named by property and keyword', () => {
  const body = {
    type: 'object',
    additionalProperties: false,
    properties: { a: { type: 'string', oneOf: [{ maxLength: 1 }, { minLength: 3 }] }, b: { type: ['string', 'null'], maxLength: 3 } },
  };
  assert.deepEqual(notSayableInOdcs(contractWith(body, {})), [
    'orders: jsonSchema.additionalProperties',
    'orders.a: jsonSchema.type',
    'orders.a: jsonSchema.oneOf',
  ]);
});

test('reading never throws, whatever the text', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'apiVersion: v3.2.0',
      'kind: DataContract',
      'schema:',
      '  - name: a',
      '    properties:',
      '      - {name: b}',
      '? a',
      '&a [*a]',
      '!!map {}',
      '---',
      '"',
      '{',
      '}]',
      '\t- x',
      '|\n x',
      '%YAML 1.1',
    ),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const reading = readContract(lines.join('\n'), 'a', { plainSchema: true });
      assert.ok(reading.kind === 'contract' || reading.problems.length > 0);
    }),
    { numRuns },
  );
});

test('reading never throws for data of any shape in the right places', () => {
  const document = fc.record(
    {
      apiVersion: fc.constant('v3.2.0'),
      kind: fc.constant('DataContract'),
      id: wild,
      version: wild,
      schema: wild,
      servers: wild,
      slaProperties: wild,
      team: wild,
      customProperties: wild,
    },
    { requiredKeys: ['kind'], noNullPrototype: true },
  );
  const dcs = fc.record(
    {
      dataContractSpecification: fc.constant('1.2.1'),
      id: fc.constant('a'),
      info: fc.constant({ title: 'a', version: '1.0.0' }),
      models: wild,
      definitions: wild,
      servers: wild,
      servicelevels: wild,
      terms: wild,
    },
    { requiredKeys: ['dataContractSpecification'], noNullPrototype: true },
  );
  const schema = fc.record({ 'x-contract': wild, properties: wild, type: wild }, { requiredKeys: ['x-contract'], noNullPrototype: true });
  fc.assert(
    fc.property(fc.oneof(document, dcs, schema), (value) => {
      const reading = readContract(JSON.stringify(value), 'a.json');
      assert.ok(reading.kind === 'contract' || reading.problems.length > 0);
    }),
    { numRuns },
  );
});
