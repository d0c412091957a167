import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  bytesOfValue,
  compareValues,
  truncatedLower,
  truncatedUpper,
  valueOfBytes,
  type SingleValue,
} from '../../lake/iceberg/value-bytes.ts';

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const typed: fc.Arbitrary<readonly [string, SingleValue]> = fc.oneof(
  fc.tuple(fc.constant('boolean'), fc.boolean()),
  fc.tuple(fc.constantFrom('int', 'date'), fc.integer()),
  fc.tuple(fc.constantFrom('long', 'time', 'timestamp', 'timestamptz'), long),
  fc.tuple(fc.constant('float'), fc.float()),
  fc.tuple(fc.constant('double'), fc.double()),
  fc.tuple(fc.constant('string'), fc.string({ unit: 'binary' })),
  fc.tuple(fc.constant('uuid'), fc.uuid()),
  fc.tuple(fc.constantFrom('binary', 'fixed[4]'), fc.uint8Array()),
  fc.tuple(fc.constant('decimal(38,4)'), fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })),
);

test('every single value survives its bytes', () => {
  fc.assert(
    fc.property(typed, ([type, value]) => {
      const bytes = bytesOfValue(type, value);
      assert.ok(bytes);
      assert.deepEqual(valueOfBytes(type, bytes), value);
    }),
  );
});

test('truncated bounds still bound, and are no longer than asked', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u007f', '\ud7ff', '\uffff', '\u{10ffff}', '😀') });
  const bytes = fc.uint8Array().map((value) => value.map((byte) => (byte % 3 === 0 ? 255 : byte)));
  fc.assert(
    fc.property(fc.oneof(text, bytes), fc.integer({ min: 1, max: 6 }), (value, length) => {
      const [lower, upper] = [truncatedLower(value, length), truncatedUpper(value, length)];
      assert.ok(compareValues(lower, value) <= 0);
      assert.ok(lengthOf(lower) <= length);
      if (upper === null) return;
      assert.ok(compareValues(upper, value) >= 0, 'the upper bound is not above the value');
      assert.ok(lengthOf(upper) <= length);
    }),
  );
});

test('order is that of the bytes for strings, and total', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      assert.equal(Math.sign(compareValues(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.equal(Math.sign(compareValues(a, b)), -Math.sign(compareValues(b, a)) + 0);
    }),
  );
});

function lengthOf(value: SingleValue): number {
  return typeof value === 'string' ? [...value].length : (value as Uint8Array).length;
}
