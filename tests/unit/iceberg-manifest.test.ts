import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import avro from 'avsc';
import { readAvroFile, writeAvroFile, type AvroSchema } from '../../lake/iceberg/avro-file.ts';
import { inheritEntry, readManifest, writeManifest, type ManifestEntry } from '../../lake/iceberg/manifest.ts';
import { manifestFileOf, readManifestList, writeManifestList, type ManifestFile } from '../../lake/iceberg/manifest-list.ts';
import type { PartitionSpec, TableMetadata } from '../../lake/iceberg/metadata.ts';
import { typedPartitionFields, type PartitionValue } from '../../lake/iceberg/partition.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { bound, dataFile, newTable } from './iceberg-fixture.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';

const store = memoryStore('manifest');
const snapshotId = 8_269_702_249_027_976_535n;

/** An independent decoder of the container and its records. */
async function plainDecode(
  bytes: Uint8Array,
): Promise<{ readonly header: Record<string, string>; readonly records: readonly Record<string, unknown>[] }> {
  const decoder = new avro.streams.BlockDecoder();
  const header: Record<string, string> = {};
  const records: Record<string, unknown>[] = [];
  decoder.on('metadata', (_type: unknown, _codec: unknown, file: { meta: Record<string, Buffer> }) => {
    for (const [key, value] of Object.entries(file.meta)) header[key] = value.toString();
  });
  new PassThrough().end(bytes).pipe(decoder);
  for await (const record of decoder) records.push(record);
  return { header, records };
}

function fieldIds(schema: unknown, out: Record<string, number> = {}): Record<string, number> {
  if (Array.isArray(schema)) for (const inner of schema) fieldIds(inner, out);
  else if (typeof schema === 'object' && schema !== null) {
    const node = schema as Record<string, unknown>;
    if (typeof node['field-id'] === 'number') out[String(node['name'])] = node['field-id'];
    if (typeof node['element-id'] === 'number') out[`element ${node['element-id']}`] = node['element-id'];
    for (const inner of [node['fields'], node['type'], node['items']]) fieldIds(inner, out);
  }
  return out;
}

function field(name: string, id: number, type: AvroSchema): AvroSchema {
  return { name, type, 'field-id': id };
}

test('a manifest carries the header and field ids that other engines look for, in a container any Avro reader opens', async () => {
  const metadata = newTable(store);
  const spec = metadata['partition-specs'][0];
  assert.ok(spec);
  const partitionFields = typedPartitionFields(metadata, spec);
  const entry: ManifestEntry = {
    status: 'added',
    snapshotId: null,
    sequenceNumber: null,
    fileSequenceNumber: null,
    file: { ...dataFile(store, 'a', 5, 10), content: 'data' },
  };
  const schema = metadata.schemas[0];
  assert.ok(schema);
  const { header, records } = await plainDecode(writeManifest({ schema, spec, partitionFields, entries: [entry] }));
  assert.deepEqual(JSON.parse(header['schema'] ?? ''), schema);
  assert.deepEqual(JSON.parse(header['partition-spec'] ?? ''), spec.fields);
  assert.deepEqual(
    ['schema-id', 'partition-spec-id', 'format-version', 'content', 'avro.codec'].map((key) => header[key]),
    ['0', '0', '2', 'data', 'deflate'],
  );
  const avroSchema = header['avro.schema'] ?? '';
  assert.deepEqual(fieldIds(JSON.parse(avroSchema)), {
    status: 0,
    snapshot_id: 1,
    sequence_number: 3,
    file_sequence_number: 4,
    data_file: 2,
    content: 134,
    file_path: 100,
    file_format: 101,
    partition: 102,
    date: 1000,
    record_count: 103,
    file_size_in_bytes: 104,
    column_sizes: 108,
    value_counts: 109,
    null_value_counts: 110,
    nan_value_counts: 137,
    lower_bounds: 125,
    upper_bounds: 128,
    key_metadata: 131,
    split_offsets: 132,
    'element 133': 133,
    equality_ids: 135,
    'element 136': 136,
    sort_order_id: 140,
    // Of the last of the maps: each map has ids of its own.
    key: 129,
    value: 130,
  });
  assert.match(avroSchema, /"type":"array","logicalType":"map","items":\{"type":"record","name":"k117_v118"/);
  assert.match(
    avroSchema,
    /\{"type":"record","name":"r102","fields":\[\{"name":"date","type":\["null",\{"type":"int","logicalType":"date"\}\]/,
  );
  assert.equal(records.length, 1);
  assert.deepEqual((records[0] as { data_file: { file_path: string } }).data_file.file_path, entry.file.filePath);
});

test('a manifest list carries the header and field ids that other engines look for', async () => {
  const manifest: ManifestFile = {
    ...manifestFileOf({ path: 'p', length: 9, specId: 0, sequenceNumber: 3, addedSnapshotId: 42 }, [], []),
  };
  const identity = { 'snapshot-id': snapshotId, 'sequence-number': 3, 'timestamp-ms': 0 };
  const first = await plainDecode(writeManifestList([manifest], identity));
  assert.deepEqual(
    ['snapshot-id', 'parent-snapshot-id', 'sequence-number', 'format-version'].map((key) => first.header[key]),
    [String(snapshotId), 'null', '3', '2'],
  );
  assert.deepEqual(fieldIds(JSON.parse(first.header['avro.schema'] ?? '')), {
    manifest_path: 500,
    manifest_length: 501,
    partition_spec_id: 502,
    content: 517,
    sequence_number: 515,
    min_sequence_number: 516,
    added_snapshot_id: 503,
    added_files_count: 504,
    existing_files_count: 505,
    deleted_files_count: 506,
    added_rows_count: 512,
    existing_rows_count: 513,
    deleted_rows_count: 514,
    partitions: 507,
    'element 508': 508,
    contains_null: 509,
    contains_nan: 518,
    lower_bound: 510,
    upper_bound: 511,
    key_metadata: 519,
  });
  const long = { ...manifest, addedSnapshotId: snapshotId };
  assert.deepEqual(readManifestList(writeManifestList([long], { ...identity, 'parent-snapshot-id': 7 }), 'list'), [long]);
});

test('entries of every status, id and statistic read back as they were written', () => {
  const metadata = newTable(store);
  const [spec, schema] = [metadata['partition-specs'][0], metadata.schemas[0]];
  assert.ok(spec && schema);
  const entries: readonly ManifestEntry[] = [
    {
      status: 'existing',
      snapshotId,
      sequenceNumber: 2n ** 60n,
      fileSequenceNumber: 4,
      file: { ...dataFile(store, 'a', null, 1), content: 'data' },
    },
    {
      status: 'deleted',
      snapshotId: 7,
      sequenceNumber: 1,
      fileSequenceNumber: 1,
      file: { ...dataFile(store, 'b', -1, 2), content: 'data', sortOrderId: 0 },
    },
    {
      status: 'added',
      snapshotId: null,
      sequenceNumber: null,
      fileSequenceNumber: null,
      file: {
        content: 'data',
        filePath: 's3://b/ü',
        fileFormat: 'ORC',
        partition: { 1000: 3 },
        recordCount: 0,
        fileSizeInBytes: 1,
        nanValueCounts: new Map([[5, 1]]),
        keyMetadata: Uint8Array.of(1, 2),
      },
    },
  ];
  const bytes = writeManifest({ schema, spec, partitionFields: typedPartitionFields(metadata, spec), entries });
  assert.deepEqual(readManifest(bytes, 'm').entries, entries);
  const [existing, , added] = readManifest(bytes, 'm').entries.map((entry) =>
    inheritEntry(entry, { addedSnapshotId: 99, sequenceNumber: 12 }),
  );
  assert.deepEqual([existing?.snapshotId, existing?.sequenceNumber, existing?.fileSequenceNumber], [snapshotId, 2n ** 60n, 4]);
  assert.deepEqual([added?.snapshotId, added?.sequenceNumber, added?.fileSequenceNumber], [99, 12, 12]);
});

test('more entries than one Avro block holds stay in order', () => {
  const metadata = newTable(store);
  const [spec, schema] = [metadata['partition-specs'][0], metadata.schemas[0]];
  assert.ok(spec && schema);
  const entries = Array.from({ length: 9_000 }, (_, i): ManifestEntry => {
    const file = {
      content: 'data' as const,
      filePath: `f${i}`,
      fileFormat: 'PARQUET',
      partition: { 1000: i },
      recordCount: i,
      fileSizeInBytes: i,
    };
    return { status: 'existing', snapshotId: i, sequenceNumber: i, fileSequenceNumber: i, file };
  });
  assert.deepEqual(
    readManifest(writeManifest({ schema, spec, partitionFields: typedPartitionFields(metadata, spec), entries }), 'm').entries,
    entries,
  );
});

test('partition values of every type and field names that are no Avro names survive', () => {
  const types: readonly (readonly [string, PartitionValue, Uint8Array])[] = [
    ['boolean', true, bound('boolean', true)],
    ['int', -5, bound('int', -5)],
    ['long', 2n ** 62n, bound('long', 2n ** 62n)],
    ['float', 1.5, bound('float', 1.5)],
    ['double', 0.1, bound('double', 0.1)],
    ['date', 3, bound('date', 3)],
    ['timestamp', 1_000, bound('timestamp', 1_000n)],
    ['timestamptz', -1, bound('timestamptz', -1n)],
    ['string', 'é', bound('string', 'é')],
    ['uuid', Uint8Array.from({ length: 16 }, (_, i) => i), Uint8Array.from({ length: 16 }, (_, i) => i)],
    ['binary', Uint8Array.of(9), Uint8Array.of(9)],
    ['fixed[2]', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    // Twelve digits take six bytes; as a bound, as few as hold the value.
    ['decimal(12, 2)', Uint8Array.of(255, 255, 255, 255, 255, 133), bound('decimal(12,2)', -123n)],
  ];
  const schema: Schema = {
    type: 'struct',
    'schema-id': 0,
    fields: types.map(([type], i) => ({ id: i + 1, name: `c ${i}`, required: false, type })),
  };
  const spec: PartitionSpec = {
    'spec-id': 0,
    fields: types.map(([type], i) => ({ 'source-id': i + 1, 'field-id': 1000 + i, name: `${i} ${type}-é`, transform: 'identity' })),
  };
  const metadata: TableMetadata = { ...newTable(store), schemas: [schema], 'partition-specs': [spec] };
  const partition = Object.fromEntries(types.map(([, value], i) => [1000 + i, value]));
  const file = { content: 'data' as const, filePath: 'f', fileFormat: 'PARQUET', partition, recordCount: 1, fileSizeInBytes: 1 };
  const entries: readonly ManifestEntry[] = [{ status: 'existing', snapshotId: 1, sequenceNumber: 1, fileSequenceNumber: 1, file }];
  const partitionFields = typedPartitionFields(metadata, spec);
  const bytes = writeManifest({ schema, spec, partitionFields, entries });
  assert.deepEqual(readManifest(bytes, 'm').entries, entries);
  const line = manifestFileOf({ path: 'm', length: 1, specId: 0, sequenceNumber: 1, addedSnapshotId: 1 }, entries, partitionFields);
  for (const [i, [type, , expected]] of types.entries())
    assert.deepEqual([line.partitions?.[i]?.lowerBound, line.partitions?.[i]?.upperBound], [expected, expected], type);
});

test('files of other writers are read by field id: older names, missing and unknown fields, delete files', () => {
  const schema: AvroSchema = {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      field('status', 0, 'int'),
      field('snapshot_id', 1, ['null', 'long']),
      field('data_file', 2, {
        type: 'record',
        name: 'r2',
        fields: [
          field('the_path', 100, 'string'),
          field('file_format', 101, 'string'),
          field('partition', 102, {
            type: 'record',
            name: 'r102',
            fields: [field('ts_day', 1000, ['null', { type: 'int', logicalType: 'date' }])],
          }),
          field('record_count', 103, 'long'),
          field('file_size_in_bytes', 104, 'long'),
          field('block_size_in_bytes', 105, 'long'),
          field('content', 134, 'int'),
          field('content_offset', 144, ['null', 'long']),
          { name: 'no_id', type: 'string' },
        ],
      }),
      field('invented_later', 900, ['null', 'string']),
    ],
  };
  const data_file = {
    the_path: 's3://b/deletes.parquet',
    file_format: 'parquet',
    partition: { ts_day: 4 },
    record_count: 3,
    file_size_in_bytes: 5,
    block_size_in_bytes: 64,
    content: 1,
    content_offset: 4,
    no_id: 'x',
  };
  const bytes = writeAvroFile({
    schema,
    metadata: new Map([
      ['content', 'deletes'],
      ['format-version', '3'],
    ]),
    records: [{ status: 1, snapshot_id: null, data_file, invented_later: 'y' }],
  });
  assert.deepEqual(readManifest(bytes, 'foreign'), {
    content: 'deletes',
    specId: null,
    entries: [
      {
        status: 'added',
        snapshotId: null,
        sequenceNumber: null,
        fileSequenceNumber: null,
        file: {
          content: 'position-deletes',
          filePath: 's3://b/deletes.parquet',
          fileFormat: 'PARQUET',
          partition: { 1000: 4 },
          recordCount: 3,
          fileSizeInBytes: 5,
        },
      },
    ],
  });
});

test('a manifest list of format v1 is read with its counts unknown', () => {
  const fields = [
    field('manifest_path', 500, 'string'),
    field('manifest_length', 501, 'long'),
    field('partition_spec_id', 502, 'int'),
    field('added_snapshot_id', 503, ['null', 'long']),
    field('added_data_files_count', 504, ['null', 'int']),
  ];
  const bytes = writeAvroFile({
    schema: { type: 'record', name: 'manifest_file', fields },
    metadata: new Map(),
    records: [
      { manifest_path: 'm', manifest_length: 5, partition_spec_id: 2, added_snapshot_id: snapshotId, added_data_files_count: null },
    ],
  });
  assert.deepEqual(readManifestList(bytes, 'list'), [
    {
      path: 'm',
      length: 5,
      specId: 2,
      content: 'data',
      sequenceNumber: 0,
      minSequenceNumber: 0,
      addedSnapshotId: snapshotId,
      addedFiles: null,
      existingFiles: null,
      deletedFiles: null,
      addedRows: null,
      existingRows: null,
      deletedRows: null,
      partitions: null,
      keyMetadata: null,
    },
  ]);
});

test('a damaged file is named, whatever is damaged', () => {
  const whole = writeAvroFile({
    schema: { type: 'record', name: 'r', fields: [{ name: 'a', type: 'string' }] },
    metadata: new Map(),
    records: [{ a: 'abc' }],
  });
  const flipped = whole.with(whole.length - 1, (whole.at(-1) ?? 0) ^ 1);
  for (const bytes of [whole.subarray(0, whole.length - 1), flipped, whole.subarray(1), new Uint8Array(0), whole.subarray(0, 20)])
    assert.throws(() => readAvroFile(bytes, 's3://b/m.avro'), { code: 'OBJECT_CORRUPT', message: /s3:\/\/b\/m\.avro/ });
  assert.throws(() => readManifest(whole, 'm'), { code: 'OBJECT_CORRUPT' });
  assert.throws(() => readManifestList(whole, 'm'), { code: 'OBJECT_CORRUPT' });
});
