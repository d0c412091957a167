import assert from 'node:assert/strict';
import test from 'node:test';
import { checkRules } from '../../contracts/draft/check-rules.ts';
import { columnDefault } from '../../contracts/draft/column-default.ts';
import { draftContract } from '../../contracts/draft/draft-contract.ts';
import { mergeKeywords } from '../../contracts/draft/merge-keywords.ts';
import { patternOf } from '../../contracts/draft/posix-pattern.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { writeOdcs } from '../../contracts/document/write-contract.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import { compileSchema } from '../../contracts/json-schema-validator.ts';
import type { SourceTable } from '../../sources/source.ts';
import { accountsTable, sourceColumn, sourceType, tripsTable } from './contract-source-fixture.ts';

function drafted(source: SourceTable, database: 'postgres' | 'cassandra' = 'postgres') {
  const draft = draftContract(source, database, { id: source.name.table, tableName: source.name.table });
  const [table] = draft.contract.tables;
  assert.ok(table && isJsonObject(table.body));
  const { properties } = table.body;
  assert.ok(isJsonObject(properties));
  return { ...draft, table, body: table.body, properties };
}

function without(schema: JsonValue | undefined): JsonObject {
  assert.ok(isJsonObject(schema));
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keyword.startsWith('x-')));
}

/** Left: as PostgreSQL 18 writes the condition back (pg_get_expr). */
const conditions: readonly (readonly [expression: string, rules: Readonly<Record<string, JsonObject>> | null])[] = [
  ['(age >= 0)', { age: { minimum: 0 } }],
  ['((age >= 0) AND (age < 150))', { age: { minimum: 0, exclusiveMaximum: 150 } }],
  ['((q >= 1) AND (q <= 5))', { q: { minimum: 1, maximum: 5 } }],
  ["(flt > ('-2.5'::numeric)::double precision)", { flt: { exclusiveMinimum: -2.5 } }],
  ['((pct <= (1.5)::double precision) AND ((0)::double precision < pct))', { pct: { maximum: 1.5, exclusiveMinimum: 0 } }],
  ['(VALUE > (0)::numeric)', { domained: { exclusiveMinimum: 0 } }],
  ['(char_length((name)::text) <= 30)', { name: { maxLength: 30 } }],
  ['(char_length((VALUE)::text) > 3)', { domained: { minLength: 4 } }],
  ['(length(code) = 2)', { code: { minLength: 2, maxLength: 2 } }],
  ["(ea <> ''::text)", { ea: { minLength: 1 } }],
  ['(neg <> 0)', { neg: { not: { const: 0 } } }],
  ["(kind = ANY (ARRAY['x'::text, 'o''k'::text]))", { kind: { enum: ['x', "o'k"] } }],
  ["((kind)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))", { kind: { enum: ['x', 'y'] } }],
  ["(kind = 'x'::text)", { kind: { enum: ['x'] } }],
  ["(slug ~ '^[a-z]+$'::text)", { slug: { pattern: '^[a-z]+$' } }],
  ['((mx > 0) OR (mx IS NULL))', { mx: { exclusiveMinimum: 0 } }],
  ['("odd Name" > 0)', { 'odd Name': { exclusiveMinimum: 0 } }],
  ['("VALUE" > 0)', { VALUE: { exclusiveMinimum: 0 } }],
  // Two columns, other functions, another order, either-or: no rule of one column says them.
  ['(v < w)', null],
  ["(dd > '2000-01-01'::date)", null],
  ['(lower(lw) = lw)', null],
  ["(slug ~* '^[a-z]+$'::text)", null],
  ["(lk ~~ 'a%'::text)", null],
  ['((a > 0) OR (b > 0))', null],
  ['((a > 0) OR (b IS NULL))', null],
  ['(nn IS NOT NULL)', null],
  ['(NOT (a > 0))', null],
  ['((a + 1) > 0)', null],
  ['(a > (0 + 1))', null],
  ["(name > 'm'::text)", null],
  ['(n > 12345678901234567890.5)', null],
  ['((a > 0) AND (f(b)))', null],
  ["(x = E'\\n'::text)", null],
  ['(a > 0) trailing', null],
  ['', null],
];

test('a CHECK becomes keywords where it says a rule of one column, and nothing at all otherwise', () => {
  for (const [expression, expected] of conditions) {
    const found = checkRules(expression, 'domained');
    const byColumn: Record<string, JsonObject> = {};
    for (const { column, keywords } of found ?? []) byColumn[column] = mergeKeywords(byColumn[column] ?? {}, keywords);
    assert.deepEqual(found === null ? null : byColumn, expected, expression);
  }
});

test('hostile conditions cost no more than their length', () => {
  // Of this process: others may keep the machine busy.
  const started = process.cpuUsage();
  assert.equal(checkRules('('.repeat(100_000), null), null);
  assert.equal(checkRules(`${'('.repeat(2_000)}a > 0${')'.repeat(2_000)}`, null)?.length, 1);
  assert.equal(checkRules(`${'('.repeat(2_000)}a${')'.repeat(2_000)} + 1 > 0`, null), null);
  assert.equal(checkRules(`(${'a > 0 AND '.repeat(900)}a > 0)`, null)?.length, 901);
  assert.ok(process.cpuUsage(started).user / 1000 < 2_000);
});

test('patterns are taken over only where both engines read them alike', () => {
  assert.equal(patternOf('^[^@]+@[a-z.]+$'), '^[^@]+@[a-z.]+$');
  assert.equal(patternOf(String.raw`^\d{3}-\.x$`), String.raw`^[0-9]{3}-\.x$`);
  assert.equal(patternOf('a.b'), String.raw`a[\s\S]b`);
  for (const other of [String.raw`\mword\M`, '(?=a)', '(?i)a', '[[:alpha:]]', '***:a', String.raw`(a)\1`, '[]a]', String.raw`\w`])
    assert.equal(patternOf(other), null, other);
});

test('rules of one column are joined: the tighter bound, the common values, else allOf', () => {
  assert.deepEqual(mergeKeywords({ minimum: 1, maxLength: 9 }, { minimum: 3, maxLength: 4 }), { minimum: 3, maxLength: 4 });
  assert.deepEqual(mergeKeywords({ enum: ['a', 'b'] }, { enum: ['b', 'c'] }), { enum: ['b'] });
  assert.deepEqual(mergeKeywords({ pattern: 'a' }, { pattern: 'b' }), { pattern: 'a', allOf: [{ pattern: 'b' }] });
});

test('a default is kept where it is a constant', () => {
  assert.equal(columnDefault("'active'::public.user_status", 'enum'), 'active');
  assert.equal(columnDefault("'it''s'::character varying", 'string'), "it's");
  assert.equal(columnDefault("'-1.50'::numeric(12,2)", 'decimal'), -1.5);
  assert.equal(columnDefault('true', 'boolean'), true);
  assert.equal(columnDefault('now()', 'timestamptz'), undefined);
  assert.equal(columnDefault("nextval('s'::regclass)", 'int64'), undefined);
});

test('a draft of a PostgreSQL table says what the table promises', () => {
  const { contract, table, body, properties, notes } = drafted(accountsTable());
  assert.equal(contract.state, 'draft');
  assert.equal(table.physicalName, 'public.accounts');
  assert.equal(table.description, 'Who rides');
  assert.deepEqual(body['required'], ['id', 'email', 'status', 'balance', 'created_at']);
  assert.deepEqual(without(properties['id']), { type: 'integer' });
  assert.deepEqual(without(properties['email']), {
    type: 'string',
    maxLength: 320,
    pattern: '^[^@]+@[^@]+$',
    description: 'Where we write to',
  });
  assert.deepEqual(without(properties['status']), { type: 'string', enum: ['active', 'suspended', 'closed'], default: 'active' });
  assert.deepEqual(without(properties['balance']), { type: 'number', minimum: -100, default: 0 });
  // char(4) holds 'EUR' with a blank behind it.
  assert.deepEqual(without(properties['currency']), { type: ['string', 'null'], maxLength: 4, enum: ['EUR ', 'USDC', null] });
  assert.deepEqual(without(properties['age']), { type: ['integer', 'null'], minimum: 18, exclusiveMaximum: 130 });
  assert.deepEqual(without(properties['tags']), { type: ['array', 'null'], items: { type: ['string', 'null'] } });
  assert.deepEqual(without(properties['preferences']), {});
  assert.deepEqual(without(properties['initials']), { type: ['string', 'null'] });
  assert.deepEqual(
    table.columns.map(({ name, id, physicalType, keyPosition, isUnique }) => [name, id, physicalType, keyPosition, isUnique]).slice(0, 4),
    [
      ['id', '1', 'bigint', 1, false],
      ['email', '2', 'character varying(320)', null, true],
      ['status', '3', 'user_status', null, false],
      ['balance', '5', 'numeric(12,2)', null, false],
    ],
  );
  assert.deepEqual(
    table.quality.map((rule) => (isJsonObject(rule) ? (rule['description'] ?? rule['arguments']) : null)),
    ['CHECK (born < created_at)', 'CHECK (age > 20)', { properties: ['status', 'born'] }],
  );
  assert.deepEqual(
    notes.map(({ column }) => column),
    ['born', 'age', 'initials'],
  );
});

test('a draft of a Cassandra table requires the key alone: an update carries the cells it set', () => {
  const { table, body, properties } = drafted(tripsTable(), 'cassandra');
  assert.deepEqual(body['required'], ['city', 'day', 'trip_id']);
  assert.equal(body['x-database'], 'cassandra');
  assert.deepEqual(
    table.columns.filter(({ keyPosition }) => keyPosition !== null).map(({ name, keyPosition, tags }) => [name, keyPosition, ...tags]),
    [
      ['city', 1, 'partition-key'],
      ['day', 2, 'partition-key'],
      ['trip_id', 3, 'clustering-key'],
    ],
  );
  assert.deepEqual(table.columns.find(({ name }) => name === 'city_name')?.tags, ['static']);
  assert.deepEqual(without(properties['tags']), { type: ['array', 'null'], items: { type: 'string' }, uniqueItems: true });
  assert.deepEqual(without(properties['extras']), { type: ['object', 'null'], additionalProperties: { type: 'integer' } });
  const pickup = properties['pickup'];
  assert.ok(isJsonObject(pickup) && isJsonObject(pickup['properties']));
  assert.deepEqual(Object.keys(pickup['properties']), ['lat', 'label']);
});

test('rows that the database holds pass the draft, and rows that it cannot hold do not', () => {
  const { body } = drafted(accountsTable());
  const validator = compileSchema(body);
  assert.ok(validator.kind === 'validator');
  const row = { id: 1, email: 'a@b', status: 'active', balance: 0, created_at: '2026-01-01T00:00:00Z' };
  assert.deepEqual(validator.problems(row), []);
  assert.deepEqual(validator.problems({ ...row, currency: null, age: null, tags: ['a', null], preferences: null, born: '2000-02-29' }), []);
  for (const wrong of [
    { balance: -101 },
    { status: 'gone' },
    { email: 'no at' },
    { age: 17 },
    { currency: 'EUR' },
    { id: null },
    { email: null },
  ])
    assert.equal(validator.accepts({ ...row, ...wrong }), false, JSON.stringify(wrong));
});

test('a draft that is written as ODCS reads back as the same contract, without a problem', () => {
  for (const [source, database] of [
    [accountsTable(), 'postgres'],
    [tripsTable(), 'cassandra'],
  ] as const) {
    const { contract } = drafted(source, database);
    const reading = readContract(writeOdcs(contract), 'draft.odcs.yaml');
    assert.ok(reading.kind === 'contract', JSON.stringify(reading, null, 1));
    assert.deepEqual(reading.contract, contract);
    assert.deepEqual(reading.warnings, []);
  }
});

test('a foreign key within the table is a relationship, one to another table is kept as text', () => {
  const own = { name: 'parent', columns: ['age'], references: { namespace: 'public', table: 'accounts' }, referencedColumns: ['id'] };
  const other = {
    name: 'city',
    columns: ['tags', 'born'],
    references: { namespace: 'geo', table: 'cities' },
    referencedColumns: ['a', 'b'],
  };
  const { body, table, contract } = drafted(accountsTable({}, { foreignKeys: [own, other] }));
  assert.deepEqual(body['x-odcs'], { relationships: [{ type: 'foreignKey', from: 'accounts.age', to: 'accounts.id' }] });
  assert.deepEqual(table.quality.at(-1), {
    type: 'text',
    name: 'city',
    description: 'FOREIGN KEY (tags, born) REFERENCES geo.cities (a, b)',
  });
  const reading = readContract(writeOdcs(contract), 'draft.odcs.yaml');
  assert.deepEqual(reading.kind === 'contract' && [reading.warnings, reading.contract], [[], contract]);
});

test('a column of a type that is in no table is taken as text, and a note says so', () => {
  const shape = sourceColumn('shape', sourceType('my_range', 'public.my_range'), { number: 20 });
  const { properties, notes } = drafted(accountsTable({ shape }));
  assert.deepEqual(without(properties['shape']), { type: ['string', 'null'] });
  assert.ok(notes.some(({ column, message }) => column === 'shape' && message.includes('public.my_range')));
});

test('personal data is written into a draft only when a person has accepted the suggestion', () => {
  const suggestion = {
    column: 'email',
    pii: 'email',
    classification: 'confidential',
    confidence: 1,
    matched: 1,
    sampled: 1,
    because: '',
  } as const;
  const plain = drafted(accountsTable());
  assert.ok(plain.table.columns.every(({ pii, classification }) => pii === null && classification === null));
  const { contract } = draftContract(accountsTable(), 'postgres', { id: 'a', tableName: 'a', accepted: [suggestion] });
  assert.deepEqual(
    contract.tables[0]?.columns.filter(({ pii }) => pii !== null).map(({ name, pii, classification }) => [name, pii, classification]),
    [['email', 'email', 'confidential']],
  );
});
