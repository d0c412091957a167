import assert from 'node:assert/strict';
import test from 'node:test';
import {
  bytesOfValue,
  compareValues,
  truncatedLower,
  truncatedUpper,
  valueOfBytes,
  type SingleValue,
} from '../../lake/iceberg/value-bytes.ts';

const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

// Packed by another language's library from appendix D: little-endian numbers, big-endian minimal decimals and uuids.
const known: readonly (readonly [string, SingleValue, string])[] = [
  ['boolean', false, '00'],
  ['boolean', true, '01'],
  ['int', 34, '22000000'],
  ['int', -1, 'ffffffff'],
  ['long', 34n, '2200000000000000'],
  ['long', -(2n ** 63n), '0000000000000080'],
  ['float', -4.5, '000090c0'],
  ['double', 6, '0000000000001840'],
  ['date', 20_778, '2a510000'],
  ['time', 81_068_000_000n, '008307e012000000'],
  ['timestamp', 1_510_871_468_000_000n, '00c3262d215e0500'],
  ['timestamptz', -1n, 'ffffffffffffffff'],
  ['string', 'iceberg', '69636562657267'],
  ['string', '€😀', 'e282acf09f9880'],
  ['uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7', 'f79c3e09677c4bbda4793f349cb785e7'],
  ['binary', unhex('0a0b00'), '0a0b00'],
  ['fixed[3]', unhex('0a0b0c'), '0a0b0c'],
  ['decimal(9,2)', 1420n, '058c'],
  ['decimal(9, 2)', 0n, '00'],
  ['decimal(9,2)', 127n, '7f'],
  ['decimal(9,2)', 128n, '0080'],
  ['decimal(9,2)', -128n, '80'],
  ['decimal(9,2)', -129n, 'ff7f'],
  ['decimal(38,0)', 10n ** 38n - 1n, '4b3b4ca85a86c47a098a223fffffffff'],
];

test('every type has the bytes of appendix D, and they read back', () => {
  for (const [type, value, bytes] of known) {
    assert.equal(hex(bytesOfValue(type, value)), bytes, type);
    assert.deepEqual(valueOfBytes(type, unhex(bytes)), value, type);
  }
});

test('bounds written before a promotion are read as the promoted type; bytes of another length are no value', () => {
  assert.equal(valueOfBytes('long', unhex('ffffffff')), -1n);
  assert.equal(valueOfBytes('double', unhex('000090c0')), -4.5);
  for (const [type, bytes] of [
    ['int', '2200000000000000'],
    ['long', '22'],
    ['boolean', ''],
    ['decimal(9,2)', ''],
    ['uuid', '00'],
    ['string', 'e282'],
    ['struct', '00'],
  ] as const)
    assert.equal(valueOfBytes(type, unhex(bytes)), null, type);
});

test('strings compare as UTF-8, and minus zero stands before zero', () => {
  assert.ok(compareValues('\uffff', '😀') < 0, 'UTF-16 would say the opposite');
  assert.ok(compareValues('a', 'ab') < 0);
  assert.ok(compareValues('', 'a') < 0);
  assert.ok(compareValues(-0, 0) < 0 && compareValues(0, -0) > 0 && compareValues(0, 0) === 0);
  assert.ok(compareValues(unhex('7f'), unhex('80')) < 0, 'bytes are unsigned');
});

test('a truncated upper bound is raised, skips surrogates, and is absent when nothing stands above', () => {
  assert.equal(truncatedLower('abcdef', 3), 'abc');
  assert.equal(truncatedUpper('abcdef', 3), 'abd');
  assert.equal(truncatedUpper('abc', 3), 'abc');
  assert.equal(truncatedUpper('😀😀😀', 2), '😀😁');
  assert.equal(truncatedUpper('a\ud7ffz', 2), 'a\ue000');
  assert.equal(truncatedUpper('a\u{10ffff}z', 2), 'b');
  assert.equal(truncatedUpper('\u{10ffff}\u{10ffff}', 1), null);
  assert.equal(hex(truncatedUpper(unhex('01ff03'), 2) as Uint8Array), '02');
  assert.equal(truncatedUpper(unhex('ffff'), 1), null);
});
