import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalCassandra, canonicalCassandraEvent } from '../../sources/canonical-cassandra.ts';
import { canonicalPostgres, canonicalPostgresEvent, postgresLiteral } from '../../sources/canonical-postgres.ts';
import { decimalText, doubleText, singleText } from '../../sources/canonical.ts';
import { parseCassandraType } from '../../sources/cassandra-type.ts';
import { parseExactJson } from '../../sources/exact-json.ts';
import type { SourceType } from '../../sources/source.ts';

function pgType(name: string, length: number | null = null): SourceType {
  if (name.endsWith('[]')) return { ...pgType('array'), arguments: [pgType(name.slice(0, -2))] };
  return { name, declared: name, arguments: [], fields: [], length, isFrozen: true };
}

// type, what the server prints, what the event holds (JSON text), canonical
const postgresCases: readonly (readonly [type: string, server: string, event: string, canonical: string])[] = [
  ['int8', '9007199254740993', '9007199254740993', '9007199254740993'],
  ['int8', '-9223372036854775808', '-9223372036854775808', '-9223372036854775808'],
  ['numeric', '12345678901234567890.123456789', '"12345678901234567890.123456789"', '12345678901234567890.123456789'],
  ['numeric', '10.50', '"10.50"', '10.5'],
  ['numeric', '-0.00', '"0.00"', '0'],
  ['numeric', 'NaN', '"NAN"', 'NaN'],
  ['numeric', '-Infinity', '"NEGATIVE_INFINITY"', '-Infinity'],
  ['money', '12.34', '"12.34"', '12.34'],
  ['float4', '1.1', '1.1', '1.1'],
  ['float4', '3.4028235e+38', '3.4028235E38', '3.4028235e+38'],
  ['float8', '10000000', '1.0E7', '10000000'],
  ['float8', '-0', '-0.0', '-0'],
  ['float8', 'NaN', '"NaN"', 'NaN'],
  ['float8', '-Infinity', '"-Infinity"', '-Infinity'],
  ['bool', 't', 'true', 'true'],
  ['text', 'h\u00e9llo "q"', String.raw`"h\u00e9llo \"q\""`, 'h\u00e9llo "q"'],
  ['bpchar', 'ab   ', '"ab   "', 'ab   '],
  ['jsonb', '{"a": 1.10}', String.raw`"{\"a\": 1.10}"`, '{"a": 1.10}'],
  ['bytea', String.raw`\xdeadbeef`, '"3q2+7w=="', '3q2+7w=='],
  ['date', '2024-02-29', '19782', '2024-02-29'],
  ['date', '1969-12-31', '-1', '1969-12-31'],
  ['date', '0044-03-15 BC', '-735160', '-0043-03-15'],
  ['time', '12:34:56.123456', '45296123456', '12:34:56.123456'],
  ['time', '24:00:00', '86400000000', '24:00:00.000000'],
  ['timetz', '12:34:56.123456+02', '"10:34:56.123456Z"', '10:34:56.123456Z'],
  ['timetz', '01:00:00+05:30', '"19:30:00Z"', '19:30:00.000000Z'],
  ['timestamp', '2024-02-29 12:34:56.123456', '1709210096123456', '2024-02-29T12:34:56.123456'],
  ['timestamp', '1969-12-31 23:59:59.999999', '-1', '1969-12-31T23:59:59.999999'],
  ['timestamp', 'infinity', '9223372036854775807', 'infinity'],
  ['timestamptz', '2024-02-29 10:34:56.123456+00', '"2024-02-29T10:34:56.123456Z"', '2024-02-29T10:34:56.123456Z'],
  ['timestamptz', '-infinity', '"-infinity"', '-infinity'],
  ['interval', 'P1Y2M3DT4H5M6.789S', '"P1Y2M3DT4H5M6.789S"', 'P14M3DT14706.789000S'],
  ['interval', 'PT-0.5S', '"P0Y0M0DT0H0M-0.5S"', 'P0M0DT-0.500000S'],
  ['bit', '101', '"BQ=="', 'BQ=='],
  ['varbit', '100000001', '"AQE="', 'AQE='],
  ['point', '(1.5,-2.5)', '{"x":1.5,"y":-2.5,"wkb":"AQE=","srid":null}', '(1.5,-2.5)'],
  ['circle', '<(1,2),3>', '{"center":{"x":1.0,"y":2.0,"wkb":"","srid":null},"radius":3.0}', '<(1,2),3>'],
  ['line', '{1,2,3}', '{"a":1.0,"b":2.0,"c":3.0}', '{1,2,3}'],
  [
    'lseg',
    '[(1,2),(3,4)]',
    '{"wkb":"AQIAAAACAAAAAAAAAAAA8D8AAAAAAAAAQAAAAAAAAAhAAAAAAAAAEEA=","extensions":{"type":"lseg"}}',
    '((1,2),(3,4))',
  ],
  [
    'box',
    '(3,4),(1,2)',
    '{"wkb":"AQMAAAABAAAABQAAAAAAAAAAAAhAAAAAAAAAEEAAAAAAAAAIQAAAAAAAAABAAAAAAAAA8D8AAAAAAAAAQAAAAAAAAPA/AAAAAAAAEEAAAAAAAAAIQAAAAAAAABBA","srid":null}',
    '((3,4),(1,2))',
  ],
  [
    'path',
    '[(0,0),(1,1)]',
    '{"wkb":"AQIAAAACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPA/AAAAAAAA8D8=","extensions":{"closed":"false"}}',
    '[(0,0),(1,1)]',
  ],
  [
    'polygon',
    '((0,0),(1,1),(1,0))',
    '{"wkb":"AQMAAAABAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADwPwAAAAAAAPA/AAAAAAAA8D8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}',
    '((0,0),(1,1),(1,0))',
  ],
  ['int4[]', '{1,NULL,3}', '[1,null,3]', '["1",null,"3"]'],
  ['text[]', String.raw`{a,"b,\"c",NULL,"NULL",""}`, String.raw`["a","b,\"c",null,"NULL",""]`, String.raw`["a","b,\"c",null,"NULL",""]`],
  ['numeric[]', '{1.10,2.20}', '["1.10","2.20"]', '["1.1","2.2"]'],
  ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['inet', '192.168.1.5/24', '"192.168.1.5/24"', '192.168.1.5/24'],
  ['tstzrange', '["2024-01-01 00:00:00+00",)', String.raw`"[\"2024-01-01 00:00:00+00\",)"`, '["2024-01-01 00:00:00+00",)'],
];

test('a PostgreSQL value has one canonical text, printed by the server or written by the connector', () => {
  for (const [name, server, event, canonical] of postgresCases) {
    const type = pgType(name);
    assert.equal(canonicalPostgres(type, server), canonical, `${name} from the server: ${server}`);
    assert.equal(canonicalPostgresEvent(type, parseExactJson(event)), canonical, `${name} from the event: ${event}`);
  }
});

test('bit(1) is a boolean to the connector, bit(3) is bytes', () => {
  assert.equal(canonicalPostgres(pgType('bit', 1), '1'), 'true');
  assert.equal(canonicalPostgresEvent(pgType('bit', 1), true), 'true');
  assert.equal(canonicalPostgres(pgType('bit', 3), '001'), 'AQ==');
});

test('what a typed lake column gives back canonicalises to the same text', () => {
  assert.equal(canonicalPostgresEvent(pgType('timestamptz'), '2024-02-29 10:34:56.123456+00'), '2024-02-29T10:34:56.123456Z');
  assert.equal(canonicalPostgresEvent(pgType('timestamp'), '2024-02-29 12:34:56.123456'), '2024-02-29T12:34:56.123456');
  assert.equal(canonicalPostgresEvent(pgType('date'), '2024-02-29'), '2024-02-29');
  assert.equal(canonicalPostgresEvent(pgType('numeric'), 10.5), '10.5');
  assert.equal(canonicalPostgresEvent(pgType('int4[]'), '[1,null,3]'), '["1",null,"3"]');
});

test('a value of the wrong kind equals nothing a source can hold', () => {
  for (const [name, wrong] of [
    ['int8', 1.5],
    ['int8', '__debezium_unavailable_value'],
    ['numeric', '12,34'],
    ['bool', 'yes'],
    ['date', 'tomorrow'],
    ['bytea', 'not base64!'],
    ['text', 12],
    ['int4[]', '{1}'],
  ] as const) {
    assert.match(canonicalPostgresEvent(pgType(name), wrong) ?? '', /^\0unexpected/, `${name} ${wrong}`);
  }
});

test('null is null for every type, and the word NULL is text', () => {
  assert.equal(canonicalPostgres(pgType('int4'), null), null);
  assert.equal(canonicalPostgresEvent(pgType('text'), null), null);
  assert.equal(canonicalPostgres(pgType('text'), 'NULL'), 'NULL');
});

test('a canonical key goes back to the server as the value it was', () => {
  assert.equal(postgresLiteral(pgType('bytea'), '3q2+7w=='), String.raw`\xdeadbeef`);
  assert.equal(postgresLiteral(pgType('int8'), '9007199254740993'), '9007199254740993');
});

test('decimals are equal by value, whatever their notation', () => {
  for (const spelling of ['1050', '1050.00', '1.05E+3', '1.05e3', '+1050', '01050', '10500e-1'])
    assert.equal(decimalText(spelling), '1050', spelling);
  for (const spelling of ['0.00105', '1.05E-3', '.00105', '105e-5']) assert.equal(decimalText(spelling), '0.00105', spelling);
  assert.equal(decimalText('-12345678901234567890.10'), '-12345678901234567890.1');
  assert.notEqual(decimalText('1.000000000000000000000000000001'), decimalText('1'));
});

test('floats: the double nearest to a single is the same single, a neighbouring double is another double', () => {
  assert.equal(singleText(1.100000023841858), '1.1');
  assert.equal(singleText(16777217), '16777216');
  assert.notEqual(doubleText(0.1), doubleText(0.10000000000000002));
});

const userTypes = new Map([
  [
    'place',
    [
      ['lat', 'double'],
      ['lon', 'double'],
      ['label', 'text'],
    ] as const,
  ],
]);

const cassandraCases: readonly (readonly [type: string, driver: unknown, event: string, canonical: string])[] = [
  ['bigint', 9007199254740993n, '9007199254740993', '9007199254740993'],
  ['varint', 12345678901234567890123n, '"12345678901234567890123"', '12345678901234567890123'],
  ['decimal', '12345678901234567890.12', '"12345678901234567890.12"', '12345678901234567890.12'],
  ['float', 1.100000023841858, '1.1', '1.1'],
  ['double', 0.1, '0.1', '0.1'],
  ['boolean', true, 'true', 'true'],
  ['date', '2024-05-01', '19844', '2024-05-01'],
  ['timestamp', new Date(1714644000123), '1714644000123', '2024-05-02T10:00:00.123000Z'],
  ['time', '10:11:12.123456789', '36672123456789', '10:11:12.123456789'],
  ['duration', { months: 1, days: 2, nanoseconds: 10800000000000n }, '2775600000000000', '2775600000000000'],
  ['inet', '10.0.0.1', '"/10.0.0.1"', '10.0.0.1'],
  ['inet', '::1', '"/0:0:0:0:0:0:0:1"', '::1'],
  ['blob', Buffer.from('deadbeef', 'hex'), '"3q2+7w=="', '3q2+7w=='],
  ['timeuuid', '50554d6e-29bb-11e5-b345-feff819cdc9f', '"50554d6e-29bb-11e5-b345-feff819cdc9f"', '50554d6e-29bb-11e5-b345-feff819cdc9f'],
  ['frozen<set<text>>', new Set(['b', 'a']), '["a","b"]', '["a","b"]'],
  ['frozen<list<int>>', [2, 1], '[2,1]', '["2","1"]'],
  ['frozen<map<text, text>>', new Map([['k', 'v']]), '{"k":"v"}', '{"k":"v"}'],
  ['frozen<map<int, text>>', new Map([[1, 'v']]), '[[1,"v"]]', '{"1":"v"}'],
  ['tuple<int, text>', { elements: [7, 'x'] }, '{"field1":7,"field2":"x"}', '["7","x"]'],
  ['frozen<place>', { lat: 1, lon: 2, label: null }, '{"lat":1.0,"lon":2.0,"label":null}', '{"label":null,"lat":"1","lon":"2"}'],
  [
    'frozen<list<frozen<place>>>',
    [{ lat: 1, lon: 2 }],
    '[{"lat":1.0,"lon":2.0,"label":null}]',
    String.raw`["{\"label\":null,\"lat\":\"1\",\"lon\":\"2\"}"]`,
  ],
];

test('a Cassandra value has one canonical text, decoded by the driver or written by the agent', () => {
  for (const [declared, driver, event, canonical] of cassandraCases) {
    const type = parseCassandraType(declared, userTypes);
    assert.equal(canonicalCassandra(type, driver), canonical, `${declared} from the driver`);
    assert.equal(canonicalCassandraEvent(type, parseExactJson(event)), canonical, `${declared} from the event: ${event}`);
    if (/[<]/.test(declared)) assert.equal(canonicalCassandraEvent(type, event), canonical, `${declared} kept as text: ${event}`);
  }
});
