// The Parquet files themselves, as an independent reader sees them: physical types, field ids, and the metrics that
// engines prune by.

import assert from 'node:assert/strict';
import test from 'node:test';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { fileMetrics, microsOf } from '../../lake/parquet/file-metrics.ts';
import { highestFieldId, isList, isStruct, type IcebergType, type StructType } from '../../lake/iceberg/schema.ts';
import { valueOfBytes } from '../../lake/iceberg/value-bytes.ts';
import { decodeLab, recordOf } from './decode-fixture.ts';

const value = (id: number) =>
  `{"before":null,"after":{"id":${id},"name":"n${id}","score":${id}.5},"source":{"ts_us":${1795251270000000 + id}},"op":"c","ts_ms":1}`;

test('every column carries its field id, and types are those that Iceberg names', async () => {
  await using lab = await decodeLab();
  const written = await lab.write(
    [1, 2, 3].map((id) => ({ ...recordOf(id, value(id)), headers: [{ key: 'h', value: Buffer.from('v') }] })),
  );
  const [file] = written.files;
  assert(file);
  const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(file.path));
  const ids = schema.flatMap((element) => (element.field_id === undefined ? [] : [element.field_id]));
  assert.deepEqual(
    ids.sort((a, b) => a - b),
    idsOf(lab.plan.schema),
  );
  assert.equal(ids.at(-1), highestFieldId(lab.plan.schema));
  const typeOf = (name: string) => {
    const element = schema.find((candidate) => candidate.name === name);
    return [element?.type, element?.converted_type ?? null, element?.logical_type?.type ?? null];
  };
  assert.deepEqual(typeOf('_log_time'), ['INT64', 'TIMESTAMP_MICROS', 'TIMESTAMP']);
  assert.deepEqual(typeOf('_log_key'), ['BYTE_ARRAY', null, null]);
  assert.deepEqual(typeOf('op'), ['BYTE_ARRAY', 'UTF8', null]);
  assert.deepEqual(typeOf('_headers'), [undefined, 'LIST', null]);
  assert(schema.every((element) => element.converted_type !== 'JSON'));
});

test('metrics: counts of all rows, bounds as single values, none below lists', async () => {
  await using lab = await decodeLab();
  const { files } = await lab.write([3, 1, 2].map((id, i) => ({ ...recordOf(i, value(id)), headers: [{ key: 'h', value: null }] })));
  const data = files[0]?.dataFile;
  assert(data);
  const bounds = (path: string) => {
    const [id, type] = leafAt(lab.plan.schema, path);
    const [lower, upper] = [data.lowerBounds?.get(id), data.upperBounds?.get(id)];
    return [
      lower && valueOfBytes(type, lower),
      upper && valueOfBytes(type, upper),
      data.nullValueCounts?.get(id),
      data.valueCounts?.get(id),
    ];
  };
  assert.deepEqual(bounds('_log_offset'), [0n, 2n, 0, 3]);
  assert.deepEqual(bounds('after.id'), [1n, 3n, 0, 3]);
  assert.deepEqual(bounds('after.name'), ['n1', 'n3', 0, 3]);
  assert.deepEqual(bounds('after.score'), [1.5, 3.5, 0, 3]);
  assert.deepEqual(bounds('before.id'), [undefined, undefined, 3, 3]);
  assert.deepEqual(bounds('changed_at'), [1795251270000001n, 1795251270000003n, 0, 3]);
  for (const id of [7, 8, 9]) assert(!data.valueCounts?.has(id), 'no metrics below the list of headers');
});

test('metrics: long strings are cut and raised, zeros signed, NaN leaves no bounds', () => {
  const schema: StructType = {
    type: 'struct',
    fields: [
      { id: 1, name: 's', required: false, type: 'string' },
      { id: 2, name: 'd', required: false, type: 'double' },
      { id: 3, name: 'n', required: false, type: 'double' },
      { id: 4, name: 'top', required: false, type: 'string' },
      { id: 5, name: 'k', required: false, type: 'binary' },
    ],
  };
  const stats = new Map([
    ['"s"', column({ min: 'abcdefghijklmnopqrst', max: 'abcdefghijklmno\u{d7ff}zzz' })],
    ['"d"', column({ min: '0.0', max: '-0.0', has_nan: 'false' })],
    ['"n"', column({ has_nan: 'true' })],
    ['"top"', column({ min: 'a', max: '\u{10ffff}'.repeat(20) })],
    ['"k"', column({ min: '00', max: 'FF'.repeat(20) })],
  ]);
  const metrics = fileMetrics(schema, stats, { wideColumns: 32, always: new Set() });
  assert.equal(text(1, metrics.lowerBounds), 'abcdefghijklmnop');
  assert.equal(text(1, metrics.upperBounds), 'abcdefghijklmno\u{e000}');
  assert(Object.is(valueOfBytes('double', metrics.lowerBounds.get(2) ?? new Uint8Array()), -0));
  assert(Object.is(valueOfBytes('double', metrics.upperBounds.get(2) ?? new Uint8Array()), 0));
  for (const id of [3, 4, 5]) assert(!metrics.upperBounds.has(id) && !metrics.lowerBounds.has(id));
  assert.equal(metrics.valueCounts.get(3), 2);
});

test('metrics: a wide table keeps only the columns that queries prune by', () => {
  const schema: StructType = {
    type: 'struct',
    fields: Array.from({ length: 40 }, (_, i) => ({ id: i + 1, name: `c${i}`, required: false, type: 'long' })),
  };
  const stats = new Map(
    schema.fields.map((field) => [
      `"${field.name}"`,
      new Map([
        ['num_values', '1'],
        ['null_count', '0'],
        ['min', '1'],
        ['max', '1'],
      ]),
    ]),
  );
  assert.deepEqual([...fileMetrics(schema, stats, { wideColumns: 32, always: new Set(['c7']) }).valueCounts.keys()], [8]);
});

test('times in statistics are read as UTC microseconds', () => {
  assert.equal(microsOf('2026-11-21 08:54:30.000001+00'), 1795251270000001n);
  assert.equal(microsOf('1969-12-31 23:59:59.5+00'), -500000n);
  assert.equal(microsOf('294247-01-10 04:00:54+00'), null);
});

function idsOf(struct: StructType): readonly number[] {
  const ids = (type: unknown): number[] => {
    if (typeof type !== 'object' || type === null) return [];
    const known = type as IcebergType;
    if (isStruct(known)) return known.fields.flatMap((field) => [field.id, ...ids(field.type)]);
    if (isList(known)) return [known['element-id'], ...ids(known.element)];
    return [];
  };
  return ids(struct).sort((a, b) => a - b);
}

function leafAt(struct: StructType, path: string): readonly [number, string] {
  const [head, ...rest] = path.split('.');
  const field = struct.fields.find((candidate) => candidate.name === head);
  assert(field);
  if (rest.length > 0 && isStruct(field.type)) return leafAt(field.type, rest.join('.'));
  assert(typeof field.type === 'string');
  return [field.id, field.type];
}

function column(stats: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries({ num_values: '2', null_count: '0', ...stats }));
}

function text(id: number, bounds: ReadonlyMap<number, Uint8Array>): string {
  return Buffer.from(bounds.get(id) ?? []).toString();
}
