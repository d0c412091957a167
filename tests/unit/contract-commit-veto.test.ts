// Which change of a raw table's schema contradicts a contract: column by column, in rows and in Cassandra's cells.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { findContradiction } from '../../catalog/registry/commit-veto.ts';
import { findRowNotHeld } from '../../catalog/registry/compare-both-ways.ts';
import type { ContractTable, Mask } from '../../contracts/contract.ts';
import { planEvolution } from '../../contracts/evolution/plan.ts';
import { highestFieldId, type IcebergType, type Schema, type StructField } from '../../lake/iceberg/schema.ts';
import { inferPlan, type RawPlan } from '../../lake/raw/infer-plan.ts';
import { inferShape } from '../../lake/raw/infer-shape.ts';
import { readJson } from '../../runtime/json-value.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';
import { documentText, readSmall, users, type Properties } from './contract-registry-fixture.ts';

function tableOf(columns: Properties, masks: Readonly<Record<string, Mask>> = {}): ContractTable {
  const reading = readSmall(documentText({ tables: { users: columns } }), 'users.json');
  assert.ok(reading.kind === 'contract' && reading.contract.tables[0]);
  const [table] = reading.contract.tables;
  return { ...table, columns: table.columns.map((column) => ({ ...column, mask: masks[column.name] ?? null })) };
}

/** Field ids by place in the list, or as given after a colon: `email:32`. */
function schemaOf(row: 'after' | 'before' | 'value', columns: Readonly<Record<string, IcebergType>>): Schema {
  const fields = Object.entries(columns).map(([key, type], index): StructField => {
    const [name = '', id = String(31 + index)] = key.split(':');
    return { id: Number(id), name, required: false, type };
  });
  return { ...rawSchema, fields: [...rawSchema.fields, { id: 30, name: row, required: false, type: { type: 'struct', fields } }] };
}

const cell = (type: IcebergType): IcebergType => ({
  type: 'struct',
  fields: [
    { id: 90, name: 'value', required: false, type },
    { id: 91, name: 'deletion_ts', required: false, type: 'long' },
    { id: 92, name: 'set', required: false, type: 'boolean' },
  ],
});

const place: Properties = {
  place: {
    type: ['object', 'null'],
    properties: { street: { type: 'string', 'x-physicalType': 'text' }, floor: { type: 'integer', 'x-physicalType': 'int' } },
  },
  marks: { type: ['array', 'null'], items: { type: 'integer' }, 'x-physicalType': 'bigint[]' },
};
const struct = (fields: Readonly<Record<string, IcebergType>>): IcebergType => ({
  type: 'struct',
  fields: Object.entries(fields).map(([name, type], index) => ({ id: 50 + index, name, required: false, type })),
});
const list = (element: IcebergType): IcebergType => ({ type: 'list', 'element-id': 60, 'element-required': false, element });

type Columns = Readonly<Record<string, IcebergType>>;

const cases: readonly [what: string, contract: Properties, before: Columns | null, after: Columns, path: string | null][] = [
  ['nothing changes', users, { id: 'long', email: 'string' }, { id: 'long', email: 'string' }, null],
  ['a column goes', users, { id: 'long', email: 'string' }, { id: 'long' }, 'after.email'],
  ['a column of no contract goes', users, { id: 'long', more: 'string' }, { id: 'long' }, null],
  ['a column is renamed away', users, { 'id:31': 'long', 'email:32': 'string' }, { 'id:31': 'long', 'mail:32': 'string' }, 'after.email'],
  ['a column is renamed to the contract’s name', users, { 'id:31': 'int' }, { 'id:31': 'int' }, null],
  ['an inferred column is renamed to the contract’s name', users, { 'amount:33': 'int' }, { 'balance:33': 'int' }, null],
  ['a decimal widens', users, { balance: 'decimal(12,2)' }, { balance: 'decimal(14, 2)' }, null],
  ['a decimal narrows', users, { balance: 'decimal(12,2)' }, { balance: 'decimal(10,2)' }, 'after.balance'],
  ['a scale changes', users, { balance: 'decimal(12,2)' }, { balance: 'decimal(14,4)' }, 'after.balance'],
  ['a long becomes an int', users, { id: 'long' }, { id: 'int' }, 'after.id'],
  ['an int, less than promised, becomes a long', users, { id: 'int' }, { id: 'long' }, null],
  [
    'a column of another type stays as it was',
    users,
    { balance: 'string', id: 'long' },
    { balance: 'string', id: 'long', more: 'int' },
    null,
  ],
  ['a column of another type gets the promised one', users, { balance: 'string' }, { balance: 'decimal(12,2)' }, null],
  ['a column of another type gets a third one', users, { balance: 'string' }, { balance: 'double' }, 'after.balance'],
  ['a column appears as promised', users, { id: 'long' }, { id: 'long', balance: 'decimal(12,2)' }, null],
  ['a column appears as inferred', users, null, { id: 'long', balance: 'string' }, null],
  ['a column appears as inferred from something else', users, null, { balance: 'boolean' }, null],
  ['a column appears with a type that nobody promised and nothing infers', users, null, { balance: 'date' }, 'after.balance'],
  ['a column appears narrower', users, null, { balance: 'decimal(10,2)' }, 'after.balance'],
  [
    'a struct gets a field more',
    place,
    { place: struct({ street: 'string' }) },
    { place: struct({ street: 'string', floor: 'int' }) },
    null,
  ],
  [
    'a struct loses a field',
    place,
    { place: struct({ street: 'string', floor: 'int' }) },
    { place: struct({ street: 'string' }) },
    'after.place',
  ],
  [
    'a field of a struct is retyped',
    place,
    { place: struct({ street: 'string', floor: 'int' }) },
    { place: struct({ street: 'string', floor: 'string' }) },
    'after.place',
  ],
  ['an element narrows', place, { marks: list('long') }, { marks: list('int') }, 'after.marks'],
  ['a list becomes text', place, { marks: list('long') }, { marks: 'string' }, 'after.marks'],
  ['a list appears as text, as inferred', place, null, { marks: 'string' }, null],
  ['a cell keeps its value', users, { id: cell('long') }, { id: cell('long') }, null],
  ['a cell’s value narrows', users, { id: cell('long') }, { id: cell('int') }, 'after.id'],
  ['a cell goes', users, { id: cell('long'), email: cell('string') }, { id: cell('long') }, 'after.email'],
];

for (const [what, contract, before, after, path] of cases) {
  test(`${what}: ${path === null ? 'stands' : `contradicts ${path}`}`, () => {
    const found = findContradiction(tableOf(contract), before && schemaOf('after', before), schemaOf('after', after));
    assert.equal(found?.path ?? null, path);
  });
}

test('before and value are held to the same promise as after', () => {
  for (const row of ['before', 'value'] as const) {
    const [before, after] = [schemaOf(row, { id: 'long' }), schemaOf(row, { id: 'int' })];
    assert.equal(findContradiction(tableOf(users), before, after)?.path, `${row}.id`);
  }
});

test('a column that is masked may be text, whatever it was promised as', () => {
  const [before, after] = [schemaOf('after', { balance: 'decimal(12,2)' }), schemaOf('after', { balance: 'string' })];
  assert.equal(findContradiction(tableOf(users, { balance: { kind: 'hmac', keyId: 'k' } }), before, after), null);
  assert.equal(findContradiction(tableOf(users), before, after)?.path, 'after.balance');
});

const witnesses: readonly [column: string, stored: IcebergType | null, isWitness: (value: unknown) => boolean][] = [
  ['id', 'int', (value) => Number.isInteger(value) && Math.abs(Number(value)) >= 2 ** 31],
  ['id', 'string', Number.isInteger],
  ['email', null, (value) => value === null || typeof value === 'string'],
  ['email', 'long', (value) => typeof value === 'string'],
  ['balance', 'long', (value) => typeof value === 'number' && !Number.isInteger(value)],
];

for (const [column, stored, isWitness] of witnesses) {
  test(`${column} as ${stored === null ? 'nothing' : JSON.stringify(stored)}: the witness is a row that the contract accepts and the table cannot hold`, () => {
    const row = findRowNotHeld(tableOf(users), column, stored);
    assert.ok(typeof row === 'object' && row !== null && column in row, JSON.stringify(row));
    assert.ok(isWitness(Reflect.get(row, column)), JSON.stringify(row));
  });
}

test('where the column holds every row of the contract, there is no witness', () => {
  assert.equal(findRowNotHeld(tableOf(users), 'id', 'long'), undefined);
  assert.equal(findRowNotHeld(tableOf(users), 'nothing', null), undefined);
});

const anyValue = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
  fc.array(fc.integer(), { maxLength: 2 }),
  fc.record({ street: fc.oneof(fc.string(), fc.integer()), floor: fc.oneof(fc.integer(), fc.string()) }, { requiredKeys: [] }),
);

test('what a worker adds for its records is never refused, whatever is in them and whatever the contract has', () => {
  const names = ['id', 'email', 'balance', 'place', 'marks', 'other'];
  const row = fc.dictionary(fc.constantFrom(...names), anyValue, { minKeys: 1 });
  const cells = row.map((values) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, deletion_ts: null, set: true }])),
  );
  const records = fc.array(fc.oneof(row, cells), { minLength: 1, maxLength: 6 });
  const contract = tableOf({ ...users, ...place });
  let evolved = 0;
  fc.assert(
    fc.property(fc.boolean(), fc.array(records, { minLength: 1, maxLength: 4 }), (isTyped, batches) => {
      const start = { schema: rawSchema, lastColumnId: highestFieldId(rawSchema), columns: undefined };
      const typed = planEvolution({ ...start, contract: { id: 'users', version: '1.0.0' }, table: contract, decisions: new Map() });
      let plan: RawPlan = { shapes: [], schema: rawSchema, lastColumnId: start.lastColumnId };
      if (isTyped && typed.schema) plan = { shapes: [], schema: typed.schema, lastColumnId: typed.lastColumnId };
      for (const batch of batches) {
        const observed = batch.flatMap((after) => {
          const read = readJson(JSON.stringify({ before: null, after, source: { lsn: 1 }, op: 'c', ts_ms: 1 }), 50);
          const inferred = read.kind === 'value' ? inferShape(read.value) : null;
          return inferred?.kind === 'shape' ? [inferred.root] : [];
        });
        const next = inferPlan(plan, observed);
        const schema = next.schema ?? plan.schema;
        const found = findContradiction(contract, plan.schema, schema);
        assert.equal(found, null, found?.path);
        if (next.schema) evolved++;
        plan = { shapes: next.shapes, schema, lastColumnId: highestFieldId(schema) };
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(evolved > 150, `${evolved} batches added columns`);
});
