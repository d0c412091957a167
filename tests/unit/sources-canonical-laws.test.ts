import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { decimalText, doubleText, mapText, setText, singleText } from '../../sources/canonical.ts';
import { durationText, parseIsoDuration } from '../../sources/interval.ts';
import { parseArrayLiteral } from '../../sources/postgres-array.ts';
import { dateText, dateTimeText, epochUs, parseDateTime } from '../../sources/temporal.ts';

// PostgreSQL's own range: 4713 BC to 294276 AD.
const microseconds = fc.bigInt({ min: -210_866_803_200_000_000n, max: 9_223_371_331_199_999_999n });

test('every instant that PostgreSQL has is itself after text and back, whatever the zone it is printed in', () => {
  fc.assert(
    fc.property(microseconds, fc.integer({ min: -15 * 60, max: 15 * 60 }), (us, zoneMinutes) => {
      assert.equal(epochUs(parseDateTime(`${dateTimeText(us)}Z`) ?? assert.fail()), us);
      const sign = zoneMinutes < 0 ? '-' : '+';
      const [hours, minutes] = [Math.trunc(Math.abs(zoneMinutes) / 60), Math.abs(zoneMinutes) % 60].map((part) =>
        String(part).padStart(2, '0'),
      );
      const local = dateTimeText(us + BigInt(zoneMinutes) * 60_000_000n).replace('T', ' ');
      assert.equal(epochUs(parseDateTime(`${local}${sign}${hours}:${minutes}`) ?? assert.fail()), us);
    }),
  );
});

test('dates are in order of their days', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_000_000, max: 100_000_000 }), (day) => {
      assert.equal(parseDateTime(dateText(BigInt(day)))?.days, BigInt(day));
    }),
  );
});

test('a decimal is the same in every notation, and another one in none', () => {
  const digits = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  fc.assert(
    fc.property(digits, fc.integer({ min: -40, max: 40 }), fc.integer({ min: 0, max: 20 }), (unscaled, exponent, zeros) => {
      const text = decimalText(`${unscaled}E${exponent}`);
      assert.equal(decimalText(`${unscaled}${'0'.repeat(zeros)}E${exponent - zeros}`), text);
      assert.equal(decimalText(text), text);
      assert.notEqual(decimalText(`${unscaled + 1n}E${exponent}`), text);
    }),
  );
});

test('a float is its shortest text, and its neighbours are others', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      assert.ok(Object.is(Number(doubleText(value)), value));
      assert.equal(doubleText(doubleText(value)), doubleText(value));
    }),
  );
  fc.assert(
    fc.property(fc.float(), (value) => {
      assert.ok(Object.is(Math.fround(Number(singleText(value))), value));
    }),
  );
});

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

test('an array of any texts is read back from its literal', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.string())), (items) => {
      const literal = `{${items.map((item) => (item === null ? 'NULL' : quoted(item))).join(',')}}`;
      assert.deepEqual(parseArrayLiteral(literal), items);
    }),
  );
});

test('intervals differ when months, days or time do', () => {
  const part = fc.bigInt({ min: -1_000_000n, max: 1_000_000n });
  fc.assert(
    fc.property(part, part, fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (months, days, us) => {
      const text = durationText({ months, days, us });
      assert.deepEqual(parseIsoDuration(text), { months, days, us });
    }),
  );
});

test('sets and maps do not depend on the order they come in', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(fc.string(), fc.option(fc.string())), { selector: ([key]) => key }), (entries) => {
      const reversed = entries.toReversed();
      assert.equal(mapText(reversed), mapText(entries));
      assert.equal(setText(reversed.map(([key]) => key)), setText(entries.map(([key]) => key)));
    }),
  );
});
