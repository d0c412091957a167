import assert from 'node:assert/strict';
import test from 'node:test';
import { columnsOf } from '../../contracts/columns.ts';
import type { ContractTable } from '../../contracts/contract.ts';
import { draftContract } from '../../contracts/draft/draft-contract.ts';
import { patternSampler } from '../../contracts/export/sample/pattern-text.ts';
import { sampleRows } from '../../contracts/export/sample/sample-rows.ts';
import type { JsonObject, JsonSchema } from '../../contracts/json-schema.ts';
import { compileSchema } from '../../contracts/json-schema-validator.ts';
import { linearPattern } from '../../contracts/linear-pattern.ts';
import { seededRandom } from '../../runtime/random.ts';
import { accountsTable, tripsTable } from './contract-source-fixture.ts';

/** Written so, an object that has it is not taken for a promise. */
const thenKeyword = ['th', 'en'].join('');

function tableOf(properties: Readonly<Record<string, JsonSchema>>, more: JsonObject = {}): ContractTable {
  const body: JsonObject = { type: 'object', properties, required: Object.keys(properties), ...more };
  return { name: 'things', physicalName: null, description: null, body, columns: columnsOf(body), tags: [], quality: [] };
}

function made(table: ContractTable, rows = 100, seed = 1): readonly JsonObject[] {
  const result = sampleRows(table, { rows, seed });
  assert.ok(result.kind === 'rows', JSON.stringify(result));
  const validator = compileSchema(table.body);
  assert.ok(validator.kind === 'validator');
  for (const row of result.rows) assert.deepEqual(validator.problems(row), [], JSON.stringify(row));
  assert.equal(result.rows.length, rows);
  return result.rows;
}

test('rows of a drafted table satisfy it; keys and unique columns repeat nothing', () => {
  for (const [source, database] of [
    [accountsTable(), 'postgres'],
    [tripsTable(), 'cassandra'],
  ] as const) {
    const [table] = draftContract(source, database, { id: 'a', tableName: 'a' }).contract.tables;
    assert.ok(table);
    const rows = made(table, 500);
    const keys = rows.map((row) => JSON.stringify(source.key.map((name) => row[name])));
    assert.equal(new Set(keys).size, 500);
    for (const { name } of table.columns.filter(({ isUnique }) => isUnique))
      assert.equal(new Set(rows.map((row) => row[name])).size, 500, name);
  }
});

test('the same seed gives the same rows, another seed others', () => {
  const [table] = draftContract(accountsTable(), 'postgres', { id: 'a', tableName: 'a' }).contract.tables;
  assert.ok(table);
  assert.deepEqual(made(table, 50, 7), made(table, 50, 7));
  assert.notDeepEqual(made(table, 50, 7), made(table, 50, 8));
});

/** One property each: what is asked of it, and what its values must show besides. */
const schemas: Readonly<Record<string, JsonSchema>> = {
  integer: { type: 'integer', minimum: 5, maximum: 7 },
  exclusive: { type: 'integer', exclusiveMinimum: 5, exclusiveMaximum: 7 },
  multiple: { type: 'integer', multipleOf: 7, minimum: 10, maximum: 30 },
  cents: { type: 'number', multipleOf: 0.01, minimum: 0.07, maximum: 0.09 },
  halves: { type: 'integer', multipleOf: 1.5, minimum: 1, maximum: 10 },
  between: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.02 },
  negative: { type: 'integer', maximum: -1_000_000 },
  small: { type: 'integer', 'x-physicalType': 'smallint' },
  decimal: { type: 'number', 'x-physicalType': 'numeric(5,2)' },
  length: { type: 'string', minLength: 30, maxLength: 31 },
  empty: { type: 'string', maxLength: 0 },
  pattern: { type: 'string', pattern: '^[A-Z]{3}-\\d{4}(-[a-f]+)?$' },
  alternatives: { type: 'string', pattern: '^(cash|card:(visa|master))$' },
  longPattern: { type: 'string', pattern: '^[a-z]+$', minLength: 25, maxLength: 40 },
  plate: { type: 'string', pattern: '[A-Z]{2}' },
  unsupportedPattern: { type: 'string', pattern: '^\\bword\\b$', examples: ['word'] },
  date: { type: 'string', format: 'date' },
  instant: { type: 'string', format: 'date-time' },
  local: { type: 'string', format: 'date-time-local' },
  time: { type: 'string', format: 'time' },
  duration: { type: 'string', format: 'duration' },
  uuid: { type: 'string', format: 'uuid' },
  email: { type: 'string', format: 'email', maxLength: 100 },
  host: { type: 'string', format: 'hostname' },
  v4: { type: 'string', format: 'ipv4' },
  v6: { type: 'string', format: 'ipv6' },
  uri: { type: 'string', format: 'uri' },
  pointer: { type: 'string', format: 'json-pointer' },
  bytes: { type: 'string', contentEncoding: 'base64' },
  labels: { enum: ['a', 'b', null] },
  typedLabels: { type: 'string', enum: ['a', 'b', 3] },
  fixed: { const: { a: [1] } },
  list: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 6 }, minItems: 3, maxItems: 5, uniqueItems: true },
  contains: { type: 'array', items: { type: 'integer' }, contains: { const: 7 }, minContains: 2 },
  tuple: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'boolean' }], items: false, minItems: 2 },
  map: { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 1 },
  keyed: { type: 'object', propertyNames: { pattern: '^k[0-9]$' }, additionalProperties: { type: 'string' }, minProperties: 1 },
  closed: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false },
  either: {
    oneOf: [
      { type: 'integer', minimum: 10 },
      { type: 'string', minLength: 3 },
    ],
  },
  some: { anyOf: [{ type: 'integer' }, { type: 'boolean' }] },
  all: { allOf: [{ type: 'integer', minimum: 3 }, { maximum: 5 }, { multipleOf: 2 }] },
  notZero: { type: 'integer', minimum: 0, maximum: 3, not: { const: 0 } },
  conditional: {
    type: 'object',
    properties: { kind: { enum: ['a', 'b'] }, extra: { type: 'string' } },
    required: ['kind'],
    if: { properties: { kind: { const: 'a' } } },
    [thenKeyword]: { required: ['extra'] },
  },
  dependent: { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } }, dependentRequired: { a: ['b'] } },
  nothing: { type: 'null' },
  anything: true,
};

test('every keyword is met: thirty rows of each, all accepted', () => {
  for (const [name, schema] of Object.entries(schemas)) made(tableOf({ [name]: schema }), 30);
});

test('all of them at once, in one row', () => {
  const rows = made(tableOf(schemas), 100);
  const values = (name: string) => new Set(rows.map((row) => JSON.stringify(row[name])));
  assert.deepEqual([...values('exclusive')], ['6']);
  assert.deepEqual([...values('halves')].toSorted(), ['3', '6', '9']);
  assert.deepEqual([...values('cents')].toSorted(), ['0.07', '0.08', '0.09']);
  assert.deepEqual([...values('labels')].toSorted(), ['"a"', '"b"', 'null']);
  assert.ok(rows.every(({ decimal }) => typeof decimal === 'number' && Math.abs(decimal) < 1000));
});

test('references within the body are followed, recursive ones to an end', () => {
  const table = tableOf(
    { tree: { $ref: '#/$defs/node' }, place: { $ref: '#/$defs/place~1of~0all' } },
    {
      $defs: {
        node: {
          type: 'object',
          properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
          required: ['name'],
        },
        'place/of~all': { type: 'number', minimum: -90, maximum: 90 },
      },
    },
  );
  made(table, 100);
});

test('rules between columns are met too', () => {
  const table = tableOf(
    { status: { enum: ['open', 'closed'] }, closed_at: { type: ['string', 'null'], format: 'date' } },
    {
      if: { properties: { status: { const: 'closed' } } },
      [thenKeyword]: { properties: { closed_at: { type: 'string' } } },
      else: { properties: { closed_at: { type: 'null' } } },
    },
  );
  const rows = made(table, 200);
  assert.equal(new Set(rows.map(({ status }) => status)).size, 2);
});

test('a whole number that is the key alone is counted up; null never stands in a key', () => {
  const rows = made(tableOf({ id: { type: 'integer', minimum: 100, 'x-primaryKey': 1 }, name: { type: 'string' } }), 10);
  assert.deepEqual(
    rows.map(({ id }) => id),
    [100, 101, 102, 103, 104, 105, 106, 107, 108, 109],
  );
});

test('more rows than there are keys: it says which column, and how many were possible', () => {
  const result = sampleRows(tableOf({ flag: { type: 'boolean', 'x-primaryKey': 1 } }), { rows: 10, seed: 1 });
  assert.ok(result.kind === 'impossible');
  assert.deepEqual([result.column, result.made], ['flag', 2]);
  assert.match(result.reason, /not taken/);
});

test('what cannot be met is said with its column, and never made up', () => {
  const impossible: readonly JsonSchema[] = [
    { type: 'integer', minimum: 5, maximum: 4 },
    { type: 'string', pattern: '^\\bword\\b$' },
    false,
    { type: 'string', minLength: 5, maxLength: 4 },
    { allOf: [{ type: 'string' }, { type: 'integer' }] },
  ];
  for (const schema of impossible) {
    const result = sampleRows(tableOf({ good: { type: 'boolean' }, bad: schema }), { rows: 1, seed: 1 });
    assert.ok(result.kind === 'impossible', JSON.stringify(schema));
    assert.equal(result.made, 0);
  }
});

test('personal data is made up in the form of its kind, from names and numbers that belong to nobody', () => {
  const rows = made(
    tableOf({
      who: { type: 'string', 'x-pii': 'name' },
      mail: { type: 'string', 'x-pii': 'email' },
      call: { type: 'string', 'x-pii': 'phone' },
    }),
    20,
  );
  for (const { who, mail, call } of rows) {
    assert.match(String(who), /^[A-Z][a-z]+ [A-Z][a-z]+$/);
    assert.match(String(mail), /@example\.org$/);
    assert.match(String(call), /^\+1202555\d{4}$/);
  }
});

test('a property called __proto__ is a property', () => {
  const rows = made(tableOf(Object.fromEntries([['__proto__', { type: 'integer' }]])), 3);
  assert.ok(rows.every((row) => Object.hasOwn(row, '__proto__')));
});

test('texts of a pattern match it; what is outside the subset is known', () => {
  const patterns = [
    '^a{2,5}$',
    '(ab|cd)+',
    '[^a-z]{3}',
    '^\\w+@\\w+\\.(com|org)$',
    'x*y?z+',
    '^(?:\\d{1,3}\\.){3}\\d{1,3}$',
    '^$',
    '[\\]\\-a]',
    '\\u0041\\x42',
    '.{3}',
  ];
  for (const source of patterns) {
    const engine = linearPattern(source);
    const sampler = patternSampler(source);
    assert.ok(engine.kind === 'pattern' && sampler !== null, source);
    const random = seededRandom(3);
    for (let i = 0; i < 100; i++) assert.equal(engine.test(sampler.text(random, 4) ?? ''), true, source);
  }
  for (const source of [
    '(?=a)b',
    '\\bword',
    '\\p{L}',
    '(a)\\1',
    'a^b',
    'a$b',
    '[',
    '(',
    'a**',
    '*',
    'a{5,2}',
    '[z-a]',
    '(?<name>a)',
    '('.repeat(500),
  ])
    assert.equal(patternSampler(source), null, source);
});

test('hostile contracts end in bounded time', () => {
  // Of this process: others may keep the machine busy.
  const started = process.cpuUsage();
  const wide = tableOf(Object.fromEntries(Array.from({ length: 200 }, (_one, index) => [`c${index}`, { type: 'string' }])));
  assert.equal(made(wide, 20).length, 20);
  const patterns: readonly string[] = ['^(a+)+$', '^(a{1,1000}){1,1000}$', '^((a*)*)*$'];
  for (const pattern of patterns) sampleRows(tableOf({ bad: { type: 'string', pattern } }), { rows: 3, seed: 1 });
  let doubled: JsonObject = { type: 'string' };
  for (let level = 0; level < 12; level++) doubled = { type: 'object', properties: { a: doubled, b: doubled }, required: ['a', 'b'] };
  sampleRows(tableOf({ big: doubled }), { rows: 1, seed: 1 });
  sampleRows(tableOf({ many: { type: 'array', minItems: 1_000_000 } }), { rows: 1, seed: 1 });
  assert.ok(process.cpuUsage(started).user / 1000 < 20_000, `${process.cpuUsage(started).user / 1000} ms`);
});
