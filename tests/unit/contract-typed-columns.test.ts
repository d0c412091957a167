// Columns of a contract's types: what a value becomes, what is rescued because it would not come back, and that either
// way the record is rebuilt as it was.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { WantedType } from '../../lake/iceberg/evolve.ts';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import { parseShapes, shapesText } from '../../lake/raw/shapes-property.ts';
import { decodeLab, readRows, recordOf, type DecodeLab } from './decode-fixture.ts';
import { typedPlan } from './typed-plan.ts';

const list = (element: WantedType): WantedType => ({ type: 'list', element });
const types: Readonly<Record<string, WantedType>> = {
  fare: 'decimal(12,2)',
  share: 'decimal(3,3)',
  day: 'date',
  at: 'timestamp',
  tz: 'timestamptz',
  raw: 'binary',
  n: 'int',
  tags: list('string'),
  fares: list('decimal(6,2)'),
  place: {
    type: 'struct',
    fields: [
      { name: 'lat', type: 'double' },
      { name: 'since', type: 'date' },
    ],
  },
  prices: { type: 'map', key: 'string', value: 'decimal(6,2)' },
};

const envelope = (after: string) => `{"before":null,"after":${after},"source":{"lsn":1,"ts_us":1795251270000000},"op":"c","ts_ms":1}`;

/** Each record with one column; true where it was typed. Every row is rebuilt. */
async function typed(
  lab: DecodeLab,
  values: readonly string[],
): Promise<readonly { readonly row: Record<string, unknown>; readonly isTyped: boolean }[]> {
  const written = await lab.write(values.map((value, i) => recordOf(i, value)));
  const rows = await readRows(written, 'micros');
  // As another process would read them.
  const shapes = new Map(parseShapes(shapesText(lab.plan.shapes)).map((shape) => [shape.number, shape]));
  return rows.map((row, i) => {
    const rebuilt = rebuildRecord(row, shapes).value;
    const original = values[i] ?? '';
    assert(isRebuilt(rebuilt, Buffer.from(original)), `${JSON.stringify(rebuilt)} for ${original}`);
    return { row, isTyped: typeof row['_shape'] === 'number' };
  });
}

const cases: Readonly<Record<string, { readonly typed: readonly string[]; readonly rescued: readonly string[] }>> = {
  fare: {
    typed: ['"12.30"', '"-0.50"', '"0.00"', '"9999999999.99"', 'null'],
    rescued: ['"12.3"', '"12.300"', '"-0.00"', '"012.30"', '"+1.00"', '" 1.00"', '"1E+2"', '"NaN"', '"10000000000.00"', '""'],
  },
  share: { typed: ['"0.125"', '"-0.500"'], rescued: ['".125"', '"1.000"'] },
  day: { typed: ['20048', '-719162', '2932896', '0'], rescued: ['-719163', '2932897', '2146033979'] },
  at: { typed: ['1709210096123456', '-1', '253402300799999999'], rescued: ['253402300800000000', '9223372036854775807'] },
  tz: {
    typed: [
      '"2024-07-01T07:00:00.000000Z"',
      '"0001-01-01T00:00:00.000000Z"',
      '"9999-12-31T23:59:59.999999Z"',
      '"1969-12-31T23:59:59.999999Z"',
    ],
    rescued: [
      '"2024-07-01T07:00:00Z"',
      '"2024-07-01T09:00:00.000000+02:00"',
      '"-infinity"',
      '"2024-07-01T24:00:00.000000Z"',
      '"10024-07-01T07:00:00.000000Z"',
      '"-0044-03-15T07:00:00.000000Z"',
    ],
  },
  raw: { typed: ['"3q2+7w=="', '""'], rescued: ['"3q2+7w="', '"3q2+7x=="', '"!"'] },
  n: { typed: ['2147483647', '-2147483648'], rescued: ['2147483648'] },
  tags: { typed: ['["a","b,\\"c",null]', '[]', 'null'], rescued: ['[1]', '{"a":1}', '[["a"]]'] },
  fares: { typed: ['["1.50",null,"-2.00"]'], rescued: ['["1.5"]', '["99999.00"]', '[1.50]'] },
  place: {
    typed: ['{"lat":52.1,"since":20048}', '{"lat":1.0E7,"since":null}'],
    rescued: ['{"lat":52.1}', '{"lat":52.1,"since":20048,"x":1}', '{"lat":-0.0,"since":1}', '{"lat":1.5,"since":9999999}'],
  },
  prices: { typed: ['{"a":"1.50","b":null}', '{}'], rescued: ['{"a":"1.50","a":"2.50"}', '{"a":"1.5"}'] },
};

for (const fastLane of [true, false]) {
  for (const [name, { typed: good, rescued }] of Object.entries(cases)) {
    test(`${name}: ${JSON.stringify(types[name])} holds what it writes back and rescues the rest${fastLane ? '' : ', without the fast lane'}`, async () => {
      await using lab = await decodeLab({ fastLane });
      lab.plan = typedPlan({ id: 'long', [name]: types[name] ?? 'string' });
      const before = JSON.stringify(lab.plan.schema);
      const record = (value: string) => envelope(`{"id":1,"${name}":${value}}`);
      const results = await typed(lab, [...good, ...rescued].map(record));
      [...good, ...rescued].forEach((value, i) =>
        assert.equal(
          results[i]?.isTyped,
          i < good.length,
          `${name} ${value}: ${JSON.stringify(results[i]?.row, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`,
        ),
      );
      const after = lab.plan.schema.fields.find((field) => field.name === 'after');
      assert.deepEqual(
        after,
        JSON.parse(before).fields.find((field: { name: string }) => field.name === 'after'),
        'the columns stay as the contract has them',
      );
    });
  }
}

const cell = (value: string) => `{"value":${value},"deletion_ts":null,"set":true}`;

test('cells of Cassandra: milliseconds, lists and decimals in columns of the contract', async () => {
  await using lab = await decodeLab();
  lab.plan = typedPlan({ id: 'string', at: 'timestamptz', fare: 'decimal(8,2)', tags: list('string'), seen: list('timestamptz') }, true);
  const record = (at: string, fare: string, tags: string, seen: string) =>
    `{"ts_ms":1,"op":"i","source":{"ts_us":5,"file":"","keyspace":"k"},"after":{"id":${cell('"a"')},"at":${at},"fare":${fare},"tags":${tags},"seen":${seen}}}`;
  const results = await typed(lab, [
    record(cell('1795251919231'), cell('"12.50"'), cell('["a"]'), cell('[1795251919231,null]')),
    record('null', cell('null'), cell('[]'), 'null'),
    record(cell('1795251919231'), cell('"12.5"'), cell('[]'), 'null'),
    record(cell('253402300800000'), 'null', 'null', 'null'),
  ]);
  assert.deepEqual(
    results.map(({ isTyped }) => isTyped),
    [true, true, false, false],
  );
  const after = results[0]?.row['after'];
  assert.deepEqual(after, {
    id: { value: 'a', deletion_ts: null, set: true },
    at: { value: 1_795_251_919_231_000n, deletion_ts: null, set: true },
    fare: { value: 12.5, deletion_ts: null, set: true },
    tags: { value: ['a'], deletion_ts: null, set: true },
    seen: { value: [1_795_251_919_231_000n, null], deletion_ts: null, set: true },
  });
  assert.equal(lab.plan.shapes.length, 1, 'every record has one layout');
  assert.match(JSON.stringify(results[2]?.row['_rescued']), /not-as-typed: after\.fare\.value is no decimal\(8,2\)/);
});
