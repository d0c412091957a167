// Values too large to decode, and what a manifest may say of doubles.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isStruct } from '../../lake/iceberg/schema.ts';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import { isRecord } from '../../runtime/options.ts';
import { decodeLab, readRows, recordOf } from './decode-fixture.ts';

const typed = (d: string) => `{"before":null,"after":{"id":1,"d":${d}},"source":{"ts_us":1},"op":"c"}`;

test('values of 10 MB land with their exact text, or base64 where they are none, within a small memory limit', async () => {
  await using lab = await decodeLab({ memoryLimitBytes: 128_000_000 });
  const text = `{"big":"${'0123456789'.repeat(1_000_000)}"}`;
  const values = [
    text,
    typed('1.5'),
    Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.of(0xff), Buffer.from('"}')]),
    'x'.repeat(5_000_000),
  ];
  const written = await lab.write(values.map((value, i) => recordOf(i, value)));
  assert.equal(written.rescued, 3);
  const rows = await readRows(written);
  const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
  assert.equal(rows.length, values.length);
  const reasons = rows.map((row, i) => {
    const rescued = row['_rescued'];
    assert(isRebuilt(rebuildRecord(row, shapes).value, Buffer.from(values[i] ?? '')), `row ${i} does not rebuild`);
    return isRecord(rescued) ? rescued['reason'] : null;
  });
  const large = 'larger than 4194304 bytes';
  assert.deepEqual(reasons, [large, null, `not-utf8: ${large}`, large]);
  const [first] = rows;
  const rescued = first?.['_rescued'];
  assert(isRecord(rescued) && rescued['text'] === text, 'the text itself, not only something that rebuilds');
});

test('a column of doubles without NaN says so, with bounds; one with NaN says nothing that an engine could prune by', async () => {
  await using lab = await decodeLab();
  const metricsOf = async (values: readonly string[]) => {
    const { files } = await lab.write(values.map((d, i) => recordOf(i, typed(d))));
    const after = lab.plan.schema.fields.find((field) => field.name === 'after')?.type;
    const id = after && isStruct(after) ? after.fields.find((field) => field.name === 'd')?.id : undefined;
    const dataFile = files[0]?.dataFile;
    assert(id !== undefined && dataFile);
    return {
      nan: dataFile.nanValueCounts?.get(id),
      values: dataFile.valueCounts?.get(id),
      nulls: dataFile.nullValueCounts?.get(id),
      bounds: [bound(dataFile.lowerBounds?.get(id)), bound(dataFile.upperBounds?.get(id))],
    };
  };
  assert.deepEqual(await metricsOf(['1.5', '-2.5', 'null']), { nan: 0, values: 3, nulls: 1, bounds: [-2.5, 1.5] });
  assert.deepEqual(await metricsOf(['1.5', '"NaN"']), { nan: undefined, values: 2, nulls: 0, bounds: [undefined, undefined] });
  assert.deepEqual(await metricsOf(['0.0', '1.0']), { nan: 0, values: 2, nulls: 0, bounds: [-0, 1] });
  assert.deepEqual(await metricsOf(['"Infinity"', '1.5']), { nan: 0, values: 2, nulls: 0, bounds: [undefined, undefined] });
});

function bound(bytes: Uint8Array | undefined): number | undefined {
  return bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
}

test('I9: a batch of a table of 200 Cassandra columns is written within a small memory limit, every row once', async () => {
  await using lab = await decodeLab({ memoryLimitBytes: 200_000_000 });
  const values = Array.from({ length: 1500 }, (_, id) => `{"before":null,"after":{${cells(id)}},"source":{"ts_us":${id}},"op":"c"}`);
  const written = await lab.write(values.map((value, i) => recordOf(i, value)));
  assert.deepEqual([written.rows, written.rescued], [1500, 0]);
  const rows = await readRows(written);
  const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
  assert.deepEqual(
    rows.map((row) => Number(row['_log_offset'])),
    values.map((_, i) => i),
  );
  for (const i of [0, 700, 1499]) {
    const row = rows[i];
    assert(row && isRebuilt(rebuildRecord(row, shapes).value, Buffer.from(values[i] ?? '')), `row ${i} does not rebuild`);
  }
});

function cells(id: number): string {
  const cell = (_: unknown, c: number) => `"c${c}":{"value":"value ${(id * 7919) % 100_003} of ${c}","deletion_ts":null,"set":true}`;
  return Array.from({ length: 200 }, cell).join(',');
}
