// A commit must cost the same after thousands of commits as after 1,000, with default merging and expiry (which begin at
// 30 and at 720 commits): counted in bytes and requests through the store and in what the metadata holds, never in time.
// 10,000 commits with FOZ_TEST_LONG=1.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createAppendCache, type AppendCache } from '../../lake/iceberg/append.ts';
import { planExpiry } from '../../lake/iceberg/expire.ts';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import { prepareMerge } from '../../lake/iceberg/merge-manifests.ts';
import { mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { append, applied, countingStore, dataFile, newTable, start, today } from './iceberg-fixture.ts';

const commits = process.env['FOZ_TEST_LONG'] === '1' ? 10_000 : 3_000;
const rhythmMs = 5_000;
/** Where the cost is looked at: early, when merging has begun, when expiry has begun, and late. */
const early = { from: 1_000, to: 2_000 };
const late = { from: commits - 1_000, to: commits };

test(`a commit costs the same after ${commits} commits as after 1,000, and no file is lost or doubled on the way (I8)`, async () => {
  await using memory = memoryStore('cost');
  const { store, traffic } = countingStore(memory);
  const cache = createAppendCache();
  let metadata = newTable(store);
  const written: number[] = [0];
  const manifests: number[] = [0];
  const snapshots: number[] = [0];
  const metadataBytes = new Map<number, number>();
  let upkeepBytes = 0;
  for (let i = 1; i <= commits; i++) {
    const now = start + i * rhythmMs;
    const before = { ...traffic };
    // A new day every 1,000 commits, so that partition summaries differ.
    metadata = await append(store, metadata, [dataFile(store, `f${i}`, today + Math.floor(i / 1_000), 10)], { now, cache });
    assert.deepEqual(
      [traffic.reads - before.reads, traffic.writes - before.writes],
      [0, 2],
      `commit ${i} reads nothing and writes two objects`,
    );
    written.push(traffic.bytesWritten - before.bytesWritten);
    snapshots.push(metadata.snapshots.length);
    manifests.push(cache.lists.get(mainSnapshot(metadata)?.['manifest-list'] ?? '')?.length ?? Number.NaN);
    if (i === 10 || i === early.to || i === late.to) metadataBytes.set(i, stringifyJson(metadata).length);
    const beforeUpkeep = traffic.bytesWritten;
    metadata = await keepUp(store, metadata, i, now, cache);
    upkeepBytes += traffic.bytesWritten - beforeUpkeep;
  }

  const span = ({ from, to }: typeof early, values: readonly number[]) => values.slice(from + 1, to + 1);
  const growth = mean(span(late, written)) / mean(span(early, written));
  assert.ok(growth < 1.1, `bytes written a commit grew ${growth}-fold between ${early.to} and ${late.to} commits`);
  assert.ok(Math.max(...written) < 2 * Math.max(...written.slice(1, 11)), `${Math.max(...written)} bytes in one commit`);
  // Fewer than 30 in each of the size classes (1–29, 30–899, 900–26,999 files).
  assert.ok(Math.max(...manifests) < 3 * 30, `${Math.max(...manifests)} manifests in one list`);
  assert.ok(Math.max(...snapshots) <= 720 + 20 + Math.ceil((commits * rhythmMs) / 3_600_000), `${Math.max(...snapshots)} snapshots`);
  assert.ok((metadataBytes.get(late.to) ?? 0) < 1.1 * (metadataBytes.get(early.to) ?? 0), JSON.stringify([...metadataBytes]));
  assert.ok(upkeepBytes / commits < 1_000, `${upkeepBytes / commits} bytes a commit are rewritten by merging`);

  const plan = await planScan({ metadata, store: memory });
  const numbers = plan.files.map(({ file }) => Number(/f(\d+)\.parquet$/.exec(file.filePath)?.[1]));
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: commits }, (_, i) => i + 1),
  );
  assert.ok(plan.files.every(({ sequenceNumber, snapshotId }) => Number(snapshotId) === Number(sequenceNumber) + 100));
  assert.equal(mainSnapshot(metadata)?.summary['total-records'], String(commits * 10));
  assert.equal(mainSnapshot(metadata)?.summary['total-data-files'], String(commits));
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What runs beside the ingest: merge when a size class is full, expire now and then. */
async function keepUp(store: ObjectStore, metadata: TableMetadata, i: number, now: number, cache: AppendCache): Promise<TableMetadata> {
  const snapshotId = Number(metadata['last-sequence-number']) + 101;
  const merge = await prepareMerge({ metadata, store, snapshotId, mergeId: `m${i}`, now, cache });
  const merged = merge ? applied(metadata, merge.commit, now) : metadata;
  return i % 20 === 0 ? applied(merged, planExpiry(merged, now), now) : merged;
}
