// A key that another engine has deleted from the head already: it is still in older snapshots, and in the bounds of the
// entries that say which files were removed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { inheritEntry, readManifest, writeManifest, type ManifestEntry } from '../../lake/iceberg/manifest.ts';
import { manifestFileOf, writeManifestList, type ManifestFile } from '../../lake/iceberg/manifest-list.ts';
import { manifestsOf, putMetadataObject, storeKey } from '../../lake/iceberg/metadata-object.ts';
import { currentSchema, mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { nextSnapshot } from '../../lake/iceberg/next-snapshot.ts';
import { specById, typedPartitionFields } from '../../lake/iceberg/partition.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { erase, event, loadedTable, textsHeld } from './erase-fixture.ts';
import { queryLab, type QueryLab } from './query-fixture.ts';

/** As Spark deletes whole files: the newest one goes, its entry keeps its bounds, nothing is said of any offset. */
async function newestFileDeleted(lab: QueryLab): Promise<void> {
  const { metadata } = await loadedTable(lab);
  const head = mainSnapshot(metadata);
  assert.ok(head);
  const identity = nextSnapshot(metadata, 4711, Date.now());
  const manifests: ManifestFile[] = [];
  let rows = 0;
  for (const manifest of await manifestsOf(lab.store, head, undefined)) {
    if (manifest.addedSnapshotId !== head['snapshot-id']) {
      manifests.push(manifest);
      continue;
    }
    const { entries } = readManifest(await lab.store.get(storeKey(lab.store, manifest.path)), manifest.path);
    const deleted = entries.map((entry): ManifestEntry => ({ ...inheritEntry(entry, manifest), status: 'deleted', snapshotId: 4711 }));
    rows += deleted.reduce((sum, { file }) => sum + file.recordCount, 0);
    const spec = specById(metadata, manifest.specId);
    const partitionFields = typedPartitionFields(metadata, spec);
    const bytes = writeManifest({ schema: currentSchema(metadata), spec, partitionFields, entries: deleted });
    const path = await putMetadataObject(lab.store, metadata, 'other-m0', bytes);
    const written = {
      path,
      length: bytes.length,
      specId: manifest.specId,
      sequenceNumber: identity['sequence-number'],
      addedSnapshotId: 4711,
    };
    manifests.push(manifestFileOf(written, deleted, partitionFields));
  }
  const list = await putMetadataObject(lab.store, metadata, 'snap-4711-other', writeManifestList(manifests, identity));
  const total = String(Number(head.summary['total-records']) - rows);
  const summary = { operation: 'delete', 'deleted-records': String(rows), 'total-records': total };
  await lab.catalog.commitTable(lab.target.ident, {
    requirements: [],
    updates: [
      { action: 'add-snapshot', snapshot: { ...identity, 'manifest-list': list, summary } },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 4711 },
    ],
  });
}

test('a key that another engine has deleted leaves older snapshots, and bounds of entries that say deleted', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([{ key: '{"id":1}', value: event('c', 1, null, { id: 1, email: 'one@mail.example' }) }]);
  await lab.land([{ key: '{"id":5}', value: event('c', 2, null, { id: 5, email: '!five@m.ex' }) }]);
  await newestFileDeleted(lab);
  assert.deepEqual(await textsHeld(lab, ['!five@m.ex']), ['!five@m.ex']);
  const erased = await erase(lab, '5');
  assert.deepEqual([erased.rows, erased.files, erased.snapshots], [0, 0, 2]);
  assert.deepEqual(await textsHeld(lab, ['!five@m.ex', 'one@mail.example']), ['one@mail.example']);
  const { metadata } = await loadedTable(lab);
  assert.equal(mainSnapshot(metadata)?.summary['operation'], 'replace');
  assert.equal(readChain(metadata).kind, 'valid');
  await lab.land([{ key: '{"id":2}', value: event('c', 3, null, { id: 2, email: 'two@mail.example' }) }]);
  assert.deepEqual((await lab.lake.query('SELECT id FROM current.users ORDER BY 1')).rows.flat(), [1n, 2n]);
});
