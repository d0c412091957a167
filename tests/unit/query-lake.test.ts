// SQL over a small lake that the real worker filled.

import assert from 'node:assert/strict';
import test from 'node:test';
import { compareWithLog, duplicateCounts } from '../../cli/verify/compare-with-log.ts';
import { queryLab } from './query-fixture.ts';

const event = (op: string, lsn: number, after: object | null) => ({
  before: null,
  after,
  source: { connector: 'postgresql', ts_us: 1_795_251_270_000_000 + lsn, snapshot: 'false', txId: 700, lsn },
  op,
  ts_ms: 1_795_251_270_100,
});

test('raw and current answer by name; files from before a column existed read it as null', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([
    { key: '{"id":1}', value: event('c', 10, { id: 1, name: 'Ann' }) },
    { key: '{"id":2}', value: event('c', 11, { id: 2, name: 'Bob' }) },
  ]);
  await lab.land([
    { key: '{"id":1}', value: event('u', 12, { id: 1, name: 'Ann', tier: 'gold', big: 12 }) },
    { key: '{"id":2}', value: event('d', 13, null) },
    { key: '{"id":2}', value: null },
  ]);
  const raw = await lab.lake.query('SELECT _log_offset, op, "after".name, "after".tier FROM raw.users ORDER BY 1');
  assert.deepEqual(raw.rows, [
    [0n, 'c', 'Ann', null],
    [1n, 'c', 'Bob', null],
    [2n, 'u', 'Ann', 'gold'],
    [3n, 'd', null, null],
    [4n, null, null, null],
  ]);
  const current = await lab.lake.query('SELECT * EXCLUDE (_changed_at) FROM current.users');
  assert.deepEqual(current.columns, ['id', 'name', 'tier', 'big', '_log_partition', '_log_offset']);
  assert.deepEqual(current.rows, [[1n, 'Ann', 'gold', 12n, 0, 2n]]);
  assert.deepEqual(current.warnings, []);
  const times = await lab.lake.query("SELECT count(DISTINCT _file), min(_committed_at) > TIMESTAMPTZ '2020-01-01' FROM raw.users");
  assert.deepEqual(times.rows, [[2n, true]]);
});

test('every record of the log is its row, and a row that differs is found', async () => {
  await using lab = await queryLab('pg.public.users', 2);
  const rows = Array.from({ length: 300 }, (_, id) => ({
    key: `{"id":${id}}`,
    value: id % 50 === 7 ? '{broken' : event('c', 100 + id, { id, name: `n${id}`, price: id + 0.5 }),
    headers: { a: 'x', b: `${id}` },
    partition: id % 2,
  }));
  await lab.land(rows);
  await lab.land([...rows.slice(0, 5), { key: null, value: 'plain text' }]);
  const { target, catalog, store, log } = lab;
  const compared = await compareWithLog({ target, catalog, store, log, cacheDir: `${lab.directory}/cache2` }, AbortSignal.timeout(30_000));
  assert.deepEqual(compared, { checked: 306, rowsRaw: 306, mismatched: 0, samples: [] });
  assert.deepEqual(await duplicateCounts(lab.lake, target), { duplicates: 0, upstreamDuplicates: 5, rescued: 7 });
});
