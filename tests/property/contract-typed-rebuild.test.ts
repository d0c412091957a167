// Typed columns and `_rescued` rebuild every record's JSON value, for tables of any column types: values that are nearly
// what a column takes, and values that are nothing of the kind, come back as they were, and the fast lane decides no
// otherwise than the general way.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { WantedType } from '../../lake/iceberg/evolve.ts';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import { parseShapes, shapesText } from '../../lake/raw/shapes-property.ts';
import { decodeLab, readRows, recordOf, type DecodeLab } from '../unit/decode-fixture.ts';
import { typedPlan } from '../unit/typed-plan.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';

// A reader of doubles stands behind the rebuilt decimals: up to 15 digits.
const decimal = fc
  .integer({ min: 1, max: 15 })
  .chain((precision) => fc.integer({ min: 0, max: precision }).map((scale): WantedType => `decimal(${precision},${scale})`));
const scalar = fc.oneof(
  { arbitrary: decimal, weight: 3 },
  {
    arbitrary: fc.constantFrom<WantedType>('date', 'timestamp', 'timestamptz', 'binary', 'int', 'long', 'double', 'boolean', 'string'),
    weight: 6,
  },
);
const column: fc.Arbitrary<WantedType> = fc.oneof(
  { arbitrary: scalar, weight: 5 },
  { arbitrary: scalar.map((element): WantedType => ({ type: 'list', element })), weight: 1 },
  { arbitrary: scalar.map((value): WantedType => ({ type: 'map', key: 'string', value })), weight: 1 },
  {
    arbitrary: fc.tuple(scalar, scalar).map(([a, b]): WantedType => ({
      type: 'struct',
      fields: [
        { name: 'a', type: a },
        { name: 'b b', type: { type: 'list', element: b } },
      ],
    })),
    weight: 1,
  },
);
const columns = fc.tuple(column, column, column).map(([a, b, c]) => ({ id: 'long', a, 'b"': b, c }));

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '"12.3"',
    '"NaN"',
    '"-0.00"',
    '"1E+2"',
    '" 1"',
    '1.5',
    '-0',
    '-0.0',
    '1e400',
    '"2024-07-01T07:00:00Z"',
    '"infinity"',
    '"=== "',
    '[[]]',
    '9223372036854775808',
    '"\\u0000"',
    '"\\ud800"',
  ),
);

function usual(type: WantedType): fc.Arbitrary<string> {
  if (typeof type !== 'string') {
    if (type.type === 'list') return fc.array(mostly(type.element), { maxLength: 3 }).map((items) => `[${items.join(',')}]`);
    if (type.type === 'map') {
      const entry = fc.tuple(fc.string({ maxLength: 3 }), mostly(type.value));
      return fc
        .array(entry, { maxLength: 3 })
        .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`);
    }
    return fc
      .tuple(...type.fields.map((field) => mostly(field.type)))
      .map((values) => `{${type.fields.map((field, i) => `${JSON.stringify(field.name)}:${values[i]}`).join(',')}}`);
  }
  const parts = /^decimal\((\d+),(\d+)\)$/.exec(type);
  if (parts) {
    const [precision, scale] = [Number(parts[1]), Number(parts[2])];
    // One digit more than fits, now and then.
    const digits = fc.bigInt({ min: 0n, max: 10n ** BigInt(precision) + 10n });
    return fc.tuple(digits, fc.boolean()).map(([units, isNegative]) => {
      const text = String(units).padStart(scale + 1, '0');
      const plain = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
      return `"${isNegative && units > 0n ? '-' : ''}${plain}"`;
    });
  }
  switch (type) {
    case 'date':
      return fc.integer({ min: -719_170, max: 2_932_900 }).map(String);
    case 'timestamp':
      return fc.bigInt({ min: -62_135_596_800_000_010n, max: 253_402_300_800_000_010n }).map(String);
    case 'timestamptz':
      return fc
        .tuple(fc.date({ min: new Date(-62_135_596_800_000), max: new Date(253_402_300_799_000), noInvalidDate: true }), fc.nat(999_999))
        .map(([date, micros]) => `"${date.toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z"`);
    case 'binary':
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => JSON.stringify(Buffer.from(bytes).toString('base64')));
    case 'int':
      return fc.integer({ min: -(2 ** 31) - 2, max: 2 ** 31 + 2 }).map(String);
    case 'long':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }).map(String);
    case 'double':
      return fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((n) => (Number.isInteger(n) && Math.abs(n) < 1e21 ? `${n}.0` : String(n)));
    case 'boolean':
      return fc.constantFrom('true', 'false');
    default:
      return fc.string({ unit: 'binary', maxLength: 20 }).map((text) => JSON.stringify(text));
  }
}

function mostly(type: WantedType): fc.Arbitrary<string> {
  return fc.oneof({ arbitrary: usual(type), weight: 20 }, { arbitrary: odd, weight: 1 }, { arbitrary: fc.constant('null'), weight: 2 });
}

const drawn = columns.chain((types) =>
  fc.record({
    types: fc.constant(types),
    rows: fc.array(
      fc.tuple(...Object.values(types).map((type) => mostly(type))).map((values) =>
        Object.keys(types)
          .map((name, i) => `${JSON.stringify(name)}:${values[i]}`)
          .join(','),
      ),
      { minLength: 60, maxLength: 100, size: 'max' },
    ),
  }),
);

test(
  'whatever types a contract gives the columns, every row rebuilds its value, and both lanes type the same rows',
  { timeout: 240_000 },
  async () => {
    await using fast = await decodeLab();
    await using slow = await decodeLab({ fastLane: false });
    let [checked, typed] = [0, 0];
    await fc.assert(
      fc.asyncProperty(drawn, async ({ types, rows }) => {
        const texts = rows.map(
          (row, i) => `{"before":${i % 5 === 0 ? `{${row}}` : 'null'},"after":{${row}},"source":{"lsn":${i},"ts_us":1},"op":"u","ts_ms":1}`,
        );
        const [left, right] = [await land(fast, types, texts), await land(slow, types, texts)];
        texts.forEach((text, i) => {
          for (const [lane, one] of [left, right].entries()) {
            assert(
              one[i] && isRebuilt(one[i].value, Buffer.from(text)),
              `lane ${lane}, ${JSON.stringify(types)}: ${JSON.stringify(one[i]?.value)} for ${text}`,
            );
          }
          assert.equal(left[i]?.value.kind, right[i]?.value.kind, `one lane types what the other rescues: ${text}`);
          checked++;
          if (left[i]?.value.kind === 'json') typed++;
        });
      }),
      { seed: 11, numRuns: isLong ? 150 : 8, endOnFailure: true },
    );
    assert(typed > checked / 2, `only ${typed} of ${checked} rows were typed`);
    assert(typed < checked, 'no row was rescued');
  },
);

async function land(lab: DecodeLab, types: Parameters<typeof typedPlan>[0], texts: readonly string[]) {
  lab.plan = typedPlan(types);
  const read = await readRows(await lab.write(texts.map((text, i) => recordOf(i, text))), 'micros');
  const shapes = new Map(parseShapes(shapesText(lab.plan.shapes)).map((shape) => [shape.number, shape]));
  return read.map((row) => rebuildRecord(row, shapes));
}
