// What a rewritten file must be before anyone may name it, and what is not rewritten at all.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { prepareAppend } from '../../lake/iceberg/append.ts';
import type { ManifestFileEntry } from '../../lake/iceberg/manifest.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { fieldNamed, type Schema } from '../../lake/iceberg/schema.ts';
import { findBins } from '../../maintenance/compact/compact-table.ts';
import { defaultCompactionLimits } from '../../maintenance/compact/plan-compaction.ts';
import { openFileRewriter } from '../../maintenance/compact/rewrite-files.ts';
import { sortColumns } from '../../maintenance/compact/sort-columns.ts';
import { openReadingDuckdb, type ReadingDuckdb } from '../../query/duckdb.ts';
import { provenCopy } from '../../query/proven-copy.ts';
import { systemClock } from '../../runtime/clock.ts';
import { loadedTable } from './erase-fixture.ts';
import { appendCommit, newTable } from './iceberg-fixture.ts';
import { compact, liveFiles, smallFilesLab } from './maintenance-fixture.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';

const schema: Schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'n', required: false, type: 'long' },
    { id: 2, name: 'd', required: false, type: 'double' },
  ],
};
const from: ManifestFileEntry = {
  content: 'data',
  fileFormat: 'PARQUET',
  filePath: 'file:///f.parquet',
  partition: {},
  recordCount: 3,
  fileSizeInBytes: 9,
};

async function withDuckdb(work: (duckdb: ReadingDuckdb, directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'foz-rewrite-'));
  try {
    await using duckdb = await openReadingDuckdb({ directory, memoryBytes: 64 << 20, threads: 1 });
    await work(duckdb, directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test('a copy is sorted, and holds the rows that were copied: nulls, NaN, and every row as often as it was there', async () => {
  await withDuckdb(async (duckdb, directory) => {
    const select = `SELECT * FROM (VALUES (3::BIGINT, 'NaN'::DOUBLE), (1, NULL), (NULL, '-0.0'::DOUBLE), (1, NULL)) t(n, d)`;
    const copied = await provenCopy(duckdb, { select, orderBy: ['n'], schema, from: [from], directory });
    assert.ok(copied);
    const { rows } = await duckdb.all(`SELECT n, d::VARCHAR FROM read_parquet('${copied.path}')`);
    assert.deepEqual(rows, [
      [1n, null],
      [1n, null],
      [3n, 'nan'],
      [null, '-0.0'],
    ]);
    assert.equal(copied.dataFile.recordCount, 4);
    assert.equal(await provenCopy(duckdb, { select: `${select} WHERE false`, schema, from: [from], directory }), null);
  });
});

test('a copy that does not hold the rows it stands for is refused, and its file removed', async () => {
  await withDuckdb(async (duckdb, directory) => {
    // As many rows each time, and other values.
    const select = `SELECT (random() * 1e15)::BIGINT AS n, 1.0::DOUBLE AS d FROM range(5)`;
    await assert.rejects(provenCopy(duckdb, { select, schema, from: [from], directory }), /was not rewritten as it stood/);
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name.endsWith('.parquet')),
      [],
    );
  });
});

test('files whose manifests count other rows or nulls than they hold are not compacted', async () => {
  await using lab = await smallFilesLab(3);
  const { metadata } = await loadedTable(lab);
  const deps = { store: lab.store, clock: systemClock, limits: { ...defaultCompactionLimits, filesMin: 2, settleMs: 0 } };
  const [bin] = (await findBins(await loadedTable(lab), deps)).bins;
  assert.ok(bin);
  await using rewriter = await openFileRewriter(lab.store, {
    directory: join(lab.directory, randomUUID()),
    memoryBytes: 64 << 20,
    threads: 1,
  });
  const [first, ...rest] = bin.files;
  assert.ok(first);
  await assert.rejects(rewriter.rewrite(metadata, { ...bin, rows: bin.rows + 1 }), /do not hold as many rows as their manifests say/);
  const nulls = { ...first, file: { ...first.file, nullValueCounts: new Map([...(first.file.nullValueCounts ?? []), [2, 1]]) } };
  await assert.rejects(rewriter.rewrite(metadata, { ...bin, files: [nulls, ...rest] }), /_log_offset does not hold as many nulls/);
  assert.equal((await rewriter.rewrite(metadata, bin)).dataFile.recordCount, 6);
});

for (const [what, options] of [
  ['without field ids', ''],
  ['with a field id that the table never had', ', FIELD_IDS {o: 4711}'],
] as const) {
  test(`a file of another engine ${what} is left alone; those beside it become one`, async () => {
    await using lab = await smallFilesLab(3);
    const { metadata } = await loadedTable(lab);
    const path = join(lab.directory, 'foreign.parquet');
    await using duckdb = await openReadingDuckdb({ directory: lab.directory, memoryBytes: 64 << 20, threads: 1 });
    await duckdb.all(`COPY (SELECT 7::BIGINT AS o FROM range(2)) TO '${path}' (FORMAT parquet${options})`);
    const key = `${metadata.location.slice(lab.store.root.length + 1)}/data/foreign.parquet`;
    await lab.store.putFile(key, path);
    const stored = await lab.store.head(key);
    const file = {
      filePath: `${lab.store.root}/${key}`,
      fileFormat: 'PARQUET' as const,
      partition: { 1000: (await liveFiles(lab))[0]?.file.partition[1000] as number },
      recordCount: 2,
      fileSizeInBytes: stored?.bytes ?? 0,
    };
    const prepared = await prepareAppend({
      metadata,
      store: lab.store,
      files: [file],
      summary: {},
      snapshotId: 5,
      commitId: 'f',
      now: Date.now(),
    });
    const outcome = await lab.catalog.commitTable(lab.target.ident, appendCommit(metadata, prepared));
    assert.equal(outcome.kind, 'committed');
    const { bins, left } = await compact(lab);
    assert.deepEqual([bins, left.length, (await liveFiles(lab)).length], [1, 1, 2]);
    assert.match(left[0] ?? '', /is not compacted: its column o has (no field id|the unknown field id 4711)/);
  });
}

const orderedBy = (name: string, transform = 'identity', direction = 'asc') => ({
  'source-id': fieldNamed(currentSchema(orderTable), name)?.id,
  transform,
  direction,
  'null-order': 'nulls-first',
});
const orderTable = newTable(memoryStore('order'));

test('rows lie by key; in a table with a declared order by that one, as far as it is one of plain columns', () => {
  const byKey = ['_log_key', '_log_partition', '_log_offset'];
  assert.deepEqual(sortColumns(orderTable), byKey);
  const order = (...fields: readonly object[]) =>
    sortColumns({ ...orderTable, 'default-sort-order-id': 1, 'sort-orders': [{ 'order-id': 1, fields }] });
  assert.deepEqual(order(orderedBy('_log_time'), orderedBy('op')), ['_log_time', 'op']);
  assert.deepEqual(order(orderedBy('_log_time'), orderedBy('op', 'bucket[4]'), orderedBy('changed_at')), ['_log_time']);
  assert.deepEqual(order(orderedBy('_log_time', 'identity', 'desc')), byKey);
});
