import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCassandraType } from '../../sources/cassandra-type.ts';
import { parseExactJson } from '../../sources/exact-json.ts';
import { durationText, parseIsoDuration } from '../../sources/interval.ts';
import { parseArrayLiteral } from '../../sources/postgres-array.ts';
import { parseSnapshot } from '../../sources/postgres-source.ts';
import { isVisible } from '../../sources/source.ts';
import { dateText, dateTimeText, epochUs, parseDateTime } from '../../sources/temporal.ts';

test('integers beyond 2^53 keep every digit, other numbers are doubles', () => {
  assert.deepEqual(parseExactJson('{"a":9007199254740993,"b":[1,-9223372036854775808],"c":1.0E7}'), {
    a: 9007199254740993n,
    b: [1, -9223372036854775808n],
    c: 10000000,
  });
});

test('dates before Christ, before Gregory and beyond the year 9999 go through and back', () => {
  for (const text of ['-4712-01-01', '0000-02-29', '0001-01-01', '1582-10-10', '1900-02-28', '2000-02-29', '9999-12-31', '+294276-12-31']) {
    const parts = parseDateTime(text);
    assert.ok(parts, text);
    assert.equal(dateText(parts.days), text);
  }
  assert.equal(parseDateTime('1970-01-01')?.days, 0n);
  assert.equal(parseDateTime('0001-12-31 BC')?.days, parseDateTime('0000-12-31')?.days);
});

test('every day of four centuries agrees with the calendar of the platform', () => {
  for (let day = -150_000; day < 150_000; day += 37) {
    assert.equal(dateText(BigInt(day)).replace('+', ''), new Date(day * 86_400_000).toISOString().slice(0, 10));
  }
});

test('times with a zone become UTC, to the microsecond', () => {
  const parts = parseDateTime('2024-07-01 00:00:00.000001+05:30');
  assert.ok(parts);
  assert.equal(dateTimeText(epochUs(parts)), '2024-06-30T18:30:00.000001');
});

test('intervals keep months, days and time apart, with a sign each', () => {
  assert.deepEqual(parseIsoDuration('P-1Y2M-3DT4H-5M-6.5S'), {
    months: -10n,
    days: -3n,
    us: (4n * 3600n - 300n) * 1_000_000n - 6_500_000n,
  });
  assert.equal(parseIsoDuration('1 day'), null);
  const month = parseIsoDuration('P1M');
  const days = parseIsoDuration('P30D');
  assert.ok(month && days);
  assert.notEqual(durationText(month), durationText(days));
});

test('array texts: nested, quoted, escaped, with lower bounds, and refused when broken', () => {
  assert.deepEqual(parseArrayLiteral('{{1,2},{3,NULL}}'), [
    ['1', '2'],
    ['3', null],
  ]);
  assert.deepEqual(parseArrayLiteral(String.raw`{"a\\b","c\"d",e\,f}`), [String.raw`a\b`, 'c"d', 'e,f']);
  assert.deepEqual(parseArrayLiteral('[2:3]={7,8}'), ['7', '8']);
  assert.deepEqual(parseArrayLiteral('{}'), []);
  for (const broken of ['', '1', '{1', '{1}x', '{"a}', '{1,2}}']) assert.equal(parseArrayLiteral(broken), null, broken);
});

test('Cassandra types: what is inside frozen is frozen, what is outside is not', () => {
  const types = new Map([
    [
      'place',
      [
        ['lat', 'double'],
        ['names', 'set<text>'],
      ] as const,
    ],
  ]);
  const loose = parseCassandraType('map<text, frozen<list<int>>>', types);
  assert.deepEqual([loose.name, loose.isFrozen, loose.arguments[1]?.name, loose.arguments[1]?.isFrozen], ['map', false, 'list', true]);
  const place = parseCassandraType('frozen<place>', types);
  assert.deepEqual(
    [place.name, place.isFrozen, place.fields.map((field) => `${field.name} ${field.type.name}`)],
    ['udt', true, ['lat double', 'names set']],
  );
  assert.equal(parseCassandraType('place', types).isFrozen, false);
  assert.equal(parseCassandraType('vector<float, 3>', types).arguments[0]?.name, 'float');
});

test('a snapshot sees what committed before it, and not what was running or came later', () => {
  const snapshot = parseSnapshot('100:105:101,103');
  assert.deepEqual(
    [99n, 100n, 101n, 102n, 103n, 104n, 105n, 200n].map((id) => isVisible(snapshot, id)),
    [true, true, false, true, false, true, false, false],
  );
});

test('a snapshot judges 32-bit ids across the wrap', () => {
  const wrapped = parseSnapshot(`${(1n << 32n) + 5n}:${(1n << 32n) + 10n}:`);
  assert.equal(isVisible(wrapped, 4_294_967_290n), true);
  assert.equal(isVisible(wrapped, 7n), true);
  assert.equal(isVisible(wrapped, 12n), false);
});
