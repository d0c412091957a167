// The fast lane may decline any record but must never change one: records of one layout, with values that are nearly
// what the layout says, land the same with the lane on and off, and rebuild.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import { shapeScanner } from '../../sync/decode/shape-scanner.ts';
import { HeaderSets } from '../../sync/decode/header-sets.ts';
import { pagePool, RowPages } from '../../sync/decode/row-pages.ts';
import { blockOf } from '../../sync/log/record-block.ts';
import { decodeLab, readRows, recordOf } from '../unit/decode-fixture.ts';

const odd = fc.constantFrom(
  'null',
  '1',
  '-1',
  '1.5',
  '"x"',
  'true',
  'false',
  '{}',
  '[]',
  '01',
  '-0',
  '-0.0',
  '1.',
  '.5',
  '1e5',
  'NaN',
  '+1',
  '"',
  'nul',
  'tru',
  'falsy',
  '"\\u0041"',
  '"\\ud800"',
  '"\\x"',
  '"a\tb"',
  ' 1',
  '1 ',
  '{"a":1,}',
  '[1,]',
  '[01]',
  '"\\',
);
const long = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }).map(String),
  fc.integer().map(String),
  fc.nat(9).map(String),
  fc.constantFrom(
    '999999999',
    '1000000000',
    '999999999999999999',
    '1000000000000000000',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775807',
    '-9223372036854775808',
    '-9223372036854775809',
    '18446744073709551615',
    '4294967295',
    '4294967296',
    '-4294967296',
    '2147483648',
    '-2147483648',
  ),
);
const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Number.isInteger(n) && Math.abs(n) < 1e21 ? `${n}.0` : String(n))),
  fc.tuple(fc.integer(), fc.nat(999_999)).map(([a, b]) => `${a}.${b}`),
  fc.tuple(fc.integer(), fc.nat(999_999), fc.integer({ min: -330, max: 310 })).map(([a, b, e]) => `${a}.${b}E${e}`),
  fc.constantFrom(
    '0.0',
    '0.1',
    '1.0E7',
    '9007199254740993.0',
    '0.30000000000000004',
    '123456789012345678.9',
    '2.2250738585072011e-308',
    '1.7976931348623157e308',
    '1.8e308',
    '5e-324',
    '4.9E-325',
  ),
);
const string = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map((s) => JSON.stringify(s)),
  fc.string({ maxLength: 30 }).map((s) => JSON.stringify(s)),
  fc.constantFrom(
    '"[\\"26732944\\",\\"26733016\\"]"',
    '"é"',
    '""',
    '"twelve bytes"',
    '"thirteen byte"',
    '"\\\\"',
    '"a\\/b"',
    '"\\n\\t\\r\\b\\f"',
  ),
);
const nested = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  fc.constantFrom('{"a":{"b":[1,2.5,null,true,"x"]}}', '[[],{}]', '{"z": 1}', '[1e400]'),
);
const mostly = (usual: fc.Arbitrary<string>) =>
  fc.oneof({ arbitrary: usual, weight: 60 }, { arbitrary: odd, weight: 1 }, { arbitrary: fc.constant('null'), weight: 2 });

const row = fc
  .tuple(mostly(long), mostly(double), mostly(string), mostly(fc.constantFrom('true', 'false')), mostly(nested))
  .map(([l, d, s, b, j]) => `{"l":${l},"d":${d},"s":${s},"b":${b},"j":${j}}`);
const typical =
  '{"before":null,"after":{"l":1,"d":1.5,"s":"x","b":true,"j":{"a":1}},"source":{"ts_us":1795251270000000,"seq":"[1]","none":null},"op":"c","ts_ms":1}';
const record = fc
  .tuple(
    fc.oneof(fc.constant('null'), row),
    fc.oneof({ arbitrary: row, weight: 9 }, { arbitrary: fc.constant('null'), weight: 1 }),
    mostly(long),
    mostly(string),
    mostly(string),
    mostly(long),
  )
  .map(
    ([before, after, us, seq, op, ms]) =>
      `{"before":${before},"after":${after},"source":{"ts_us":${us},"seq":${seq},"none":null},"op":${op},"ts_ms":${ms}}`,
  );
const text = fc.oneof(
  { arbitrary: record, weight: 20 },
  { arbitrary: fc.tuple(record, fc.nat(300)).map(([whole, cut]) => whole.slice(0, cut)), weight: 1 },
  { arbitrary: record.map((whole) => `${whole} `), weight: 1 },
  { arbitrary: record.map((whole) => `${whole}}`), weight: 1 },
);
const bytes = fc.oneof(
  { arbitrary: text.map((whole) => Buffer.from(whole)), weight: 20 },
  // A byte that breaks UTF-8, or the text, somewhere.
  { arbitrary: fc.tuple(text, fc.nat(400), fc.nat(255)).map(([whole, at, byte]) => damaged(Buffer.from(whole), at, byte)), weight: 2 },
);

function damaged(buffer: Buffer, at: number, byte: number): Buffer {
  if (buffer.length > 0) buffer[at % buffer.length] = byte;
  return buffer;
}

test('the fast lane changes no record: what it accepts rebuilds, what it declines lands as without it', { timeout: 240_000 }, async () => {
  await using fast = await decodeLab();
  await using slow = await decodeLab({ fastLane: false });
  await fast.write([recordOf(0, typical)]);
  await slow.write([recordOf(0, typical)]);
  let accepted = 0;
  let total = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 400, maxLength: 500, size: 'max' }), async (values) => {
      const records = values.map((value, i) => recordOf(i, value));
      accepted += acceptedBy(fast, records);
      total += records.length;
      const [left, right] = [await readRows(await fast.write(records)), await readRows(await slow.write(records))];
      const shapes = [fast, slow].map((lab) => new Map(lab.plan.shapes.map((shape) => [shape.number, shape])));
      assert.equal(left.length, values.length);
      values.forEach((value, i) => {
        for (const [lane, rows] of [left, right].entries()) {
          const read = rows[i];
          const known = shapes[lane];
          assert(read && known);
          const rebuilt = rebuildRecord(read, known).value;
          assert(isRebuilt(rebuilt, value), `${lane === 0 ? 'fast' : 'slow'} lane: ${JSON.stringify(rebuilt)} for ${value.toString()}`);
        }
        assert.equal(
          left[i]?.['_rescued'] === null,
          right[i]?.['_rescued'] === null,
          `typed in one lane only: ${value.toString()} ${JSON.stringify(left[i]?.['_rescued'])} ${JSON.stringify(right[i]?.['_rescued'])}`,
        );
      });
    }),
    { seed: 7, numRuns: 6, endOnFailure: true },
  );
  assert(accepted > total / 5, `only ${accepted} of ${total} records took the fast lane`);
});

function acceptedBy(lab: Awaited<ReturnType<typeof decodeLab>>, records: Parameters<typeof blockOf>[0]): number {
  const [shape] = lab.plan.shapes;
  assert(shape);
  const scanner = shapeScanner(shape, lab.plan.schema);
  assert(scanner, 'the shape can be scanned for');
  const pages = new RowPages(pagePool(1 << 20, 0), Number.MAX_SAFE_INTEGER, () => 0);
  const block = blockOf(records);
  pages.append(0, block, 0, block.count, new HeaderSets());
  return pages.pages.reduce((sum, page) => sum + scanner.fits(page, page.rows), 0);
}
