// Damaged objects of a table: what can still be kept up is, every time, and what cannot is told.

import assert from 'node:assert/strict';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { manifestsOf } from '../../lake/iceberg/metadata-object.ts';
import { mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { putDataFile } from '../../lake/iceberg/put-data-file.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { maintainTable, maintenanceSteps } from '../../maintenance/maintain-table.ts';
import { LakeError } from '../../runtime/errors.ts';
import { erase, loadedTable } from './erase-fixture.ts';
import { newTable } from './iceberg-fixture.ts';
import { compact, inserted, liveFiles, smallFilesLab, upkeepDeps } from './maintenance-fixture.ts';
import type { QueryLab } from './query-fixture.ts';

const pathOf = (location: string): string => location.replace('file://', '');

/** As long as it was, and nobody can read it. */
async function overwrite(location: string, from: number, to = Number.POSITIVE_INFINITY): Promise<void> {
  const bytes = await readFile(pathOf(location));
  await writeFile(pathOf(location), bytes.fill(0, from < 0 ? bytes.length + from : from, Math.min(to, bytes.length)));
}

const damages: readonly [string, (location: string) => Promise<void>, RegExp][] = [
  ['a footer that cannot be read', (location) => overwrite(location, -8), /cannot be read, so it is not compacted/],
  ['pages that cannot be read', (location) => overwrite(location, 4, 400), /cannot be read, so it is not compacted/],
  ['an end that is missing', (location) => truncate(pathOf(location), 100), /is not as long as its manifest says/],
];

for (const [what, damage, expected] of damages) {
  test(`${what}: that file is left and told, the files beside it are compacted, and the next run goes on`, async () => {
    await using lab = await smallFilesLab(6);
    const files = await liveFiles(lab);
    const bad = files[2]?.file.filePath ?? '';
    await damage(bad);
    const compacted = await compact(lab);
    assert.ok(compacted.isFailed && compacted.left.every((why) => expected.test(why)), compacted.left.join('\n'));
    assert.ok(
      compacted.left.some((why) => why.includes(bad)),
      compacted.left.join('\n'),
    );
    assert.equal(compacted.smallFiles, (await liveFiles(lab)).length);
    assert.deepEqual([compacted.bins, compacted.smallFiles], [1, 2]);
    assert.ok(
      (await liveFiles(lab)).some(({ file }) => file.filePath === bad),
      'it stays in the table',
    );
    await lab.land([{ key: '{"id":7}', value: null }]);
  });
}

test('a file that is gone, or that the store does not hand out: the others are compacted', async () => {
  for (const code of ['OBJECT_MISSING', 'STORE_REFUSED'] as const) {
    await using lab = await smallFilesLab(6);
    const bad = (await liveFiles(lab))[1]?.file.filePath ?? '';
    const getFile: QueryLab['store']['getFile'] = (key, path, signal) =>
      bad.endsWith(key) ? Promise.reject(new LakeError(code, `not ${key}`)) : lab.store.getFile(key, path, signal);
    const { isFailed, bins, smallFiles } = await compact({ ...lab, store: { ...lab.store, getFile } });
    assert.deepEqual([isFailed, bins, smallFiles], [true, 1, 4], 'it is looked for by halves');
  }
});

test('a file that is gone is told, and the others are compacted, also where the ingest never rests', async () => {
  await using lab = await smallFilesLab(6);
  const bad = (await liveFiles(lab))[1]?.file.filePath ?? '';
  await rm(pathOf(bad));
  let landed = 0;
  const compacted = await compact(lab, {
    pass: async (point) => {
      if (point === 'compact:before-rewrite') await lab.land([inserted(500 + landed++)]);
    },
  });
  assert.deepEqual([compacted.isFailed, compacted.bins, compacted.files], [true, 1, 3], compacted.left.join('\n'));
  assert.ok(
    compacted.left.every((why) => why.includes(bad.slice(lab.store.root.length))),
    compacted.left.join('\n'),
  );
  assert.equal((await liveFiles(lab)).length, 4 + landed);
});

test('a file that an erasure deletes under a compaction is no damage: what is left of it has its turn in the next run', async () => {
  await using lab = await smallFilesLab(4);
  let isErased = false;
  const compacted = await compact(lab, {
    pass: async (point) => {
      if (point !== 'compact:before-rewrite' || isErased) return;
      isErased = true;
      assert.equal((await erase(lab, '101')).rows, 1);
    },
  });
  assert.deepEqual([compacted.isFailed, compacted.bins, compacted.left], [false, 0, ['its files are not in the table any more']]);
  assert.equal((await compact(lab)).bins, 1);
});

test('a damaged manifest fails the steps that need it, each for itself, and is told', async () => {
  await using lab = await smallFilesLab(3);
  const [manifest] = await manifestsOf(lab.store, mainSnapshot((await loadedTable(lab)).metadata), undefined);
  await overwrite(manifest?.path ?? '', 0);
  const { steps, smallFiles } = await maintainTable(lab.target.ident, maintenanceSteps, upkeepDeps(lab), false);
  assert.deepEqual(
    steps.map(({ step, outcome }) => [step, outcome]),
    [
      ['expire', 'done'],
      ['manifests', 'failed'],
      ['compact', 'failed'],
      ['orphans', 'failed'],
    ],
  );
  assert.ok(
    steps.slice(1).every(({ detail }) => detail.includes(manifest?.path ?? '')),
    JSON.stringify(steps),
  );
  assert.equal(smallFiles, null);
});

test('files of tables that are not partitioned by day lie in no folder of a day', async () => {
  await using store = memoryStore('folders');
  const metadata = newTable(store);
  const field = metadata['partition-specs'][0]?.fields[0];
  assert.ok(field);
  const by = (transform: string): TableMetadata => ({
    ...metadata,
    'partition-specs': [{ 'spec-id': 0, fields: [{ ...field, transform }] }],
  });
  const put = async (table: TableMetadata, value: number): Promise<string> => {
    const partition = { [field['field-id']]: value };
    const dataFile = { fileFormat: 'PARQUET' as const, partition, recordCount: 1, fileSizeInBytes: 1 };
    const { filePath } = await putDataFile({ path: import.meta.filename, dataFile }, table, store);
    return filePath.slice(metadata.location.length, filePath.lastIndexOf('/') + 1);
  };
  assert.equal(await put(by('day'), 20_778), '/data/date=2026-11-21/');
  assert.deepEqual(
    [await put(by('hour'), 498_672), await put(by('bucket[16]'), 3), await put(by('identity'), 9e15)],
    ['/data/', '/data/', '/data/'],
  );
});
