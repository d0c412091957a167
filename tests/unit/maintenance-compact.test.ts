// Compaction of a table that the real worker filled: the same rows in fewer files, whatever happens beside it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { chainProperty } from '../../lake/raw/offset-chain.ts';
import { LakeError } from '../../runtime/errors.ts';
import { compactedSuffix } from '../../maintenance/compact/compact-table.ts';
import { erase, loadedTable, textsHeld } from './erase-fixture.ts';
import { allRows, assertWhole, compact, inserted, liveFiles, smallFilesLab } from './maintenance-fixture.ts';
import type { QueryLab } from './query-fixture.ts';

test('many files become one: the same rows, sorted by key; the chain is untouched, and the worker goes on', async () => {
  await using lab = await smallFilesLab(6);
  const [before, { metadata: was }] = [await allRows(lab), await loadedTable(lab)];
  const compacted = await compact(lab);
  assert.deepEqual([compacted.bins, compacted.files, compacted.rows, compacted.left], [1, 6, 12, []]);
  assert.deepEqual(await allRows(lab), before);
  const { metadata } = await loadedTable(lab);
  const head = mainSnapshot(metadata);
  assert.equal(head?.summary['operation'], 'replace');
  assert.deepEqual(
    [head?.summary['added-data-files'], head?.summary['deleted-data-files'], head?.summary['total-data-files']],
    ['1', '6', '1'],
  );
  assert.equal(metadata.properties[chainProperty], was.properties[chainProperty]);
  const [file, ...rest] = await liveFiles(lab);
  assert.ok(file?.file.filePath.endsWith(compactedSuffix) && rest.length === 0);
  const { rows } = await lab.lake.query('SELECT _log_key FROM raw.users');
  const keys = rows.map(([key]) => String(Buffer.from(key as Uint8Array)));
  assert.deepEqual(keys, keys.toSorted(), 'rows lie by key');
  await lab.restart();
  await lab.land([inserted(7)]);
  await assertWhole(lab, 13);
});

test('what a planner knew of the files it knows of the new one: bounds, counts and nulls', async () => {
  await using lab = await smallFilesLab(4);
  const before = await liveFiles(lab);
  await compact(lab);
  const [after] = await liveFiles(lab);
  const sum = (id: number) => before.reduce((total, { file }) => total + (file.nullValueCounts?.get(id) ?? Number.NaN), 0);
  for (const id of [1, 2, 3, 4]) {
    assert.equal(after?.file.nullValueCounts?.get(id), sum(id), `nulls of field ${id}`);
    assert.ok(after?.file.lowerBounds?.has(id) && after.file.upperBounds?.has(id), `bounds of field ${id}`);
  }
  assert.deepEqual(after?.file.partition, before[0]?.file.partition);
});

test('nothing is written where nothing is to gain', async () => {
  await using lab = await smallFilesLab(2);
  const { metadataLocation } = await loadedTable(lab);
  assert.equal((await compact(lab)).bins, 0);
  await compact(lab, { filesMin: 2 });
  await compact(lab, { filesMin: 2 });
  assert.equal((await liveFiles(lab)).length, 1);
  const { metadataLocation: once } = await loadedTable(lab);
  assert.notEqual(once, metadataLocation);
  assert.equal((await compact(lab, { filesMin: 2 })).bins, 0);
  assert.equal((await loadedTable(lab)).metadataLocation, once);
});

test('the ingest wins every conflict: what it adds meanwhile stays, and the compaction is committed over it', async () => {
  await using lab = await smallFilesLab(5);
  let landed = 0;
  const compacted = await compact(lab, {
    pass: async (point) => {
      if (point === 'compact:before-commit' && landed < 3) await lab.land([inserted(500 + landed++)]);
    },
  });
  assert.deepEqual([compacted.bins, compacted.conflicts], [1, 3]);
  await assertWhole(lab, 13);
  assert.equal((await liveFiles(lab)).length, 4);
});

test('an ingest that is faster every time is left alone, and the next run has its turn', async () => {
  await using lab = await smallFilesLab(3);
  let landed = 0;
  const compacted = await compact(lab, {
    pass: async (point) => {
      if (point === 'compact:before-commit') await lab.land([inserted(500 + landed++)]);
    },
  });
  assert.deepEqual([compacted.bins, compacted.left.length, compacted.isUnknown], [0, 1, false]);
  await assertWhole(lab, 6 + landed);
  assert.equal((await compact(lab)).bins, 1);
  await assertWhole(lab, 6 + landed);
});

test('a key that is erased while its file is compacted stays erased, and no object of the table keeps it', async () => {
  await using lab = await smallFilesLab(4);
  const secret = 'mail-of-101@mail.example';
  let isErased = false;
  const compacted = await compact(lab, {
    pass: async (point) => {
      if (point !== 'compact:uploaded' || isErased) return;
      isErased = true;
      assert.equal((await erase(lab, '101')).rows, 1);
    },
  });
  assert.deepEqual([compacted.bins, compacted.left], [0, ['its files are not in the table any more']]);
  assert.deepEqual(await textsHeld(lab, [secret, 'mail-of-102@mail.example']), ['mail-of-102@mail.example']);
  assert.equal((await compact(lab)).bins, 1);
  assert.equal((await allRows(lab)).length, 7);
  await lab.land([inserted(9)]);
  assert.equal((await allRows(lab)).length, 8);
});

test('a second compaction of the same files comes to nothing: every file is replaced once', async () => {
  await using lab = await smallFilesLab(4);
  let isSecond = false;
  const compacted = await compact(lab, {
    pass: async (point) => {
      if (point !== 'compact:before-commit' || isSecond) return;
      isSecond = true;
      assert.equal((await compact(lab)).bins, 1);
    },
  });
  assert.deepEqual([compacted.bins, compacted.left], [0, ['its files are not in the table any more']]);
  await assertWhole(lab, 8);
});

for (const isDone of [true, false]) {
  test(`I5: a compacting commit whose reply is lost, ${isDone ? 'applied' : 'not applied'}: the table tells, and nothing is sent twice`, async () => {
    await using lab = await smallFilesLab(3);
    let sent = 0;
    const commitTable: QueryLab['catalog']['commitTable'] = async (ident, commit, signal) => {
      sent++;
      if (isDone) await lab.catalog.commitTable(ident, commit, signal);
      throw new LakeError('CATALOG_OUTCOME_UNKNOWN', 'the reply was lost');
    };
    const compacted = await compact({ ...lab, catalog: { ...lab.catalog, commitTable } });
    assert.deepEqual([sent, compacted.bins, compacted.isUnknown], [1, isDone ? 1 : 0, !isDone]);
    await assertWhole(lab, 6);
    assert.equal((await liveFiles(lab)).length, isDone ? 1 : 3);
  });
}
