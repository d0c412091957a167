// The promise of raw: typed columns and `_rescued` rebuild every record, whatever a producer sends and whatever the
// table already is. Many values stand in each batch, so that thousands are tried in seconds; rows are read back by
// hyparquet, which shares no code with the writer.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import type { PlainRecord } from '../../sync/log/record-block.ts';
import { day0Ms, decodeLab, readRows } from '../unit/decode-fixture.ts';

/** JSON text of a value, with the writer's liberties: number spellings, escapes, spaces. */
const numberText = fc.oneof(
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.integer().map(String),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((n) => (Object.is(n, -0) ? '-0.0' : Number.isInteger(n) && Math.abs(n) < 1e21 ? `${n}.0` : String(n))),
  fc.constantFrom(
    '-0',
    '0.0',
    '1.0E7',
    '1e400',
    '-1e-400',
    '0.10000000000000000555',
    '123456789.125E-3',
    '1E+2',
    '9223372036854775807',
    '-9223372036854775808',
    '9223372036854775808',
  ),
);
const stringText = fc.oneof(
  fc.string({ unit: 'binary' }).map((s) => JSON.stringify(s)),
  fc.string().map((s) => JSON.stringify(s)),
  fc.constantFrom(
    '"\\u00e9"',
    '"\\ud800"',
    '"a\\/b"',
    '"NaN"',
    '"-0,"',
    '"}],"',
    '"\\ud83d\\ude00"',
    '"__proto__"',
    '"\\u0000"',
    '"__debezium_unavailable_value"',
  ),
);
const keyText = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'A',
    'id',
    'op',
    'source',
    'value',
    'date',
    '__proto__',
    '',
    'x y',
    'q"',
    "q'",
    'é',
    'deletion_ts',
    'set',
    '_log_offset',
    'ts_ms',
    'constructor',
    '\u0000',
    '%s',
    '"',
    ';--',
  ),
  fc.string({ maxLength: 6 }),
);

const { json } = fc.letrec<{ json: string; object: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false'),
    numberText,
    stringText,
    tie('object'),
    fc.array(tie('json'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  ),
  object: objectText(tie('json')),
}));

function objectText(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(fc.tuple(keyText, value), { maxLength: 5 }), fc.constantFrom('', '', '', ' ', '\n'))
    .map(([pairs, space]) => `{${pairs.map(([key, text]) => `${space}${JSON.stringify(key)}:${space}${text}`).join(',')}${space}}`);
}

const row = fc.oneof(
  { arbitrary: fc.constant('null'), weight: 4 },
  { arbitrary: objectText(json), weight: 1 },
  { arbitrary: fc.tuple(json, json).map(([a, b]) => `{"id":${a},"name":${b}}`), weight: 8 },
);
const source = fc.oneof(
  { arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((us) => `{"version":"3","ts_us":${us},"lsn":null}`), weight: 15 },
  { arbitrary: objectText(json), weight: 1 },
);
const envelope = fc
  .tuple(row, row, source, stringText, numberText)
  .map(([before, after, src, op, ts]) => `{"before":${before},"after":${after},"source":${src},"op":${op},"ts_ms":${ts}}`);
const cell = fc.oneof(
  fc.constant('null'),
  json.map((value) => `{"value":${value},"deletion_ts":null,"set":true}`),
);
const cassandra = fc
  .tuple(cell, cell, fc.boolean())
  .map(([a, b, isUpdate]) => `{"ts_ms":1,"op":"${isUpdate ? 'u' : 'i'}","source":{"ts_us":5,"file":""},"after":{"a":${a},"b":${b}}}`);

const value = fc.oneof(
  { arbitrary: json, weight: 2 },
  { arbitrary: objectText(json), weight: 1 },
  { arbitrary: envelope, weight: 6 },
  { arbitrary: cassandra, weight: 5 },
  { arbitrary: fc.tuple(json, fc.nat(200)).map(([text, cut]) => text.slice(0, cut)), weight: 1 },
  { arbitrary: fc.string(), weight: 1 },
);
const bytes = fc.oneof(
  { arbitrary: value.map((text) => Uint8Array.from(Buffer.from(text))), weight: 12 },
  { arbitrary: fc.uint8Array({ maxLength: 40 }), weight: 1 },
  { arbitrary: fc.constant(null), weight: 1 },
);
const headers = fc.array(fc.record({ key: fc.string(), value: fc.option(fc.uint8Array({ maxLength: 8 })) }), { maxLength: 3 });
const record = fc.record({
  value: bytes,
  key: fc.option(fc.uint8Array({ maxLength: 30 })),
  headers: fc.option(headers, { nil: undefined, freq: 3 }),
});

test('whatever is in the records and in the table, every row rebuilds its key, value and headers', { timeout: 240_000 }, async () => {
  let checked = 0;
  let typed = 0;
  // Batches follow one another on one table, so later ones meet the columns and shapes that earlier ones left.
  for (const seed of [1, 2, 3]) {
    await using lab = await decodeLab({ fastLane: seed !== 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 300, maxLength: 700, size: 'max' }), async (drawn) => {
        const records: readonly PlainRecord[] = drawn.map((r, i) => ({
          offset: BigInt(i),
          logTimeMs: day0Ms + i,
          key: r.key,
          value: r.value,
          ...(r.headers ? { headers: r.headers } : {}),
        }));
        const written = await lab.write(records);
        const rows = await readRows(written);
        const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
        assert.deepEqual(
          rows.map((r) => Number(r['_log_offset'])),
          records.map((_, i) => i),
          'I8: every record is one row',
        );
        rows.forEach((read, i) => {
          const original = records[i];
          assert(original);
          const rebuilt = rebuildRecord(read, shapes);
          assert.deepEqual(rebuilt.key && Buffer.from(rebuilt.key), original.key && Buffer.from(original.key));
          assert.deepEqual(
            rebuilt.headers.map((h) => [h.key, h.value && Buffer.from(h.value)]),
            (original.headers ?? []).map((h) => [h.key, h.value && Buffer.from(h.value)]),
          );
          const text = original.value && Buffer.from(original.value).toString();
          assert(
            isRebuilt(rebuilt.value, original.value),
            `row ${i} holds ${JSON.stringify(rebuilt.value)} for ${text}, shape ${String(read['_shape'])}`,
          );
          checked++;
          if (rebuilt.value.kind === 'json') typed++;
        });
      }),
      { seed, numRuns: 2, endOnFailure: true },
    );
  }
  assert(checked > 1800, `only ${checked} records were tried`);
  assert(typed > checked / 20, `only ${typed} of ${checked} records were typed`);
});
