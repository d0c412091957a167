import assert from 'node:assert/strict';
import test from 'node:test';
import { createAppendCache } from '../../lake/iceberg/append.ts';
import { writeManifest } from '../../lake/iceberg/manifest.ts';
import { manifestFileOf, type ManifestFile } from '../../lake/iceberg/manifest-list.ts';
import { defaultMergeLimits, manifestsToMerge, prepareMerge, rebaseMerge, type MergeInput } from '../../lake/iceberg/merge-manifests.ts';
import { manifestListOf } from '../../lake/iceberg/metadata-object.ts';
import { mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { typedPartitionFields } from '../../lake/iceberg/partition.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { append, applied, bound, dataFile, keysOf, listAt, manifestAt, newTable, start, today } from './iceberg-fixture.ts';

const limits = { ...defaultMergeLimits, manifestsMin: 5 };

async function filled(store: ObjectStore, commits: number): Promise<TableMetadata> {
  let metadata = newTable(store);
  for (let i = 0; i < commits; i++)
    metadata = await append(store, metadata, [dataFile(store, `f${i}`, today + i, 10)], { summary: { 'foz.commit-id': `c${i}` } });
  return metadata;
}

function input(store: ObjectStore, metadata: TableMetadata, snapshotId = 900): MergeInput {
  return { metadata, store, snapshotId, mergeId: `merge-${snapshotId}`, now: start, limits };
}

async function rows(store: ObjectStore, metadata: TableMetadata): Promise<readonly (readonly [string, number, number])[]> {
  const plan = await planScan({ metadata, store });
  return plan.files
    .map(({ file, snapshotId, sequenceNumber }) => [file.filePath, Number(snapshotId), Number(sequenceNumber)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

test('a merge keeps every file with its snapshot id and sequence number, and is a replace snapshot on the parent chain', async () => {
  await using store = memoryStore('merge');
  const before = await filled(store, 5);
  const merge = await prepareMerge(input(store, before));
  assert.ok(merge);
  const after = applied(before, merge.commit, start);
  assert.deepEqual(await rows(store, after), await rows(store, before));
  const head = mainSnapshot(after);
  assert.deepEqual([head?.['snapshot-id'], head?.['parent-snapshot-id'], head?.['sequence-number'], head?.['schema-id']], [900, 105, 6, 0]);
  assert.deepEqual(head?.summary, {
    operation: 'replace',
    'manifests-created': '1',
    'manifests-replaced': '5',
    'manifests-kept': '0',
    'entries-processed': '5',
    'changed-partition-count': '0',
    'total-records': '50',
    'total-files-size': '5000',
    'total-data-files': '5',
    'total-delete-files': '0',
    'total-position-deletes': '0',
    'total-equality-deletes': '0',
  });
  const [line, ...rest] = await listAt(store, head);
  assert.deepEqual(rest, []);
  assert.deepEqual(
    [line?.addedFiles, line?.existingFiles, line?.existingRows, line?.sequenceNumber, line?.minSequenceNumber, line?.addedSnapshotId],
    [0, 5, 50, 6, 1, 900],
  );
  assert.deepEqual(line?.partitions, [
    { containsNull: false, containsNan: false, lowerBound: bound('date', today), upperBound: bound('date', today + 4) },
  ]);
  assert.deepEqual(
    (await manifestAt(store, line)).entries.map((entry) => [
      entry.status,
      entry.snapshotId,
      entry.sequenceNumber,
      entry.fileSequenceNumber,
    ]),
    [1, 2, 3, 4, 5].map((i) => ['existing', 100 + i, i, i]),
  );
});

test('below the limit there is nothing to merge, and nothing is written', async () => {
  await using store = memoryStore('few');
  const metadata = await filled(store, 4);
  const keys = await keysOf(store);
  assert.equal(await prepareMerge(input(store, metadata)), null);
  assert.deepEqual(await keysOf(store), keys);
});

test('ingest wins: a merge whose head moved is rebased, rewriting only the list, and loses nothing of either', async () => {
  await using store = memoryStore('rebase-merge');
  const cache = createAppendCache();
  const base = await filled(store, 5);
  const merge = await prepareMerge({ ...input(store, base), cache });
  assert.ok(merge);
  const moved = await append(store, base, [dataFile(store, 'late', today, 1)], { cache });
  const keys = await keysOf(store);
  const rebased = await rebaseMerge(merge, { ...input(store, moved, 901), cache });
  assert.ok(rebased);
  assert.equal((await keysOf(store)).length, keys.length + 1);
  const after = applied(moved, rebased.commit, start);
  assert.deepEqual(await rows(store, after), await rows(store, moved));
  assert.deepEqual(
    (await listAt(store, mainSnapshot(after))).map((line) => [line.addedSnapshotId, line.sequenceNumber, line.minSequenceNumber]),
    [
      [901, 7, 1],
      [106, 6, 6],
    ],
  );
});

test('a merge of manifests that are gone from the head is given up', async () => {
  await using store = memoryStore('twice-merged');
  const base = await filled(store, 5);
  const [mine, other] = [await prepareMerge(input(store, base, 900)), await prepareMerge(input(store, base, 901))];
  assert.ok(mine && other);
  const after = applied(base, other.commit, start);
  assert.equal(await rebaseMerge(mine, input(store, after, 902)), null);
});

test('a merged manifest ends at the target', async () => {
  await using store = memoryStore('target');
  const metadata = await filled(store, 6);
  const merge = await prepareMerge({ ...input(store, metadata), limits: { manifestsMin: 6, bytesTarget: 1 << 20, entriesTarget: 4 } });
  assert.ok(merge);
  assert.deepEqual(
    merge.merged.map((line) => line.existingFiles),
    [4, 2],
  );
});

test('entries of files that another engine deleted are left behind', async () => {
  await using store = memoryStore('deleted');
  const metadata = await filled(store, 4);
  const [head, spec, schema] = [mainSnapshot(metadata), metadata['partition-specs'][0], metadata.schemas[0]];
  assert.ok(head && spec && schema);
  const partitionFields = typedPartitionFields(metadata, spec);
  const entries = (['deleted', 'existing'] as const).map((status) => ({
    status,
    snapshotId: 7,
    sequenceNumber: 2,
    fileSequenceNumber: 2,
    file: { ...dataFile(store, status, today, 1), content: 'data' as const },
  }));
  const bytes = writeManifest({ schema, spec, partitionFields, entries });
  await store.put('foreign.avro', bytes);
  const foreign = manifestFileOf(
    { path: `${store.root}/foreign.avro`, length: bytes.length, specId: 0, sequenceNumber: 4, addedSnapshotId: 8 },
    entries,
    partitionFields,
  );
  const cache = createAppendCache();
  cache.lists.set(manifestListOf(head), [...(await listAt(store, head)), foreign]);
  const merge = await prepareMerge({ ...input(store, metadata), cache });
  assert.ok(merge);
  const files = (await manifestAt(store, merge.merged[0])).entries.map((entry) => [
    entry.file.filePath.split('/').at(-1),
    entry.snapshotId,
  ]);
  assert.deepEqual(files, [
    ['f0.parquet', 101],
    ['f1.parquet', 102],
    ['f2.parquet', 103],
    ['f3.parquet', 104],
    ['existing.parquet', 7],
  ]);
});

test('a merge that would lose a file is refused before it is committed (I8)', async () => {
  await using store = memoryStore('lossy');
  const metadata = await filled(store, 5);
  const cache = createAppendCache();
  const head = mainSnapshot(metadata);
  const list = await listAt(store, head);
  // The list counts one file more than a manifest holds.
  cache.lists.set(
    head?.['manifest-list'] ?? '',
    list.map((line, i) => (i === 2 ? { ...line, addedFiles: 2 } : line)),
  );
  await assert.rejects(prepareMerge({ ...input(store, metadata), cache }), { code: 'OBJECT_CORRUPT' });
});

test('a limit below two merges nothing into itself', () => {
  const limitsOfOne = { manifestsMin: 1, bytesTarget: 1_000, entriesTarget: 100 };
  assert.deepEqual(manifestsToMerge([manifestOf('a', 1)], limitsOfOne), []);
  assert.equal(manifestsToMerge([manifestOf('a', 1), manifestOf('b', 1)], limitsOfOne).length, 1);
});

test('only small data manifests of one spec and size class are merged together', () => {
  assert.deepEqual(pathsToMerge(manifestOf('a', 1), manifestOf('b', 1)), [['a', 'b']]);
  assert.deepEqual(pathsToMerge(manifestOf('a', 1), manifestOf('b', 2)), [], 'another size class');
  assert.deepEqual(pathsToMerge(manifestOf('a', 2), manifestOf('b', 3), manifestOf('c', 1), manifestOf('d', 1)), [
    ['a', 'b'],
    ['c', 'd'],
  ]);
  assert.deepEqual(pathsToMerge(manifestOf('a', 1), manifestOf('b', 1, { specId: 1 })), []);
  assert.deepEqual(pathsToMerge(manifestOf('a', 1), manifestOf('b', 1, { content: 'deletes' })), []);
  assert.deepEqual(pathsToMerge(manifestOf('a', 1), manifestOf('b', 1, { length: 600 })), []);
  assert.deepEqual(pathsToMerge(manifestOf('a', 50), manifestOf('b', 50)), []);
  assert.deepEqual(pathsToMerge(manifestOf('a', 1), manifestOf('b', 1, { keyMetadata: Uint8Array.of(1) })), []);
});

function manifestOf(path: string, files: number, change: Partial<ManifestFile> = {}): ManifestFile {
  const counts = { addedFiles: files, existingFiles: 0, deletedFiles: 0, addedRows: files, existingRows: 0, deletedRows: 0 };
  const ids = { specId: 0, sequenceNumber: 1, minSequenceNumber: 1, addedSnapshotId: 1 };
  return { path, length: 100, content: 'data', ...ids, ...counts, partitions: null, keyMetadata: null, ...change };
}

function pathsToMerge(...manifests: readonly ManifestFile[]): readonly (readonly string[])[] {
  const groups = manifestsToMerge(manifests, { manifestsMin: 2, bytesTarget: 1_000, entriesTarget: 100 });
  return groups.map((group) => group.map(({ path }) => path));
}
