// The SQL of a column's logical value says what row-value.ts says in JavaScript, for every form of the wire; where it
// cannot, the row goes to the validator.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { parsePhysicalType } from '../../contracts/physical-type.ts';
import { compileRules } from '../../contracts/rules/compile-rules.ts';
import { rowWire, type DecodedType } from '../../contracts/rules/row-wire.ts';
import { asJson, logicalRow } from '../../contracts/row-value.ts';
import type { Database } from '../../contracts/type-table.ts';

const dayUs = 86_400_000_000;

/** Type, kind that decodes it, wire values that have the form, wire values that do not. */
const forms: readonly (readonly [
  type: string,
  database: Database,
  kind: 'long' | 'string' | 'double',
  formed: readonly unknown[],
  others: readonly unknown[],
])[] = [
  ['date', 'postgres', 'long', [0, 20_048, -719_162, 2_932_896, -1], [2_932_897, -719_163, 2_147_483_647]],
  ['timestamp', 'postgres', 'long', [0, 1, -1, 1_732_192_496_123_456, -62_135_596_800_000_000], [Number.MAX_SAFE_INTEGER * 1000]],
  ['time', 'postgres', 'long', [0, 1, dayUs - 1, 45_296_123_456], [dayUs, -1]],
  ['timestamp', 'cassandra', 'long', [0, -1, 1_732_192_496_123], [253_402_300_800_000]],
  ['time', 'cassandra', 'long', [0, 1, 45_296_123_456_789], [-1]],
  ['inet', 'cassandra', 'string', ['/10.0.0.1', 'host/10.0.0.1', '10.0.0.1'], []],
  ['uuid', 'postgres', 'string', ['123e4567-e89b-12d3-a456-426614174000', 'no'], []],
  ['timestamptz', 'postgres', 'string', ['2024-11-21T10:00:00.123456Z', 'infinity'], []],
  ['float8', 'postgres', 'double', [0.5, 1e300], []],
];

for (const [declared, database, kind, formed, others] of forms) {
  test(`${database} ${declared}: the logical value in SQL is the one in JavaScript`, async () => {
    const type = parsePhysicalType(declared, database);
    assert(type);
    const cell = (decoded: DecodedType): DecodedType =>
      database === 'cassandra' ? { kind: 'struct', fields: [{ name: 'value', type: decoded }] } : decoded;
    const wire = rowWire([{ name: 'v', type }], { kind: 'struct', fields: [{ name: 'v', type: cell({ kind }) }] }, database);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const duckdbType = { long: 'BIGINT', string: 'VARCHAR', double: 'DOUBLE' }[kind];
    for (const value of [...formed, ...others]) {
      const row = logicalRow([{ name: 'v', type }], { v: database === 'cassandra' ? { value } : value }, database);
      const logical = asJson(row['v'] ?? null);
      // Clean exactly for the value itself: what SQL compares is its own logical value.
      const { sql } = compileRules({ properties: { v: { const: logical, 'x-other': true } } });
      const wanted = sql('r', wire);
      const literal = `'${String(value)}'::${duckdbType}`;
      const from = `SELECT ${database === 'cassandra' ? `{'v': {'value': ${literal}}}` : `{'v': ${literal}}`} AS r`;
      const [[isClean, needsJudge] = []] = (
        await connection.runAndReadAll(`SELECT ${wanted.isClean}, ${wanted.needsJudge} FROM (${from})`)
      ).getRowsJson();
      const isFormed = formed.includes(value);
      assert.deepEqual([isClean, needsJudge], [isFormed, !isFormed], `${String(value)} is ${JSON.stringify(logical)}`);
    }
    instance.closeSync();
  });
}

test('decimals are compared digit by digit', async () => {
  const type = parsePhysicalType('numeric(30,10)', 'postgres');
  assert(type);
  const wire = rowWire([{ name: 'v', type }], { kind: 'struct', fields: [{ name: 'v', type: { kind: 'string' } }] }, 'postgres');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const verdict = async (schema: { readonly [keyword: string]: number | string }, text: string): Promise<unknown> => {
    const { isClean, needsJudge } = compileRules({ properties: { v: schema } }).sql('r', wire);
    return (await connection.runAndReadAll(`SELECT ${isClean}, ${needsJudge} FROM (SELECT {'v': '${text}'} AS r)`)).getRowsJson()[0];
  };
  assert.deepEqual(await verdict({ multipleOf: 0.01 }, '12345678901234567890.1200000000'), [true, false]);
  assert.deepEqual(await verdict({ multipleOf: 0.01 }, '12345678901234567890.1200000001'), [false, false]);
  assert.deepEqual(await verdict({ exclusiveMaximum: 0.3 }, '0.3000000000'), [false, false]);
  assert.deepEqual(await verdict({ exclusiveMaximum: 0.3 }, '0.2999999999'), [true, false]);
  assert.deepEqual(await verdict({ minimum: 9007199254740992 }, '9007199254740991.9999999999'), [false, false]);
  assert.deepEqual(await verdict({ type: 'integer' }, '5.0000000000'), [true, false]);
  assert.deepEqual(await verdict({ type: 'integer' }, '5.0000000001'), [false, false]);
  // NaN is no number, and a text with other digits than declared is not compared after rounding.
  assert.deepEqual(await verdict({ type: 'number' }, 'NaN'), [false, true]);
  assert.deepEqual(await verdict({ maximum: 1 }, '1.00000000001'), [false, true]);
  instance.closeSync();
});

test('a cell that a change did not touch, and a value that stayed aside, are absent', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const text = parsePhysicalType('text', 'postgres');
  assert(text);
  const body = { required: ['v'], properties: { v: { maxLength: 3 } } };
  const { sql } = compileRules(body);
  const ask = async (wire: ReturnType<typeof rowWire>, row: string): Promise<unknown> =>
    (await connection.runAndReadAll(`SELECT ${sql('r', wire).isClean} FROM (SELECT ${row} AS r)`)).getRowsJson()[0]?.[0];
  const cells = rowWire(
    [],
    { kind: 'struct', fields: [{ name: 'v', type: { kind: 'struct', fields: [{ name: 'value', type: { kind: 'string' } }] } }] },
    'cassandra',
  );
  assert.equal(await ask(cells, "{'v': {'value': 'abc'}}"), true);
  assert.equal(await ask(cells, "{'v': {'value': NULL::VARCHAR}}"), true);
  assert.equal(await ask(cells, "{'v': NULL::STRUCT(value VARCHAR)}"), false);
  const columns = rowWire([{ name: 'v', type: text }], { kind: 'struct', fields: [{ name: 'v', type: { kind: 'string' } }] }, 'postgres');
  assert.equal(await ask(columns, "{'v': '__debezium_unavailable_value'}"), false);
  assert.equal(await ask(columns, "{'v': 'abcd'}"), false);
  assert.equal(await ask(columns, "{'v': 'abc'}"), true);
  instance.closeSync();
});
