// The sweep compares names as texts. A table that names an object otherwise than the store does keeps everything.

import assert from 'node:assert/strict';
import test from 'node:test';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { LakeError } from '../../runtime/errors.ts';
import { loadedTable, orphan } from './erase-fixture.ts';
import { appendAs, smallFilesLab, sweep } from './maintenance-fixture.ts';

const spellings: Readonly<Record<string, (root: string, key: string) => string>> = {
  'another scheme': (root, key) => `${root.replace(/^[a-z0-9]+:/, 's3a:')}/${key}`,
  'fewer slashes': (root, key) => `${root.replace(/:\/+/, ':/')}/${key}`,
  'two slashes in a row': (root, key) => `${root}/${key.replace('/data/', '//data/')}`,
  'a way round': (root, key) => `${root}/elsewhere/../${key}`,
};

test('a live file that the table spells otherwise than the store is no orphan: nothing of that table is swept', async () => {
  await using lab = await smallFilesLab(2);
  const key = await orphan(lab, 'other-engine-0001.parquet', '_log_offset < 2', 5_000_000);
  const before = await loadedTable(lab);
  for (const [name, spelled] of Object.entries(spellings)) {
    const location = spelled(lab.store.root, key);
    await appendAs(lab, location);
    await assert.rejects(sweep(lab), (error) => {
      assert.ok(error instanceof LakeError && error.code === 'TABLE_UNSUPPORTED', `${name}: ${String(error)}`);
      assert.ok(error.message.startsWith(`${location} is named by the table and is no name that`), error.message);
      return true;
    });
    assert.notEqual(await lab.store.head(key), null, name);
    await lab.catalog.commitTable(lab.target.ident, {
      requirements: [],
      updates: [
        {
          action: 'set-snapshot-ref',
          'ref-name': 'main',
          type: 'branch',
          'snapshot-id': mainSnapshot(before.metadata)?.['snapshot-id'] ?? 0,
        },
        { action: 'remove-snapshots', 'snapshot-ids': [78] },
      ],
    });
  }
});

test('a name in the table’s folder that the listing does not show may be spelled otherwise there: nothing is swept', async () => {
  await using lab = await smallFilesLab(2);
  const key = await orphan(lab, 'other engine.parquet', '_log_offset < 2', 5_000_000);
  await appendAs(lab, `${lab.store.root}/${key.replace(' ', '%20')}`);
  const outcome = await sweep(lab);
  assert.ok(
    outcome.kind === 'refused' && /other%20engine\.parquet is named by the table and not in its folder/.test(outcome.why),
    JSON.stringify(outcome),
  );
  assert.notEqual(await lab.store.head(key), null);
});
