// A lake that the real worker fills in small files, and the upkeep of it; every row of the table as text, to compare.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { prepareAppend } from '../../lake/iceberg/append.ts';
import { manifestsOf } from '../../lake/iceberg/metadata-object.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { planScan, type ScanFile } from '../../lake/iceberg/scan.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { compactTable, type Compacted } from '../../maintenance/compact/compact-table.ts';
import { defaultCompactionLimits, type CompactionLimits } from '../../maintenance/compact/plan-compaction.ts';
import { openFileRewriter } from '../../maintenance/compact/rewrite-files.ts';
import { expireTable, type ExpiredSnapshots } from '../../maintenance/expire-table.ts';
import type { MaintainDeps } from '../../maintenance/maintain-table.ts';
import type { MaintenanceHook } from '../../maintenance/maintenance-point.ts';
import { sweepTable, type SweepOutcome, type Swept } from '../../maintenance/sweep/sweep-table.ts';
import { openUploadOffsets } from '../../maintenance/sweep/upload-offsets.ts';
import { systemClock } from '../../runtime/clock.ts';
import { seededRandom } from '../../runtime/random.ts';
import { event, laterStore, loadedTable } from './erase-fixture.ts';
import { queryLab, type LakeRecord, type QueryLab } from './query-fixture.ts';

export const inserted = (id: number): LakeRecord => ({
  key: `{"id":${id}}`,
  value: event('c', 100 + id, null, { id, email: `mail-of-${id}@mail.example` }),
});

/** A table of so many small files, two rows each; keys do not come in order. */
export async function smallFilesLab(files: number): Promise<QueryLab> {
  const lab = await queryLab('pg.public.users');
  for (let i = 0; i < files; i++) {
    const records = [inserted(900 - i), inserted(100 + i)].map(({ key, value }) => ({
      key: Buffer.from(key ?? ''),
      value: Buffer.from(JSON.stringify(value)),
    }));
    lab.log.produce(lab.target.topic, 0, records);
    const until = Date.now() + 20_000;
    while ((await filesIn(lab)) <= i) {
      assert.ok(Date.now() < until, `the worker has committed ${await filesIn(lab)} of ${i + 1} files`);
      await systemClock.sleep(10);
    }
  }
  return lab;
}

async function filesIn({ catalog, target }: QueryLab): Promise<number> {
  const table = await catalog.loadTable(target.ident);
  return Number((table && mainSnapshot(table.metadata)?.summary['total-data-files']) ?? 0);
}

export interface CompactRun extends Partial<CompactionLimits> {
  readonly pass?: MaintenanceHook;
  readonly laterMs?: number;
  readonly binsMax?: number;
}

/** Files of whatever age, from three on. */
export async function compact(
  lab: QueryLab,
  { pass = () => undefined, laterMs = 0, binsMax = 10, ...limits }: CompactRun = {},
): Promise<Compacted> {
  const table = await loadedTable(lab);
  return compactTable(lab.target.ident, table, {
    catalog: lab.catalog,
    store: lab.store,
    clock: { ...systemClock, now: () => systemClock.now() + laterMs },
    random: seededRandom(Date.now()),
    limits: { ...defaultCompactionLimits, filesMin: 3, settleMs: 0, ...limits },
    binsMax,
    openRewriter: () =>
      openFileRewriter(lab.store, { directory: join(lab.directory, `compact-${randomUUID()}`), memoryBytes: 256 << 20, threads: 1 }),
    pass,
  });
}

/** Every row with every column, in the order of the log. */
export async function allRows(lab: QueryLab): Promise<readonly string[]> {
  const { rows } = await lab.lake.query(
    'SELECT to_json(t)::VARCHAR FROM (SELECT * EXCLUDE (_file, _committed_at) FROM raw.users) t ORDER BY _log_partition, _log_offset',
  );
  return rows.map(([text]) => String(text));
}

export async function liveFiles(lab: Pick<QueryLab, 'catalog' | 'store' | 'target'>): Promise<readonly ScanFile[]> {
  const { metadata } = await loadedTable(lab);
  return (await planScan({ metadata, store: lab.store })).files;
}

/** Offsets 0 to `end`, each once; the chain stands; the counts agree; every object that any snapshot names is there. */
export async function assertWhole(lab: QueryLab, end: number): Promise<void> {
  const { metadata } = await loadedTable(lab);
  assert.equal(readChain(metadata).kind, 'valid');
  const { rows } = await lab.lake.query('SELECT _log_offset FROM raw.users ORDER BY 1');
  assert.deepEqual(
    rows.map(([offset]) => Number(offset)),
    Array.from({ length: end }, (_, offset) => offset),
  );
  assert.equal(Number(mainSnapshot(metadata)?.summary['total-records']), end);
  for (const snapshot of metadata.snapshots) {
    const plan = await planScan({ metadata, store: lab.store, snapshotId: snapshot['snapshot-id'] });
    for (const { file } of plan.files)
      assert.ok(
        await lab.store.head(file.filePath.slice(lab.store.root.length + 1)),
        `${file.filePath} of snapshot ${snapshot['snapshot-id']}`,
      );
  }
}

/** Of every step, days later. */
export function upkeepDeps(lab: QueryLab, more: Partial<MaintainDeps> = {}): MaintainDeps {
  return {
    catalog: lab.catalog,
    store: laterStore(lab.store, 9 * dayMs),
    clock: { ...systemClock, now: () => systemClock.now() + 9 * dayMs },
    random: seededRandom(5),
    options: {
      compaction: { ...defaultCompactionLimits, filesMin: 3, settleMs: 0 },
      binsMax: 4,
      manifestsMin: 3,
      orphansOlderThanMs: 3 * dayMs,
      objectsMax: 1_000,
      memoryBytes: 128 << 20,
      threads: 1,
      directory: join(lab.directory, 'maintain'),
    },
    ...more,
  };
}

export interface SweepRun {
  readonly pass?: MaintenanceHook;
  readonly laterMs?: number;
  readonly olderThanMs?: number;
  readonly isDry?: boolean;
  readonly objectsMax?: number;
}

export const dayMs = 86_400_000;

/** Days later, so that everything there is now is old enough. */
export async function sweep(lab: Pick<QueryLab, 'catalog' | 'store' | 'target' | 'directory'>, run: SweepRun = {}): Promise<SweepOutcome> {
  const { pass = () => undefined, laterMs = 9 * dayMs, olderThanMs = 3 * dayMs, isDry = false, objectsMax = 10_000 } = run;
  return sweepTable(lab.target.ident, {
    catalog: lab.catalog,
    store: laterStore(lab.store, laterMs),
    clock: { ...systemClock, now: () => systemClock.now() + laterMs },
    olderThanMs,
    objectsMax,
    isDry,
    openOffsets: () => openUploadOffsets(lab.store, join(lab.directory, `sweep-${randomUUID()}`)),
    pass,
  });
}

export async function swept(lab: QueryLab, run: SweepRun = {}): Promise<Swept> {
  const outcome = await sweep(lab, run);
  assert.ok(outcome.kind === 'swept', JSON.stringify(outcome));
  return outcome.swept;
}

export async function keepOneMetadataFile({ catalog, target }: QueryLab): Promise<void> {
  const updates = [{ action: 'set-properties' as const, updates: { 'write.metadata.previous-versions-max': '1' } }];
  await catalog.commitTable(target.ident, { requirements: [], updates });
}

/** Every snapshot but the head. */
export async function expireAll(lab: QueryLab): Promise<ExpiredSnapshots> {
  const clock = { ...systemClock, now: () => systemClock.now() + 9 * dayMs };
  return expireTable(lab.target.ident, await loadedTable(lab), { catalog: lab.catalog, clock, random: seededRandom(3) });
}

/** Forgets every snapshot but the head, and all older metadata. */
export async function forgetHistory(lab: QueryLab): Promise<void> {
  await keepOneMetadataFile(lab);
  assert.equal((await expireAll(lab)).kind, 'committed');
  // One more commit: the metadata file that still told of them falls off the log.
  await lab.catalog.commitTable(lab.target.ident, {
    requirements: [],
    updates: [{ action: 'set-properties', updates: { seen: randomUUID() } }],
  });
  // The catalog deletes what fell off beside its answer.
  const until = Date.now() + 20_000;
  while ((await objectKeys(lab)).filter((key) => key.endsWith('.metadata.json')).length > 2) {
    assert.ok(Date.now() < until, 'superseded metadata files go');
    await systemClock.sleep(10);
  }
}

/** Keys under the table's folder. */
export async function objectKeys(lab: Pick<QueryLab, 'catalog' | 'store' | 'target'>): Promise<readonly string[]> {
  const { metadata } = await loadedTable(lab);
  const keys: string[] = [];
  for await (const { key } of lab.store.list(`${metadata.location.slice(lab.store.root.length + 1)}/`)) keys.push(key);
  return keys;
}

/** Keys of objects that nothing leads to, found another way than the sweep finds them: from each snapshot's plan. */
export async function unnamedKeys(lab: Pick<QueryLab, 'catalog' | 'store' | 'target'>): Promise<readonly string[]> {
  const { metadata, metadataLocation } = await loadedTable(lab);
  const named = new Set([metadataLocation, ...metadata['metadata-log'].map((entry) => entry['metadata-file'])]);
  for (const snapshot of metadata.snapshots) {
    named.add(String(snapshot['manifest-list']));
    for (const { path } of await manifestsOf(lab.store, snapshot, undefined)) named.add(path);
    for (const { file } of (await planScan({ metadata, store: lab.store, snapshotId: snapshot['snapshot-id'] })).files)
      named.add(file.filePath);
  }
  return (await objectKeys(lab)).filter((key) => !named.has(`${lab.store.root}/${key}`));
}

/** As another engine commits a file of the table's folder that it has written before; `bytes`: of a file unlike the live ones. */
export async function appendAs(lab: QueryLab, filePath: string, bytes?: number): Promise<void> {
  const [[file], { metadata }] = [await liveFiles(lab), await loadedTable(lab)];
  assert.ok(file);
  const fileSizeInBytes = bytes ?? file.file.fileSizeInBytes;
  const dataFile = { ...file.file, fileFormat: 'PARQUET' as const, fileSizeInBytes, filePath, partition: { 1000: 20_778 } };
  const parts = { metadata, store: lab.store, files: [dataFile], summary: {}, snapshotId: 78, commitId: 'other', now: Date.now() };
  const { snapshot } = await prepareAppend(parts);
  const outcome = await lab.catalog.commitTable(lab.target.ident, {
    requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null }],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 78 },
    ],
  });
  assert.equal(outcome.kind, 'committed');
}
