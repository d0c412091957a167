// Objects in the table's folder that cannot be read, or that somebody else deletes at the same time: neither keeps a key from
// being erased. What cannot be read is told, since nobody knows whether it holds the key.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import { erase, event, loadedTable, orphan, textsHeld } from './erase-fixture.ts';
import { queryLab, type QueryLab } from './query-fixture.ts';

const email = '!five@m.ex';
const failing = async (): Promise<never> => Promise.reject(new LakeError('STORE_UNREACHABLE', 'away'));

async function filled(): Promise<QueryLab> {
  const lab = await queryLab('pg.public.users');
  await lab.land([
    { key: '{"id":4}', value: event('c', 3, null, { id: 4, email: 'four@mail.example' }) },
    { key: '{"id":5}', value: event('c', 4, null, { id: 5, email }) },
  ]);
  return lab;
}

test('orphans that cannot be read are left and told of, and everything else of the key goes', async () => {
  await using lab = await filled();
  const folder = (await loadedTable(lab)).metadata.location.slice(lab.store.root.length + 1);
  const upload = await orphan(lab, `${randomUUID()}.parquet`, 'true', 0);
  const [parquet, avro, torn] = ['data/half-written.parquet', 'data/rows.avro', 'metadata/torn-m0.avro'].map((name) => `${folder}/${name}`);
  for (const key of [parquet, avro, torn]) await lab.store.put(key ?? '', Buffer.from('no such format, at some length'));
  for (const rows of [1, 0]) {
    const erased = await erase(lab, '5');
    assert.equal(erased.rows, rows);
    assert.deepEqual(
      erased.swept.left.map(({ location }) => location.slice(lab.store.root.length + 1)).toSorted(),
      [parquet, avro, torn].toSorted(),
    );
    for (const { why } of erased.swept.left) assert.match(why, /^it cannot be read, so whether it holds the key is not known \(.+\)/);
    assert.equal(await lab.store.head(upload), null);
    for (const key of [parquet, avro, torn]) await lab.store.delete([key ?? '']);
    assert.deepEqual(await textsHeld(lab, [email]), []);
    for (const key of [parquet, avro, torn]) await lab.store.put(key ?? '', Buffer.from('no such format, at some length'));
  }
});

test('an orphan that the upkeep deletes after the listing is gone, and no error', async () => {
  await using lab = await filled();
  const folder = (await loadedTable(lab)).metadata.location.slice(lab.store.root.length + 1);
  const upload = await orphan(lab, `${randomUUID()}.parquet`, 'true', 0);
  const manifest = `${folder}/metadata/merged-m0.avro`;
  await lab.store.put(manifest, Buffer.from('of a merge that came to nothing'));
  const erased = await erase(lab, '5', {
    crashPoint: async (at) => void (at === 'sweep:listed' && (await lab.store.delete([upload, manifest]))),
  });
  assert.deepEqual([erased.rows, erased.swept.left], [1, []]);
  assert.deepEqual(await textsHeld(lab, [email]), []);
});

test('a store that is away is no orphan that cannot be read: the run ends, and deletes nothing', async () => {
  await using lab = await filled();
  const upload = await orphan(lab, `${randomUUID()}.parquet`, 'true', 0);

  let isAway = false;
  const get: QueryLab['store']['get'] = (...call) => (isAway ? failing() : lab.store.get(...call));
  const getFile: QueryLab['store']['getFile'] = (...call) => (isAway ? failing() : lab.store.getFile(...call));
  const run = erase({ ...lab, store: { ...lab.store, get, getFile } }, '5', {
    crashPoint: (at) => void (isAway ||= at === 'sweep:listed'),
  });
  await assert.rejects(run, /away/);
  assert.notEqual(await lab.store.head(upload), null);
});
