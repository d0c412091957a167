import assert from 'node:assert/strict';
import test from 'node:test';
import { createAppendCache, prepareAppend } from '../../lake/iceberg/append.ts';
import { inheritEntry, readManifest } from '../../lake/iceberg/manifest.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import {
  append,
  appendCommit,
  applied,
  bound,
  bytesAt,
  countingStore,
  dataFile,
  hourMs,
  keysOf,
  listAt,
  newTable,
  start,
  today,
} from './iceberg-fixture.ts';

test('an append lists its files with statistics, inherits its sequence number, and counts totals from its parent', async () => {
  await using store = memoryStore('append');
  let metadata = newTable(store);
  const first = await prepareAppend({
    metadata,
    store,
    files: [dataFile(store, 'a', today, 10), dataFile(store, 'b', today + 1, 5)],
    summary: { 'foz.commit-id': 'c1', operation: 'delete' },
    snapshotId: 101,
    commitId: 'c1',
    now: start + hourMs,
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
  metadata = applied(metadata, appendCommit(metadata, first), start);
  const second = await prepareAppend({
    metadata,
    store,
    files: [dataFile(store, 'c', null, 1)],
    summary: {},
    snapshotId: 102,
    commitId: 'c2',
    now: start + 2 * hourMs,
  });
  assert.equal(second.snapshot['parent-snapshot-id'], 101);
  assert.equal(second.snapshot['sequence-number'], 2);
  assert.equal(second.snapshot.summary['total-records'], '16');
  assert.equal(second.snapshot.summary['total-data-files'], '3');

  const list = await listAt(store, second.snapshot);
  assert.deepEqual(
    list.map((line) => [line.sequenceNumber, line.minSequenceNumber, line.addedSnapshotId, line.addedFiles, line.addedRows, line.specId]),
    [
      [1, 1, 101, 2, 15, 0],
      [2, 2, 102, 1, 1, 0],
    ],
  );
  assert.deepEqual(list[0]?.partitions, [
    { containsNull: false, containsNan: false, lowerBound: bound('date', today), upperBound: bound('date', today + 1) },
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
    [dataFile(store, 'a', today, 10), dataFile(store, 'b', today + 1, 5)].map((added) => ({
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
  assert.deepEqual(await listAt(store, empty.snapshot), []);
  metadata = applied(metadata, appendCommit(metadata, empty), start);
  metadata = await append(store, metadata, [dataFile(store, 'a', today, 1)]);
  const again = await prepareAppend({ ...base, metadata, files: [], snapshotId: 3, commitId: 'c3' });
  assert.deepEqual(
    (await listAt(store, again.snapshot)).map((line) => line.addedSnapshotId),
    [102],
  );
  assert.equal(again.snapshot.summary['total-records'], '1');
  assert.equal(again.snapshot.summary['added-data-files'], undefined);
});

test('a rebase keeps the manifest and writes only a new list on top of the new head', async () => {
  await using memory = memoryStore('rebase');
  const { store, traffic } = countingStore(memory);
  const base = newTable(store);
  const cache = createAppendCache();
  const input = { store, files: [dataFile(store, 'a', today, 7)], summary: {}, commitId: 'mine', now: start, cache };
  const lost = await prepareAppend({ ...input, metadata: base, snapshotId: 1 });
  const other = await prepareAppend({
    metadata: base,
    store,
    files: [dataFile(store, 'x', today, 1)],
    summary: {},
    snapshotId: 9,
    commitId: 'other',
    now: start,
  });
  const metadata = applied(base, appendCommit(base, other), start);
  const writes = traffic.writes;
  const rebased = await prepareAppend({ ...input, metadata, snapshotId: 2 });
  assert.equal(traffic.writes - writes, 1);
  assert.equal(rebased.manifest?.path, lost.manifest?.path);
  assert.deepEqual(rebased.written, [rebased.snapshot['manifest-list']]);
  const list = await listAt(store, rebased.snapshot);
  assert.deepEqual(
    list.map((line) => [line.addedSnapshotId, line.sequenceNumber]),
    [
      [9, 1],
      [2, 2],
    ],
  );
  const after = applied(metadata, appendCommit(metadata, rebased), start);
  assert.equal(after.snapshots.length, 2);
});

test('the same append prepared twice writes the same objects, so an unknown put may simply be repeated (I5)', async () => {
  await using store = memoryStore('twice');
  const input = {
    metadata: newTable(store),
    store,
    files: [dataFile(store, 'a', today, 7)],
    summary: {},
    snapshotId: 5,
    commitId: 'c',
    now: start,
  };
  const [first, second] = [await prepareAppend(input), await prepareAppend(input)];
  assert.deepEqual(second, first);
  const keys = await keysOf(store);
  assert.equal(keys.length, 2);
  assert.ok(keys.every((key) => key.startsWith('raw/users/metadata/')));
});

test('a table outside the store, or of another format version, is refused before anything is written', async () => {
  await using store = memoryStore('refused');
  const metadata = newTable(store);
  const input = { store, files: [], summary: {}, snapshotId: 5, commitId: 'c', now: start };
  await assert.rejects(prepareAppend({ ...input, metadata: { ...metadata, 'format-version': 3 } }), { code: 'TABLE_UNSUPPORTED' });
  await assert.rejects(prepareAppend({ ...input, metadata: { ...metadata, location: 's3://elsewhere/t' } }), { code: 'TABLE_UNSUPPORTED' });
  assert.deepEqual(await keysOf(store), []);
});
