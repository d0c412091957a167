// Remembered texts must never show: what the writer makes says what stringifyJson says, along any chain of metadata.

import assert from 'node:assert/strict';
import test from 'node:test';
import { array, assert as assertProperty, bigInt, constant, dictionary, jsonValue, oneof, property, string } from 'fast-check';
import { parseJson, stringifyJson } from '../../lake/iceberg/json.ts';
import { metadataWriter } from '../../lake/iceberg/metadata-writer.ts';

/** Without a backslash: JSON.parse, which compares here, confuses such keys (lake/iceberg/json.ts tells how). */
const isPlain = (part: unknown): boolean => !JSON.stringify(part).includes('\\\\');
const value = oneof(jsonValue().filter(isPlain), bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), constant(undefined));
const name = string().filter((text) => text !== '__proto__' && isPlain(text));
const element = oneof(dictionary(name, value), value);
const metadata = dictionary(name, value);

test('the text says what the text of stringifyJson says, of metadata that share snapshots with the one before as well', () => {
  assertProperty(
    property(array(metadata, { minLength: 1, maxLength: 5 }), array(element), (chain, snapshots) => {
      const writer = metadataWriter('snapshots');
      for (const [index, members] of chain.entries()) {
        const next = { ...members, snapshots: snapshots.slice(index) };
        assert.deepEqual(JSON.parse(writer.parts(next).join('')), JSON.parse(stringifyJson(next)));
      }
    }),
    { numRuns: process.env['FOZ_TEST_LONG'] === '1' ? 20_000 : 300 },
  );
});

test('64-bit ids stay exact, and a snapshot is turned into text once, however many metadata hold it', () => {
  const writer = metadataWriter('snapshots');
  const text = (snapshots: readonly object[]): string => writer.parts({ location: 'x', snapshots }).join('');
  let read = 0;
  const snapshot = {
    get 'snapshot-id'() {
      read++;
      return 9_007_199_254_740_993n;
    },
  };
  assert.deepEqual(parseJson(text([snapshot])), { location: 'x', snapshots: [{ 'snapshot-id': 9_007_199_254_740_993n }] });
  const readOnce = read;
  const two = text([snapshot, { 'snapshot-id': 2 }]);
  assert.equal(two, '{"location":"x","snapshots":[{"snapshot-id":9007199254740993},{"snapshot-id":2}]}');
  assert.equal(read, readOnce);
});
