// An independent reader agrees: icebird walks metadata, manifest list and manifests written here, and returns the rows of
// Parquet files that DuckDB wrote; before and after a merge, and after the schema has evolved.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DataFile } from '../../lake/iceberg/data-file.ts';
import { evolveSchema } from '../../lake/iceberg/evolve.ts';
import { defaultMergeLimits, prepareMerge } from '../../lake/iceberg/merge-manifests.ts';
import { currentSchema, type PartitionSpec } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { readWithIcebird } from './icebird-read.ts';
import { append, applied, bound, newTable, start, today } from './iceberg-fixture.ts';

const schema: Schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'moment', required: true, type: 'timestamptz' },
    { id: 3, name: 'city', required: false, type: 'string' },
    { id: 4, name: 'after', required: false, type: { type: 'struct', fields: [{ id: 5, name: 'fare', required: false, type: 'double' }] } },
  ],
};
const partitionSpec: PartitionSpec = { 'spec-id': 0, fields: [{ 'source-id': 2, 'field-id': 1000, name: 'date', transform: 'day' }] };
const fieldIds = '{id: 1, moment: 2, city: 3, after: {__duckdb_field_id: 4, fare: 5}, tip: 6}';

interface RowOf {
  readonly id: bigint;
  readonly moment: Date;
  readonly city: string | null;
  readonly after: { readonly fare: number };
}

/** The rows of file n, as the table should give them back. */
function rowsOf(n: number): readonly RowOf[] {
  return [0, 1, 2].map((i) => ({
    id: BigInt(n * 3 + i),
    moment: new Date((today + n) * 86_400_000 + i * 1_000),
    city: i === 1 ? null : `city ${n}-${i}`,
    after: { fare: i + 0.5 },
  }));
}

async function writtenFile(directory: string, store: ObjectStore, n: number, columns = ''): Promise<DataFile> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const path = join(directory, `f${n}.parquet`);
  const values = rowsOf(n).map(
    ({ id, moment, city, after }) =>
      `(${id}::BIGINT, TIMESTAMPTZ '${moment.toISOString()}', ${city === null ? 'NULL' : `'${city}'`}, {'fare': ${after.fare}::DOUBLE})`,
  );
  const ids = columns === '' ? fieldIds.replace(', tip: 6', '') : fieldIds;
  await connection.run(
    `COPY (SELECT *${columns} FROM (VALUES ${values.join(', ')}) AS t(id, moment, city, after)) TO '${path}' (FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${ids})`,
  );
  connection.closeSync();
  instance.closeSync();
  const bytes = await readFile(path);
  await store.put(`raw/users/data/f${n}.parquet`, bytes);
  return {
    filePath: `${store.root}/raw/users/data/f${n}.parquet`,
    fileFormat: 'PARQUET',
    partition: { 1000: today + n },
    recordCount: 3,
    fileSizeInBytes: bytes.length,
    lowerBounds: new Map([[1, bound('long', BigInt(n * 3))]]),
    upperBounds: new Map([[1, bound('long', BigInt(n * 3 + 2))]]),
  };
}

function sorted(rows: readonly Record<string, unknown>[]): readonly Record<string, unknown>[] {
  return rows.toSorted((a, b) => Number(a['id']) - Number(b['id']));
}

test('an independent reader gets every row, before and after a merge, and nulls for a column added later', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'foz-iceberg-'));
  try {
    await using store = memoryStore('reader');
    let metadata = newTable(store, { schema, partitionSpec });
    for (let n = 0; n < 3; n++) metadata = await append(store, metadata, [await writtenFile(directory, store, n)]);
    const three = [0, 1, 2].flatMap(rowsOf);
    assert.deepEqual(sorted(await readWithIcebird(store, metadata)), three);

    const evolved = evolveSchema(
      currentSchema(metadata),
      { type: 'struct', fields: [{ name: 'tip', type: 'string' }] },
      metadata['last-column-id'],
    );
    metadata = applied(
      metadata,
      {
        requirements: [],
        updates: [
          { action: 'add-schema', schema: evolved.schema },
          { action: 'set-current-schema', 'schema-id': -1 },
        ],
      },
      start,
    );
    metadata = await append(store, metadata, [await writtenFile(directory, store, 3, ", 'tip ' || id AS tip")]);
    const four = [...three.map((row) => ({ ...row, tip: undefined })), ...rowsOf(3).map((row) => ({ ...row, tip: `tip ${row.id}` }))];
    assert.deepEqual(sorted(await readWithIcebird(store, metadata)), four);

    const limits = { ...defaultMergeLimits, manifestsMin: 4 };
    const merge = await prepareMerge({ metadata, store, snapshotId: 900, mergeId: 'm', now: start, limits });
    assert.ok(merge);
    assert.equal(merge.merged.length, 1);
    metadata = applied(metadata, merge.commit, start);
    assert.deepEqual(sorted(await readWithIcebird(store, metadata)), four);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
