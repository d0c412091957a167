// The one table of physical types: every name of it parses, and what the connectors write becomes what people read.

import assert from 'node:assert/strict';
import test from 'node:test';
import { columnType, databaseOfBody, icebergType, logicalSchema } from '../../contracts/column-type.ts';
import { parsePhysicalType } from '../../contracts/physical-type.ts';
import { asJson, logicalRow, logicalText, logicalValue } from '../../contracts/row-value.ts';
import { typeTable, type Database } from '../../contracts/type-table.ts';
import { parseExactJson } from '../../sources/exact-json.ts';

const typeOf = (text: string, database: Database = 'postgres') => columnType({ 'x-physicalType': text }, database);
const ids = (): (() => number) => {
  let last = 100;
  return () => ++last;
};

test('every name of the table parses to its row', () => {
  for (const { database, names, kind, wire } of typeTable) {
    for (const name of names) {
      const type = parsePhysicalType(name.toUpperCase(), database);
      assert.deepEqual([name, type?.kind, type?.wire, type?.name], [name, kind, wire, names[0]]);
    }
  }
});

test('a name stands for one row of its database', () => {
  const seen = typeTable.flatMap(({ database, names }) => names.map((name) => `${database} ${name}`));
  assert.equal(new Set(seen).size, seen.length);
});

// physical type, wire JSON as the connector writes it, logical JSON text, Iceberg type
const postgres: readonly (readonly [string, string, string, string])[] = [
  ['smallint', '-32768', '-32768', 'int'],
  ['bigint', '9007199254740993', '9007199254740993', 'long'],
  ['numeric(12,2)', '"12.30"', '12.3', 'decimal(12,2)'],
  ['numeric', '"12345678901234567890.123456789"', '12345678901234567890.123456789', 'string'],
  ['numeric(39,2)', '"1"', '1', 'string'],
  ['decimal(10)', '"7"', '7', 'decimal(10,0)'],
  ['numeric', '"NaN"', '"NaN"', 'string'],
  ['real', '1.5', '1.5', 'double'],
  ['double precision', '0.1', '0.1', 'double'],
  ['boolean', 'true', 'true', 'boolean'],
  ['bit(1)', 'true', 'true', 'boolean'],
  ['bit(3)', '"BQ=="', '"BQ=="', 'binary'],
  ['character varying(32)', '"va\'r"', '"va\'r"', 'string'],
  ['uuid', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', 'string'],
  ['jsonb', '"{\\"a\\": [1, 2], \\"b\\": 9007199254740993}"', '{"a":[1,2],"b":9007199254740993}', 'string'],
  ['jsonb', '"null"', 'null', 'string'],
  ['jsonb', '"{broken"', '"{broken"', 'string'],
  ['bytea', '"3q2+7w=="', '"3q2+7w=="', 'binary'],
  ['date', '20048', '"2024-11-21"', 'date'],
  ['date', '-719163', '-719163', 'date'],
  ['time', '45296123456', '"12:34:56.123456"', 'long'],
  ['timetz', '"10:34:56.123456Z"', '"10:34:56.123456Z"', 'string'],
  ['timestamp', '1709210096123456', '"2024-02-29T12:34:56.123456"', 'timestamp'],
  ['timestamp(3) without time zone', '-1', '"1969-12-31T23:59:59.999999"', 'timestamp'],
  ['timestamp(6) with time zone', '"2024-02-29T10:34:56.123456Z"', '"2024-02-29T10:34:56.123456Z"', 'timestamptz'],
  ['timestamp', '9223372036854775807', '9223372036854775807', 'timestamp'],
  ['interval', '"P1Y2M3DT4H5M6.789S"', '"P1Y2M3DT4H5M6.789S"', 'string'],
  ['money', '"12.34"', '12.34', 'decimal(19,2)'],
  ['hstore', '"{\\"k\\":\\"v\\"}"', '{"k":"v"}', 'string'],
  ['int4range', '"[1,10)"', '"[1,10)"', 'string'],
  ['point', '{"x":1.5,"y":-2.5,"wkb":"AQ==","srid":null}', '{"x":1.5,"y":-2.5,"wkb":"AQ==","srid":null}', 'string'],
];

test('what the PostgreSQL connector writes becomes what people read, digit by digit', () => {
  for (const [physical, wire, logical, iceberg] of postgres) {
    const type = typeOf(physical);
    assert.equal(logicalText(logicalValue(type, parseExactJson(wire))), logical, physical);
    assert.equal(icebergType(type, ids()), iceberg, physical);
  }
});

const cassandra: readonly (readonly [string, string, string, unknown])[] = [
  ['date', '19844', '"2024-05-01"', 'date'],
  ['decimal', '"12.50"', '12.5', 'string'],
  ['decimal(12,2)', '"12.50"', '12.5', 'decimal(12,2)'],
  ['varint', '"123456789012345678901234567890"', '123456789012345678901234567890', 'string'],
  ['time', '36672123456789', '"10:11:12.123456789"', 'long'],
  ['timestamp', '1714644000123', '"2024-05-02T10:00:00.123000Z"', 'timestamptz'],
  ['inet', '"/10.0.0.1"', '"10.0.0.1"', 'string'],
  ['duration', '2775600000000000', '2775600000000000', 'long'],
  ['blob', '"3q2+7w=="', '"3q2+7w=="', 'binary'],
  [
    'map<date, int>',
    '[[19844,1]]',
    '{"2024-05-01":1}',
    { type: 'map', 'key-id': 101, key: 'date', 'value-id': 102, value: 'int', 'value-required': false },
  ],
  ['frozen<set<text>>', '["a","b"]', '["a","b"]', { type: 'list', 'element-id': 101, element: 'string', 'element-required': false }],
  [
    'frozen<list<timestamp>>',
    '[0]',
    '["1970-01-01T00:00:00.000000Z"]',
    { type: 'list', 'element-id': 101, element: 'timestamptz', 'element-required': false },
  ],
];

test('what the Cassandra agent writes becomes what people read', () => {
  for (const [physical, wire, logical, iceberg] of cassandra) {
    const type = typeOf(physical, 'cassandra');
    assert.equal(logicalText(logicalValue(type, parseExactJson(wire))), logical, physical);
    assert.deepEqual(icebergType(type, ids()), iceberg, physical);
  }
});

test('arrays convert each element, in every dimension, nulls kept', () => {
  assert.equal(logicalText(logicalValue(typeOf('numeric(12,2)[]'), ['1.10', null])), '[1.1,null]');
  assert.equal(logicalText(logicalValue(typeOf('date[]'), [[0], [1, null]])), '[["1970-01-01"],["1970-01-02",null]]');
  assert.deepEqual(logicalSchema(typeOf('integer[]')), { type: 'array', items: { type: ['integer', 'null'] } });
});

test('a user-defined type is described by the schema inside, and each field travels by its own form', () => {
  const schema = {
    type: ['object', 'null'],
    'x-physicalType': 'frozen<place>',
    properties: { at: { type: 'string', 'x-physicalType': 'date' }, name: { type: 'string', 'x-physicalType': 'text' } },
  };
  const type = columnType(schema, 'cassandra');
  assert.equal(logicalText(logicalValue(type, { at: 1, name: null })), '{"at":"1970-01-02","name":null}');
  assert.deepEqual(icebergType(type, ids()), {
    type: 'struct',
    fields: [
      { id: 101, name: 'at', required: false, type: 'date' },
      { id: 102, name: 'name', required: false, type: 'string' },
    ],
  });
});

test('an enum, a domain or an unknown type is told by its schema', () => {
  assert.equal(columnType({ type: 'string', 'x-physicalType': 'public.user_status' }, 'postgres').kind, 'enum');
  assert.equal(columnType({ enum: ['a', null], 'x-physicalType': 'mood' }, 'postgres').kind, 'enum');
  assert.equal(columnType({ type: 'integer', 'x-physicalType': 'positive_int' }, 'postgres').kind, 'int64');
  assert.equal(columnType({}, 'postgres').kind, 'json');
  assert.equal(columnType(true, 'postgres').kind, 'json');
  assert.equal(parsePhysicalType('frozen<map<text', 'cassandra'), null);
  assert.equal(parsePhysicalType('text(3,4)', 'postgres'), null);
});

const body = (physical: string) => ({ properties: { a: { 'x-physicalType': 'text' }, b: { 'x-physicalType': physical } } });

test('the database is known by what only Cassandra says, or by what the body says', () => {
  assert.equal(databaseOfBody(body('timeuuid')), 'cassandra');
  assert.equal(databaseOfBody(body('frozen<place>')), 'cassandra');
  assert.equal(databaseOfBody(body('timestamptz')), 'postgres');
  assert.equal(databaseOfBody({ ...body('text'), 'x-database': 'cassandra' }), 'cassandra');
});

test('in a row, an unavailable value and an untouched cell are absent; a null cell is null', () => {
  const columns = [
    { name: 'bio', type: typeOf('text') },
    { name: 'born', type: typeOf('date') },
  ];
  assert.deepEqual(logicalRow(columns, { bio: '__debezium_unavailable_value', born: 0, other: 1 }, 'postgres'), {
    born: '1970-01-01',
    other: 1,
  });
  const cells = { bio: null, born: { value: null, deletion_ts: 1, set: true }, _range_start: null };
  assert.deepEqual(logicalRow(columns, cells, 'cassandra'), { born: null });
});

test('plain JSON rounds to the nearest double what is exact until then', () => {
  const value = logicalValue(typeOf('numeric'), '9007199254740993.5');
  assert.equal(logicalText([value, { a: value }]), '[9007199254740993.5,{"a":9007199254740993.5}]');
  assert.deepEqual(asJson([value, { a: value }]), [9007199254740994, { a: 9007199254740994 }]);
});
