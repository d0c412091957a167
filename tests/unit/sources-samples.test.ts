// Recorded events of the real connectors against what was written into the databases: every type they were given.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { canonicalCassandraEvent } from '../../sources/canonical-cassandra.ts';
import { canonicalPostgres, canonicalPostgresEvent } from '../../sources/canonical-postgres.ts';
import { parseCassandraType } from '../../sources/cassandra-type.ts';
import { isJsonObject, parseExactJson } from '../../sources/exact-json.ts';
import type { SourceType } from '../../sources/source.ts';

const samples = new URL('../recorded-events/', import.meta.url);

function pgType(name: string, length: number | null = null): SourceType {
  if (name.endsWith('[]')) return { ...pgType('array'), arguments: [pgType(name.slice(0, -2))] };
  return { name, declared: name, arguments: [], fields: [], length, isFrozen: true };
}

function rowsOf(file: string, topic: string): readonly Readonly<Record<string, unknown>>[] {
  const records = parseExactJson(readFileSync(new URL(file, samples), 'utf8'));
  assert.ok(Array.isArray(records));
  return records
    .filter(isJsonObject)
    .filter((record) => record['topic'] === topic)
    .map((record) => (isJsonObject(record['value']) ? record['value']['after'] : null))
    .filter(isJsonObject);
}

// column → type and what the server prints for the row with id 1
const written: Readonly<Record<string, readonly [type: string, text: string]>> = {
  c_int2: ['int2', '-32768'],
  c_int4: ['int4', '2147483647'],
  c_int8: ['int8', '9007199254740993'],
  c_num122: ['numeric', '12345.67'],
  c_num: ['numeric', '12345678901234567890.123456789'],
  c_float4: ['float4', '1.5'],
  c_float8: ['float8', '0.1'],
  c_bool: ['bool', 't'],
  c_text: ['text', 'héllo'],
  c_varchar: ['varchar', `va'r`],
  c_char: ['bpchar', 'ab   '],
  c_uuid: ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  c_json: ['json', '{"b":1, "a":[1,2]}'],
  c_jsonb: ['jsonb', '{"a": [1, 2], "b": 1}'],
  c_bytea: ['bytea', String.raw`\xdeadbeef`],
  c_date: ['date', '2024-02-29'],
  c_time: ['time', '12:34:56.123456'],
  c_timetz: ['timetz', '12:34:56.123456+02'],
  c_ts: ['timestamp', '2024-02-29 12:34:56.123456'],
  c_ts3: ['timestamp', '2024-02-29 12:34:56.123'],
  c_tstz: ['timestamptz', '2024-02-29 10:34:56.123456+00'],
  c_interval: ['interval', 'P1Y2M3DT4H5M6.789S'],
  c_int_arr: ['int4[]', '{1,NULL,3}'],
  c_text_arr: ['text[]', String.raw`{a,"b,\"c",NULL}`],
  c_num_arr: ['numeric[]', '{1.10,2.20}'],
  c_inet: ['inet', '192.168.1.5/24'],
  c_cidr: ['cidr', '10.0.0.0/8'],
  c_macaddr: ['macaddr', '08:00:2b:01:02:03'],
  c_enum: ['enum', 'happy'],
  c_point: ['point', '(1.5,-2.5)'],
  c_bit: ['bit', '101'],
  c_money: ['money', '12.34'],
  c_xml: ['xml', '<a>1</a>'],
  c_int4range: ['int4range', '[1,10)'],
  c_tsrange: ['tstzrange', '["2024-01-01 00:00:00+00",)'],
  c_oid: ['oid', '42'],
  c_hstore_like: ['text', 'dflt'],
};

// What differs between the recordings' settings and ours: binary as hex, decimals and intervals as bytes and micros, and
// timestamp(3) in milliseconds. Those columns are compared in the recording that has our setting.
const recordings: readonly (readonly [file: string, topic: string, not: readonly string[]])[] = [
  ['pg-06-string-modes.json', 'pgstr.public.all_types', ['c_bytea', 'c_time']],
  ['pg-01-snapshot.json', 'pg.public.all_types', ['c_num122', 'c_num', 'c_num_arr', 'c_money', 'c_interval', 'c_ts3']],
];

test('recorded PostgreSQL events hold what was written, type by type', () => {
  const compared = new Set<string>();
  for (const [file, topic, not] of recordings) {
    const row = rowsOf(file, topic).find((after) => after['id'] === 1);
    assert.ok(row, `${file}: row 1`);
    for (const [column, [name, text]] of Object.entries(written)) {
      if (not.includes(column)) continue;
      assert.equal(canonicalPostgresEvent(pgType(name, 3), row[column]), canonicalPostgres(pgType(name, 3), text), `${file} ${column}`);
      compared.add(column);
    }
    assert.deepEqual(
      Object.keys(row).filter((column) => column !== 'id' && !(column in written)),
      [],
      `${file}: columns without an expectation`,
    );
  }
  assert.deepEqual([...compared].toSorted(), Object.keys(written).toSorted());
});

test('recorded PostgreSQL infinities and NaN are themselves', () => {
  const row = rowsOf('pg-01-snapshot.json', 'pg.public.all_types').find((after) => after['id'] === 3);
  assert.ok(row);
  assert.equal(canonicalPostgresEvent(pgType('float8'), row['c_float8']), 'NaN');
  assert.equal(canonicalPostgresEvent(pgType('date'), row['c_date']), 'infinity');
  assert.equal(canonicalPostgresEvent(pgType('timestamp'), row['c_ts']), 'infinity');
  assert.equal(canonicalPostgresEvent(pgType('timestamptz'), row['c_tstz']), '-infinity');
});

const userTypes = new Map([
  [
    'geo',
    [
      ['lat', 'double'],
      ['lon', 'double'],
      ['label', 'text'],
    ] as const,
  ],
]);

// column → type and the canonical text of the values that were written
const rides: Readonly<Record<string, readonly [type: string, ...values: string[]]>> = {
  fare: ['decimal', '12.5', '12345678901234567890.12'],
  vint: ['varint', '12345678901234567890123'],
  big: ['bigint', '9007199254740993'],
  small: ['smallint', '3'],
  tiny: ['tinyint', '4'],
  seats: ['int', '1', '2'],
  dist: ['double', '0.1'],
  surge: ['float', '1.5'],
  active: ['boolean', 'true'],
  day: ['date', '2024-05-01', '2024-05-02'],
  requested_at: ['timestamp', '2024-05-02T10:00:00.123000Z'],
  t: ['time', '10:11:12.123456789'],
  dur: ['duration', '2775600000000000'],
  uid: ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ip: ['inet', '10.0.0.1'],
  raw: ['blob', '3q2+7w=='],
  pair: ['tuple<int, text>', '["7","x"]'],
  ftags: ['frozen<set<text>>', '["f"]'],
  dropoff: ['frozen<geo>', '{"label":"work","lat":"52.2","lon":"4.8"}', '{"label":"gym","lat":"9","lon":"8"}'],
};

test('recorded Cassandra events hold what was written, type by type', () => {
  const records = parseExactJson(readFileSync(new URL('cass-03-schemas.json', samples), 'utf8'));
  assert.ok(Array.isArray(records));
  const seen = new Map<string, Set<string>>();
  for (const record of records.filter(isJsonObject).filter((candidate) => candidate['topic'] === 'casss.ride.rides')) {
    const payload = isJsonObject(record['value']) ? record['value']['payload'] : null;
    const after = isJsonObject(payload) ? payload['after'] : null;
    if (!isJsonObject(after)) continue;
    for (const [column, [type]] of Object.entries(rides)) {
      const cell = after[column];
      const value = isJsonObject(cell) ? canonicalCassandraEvent(parseCassandraType(type, userTypes), cell['value']) : null;
      if (value !== null) seen.set(column, (seen.get(column) ?? new Set()).add(value));
    }
  }
  for (const [column, [, ...values]] of Object.entries(rides)) {
    assert.deepEqual([...(seen.get(column) ?? [])].toSorted(), values.toSorted(), column);
  }
});
