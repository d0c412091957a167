// The sweep of orphans: what it deletes nobody can name any more, and what anybody may still name it leaves.

import assert from 'node:assert/strict';
import test from 'node:test';
import { prepareAppend } from '../../lake/iceberg/append.ts';
import { lowestNext } from '../../lake/raw/lowest-next.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { keyOf } from '../../lake/store/object-store.ts';
import { commitSpans, laterStore, loadedTable, orphan } from './erase-fixture.ts';
import { keysOf } from './iceberg-fixture.ts';
import {
  appendAs,
  allRows,
  assertWhole,
  compact,
  dayMs,
  forgetHistory,
  inserted,
  liveFiles,
  objectKeys,
  smallFilesLab,
  sweep,
  swept,
  unnamedKeys,
} from './maintenance-fixture.ts';
import type { QueryLab } from './query-fixture.ts';

const uploadName = (digit: string) =>
  `${digit.repeat(8)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(12)}.parquet`;
const has = async (lab: QueryLab, key: string) => (await lab.store.head(key)) !== null;
const folderOf = async (lab: QueryLab) => (await loadedTable(lab)).metadata.location.slice(lab.store.root.length + 1);

test('what compaction and expiry left behind goes; every object that is named stays, and the worker goes on', async () => {
  await using lab = await smallFilesLab(5);
  const before = await allRows(lab);
  await compact(lab);
  await forgetHistory(lab);
  const unnamed = await unnamedKeys(lab);
  assert.ok(unnamed.filter((key) => key.endsWith('.parquet')).length === 5 && unnamed.length > 12, unnamed.join('\n'));
  const told = await swept(lab, { isDry: true });
  assert.deepEqual(told.locations.map((location) => keyOf(lab.store, location)).toSorted(), unnamed.toSorted());
  assert.deepEqual(await unnamedKeys(lab), unnamed, 'a dry run deletes nothing');
  const { objects, left, bytes } = await swept(lab);
  assert.deepEqual([objects.data, left], [5, []]);
  assert.ok(objects.manifest >= 5 && objects.list >= 5 && bytes > 0, JSON.stringify(objects));
  assert.deepEqual(await unnamedKeys(lab), []);
  assert.deepEqual(await allRows(lab), before);
  await lab.restart();
  await lab.land([inserted(7)]);
  await assertWhole(lab, 11);
  assert.deepEqual((await swept(lab)).locations, [], 'and there is nothing more');
});

test('snapshots that are kept keep their files: those of tags, of branches, and of metadata that is still in the log', async () => {
  await using lab = await smallFilesLab(4);
  const { metadata } = await loadedTable(lab);
  const [oldest, second] = metadata.snapshots.filter(({ summary }) => Number(summary['total-records']) > 0);
  assert.ok(oldest && second);
  await lab.catalog.commitTable(lab.target.ident, {
    requirements: [],
    updates: [
      { action: 'set-snapshot-ref', 'ref-name': 'people', type: 'tag', 'snapshot-id': oldest['snapshot-id'] },
      { action: 'set-snapshot-ref', 'ref-name': 'work', type: 'branch', 'snapshot-id': second['snapshot-id'] },
    ],
  });
  await compact(lab);
  assert.deepEqual((await swept(lab)).locations, [], 'all snapshots are there');
  await forgetHistory(lab);
  const kept = (await loadedTable(lab)).metadata.snapshots.length;
  assert.equal(kept, 3);
  await swept(lab);
  assert.deepEqual(await unnamedKeys(lab), []);
  await assertWhole(lab, 8);
});

test('a young object stays, whatever names it', async () => {
  await using lab = await smallFilesLab(3);
  await compact(lab);
  await forgetHistory(lab);
  const before = await objectKeys(lab);
  assert.deepEqual((await swept(lab, { laterMs: 2 * 86_400_000 })).locations, []);
  assert.deepEqual((await swept(lab, { laterMs: 0, olderThanMs: 0 })).locations, [], 'no gate is shorter than an hour');
  assert.deepEqual(await objectKeys(lab), before);
});

test('a store whose clock is behind the catalog’s makes nothing older', async () => {
  await using lab = await smallFilesLab(3);
  await compact(lab);
  await forgetHistory(lab);
  const behindMs = 5 * 86_400_000;
  const store: QueryLab['store'] = {
    ...lab.store,
    async *list(prefix, signal) {
      for await (const head of lab.store.list(prefix, signal)) yield { ...head, modifiedAt: head.modifiedAt - behindMs };
    },
  };
  assert.deepEqual((await swept({ ...lab, store }, { laterMs: 0 })).locations, []);
  assert.notDeepEqual((await swept({ ...lab, store })).locations, []);
});

test('where the clocks of store and machine do not agree nothing is old: the sweep says so, and nothing is deleted', async () => {
  await using lab = await smallFilesLab(3);
  await compact(lab);
  await forgetHistory(lab);
  const before = await objectKeys(lab);
  const minuteMs = 60_000;
  for (const [offsetMs, expected] of [
    [-9 * dayMs, "the store's clock is 12960 minutes behind this machine's"],
    [6 * minuteMs, "the store's clock is 6 minutes ahead of this machine's"],
  ] as const) {
    const outcome = await sweep({ ...lab, store: laterStore(lab.store, offsetMs) });
    assert.ok(outcome.kind === 'refused' && outcome.why.startsWith(expected), JSON.stringify(outcome));
  }
  assert.deepEqual(await objectKeys(lab), before);
  assert.notDeepEqual((await swept({ ...lab, store: laterStore(lab.store, 2 * minuteMs) })).locations, [], 'a little is as it always is');
  assert.deepEqual(
    (await keysOf(lab.store)).filter((key) => key.startsWith('foz-clock')),
    [],
  );
});

test('an upload goes once no commit can name it; one above the table’s next offsets, which may still be committed, stays', async () => {
  await using lab = await smallFilesLab(2);
  const dead = await orphan(lab, uploadName('1'), '_log_offset < 2', 0);
  const waiting = await orphan(lab, uploadName('2'), '_log_offset < 2', 2_000_000);
  const half = await orphan(lab, uploadName('3'), '_log_offset < 4', 2);
  const { objects, left } = await swept(lab);
  assert.deepEqual([objects.data, left.map(({ location }) => keyOf(lab.store, location))], [1, [waiting, half]]);
  assert.deepEqual([await has(lab, dead), await has(lab, waiting), await has(lab, half)], [false, true, true]);
  await lab.land([inserted(7), inserted(8), inserted(9)]);
  assert.equal((await swept(lab)).objects.data, 1);
  assert.deepEqual([await has(lab, waiting), await has(lab, half)], [true, false], 'once the table has taken those offsets');
  await assertWhole(lab, 7);
});

test('an upload of a log partition that one topic of the chain has not begun stays, however far another topic had come in it', async () => {
  await using lab = await smallFilesLab(2);
  const { metadata } = await loadedTable(lab);
  const state = readChain(metadata);
  assert.ok(state.kind === 'valid');
  const [topicId = ''] = state.chain.next.keys();
  // The topic grew to two partitions; made anew with one it was adopted, and has grown since.
  const spans = [
    { topicId, partition: 1, from: 0n, to: 20n },
    { topicId: 'anew', partition: 0, from: 0n, to: 0n },
  ];
  await commitSpans(lab, spans, 'adopt-source');
  assert.deepEqual([...lowestNext((await loadedTable(lab)).metadata)], [[0, 0n]]);
  const waiting = await orphan(lab, uploadName('1'), '_log_offset < 2', 0, 1);
  const { left } = await swept(lab);
  assert.deepEqual(
    left.map(({ location, why }) => [keyOf(lab.store, location), why]),
    [[waiting, 'flushed by a worker, not committed yet']],
  );
  assert.ok(await has(lab, waiting));
  await commitSpans(lab, [{ topicId: 'anew', partition: 1, from: 0n, to: 2n }]);
  assert.deepEqual([...lowestNext((await loadedTable(lab)).metadata)].toSorted(), [
    [0, 0n],
    [1, 2n],
  ]);
  assert.equal((await swept(lab)).objects.data, 1, 'once every topic has passed it');
});

test('two sweeps at once: what the other has deleted is no error', async () => {
  await using lab = await smallFilesLab(2);
  const dead = await orphan(lab, uploadName('1'), '_log_offset < 2', 0);
  let isGone = false;
  const get: QueryLab['store']['get'] = async (key, range, signal) => {
    // A footer is read in two parts.
    if (key === dead && range !== undefined && !isGone) {
      isGone = true;
      await lab.store.delete([key]);
    }
    return lab.store.get(key, range, signal);
  };
  assert.deepEqual((await swept({ ...lab, store: { ...lab.store, get } })).left, []);
  assert.ok(isGone && !(await has(lab, dead)));
});

for (const folder of ['metadata', 'metadata/deep'])
  test(`a manifest in ${folder} waits with the upload that it names, a list as long as its snapshot may come`, async () => {
    await using lab = await smallFilesLab(2);
    await lab.catalog.commitTable(lab.target.ident, {
      requirements: [],
      updates: [
        { action: 'set-properties', updates: { 'write.metadata.path': `${(await loadedTable(lab)).metadata.location}/${folder}` } },
      ],
    });
    const waiting = await orphan(lab, uploadName('2'), '_log_offset < 2', 2_000_000);
    const [file] = await liveFiles(lab);
    const { metadata } = await loadedTable(lab);
    assert.ok(file && file.file.fileFormat === 'PARQUET');
    const dataFile = {
      ...file.file,
      fileFormat: 'PARQUET' as const,
      filePath: `${lab.store.root}/${waiting}`,
      partition: { 1000: 20_778 },
    };
    const prepared = await prepareAppend({
      metadata,
      store: lab.store,
      files: [dataFile],
      summary: {},
      snapshotId: 77,
      commitId: 'waits',
      now: Date.now(),
    });
    const [manifest, list] = prepared.written.map((location) => keyOf(lab.store, location) ?? '');
    assert.ok(prepared.written.every((location) => location.includes(`/${folder}/`)));
    const there = async () => Promise.all([waiting, manifest ?? '', list ?? ''].map((key) => has(lab, key)));
    const { left } = await swept(lab);
    assert.equal(left.length, 3);
    assert.deepEqual(await there(), [true, true, true], 'the commit may be sent still');
    await lab.land([inserted(7)]);
    assert.equal((await swept(lab)).leftTotal, 2);
    assert.deepEqual(await there(), [true, true, false], 'over another head it needs another list');
    await lab.store.delete([waiting]);
    await swept(lab);
    assert.deepEqual(await there(), [false, false, false]);
    await assertWhole(lab, 5);
  });

test('an Avro file that is no manifest stays: of what it may be a part nobody can tell', async () => {
  await using lab = await smallFilesLab(2);
  const key = `${await folderOf(lab)}/data/rows-of-another-engine.avro`;
  await lab.store.put(key, Buffer.from('Obj\u0001'));
  const { left } = await swept(lab);
  assert.deepEqual(
    left.map(({ location, why }) => [keyOf(lab.store, location), why]),
    [[key, 'what it names is not clear']],
  );
  assert.ok(await has(lab, key));
});

test('where the chain is broken no upload is judged by it', async () => {
  await using lab = await smallFilesLab(2);
  const below = await orphan(lab, uploadName('1'), '_log_offset < 2', 0);
  const { metadata } = await loadedTable(lab);
  const older = metadata.snapshots.find(({ summary }) => summary['total-records'] === '2');
  assert.ok(older);
  await lab.catalog.commitTable(lab.target.ident, {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': older['snapshot-id'] }],
  });
  assert.equal(readChain((await loadedTable(lab)).metadata).kind, 'broken');
  const { left } = await swept(lab);
  assert.deepEqual(
    left.map(({ why }) => why),
    ['the table has no offset chain that stands'],
  );
  assert.ok(await has(lab, below));
});

test('what another engine commits between the listing and the deletion stays: the pointer is asked again', async () => {
  for (const point of ['sweep:listed', 'sweep:before-delete'] as const) {
    await using lab = await smallFilesLab(2);
    const old = await orphan(lab, 'other-engine-0001.parquet', '_log_offset < 2', 5_000_000);
    const stored = await lab.store.head(old);
    assert.ok(stored);
    let isCommitted = false;
    const commit = async (): Promise<void> => {
      isCommitted = true;
      await appendAs(lab, `${lab.store.root}/${old}`, stored.bytes);
    };
    const { locations } = await swept(lab, { pass: async (at) => (at === point && !isCommitted ? commit() : undefined) });
    assert.ok(isCommitted && !locations.some((location) => location.endsWith(old)), `${point}: ${locations.join(' ')}`);
    assert.ok(await has(lab, old));
    assert.equal((await allRows(lab)).length, 6);
  }
});

test('a table that is dropped, or replaced by another of its name, is not swept', async () => {
  await using lab = await smallFilesLab(3);
  await compact(lab);
  await forgetHistory(lab);
  const keys = await objectKeys(lab);
  const outcome = await sweep(lab, { pass: async (at) => void (at === 'sweep:listed' && (await lab.catalog.dropTable(lab.target.ident))) });
  assert.equal(outcome.kind, 'refused');
  for (const key of keys) assert.ok(await has(lab, key));
  assert.equal((await sweep(lab)).kind, 'refused');
});

test('a folder that holds another table, or metadata that cannot be read, is not swept', async () => {
  await using lab = await smallFilesLab(3);
  await compact(lab);
  await forgetHistory(lab);
  const folder = await folderOf(lab);
  const text = Buffer.from(await lab.store.get(keyOf(lab.store, (await loadedTable(lab)).metadataLocation) ?? '')).toString();
  const uuid = (await loadedTable(lab)).metadata['table-uuid'];
  const other = `${folder}/inner/metadata/00000-a.metadata.json`;
  for (const body of [text.replaceAll(uuid, '0a0f6c1e-5a53-4c0f-9d6c-1f6f7a1b2c3d'), '{"view-uuid": "…"}', 'no metadata']) {
    await lab.store.put(other, Buffer.from(body));
    const before = await objectKeys(lab);
    const outcome = await sweep(lab);
    assert.equal(outcome.kind, 'refused', JSON.stringify(outcome));
    assert.deepEqual(await objectKeys(lab), before);
  }
  await lab.store.delete([other]);
  assert.equal((await sweep(lab)).kind, 'swept');
});

test('a metadata file that no log names keeps what it leads to: another name may point there', async () => {
  await using lab = await smallFilesLab(4);
  const { metadata, metadataLocation } = await loadedTable(lab);
  const text = await lab.store.get(keyOf(lab.store, metadataLocation) ?? '');
  await compact(lab);
  await forgetHistory(lab);
  const copy = `${await folderOf(lab)}/metadata/00099-copy.metadata.json`;
  await lab.store.put(copy, text);
  const { objects } = await swept(lab);
  assert.equal(objects.data, 0);
  for (const snapshot of metadata.snapshots) assert.ok(await has(lab, keyOf(lab.store, String(snapshot['manifest-list'])) ?? ''));
  await lab.store.delete([copy]);
  assert.equal((await swept(lab)).objects.data, 4);
});

test('what Foz does not know by its name is never touched, and a table with too many objects is not looked through', async () => {
  await using lab = await smallFilesLab(2);
  const strange = `${await folderOf(lab)}/data/_SUCCESS`;
  await lab.store.put(strange, Buffer.from('x'));
  assert.deepEqual((await swept(lab)).locations, []);
  assert.ok(await has(lab, strange));
  await assert.rejects(sweep(lab, { objectsMax: 3 }), /more than 3 objects/);
});
