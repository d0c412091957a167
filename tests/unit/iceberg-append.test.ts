import assert from 'node:assert/strict';
import test from 'node:test';
import { createAppendCache, prepareAppend, type PreparedAppend } from '../../lake/iceberg/append.ts';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import type { DataFile } from '../../lake/iceberg/data-file.ts';
import { inheritEntry, readManifest } from '../../lake/iceberg/manifest.ts';
import { readManifestList } from '../../lake/iceberg/manifest-list.ts';
import { mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { bytesOfValue } from '../../lake/iceberg/value-bytes.ts';
import { rawPartitionSpec, rawSchema } from '../../lake/raw/raw-schema.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';

const day = 20_778;
const hour = 3_600_000;
const start = Date.UTC(2026, 10, 21, 10);

function newTable(store: ObjectStore, properties: Record<string, string> = {}): TableMetadata {
  const created = createMetadata(
    {
      uuid: '3a0f6c1e-5a53-4c0f-9d6c-1f6f7a1b2c3d',
      location: `${store.root}/raw/users`,
      schema: rawSchema,
      partitionSpec: rawPartitionSpec,
      properties,
    },
    start,
  );
  assert.equal(created.kind, 'applied');
  return (created as { metadata: TableMetadata }).metadata;
}

function file(store: ObjectStore, name: string, date: number | null, rows: number): DataFile {
  const bytes = (value: number) => bytesOfValue('long', BigInt(value)) as Uint8Array;
  return {
    filePath: `${store.root}/raw/users/data/${name}.parquet`,
    fileFormat: 'PARQUET',
    partition: { 1000: date },
    recordCount: rows,
    fileSizeInBytes: rows * 100,
    columnSizes: new Map([[2, 77]]),
    valueCounts: new Map([[2, rows]]),
    nullValueCounts: new Map([[2, 0]]),
    lowerBounds: new Map([[2, bytes(0)]]),
    upperBounds: new Map([[2, bytes(rows - 1)]]),
    splitOffsets: [4],
  };
}

function commit(metadata: TableMetadata, append: PreparedAppend): TableMetadata {
  const applied = applyCommit(
    metadata,
    {
      requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null }],
      updates: [
        { action: 'add-snapshot', snapshot: append.snapshot },
        { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': append.snapshot['snapshot-id'] },
      ],
    },
    { now: append.snapshot['timestamp-ms'] },
  );
  assert.equal(applied.kind, 'applied', JSON.stringify(applied));
  return (applied as { metadata: TableMetadata }).metadata;
}

async function bytesAt(store: ObjectStore, location: string): Promise<Uint8Array> {
  return store.get(location.slice(store.root.length + 1));
}

test('an append lists its files with statistics, inherits its sequence number, and counts totals from its parent', async () => {
  await using store = memoryStore('append');
  let metadata = newTable(store);
  const first = await prepareAppend({
    metadata,
    store,
    files: [file(store, 'a', day, 10), file(store, 'b', day + 1, 5)],
    summary: { 'foz.commit-id': 'c1', operation: 'delete' },
    snapshotId: 101,
    commitId: 'c1',
    now: start + hour,
  });
  assert.deepEqual(first.snapshot.summary, {
    'foz.commit-id': 'c1',
    operation: 'append',
    'added-data-files': '2',
    'added-records': '15',
    'added-files-size': '1500',
    'changed-partition-count': '2',
    'total-records': '15',
    'total-files-size': '1500',
    'total-data-files': '2',
    'total-delete-files': '0',
    'total-position-deletes': '0',
    'total-equality-deletes': '0',
  });
  metadata = commit(metadata, first);
  const second = await prepareAppend({
    metadata,
    store,
    files: [file(store, 'c', null, 1)],
    summary: {},
    snapshotId: 102,
    commitId: 'c2',
    now: start + 2 * hour,
  });
  assert.equal(second.snapshot['parent-snapshot-id'], 101);
  assert.equal(second.snapshot['sequence-number'], 2);
  assert.equal(second.snapshot.summary['total-records'], '16');
  assert.equal(second.snapshot.summary['total-data-files'], '3');

  const list = readManifestList(await bytesAt(store, second.snapshot['manifest-list']), 'list');
  assert.deepEqual(
    list.map((line) => [line.sequenceNumber, line.minSequenceNumber, line.addedSnapshotId, line.addedFiles, line.addedRows, line.specId]),
    [
      [1, 1, 101, 2, 15, 0],
      [2, 2, 102, 1, 1, 0],
    ],
  );
  assert.deepEqual(list[0]?.partitions, [
    { containsNull: false, containsNan: false, lowerBound: bytes32(day), upperBound: bytes32(day + 1) },
  ]);
  assert.deepEqual(list[1]?.partitions, [{ containsNull: true, containsNan: false, lowerBound: null, upperBound: null }]);
  const line = list[0];
  assert.ok(line);
  const stored = await bytesAt(store, line.path);
  assert.equal(stored.length, line.length);
  const manifest = readManifest(stored, line.path);
  assert.deepEqual([manifest.content, manifest.specId], ['data', 0]);
  assert.deepEqual(
    manifest.entries.map((entry) => inheritEntry(entry, line)),
    [file(store, 'a', day, 10), file(store, 'b', day + 1, 5)].map((added) => ({
      status: 'added',
      snapshotId: 101,
      sequenceNumber: 1,
      fileSequenceNumber: 1,
      file: { ...added, content: 'data' },
    })),
  );
});

test('an append without files is a snapshot of its own over the same manifests', async () => {
  await using store = memoryStore('empty');
  let metadata = newTable(store);
  const base = { store, summary: {}, now: start };
  const empty = await prepareAppend({ ...base, metadata, files: [], snapshotId: 1, commitId: 'c1' });
  assert.equal(empty.manifest, null);
  assert.deepEqual(readManifestList(await bytesAt(store, empty.snapshot['manifest-list']), 'list'), []);
  metadata = commit(metadata, empty);
  metadata = commit(metadata, await prepareAppend({ ...base, metadata, files: [file(store, 'a', day, 1)], snapshotId: 2, commitId: 'c2' }));
  const again = await prepareAppend({ ...base, metadata, files: [], snapshotId: 3, commitId: 'c3' });
  assert.deepEqual(
    readManifestList(await bytesAt(store, again.snapshot['manifest-list']), 'list').map((line) => line.addedSnapshotId),
    [2],
  );
  assert.equal(again.snapshot.summary['total-records'], '1');
  assert.equal(again.snapshot.summary['added-data-files'], undefined);
});

test('a rebase keeps the manifest and writes only a new list on top of the new head', async () => {
  await using store = memoryStore('rebase');
  const base = newTable(store);
  const cache = createAppendCache();
  const input = { store, files: [file(store, 'a', day, 7)], summary: {}, commitId: 'mine', now: start, cache };
  const lost = await prepareAppend({ ...input, metadata: base, snapshotId: 1 });
  const other = await prepareAppend({
    metadata: base,
    store,
    files: [file(store, 'x', day, 1)],
    summary: {},
    snapshotId: 9,
    commitId: 'other',
    now: start,
  });
  const metadata = commit(base, other);
  const rebased = await prepareAppend({ ...input, metadata, snapshotId: 2 });
  assert.equal(rebased.manifest?.path, lost.manifest?.path);
  assert.deepEqual(rebased.written, [rebased.snapshot['manifest-list']]);
  const list = readManifestList(await bytesAt(store, rebased.snapshot['manifest-list']), 'list');
  assert.deepEqual(
    list.map((line) => [line.addedSnapshotId, line.sequenceNumber]),
    [
      [9, 1],
      [2, 2],
    ],
  );
  const after = commit(metadata, rebased);
  assert.equal(after.snapshots.length, 2);
});

test('the same append prepared twice writes the same objects, so an unknown put may simply be repeated (I5)', async () => {
  await using store = memoryStore('twice');
  const input = {
    metadata: newTable(store),
    store,
    files: [file(store, 'a', day, 7)],
    summary: {},
    snapshotId: 5,
    commitId: 'c',
    now: start,
  };
  const [first, second] = [await prepareAppend(input), await prepareAppend(input)];
  assert.deepEqual(second, first);
  const keys: string[] = [];
  for await (const head of store.list('')) keys.push(head.key);
  assert.equal(keys.length, 2);
  assert.ok(keys.every((key) => key.startsWith('raw/users/metadata/')));
});

test('a table outside the store, or of another format version, is refused before anything is written', async () => {
  await using store = memoryStore('refused');
  const metadata = newTable(store);
  const input = { store, files: [], summary: {}, snapshotId: 5, commitId: 'c', now: start };
  await assert.rejects(prepareAppend({ ...input, metadata: { ...metadata, 'format-version': 3 } }), { code: 'TABLE_UNSUPPORTED' });
  await assert.rejects(prepareAppend({ ...input, metadata: { ...metadata, location: 's3://elsewhere/t' } }), { code: 'TABLE_UNSUPPORTED' });
  for await (const head of store.list('')) assert.fail(`${head.key} was written`);
});

function bytes32(value: number): Uint8Array {
  return Uint8Array.from(Buffer.from(Int32Array.of(value).buffer));
}
