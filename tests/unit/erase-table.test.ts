// Every row of a key out of a raw table and out of every object of it, while the worker goes on.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { ErasePoint } from '../../cli/erase/erase-point.ts';
import { compareWithLog } from '../../cli/verify/compare-with-log.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { parseErased, erasedProperty } from '../../lake/raw/erased.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { randomUUID } from 'node:crypto';
import { erase, event, find, loadedTable, orphan, textsHeld } from './erase-fixture.ts';
import { readWithIcebird } from './icebird-read.ts';
import { queryLab, type LakeRecord, type QueryLab } from './query-fixture.ts';

/** Of number 5 short values that lie outside all others: they are whole in the bounds of manifests. */
const user = (id: number) =>
  id === 5 ? { id, name: 'zz-five', email: '!five@m.ex' } : { id, name: `name-of-${id}`, email: `user${id}@mail.example` };

/** Twelve people over several commits; number 5 is inserted, changed, rescued once, deleted and has a tombstone. */
async function filled(): Promise<QueryLab> {
  const lab = await queryLab('pg.public.users');
  const inserts = Array.from({ length: 12 }, (_, id): LakeRecord => ({ key: `{"id":${id}}`, value: event('c', 100 + id, null, user(id)) }));
  await lab.land(inserts.slice(0, 6));
  await lab.land(inserts.slice(6));
  await lab.land([
    { key: '{"id":5}', value: event('u', 200, null, { ...user(5), email: '~second@m.ex' }) },
    { key: '{"id":7}', value: event('u', 201, null, { ...user(7), name: 'seven' }) },
  ]);
  await lab.land([
    { key: '{"id":5}', value: '{"after":{"id":5,"email":"broken5@mail.example"' },
    { key: null, value: '{"after":{"id":5,"email":"keyless5@mail.example"}' },
    { key: '{"id":55}', value: event('c', 202, null, { ...user(55), email: 'fifty@mail.example' }) },
  ]);
  await lab.land([
    { key: '{"id":5}', value: event('d', 203, { id: 5, name: null, email: null }, null) },
    { key: '{"id":5}', value: null },
  ]);
  return lab;
}

const others = `SELECT _log_partition, _log_offset, _log_time::VARCHAR, _log_key, op, changed_at::VARCHAR, "after", "before", source, _shape, _rescued FROM raw.users
  WHERE NOT (coalesce(decode(_log_key) = '{"id":5}', false) OR coalesce(_rescued.text LIKE '%keyless5%', false)) ORDER BY _log_offset`;
const secrets = ['!five@m.ex', '~second@m.ex', 'broken5@mail.example', 'keyless5@mail.example', 'zz-five'];

async function assertErased(lab: QueryLab): Promise<void> {
  assert.deepEqual(await textsHeld(lab, secrets), [], 'no object holds any of them');
  assert.deepEqual((await lab.lake.query('SELECT id FROM current.users WHERE id = 5')).rows, []);
  const { metadata } = await loadedTable(lab);
  const state = readChain(metadata);
  assert.equal(state.kind, 'valid');
  const total = Number(mainSnapshot(metadata)?.summary['total-records']);
  const { rows } = await lab.lake.query('SELECT count(*) FROM raw.users');
  assert.equal(Number(rows[0]?.[0]), total, 'counts agree');
}

test('no byte of the key is left in any object, the other rows stay as they were, and the worker goes on', async () => {
  await using lab = await filled();
  const before = await lab.lake.query(others);
  assert.deepEqual([...(await textsHeld(lab, secrets))].sort(), [...secrets].sort(), 'all of them were there');
  const erased = await erase(lab, '5');
  assert.equal(erased.rows, 6);
  assert.ok(erased.snapshots > 0 && erased.swept.dataFiles >= 4 && erased.swept.manifests >= 4, JSON.stringify(erased));
  assert.deepEqual(erased.swept.left, []);
  assert.deepEqual(await lab.lake.query(others), before);
  await assertErased(lab);
  const read = await readWithIcebird(lab.store, (await loadedTable(lab)).metadata);
  assert.deepEqual(
    read.map((row) => Number(row['_log_offset'])).sort((a, b) => a - b),
    before.rows.map(([, offset]) => Number(offset)),
    'icebird',
  );
  await lab.land([{ key: '{"id":20}', value: event('c', 300, null, user(20)) }]);
  await assertErased(lab);
  assert.deepEqual((await lab.lake.query('SELECT count(*) FROM raw.users')).rows, [[BigInt(before.rows.length + 1)]]);
});

test('erasing again finds nothing, changes nothing', async () => {
  await using lab = await filled();
  await erase(lab, '5');
  const { metadataLocation } = await loadedTable(lab);
  const again = await erase(lab, '5');
  assert.deepEqual([again.rows, again.files, again.snapshots, again.swept.dataFiles], [0, 0, 0, 0]);
  assert.equal((await loadedTable(lab)).metadataLocation, metadataLocation);
});

test('files whose bounds rule the key out are not looked into', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([1, 2, 3].map((id): LakeRecord => ({ key: `{"id":${id}}`, value: event('c', id, null, user(id)) })));
  await lab.land([71, 72, 73].map((id): LakeRecord => ({ key: `{"id":${id}}`, value: event('c', id, null, user(id)) })));
  const found = await find(lab, '72');
  assert.deepEqual([found.filesLookedInto, found.filesRuledOut, found.rowsInHead], [1, 1, [1]]);
  assert.equal((await find(lab, '72', { isThorough: true })).filesLookedInto, 2);
  assert.deepEqual((await find(lab, '99')).rowsInHead, [0]);
});

test('the proof against the log counts erased rows apart, by a hash, and the table never names the key', async () => {
  await using lab = await filled();
  await erase(lab, '5');
  const { target, catalog, store, log } = lab;
  const compared = await compareWithLog({ target, catalog, store, log, cacheDir: `${lab.directory}/proof` }, AbortSignal.timeout(30_000));
  // The record without a key is known by nothing.
  assert.deepEqual([compared.checked, compared.erased, compared.mismatched], [19, 5, 1]);
  const { metadata } = await loadedTable(lab);
  const record = parseErased(metadata.properties[erasedProperty]);
  assert.equal(record?.keys[0]?.rows, 6);
  assert.match(mainSnapshot(metadata)?.summary['foz.erased'] ?? '', new RegExp(`"hash":"${record.keys[0].hash}","rows":6`));
});

test('a key that a row had before is reported; with it the row goes, without it nothing is done', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([
    { key: '{"id":1}', value: event('c', 10, null, user(1)) },
    { key: '{"id":3}', value: event('c', 11, null, user(3)) },
  ]);
  await lab.land([
    { key: '{"id":1}', value: event('d', 12, { id: 1 }, null), headers: { '__debezium.newkey': '{"id":2}' } },
    { key: '{"id":1}', value: null },
    { key: '{"id":2}', value: event('c', 12, null, { ...user(1), id: 2 }), headers: { '__debezium.oldkey': '{"id":1}' } },
  ]);
  const found = await find(lab, '2');
  assert.deepEqual(found.linked, [new Map([['id', '1']])]);
  await assert.rejects(erase(lab, '2'), /rows of the key had another key too/);
  const erased = await erase(lab, '2', { isLinked: true });
  assert.equal(erased.rows, 4);
  assert.deepEqual(await textsHeld(lab, ['user1@mail.example']), []);
  assert.deepEqual((await lab.lake.query('SELECT id FROM current.users')).rows, [[3n]]);
});

test('a compound key is named by its columns, in any order; one that lacks a column is refused', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([
    { key: '{"id":1,"region":"eu"}', value: event('c', 1, null, { id: 1, region: 'eu', email: 'eu1@mail.example' }) },
    { key: '{"id":1,"region":"us"}', value: event('c', 2, null, { id: 1, region: 'us', email: 'us1@mail.example' }) },
  ]);
  await assert.rejects(find(lab, '1'), /needs its columns by name/);
  await assert.rejects(find(lab, '{"id":1}'), /not the columns of the key/);
  assert.equal((await erase(lab, '{"region":"eu","id":1}')).rows, 1);
  assert.deepEqual(await textsHeld(lab, ['eu1@mail.example']), []);
  assert.deepEqual(await textsHeld(lab, ['us1@mail.example']), ['us1@mail.example']);
});

test('tags on snapshots that held the key go, those of earlier ones stay; a branch that holds it is refused', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([{ key: '{"id":1}', value: event('c', 1, null, user(1)) }]);
  const tag = async (name: string, type: 'tag' | 'branch') => {
    const { metadata } = await loadedTable(lab);
    const id = mainSnapshot(metadata)?.['snapshot-id'] ?? -1;
    await lab.catalog.commitTable(lab.target.ident, {
      requirements: [],
      updates: [{ action: 'set-snapshot-ref', 'ref-name': name, type, 'snapshot-id': id }],
    });
  };
  await tag('early', 'tag');
  await lab.land([{ key: '{"id":5}', value: event('c', 2, null, user(5)) }]);
  await tag('late', 'tag');
  await tag('work', 'branch');
  await assert.rejects(find(lab, '5'), /branch work of table .* holds the key/);
  await lab.catalog.commitTable(lab.target.ident, { requirements: [], updates: [{ action: 'remove-snapshot-ref', 'ref-name': 'work' }] });
  assert.deepEqual((await erase(lab, '5')).tags, ['late']);
  assert.deepEqual(Object.keys((await loadedTable(lab)).metadata.refs).sort(), ['early', 'main']);
  assert.deepEqual(await textsHeld(lab, ['!five@m.ex']), []);
});

test('copies of erased files leave the query cache', async () => {
  await using lab = await filled();
  await lab.lake.query('SELECT count(*) FROM raw.users');
  const cached = async () => (await readdir(join(lab.directory, 'cache'))).filter((name) => name.endsWith('.parquet')).length;
  const before = await cached();
  await erase(lab, '5');
  assert.ok((await cached()) < before);
});

test('a flushed file that no commit names: deleted where none can name it any more, left and told of where one may', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([
    { key: '{"id":4}', value: event('c', 3, null, user(4)) },
    { key: '{"id":5}', value: event('c', 4, null, user(5)) },
  ]);
  const worker = `${randomUUID()}.parquet`;
  const [dead, coming] = [await orphan(lab, worker, 'true', 0), await orphan(lab, `${randomUUID()}.parquet`, 'true', 1_000)];
  const rest = [await orphan(lab, `${randomUUID()}.parquet`, '_log_offset = 0', 0), await orphan(lab, '00000-0-other.parquet', 'true', 0)];
  const { swept } = await erase(lab, '5');
  const has = async (key: string) => (await lab.store.head(key)) !== null;
  assert.deepEqual([await has(dead), await has(coming), ...(await Promise.all(rest.map(has)))], [false, true, true, true]);
  assert.deepEqual(swept.left.map(({ location, why }) => [location.split('/').at(-1) === '00000-0-other.parquet', why]).sort(), [
    [false, 'flushed by a worker, not committed yet'],
    [true, 'written by another erasure or engine that may still commit it'],
  ]);
  const apart = await erase(lab, '5', { laterMs: 4 * 86_400_000, storeLaterMs: 0 });
  assert.match(apart.swept.left.map(({ why }) => why).join(), /the store's clock is 5760 minutes behind this machine's/);
  const later = await erase(lab, '5', { laterMs: 4 * 86_400_000 });
  assert.deepEqual(
    later.swept.left.map(({ why }) => why),
    ['flushed by a worker, not committed yet'],
    'a job of another engine is over after three days',
  );
});

test('a sweep that sleeps after its listing takes no file of another erasure for old that was young when it listed', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([{ key: '{"id":5}', value: event('c', 4, null, user(5)) }]);
  const other = await orphan(lab, `${randomUUID()}-kept.parquet`, 'true', 0);
  const sleptMs = 4 * 86_400_000;
  let isListed = false;
  const options = {
    crashPoint: (at: ErasePoint): void => void (isListed ||= at === 'sweep:listed'),
    storeLaterMs: sleptMs,
    get laterMs() {
      return isListed ? sleptMs : 0;
    },
  };
  const { swept } = await erase(lab, '5', options);
  assert.deepEqual(
    swept.left.map(({ location, why }) => [location.endsWith(other), why]),
    [[true, 'written by another erasure or engine that may still commit it']],
  );
  assert.notEqual(await lab.store.head(other), null);
});
