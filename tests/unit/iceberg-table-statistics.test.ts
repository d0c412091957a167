// Figures of a table from its manifests alone: what is known, what is not, and that a manifest is read once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBoundedMap } from '../../lake/iceberg/bounded-map.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { fieldNamed, isStruct } from '../../lake/iceberg/schema.ts';
import { prepareReplace } from '../../lake/iceberg/replace-files.ts';
import { tableStatistics, type ColumnStatistics, type TableStatistics } from '../../lake/iceberg/table-statistics.ts';
import { valueText } from '../../lake/iceberg/value-text.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { append, dataFile, newTable, start, today } from './iceberg-fixture.ts';
import { lakeTables, type LakeTables } from './lake-table-fixture.ts';

const usersSelect = (from: number, to: number, city: string): string =>
  `SELECT o, '{"id":' || o || '}' AS key, 'c' AS op, TIMESTAMPTZ '2026-11-20 10:00:00+00' + INTERVAL (o) SECOND AS changed_at,
     {id: o, city: ${city}, fare: CAST(o AS DECIMAL(12,2)) / 4} AS after FROM range(${from}, ${to}) t(o)`;

test('rows, bytes, files, nulls and bounds are those of all files together', async () => {
  await using lake = await usersTable();
  await lake.append('users', usersSelect(0, 10, `'Porto'`));
  await lake.append('users', usersSelect(10, 30, `CASE WHEN o % 2 = 0 THEN 'Aveiro' END`));
  const { metadata, statistics } = await statisticsOf(lake);
  assert.equal(statistics.rows, 30);
  assert.equal(statistics.fileBytes.length, 2);
  assert.equal(
    statistics.bytes,
    statistics.fileBytes.reduce((sum, bytes) => sum + bytes, 0),
  );
  assert.equal(statistics.deleteFiles, 0);
  const told = (path: readonly string[]) => text(column(metadata, statistics, path));
  assert.deepEqual(told(['_log_offset']), { nulls: 0, lower: '0', upper: '29' });
  assert.deepEqual(told(['changed_at']), { nulls: 0, lower: '2026-11-20T10:00:00Z', upper: '2026-11-20T10:00:29Z' });
  assert.deepEqual(told(['after', 'city']), { nulls: 10, lower: 'Aveiro', upper: 'Porto' });
  assert.deepEqual(told(['after', 'fare']), { nulls: 0, lower: null, upper: null }, 'no file has bounds of decimals');
  assert.deepEqual(told(['_shape']), { nulls: 30, lower: null, upper: null }, 'no value at all: nothing to bound');
});

test('a figure that one file does not have is not known', async () => {
  await using lake = await usersTable();
  await lake.append('users', usersSelect(0, 5, `'Porto'`));
  const before = await lake.catalog.loadTable({ namespace: ['raw'], name: 'users' });
  assert.ok(before);
  const schema = currentSchema(before.metadata);
  const added = {
    ...schema,
    'schema-id': schema['schema-id'] + 1,
    fields: [...schema.fields, { id: 900, name: 'note', required: false, type: 'string' }],
  };
  await lake.catalog.commitTable(
    { namespace: ['raw'], name: 'users' },
    {
      requirements: [],
      updates: [
        { action: 'add-schema', schema: added, 'last-column-id': 900 },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    },
  );
  await lake.append('users', usersSelect(5, 8, `'Faro'`));
  const { metadata, statistics } = await statisticsOf(lake);
  assert.deepEqual(text(column(metadata, statistics, ['note'])), { nulls: null, lower: null, upper: null });
  assert.equal(column(metadata, statistics, ['_log_offset']).nulls, 0, 'the others are');
});

test('a table without a snapshot has no rows, and nothing is null', async () => {
  await using lake = await usersTable();
  const { metadata, statistics } = await statisticsOf(lake);
  assert.deepEqual([statistics.snapshotId, statistics.rows, statistics.bytes, statistics.fileBytes], [null, 0, 0, []]);
  assert.deepEqual(text(column(metadata, statistics, ['_log_offset'])), { nulls: 0, lower: null, upper: null });
});

test('with a cache, a new snapshot costs its manifest list and the manifests that are new in it', async () => {
  await using lake = await usersTable();
  const cache = createBoundedMap<never>(100);
  const reads: string[] = [];
  const watched: ObjectStore = {
    ...lake.store,
    get: (key, range, signal) => {
      reads.push(key);
      return lake.store.get(key, range, signal);
    },
  };
  for (const from of [0, 10, 20]) {
    await lake.append('users', usersSelect(from, from + 10, `'Porto'`));
    const loaded = await lake.catalog.loadTable({ namespace: ['raw'], name: 'users' });
    assert.ok(loaded);
    reads.length = 0;
    const { rows } = await tableStatistics({ metadata: loaded.metadata, store: watched, cache });
    assert.equal(rows, from + 10);
    assert.equal(reads.length, 2, reads.join('\n'));
  }
});

test('files that a manifest names as deleted count no more', async () => {
  const store = memoryStore('lake');
  const before = await append(store, newTable(store), [dataFile(store, 'a', today, 10), dataFile(store, 'b', today, 30)]);
  const replaced = new Map([[dataFile(store, 'b', today, 30).filePath, dataFile(store, 'c', today, 5)]]);
  const snapshot = await prepareReplace({ metadata: before, store, replaced, summary: {}, snapshotId: 900, commitId: 'r', now: start + 1 });
  assert.ok(snapshot);
  const { rows, bytes, fileBytes, columns } = await tableStatistics({ metadata: before, store, snapshot });
  assert.deepEqual([rows, bytes, fileBytes.toSorted((a, b) => a - b)], [15, 1500, [500, 1000]]);
  assert.deepEqual([columns.get(2)?.lower, columns.get(2)?.upper, columns.get(2)?.nulls], [0n, 9n, 0]);
});

test('manifests beyond the limit are not read, which is said', async () => {
  await using lake = await usersTable();
  await lake.append('users', usersSelect(0, 10, `'Porto'`));
  const loaded = await lake.catalog.loadTable({ namespace: ['raw'], name: 'users' });
  assert.ok(loaded);
  const { metadata } = loaded;
  const cache = createBoundedMap<never>(100);
  const read = (manifestBytesMax: number) => tableStatistics({ metadata, store: lake.store, cache, manifestBytesMax });
  await assert.rejects(read(100), /manifests have \d+ bytes, more than the 100/);
  assert.equal((await read(1_000_000)).rows, 10);
  assert.equal((await read(100)).rows, 10, 'what is in the cache is not read again');
});

test('bounds are told as people write them: moments in UTC, decimals with their scale, bytes in hexadecimal', () => {
  const told = [
    ['timestamptz', 1_795_168_800_000_001n, '2026-11-20T10:00:00.000001Z'],
    ['timestamp', -1n, '1969-12-31T23:59:59.999999'],
    ['timestamptz', -62_135_596_800_000_000n, '0001-01-01T00:00:00Z'],
    ['date', -1, '1969-12-31'],
    ['decimal(12,2)', -5n, '-0.05'],
    ['decimal(38, 0)', 12345678901234567890123n, '12345678901234567890123'],
    ['double', 1.5, '1.5'],
    ['boolean', false, 'false'],
    ['binary', Uint8Array.of(0, 255), '0x00ff'],
    ['long', 9_223_372_036_854_775_807n, '9223372036854775807'],
  ] as const;
  for (const [type, value, expected] of told) assert.equal(valueText(type, value), expected, type);
});

async function usersTable(): Promise<LakeTables> {
  const lake = await lakeTables();
  await lake.create({
    name: 'users',
    source: 'postgres',
    columns: [
      ['id', 'long'],
      ['city', 'string'],
      ['fare', 'decimal(12,2)'],
    ],
  });
  return lake;
}

async function statisticsOf(lake: LakeTables): Promise<{ readonly metadata: TableMetadata; readonly statistics: TableStatistics }> {
  const loaded = await lake.catalog.loadTable({ namespace: ['raw'], name: 'users' });
  assert.ok(loaded);
  return { metadata: loaded.metadata, statistics: await tableStatistics({ metadata: loaded.metadata, store: lake.store }) };
}

function column(metadata: TableMetadata, { columns }: TableStatistics, [first = '', second]: readonly string[]): ColumnStatistics {
  const outer = fieldNamed(currentSchema(metadata), first);
  const field = second === undefined || !outer || !isStruct(outer.type) ? outer : fieldNamed(outer.type, second);
  const found = field && columns.get(field.id);
  assert.ok(found, `${first}.${second ?? ''}`);
  return found;
}

function text({ type, nulls, lower, upper }: ColumnStatistics) {
  const of = (bound: ColumnStatistics['lower']) => (bound === null ? null : valueText(type, bound));
  return { nulls, lower: of(lower), upper: of(upper) };
}
