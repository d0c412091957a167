// An hour of commits, one a second, on a simulated clock, with the upkeep at its default rhythm: files, manifests, metadata and
// planning stay bounded, and no row is lost or doubled. Five minutes with a twelfth of every time in the fast lanes.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import type { LoadedTable } from '../../catalog/catalog.ts';
import { createAppendCache, prepareAppend } from '../../lake/iceberg/append.ts';
import { planExpiry } from '../../lake/iceberg/expire.ts';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { newSnapshotId } from '../../lake/iceberg/next-snapshot.ts';
import { putDataFile, type LocalFile } from '../../lake/iceberg/put-data-file.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { copyReport } from '../../lake/parquet/copy-report.ts';
import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { fieldIds } from '../../lake/parquet/field-ids.ts';
import { fileMetrics } from '../../lake/parquet/file-metrics.ts';
import { rawPartitionSpec, rawSchema } from '../../lake/raw/raw-schema.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { defaultCompactionLimits } from '../../maintenance/compact/plan-compaction.ts';
import { maintainTable } from '../../maintenance/maintain-table.ts';
import { mergeTableManifests } from '../../maintenance/merge-table-manifests.ts';
import { openReadingDuckdb } from '../../query/duckdb.ts';
import { seededRandom } from '../../runtime/random.ts';
import { appendCommit, start, today } from './iceberg-fixture.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';
const commits = isLong ? 3_600 : 300;
/** Times of the upkeep, shortened as the hour is. */
const shorter = isLong ? 1 : 12;
const everyMs = 600_000 / shorter;
const settleMs = 3_600_000 / shorter;
const policy = { snapshotAgeMaxMs: 3_600_000 / shorter, snapshotsMax: 720 / shorter, hourTagAgeMaxMs: 7 * 86_400_000 };
const rowsInFile = 20;

test(`${commits} commits, one a second: files, manifests, metadata and planning stay bounded`, { timeout: 900_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'foz-hour-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  let now = start;
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  await using store = memoryStore('hour', { clock });
  const catalog = memoryCatalog({ objectStore: store, clock });
  const ident = { namespace: ['raw'], name: 'users' };
  await catalog.ensureNamespace(['raw']);
  const created = await catalog.createTable(ident, {
    schema: rawSchema,
    partitionSpec: rawPartitionSpec,
    properties: { 'foz.shapes': '[]' },
  });
  assert.ok(created.kind === 'committed');
  const file = await smallFile(directory);
  const [cache, random] = [createAppendCache(), seededRandom(1)];
  const options = {
    compaction: { ...defaultCompactionLimits, settleMs },
    binsMax: 64,
    manifestsMin: 30,
    orphansOlderThanMs: 3_600_000,
    objectsMax: 1_000_000,
    memoryBytes: 256 << 20,
    threads: 1,
    directory: join(directory, 'maintain'),
  };
  const deps = { catalog, store, clock, random };
  const seen = { files: 0, manifests: 0, metadataBytes: 0, objects: 0, planMs: 0 };
  let [table, compacted, swept]: [LoadedTable, number, number] = [created.table, 0, 0];
  for (let i = 1; i <= commits; i++) {
    now += 1_000;
    const { metadata } = table;
    const stored = await putDataFile(file, metadata, store);
    const commitId = randomUUID();
    const prepared = await prepareAppend({
      metadata,
      store,
      files: [stored],
      summary: {},
      snapshotId: newSnapshotId(random),
      commitId,
      now,
      cache,
    });
    const commit = appendCommit(metadata, prepared);
    const expiry = planExpiry(metadata, now, policy);
    const outcome = await catalog.commitTable(ident, { ...commit, updates: [...commit.updates, ...expiry.updates] });
    assert.ok(outcome.kind === 'committed', JSON.stringify(outcome));
    const merged = await mergeTableManifests(ident, outcome.table, { ...deps, cache, manifestsMin: 30 });
    table = merged.kind === 'committed' ? merged.table : outcome.table;
    if ((i * 1_000) % everyMs !== 0) continue;
    await look(table);
    const report = await maintainTable(ident, ['manifests', 'compact', 'orphans'], { ...deps, options }, false);
    for (const { figures } of report.steps) {
      compacted += figures['files'] ?? 0;
      swept += figures['objects'] ?? 0;
    }
    table = (await catalog.loadTable(ident)) ?? table;
    await look(table);
  }
  const rows = (await planScan({ metadata: table.metadata, store })).files.reduce((sum, one) => sum + one.file.recordCount, 0);
  assert.equal(rows, commits * rowsInFile, 'every row once');
  t.diagnostic(JSON.stringify({ commits, ...seen, compacted, swept }));
  assert.ok(compacted > commits / 2, `${compacted} files were compacted`);
  // Those of a period and of the snapshots that are kept, and fewer than sixteen in each of the classes.
  assert.ok(seen.files <= policy.snapshotsMax + everyMs / 1_000 + 5 * 16, `${seen.files} files`);
  assert.ok(seen.manifests < 3 * 30 + 16, `${seen.manifests} manifests`);
  assert.ok(seen.metadataBytes < 1_500 * (policy.snapshotsMax + 40), `${seen.metadataBytes} bytes of metadata`);

  async function look({ metadata }: LoadedTable): Promise<void> {
    const startedAt = performance.now();
    const plan = await planScan({ metadata, store });
    const planMs = Math.round(performance.now() - startedAt);
    let objects = 0;
    for await (const _ of store.list('')) objects++;
    const figures = {
      files: plan.files.length,
      manifests: plan.manifestsRead,
      metadataBytes: stringifyJson(metadata).length,
      objects,
      planMs,
    };
    seen.files = Math.max(seen.files, figures.files);
    seen.manifests = Math.max(seen.manifests, figures.manifests);
    seen.metadataBytes = Math.max(seen.metadataBytes, figures.metadataBytes);
    seen.objects = Math.max(seen.objects, figures.objects);
    seen.planMs = Math.max(seen.planMs, planMs);
    if (isLong) t.diagnostic(JSON.stringify({ second: (now - start) / 1_000, ...figures }));
    assert.ok(mainSnapshot(metadata));
  }
});

/** Rows of one commit, as a worker's file of a second. */
async function smallFile(directory: string): Promise<LocalFile> {
  await using duckdb = await openReadingDuckdb({ directory, memoryBytes: 64 << 20, threads: 1 });
  const schema = rawSchema;
  const values: Readonly<Record<string, string>> = {
    _log_partition: '0',
    _log_offset: 'o',
    _log_time: `TIMESTAMPTZ '2026-11-21 10:00:00+00'`,
    _log_key: `encode('{"id":' || (o * 7919 % 1000) || '}')`,
    op: `'u'`,
  };
  const list = schema.fields.map(({ name, type }) => `CAST(${values[name] ?? 'NULL'} AS ${duckdbType(type)}) AS ${quoted(name)}`);
  const path = join(directory, 'small.parquet');
  const copied = await duckdb.all(
    `COPY (SELECT ${list.join(', ')} FROM range(${rowsInFile}) r(o)) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${fieldIds(schema)}, RETURN_STATS true)`,
  );
  const { recordCount, fileSizeInBytes, stats } = copyReport(copied.rows[0]);
  const metrics = fileMetrics(schema, stats, { wideColumns: 100, always: new Set() });
  return { path, dataFile: { fileFormat: 'PARQUET', partition: { 1000: today }, recordCount, fileSizeInBytes, ...metrics } };
}
