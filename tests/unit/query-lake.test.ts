// SQL over a small lake that the real worker filled.

import assert from 'node:assert/strict';
import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { openLakeQuery } from '../../query/lake-query.ts';
import { rowsCsv, rowsJson } from '../../cli/query/print-rows.ts';
import { compareWithLog, duplicateCounts } from '../../cli/verify/compare-with-log.ts';
import type { LakeError } from '../../runtime/errors.ts';
import type { Log } from '../../sync/log/log.ts';
import { memoryLog } from '../../sync/log/memory-log.ts';
import { queryLab } from './query-fixture.ts';

const event = (op: string, lsn: number, after: object | null) => ({
  before: null,
  after,
  source: { connector: 'postgresql', ts_us: 1_795_251_270_000_000 + lsn, snapshot: 'false', txId: 700, lsn },
  op,
  ts_ms: 1_795_251_270_100,
});

const value = (id: number, name: string) => Buffer.from(JSON.stringify(event('c', 100 + id, { id, name })));

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

test('a row that another wrote, one that is gone and one that was altered are each a mismatch', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([1, 2, 3, 4].map((id) => ({ key: `{"id":${id}}`, value: event('c', 100 + id, { id, name: `n${id}` }) })));
  const { target, catalog, store, log } = lab;
  const otherLog = memoryLog({ clusterId: 'cluster-1' });
  const topicId = otherLog.createTopic(target.topic, { partitions: 1 });
  const again: Log = {
    ...otherLog,
    // The same incarnation, with another content.
    describe: async () => (await log.describe([target.topic])).map((described) => ({ ...described })),
    offsets: (topic, signal) => otherLog.offsets(topic, signal),
    subscribe: (options, handler, signal) => otherLog.subscribe(options, handler, signal),
    [Symbol.asyncDispose]: async () => undefined,
  };
  assert.ok(topicId);
  otherLog.produce(target.topic, 0, [{ key: Buffer.from('{"id":1}'), value: value(1, 'n1') }]);
  otherLog.produce(target.topic, 0, [{ key: Buffer.from('{"id":2}'), value: value(2, 'other') }]);
  otherLog.skip(target.topic, 0, 1n);
  otherLog.produce(target.topic, 0, [{ key: Buffer.from('{"id":5}'), value: value(4, 'n4') }]);
  const compared = await compareWithLog(
    { target, catalog, store, log: again, cacheDir: `${lab.directory}/cache2` },
    AbortSignal.timeout(30_000),
  );
  assert.equal(compared.checked, 3);
  assert.equal(compared.rowsRaw, 4);
  assert.deepEqual(
    compared.samples.map(({ offset, what }) => [offset, what]),
    [
      [1n, 'value'],
      [2n, 'no record'],
      [3n, 'key'],
    ],
  );
  assert.equal(compared.mismatched, 3);
});

test('only reading statements run, and nothing of this machine but the cache can be read', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([{ key: '{"id":1}', value: event('c', 1, { id: 1 }) }]);
  const refused = [
    'DROP VIEW raw.users',
    "COPY (SELECT 1) TO '/tmp/foz-query-test.csv'",
    'SELECT 1; SELECT 2',
    'SET enable_external_access = true',
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    'INSTALL httpfs',
    "ATTACH '/tmp/foz-query-test.db'",
    "SELECT getenv('HOME')",
    'INSERT INTO raw.users VALUES (1)',
    '',
  ];
  for (const sql of refused) await assert.rejects(lab.lake.query(sql), { code: 'QUERY_INVALID' }, sql);
  assert.deepEqual((await lab.lake.query('SELECT count(*) FROM raw.users')).rows, [[1n]]);
});

test('an unknown table is named with those there are, a wrong column with its position', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([{ key: '{"id":1}', value: event('c', 1, { id: 1 }) }]);
  await assert.rejects(lab.lake.query('SELECT * FROM raw.nobody'), (error: LakeError) => {
    assert.equal(error.code, 'QUERY_INVALID');
    assert.match(String(error.context['expected']), /raw\.users/);
    return true;
  });
  await assert.rejects(lab.lake.query('SELECT\n  opp FROM raw.users'), /LINE 2:[^\n]*opp[\s\S]*\^/);
  // An alias that is called like the namespace is no table.
  assert.deepEqual((await lab.lake.query('SELECT raw.op FROM raw.users AS raw')).rows, [['c']]);
});

test('rescued rows are told of, not silently absent from the current rows', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([
    { key: '{"id":1}', value: event('c', 1, { id: 1 }) },
    { key: '{"id":2}', value: '{"broken' },
  ]);
  const answer = await lab.lake.query('SELECT id FROM current.users');
  assert.deepEqual(answer.rows, [[1n]]);
  assert.match(answer.warnings.join(), /1 rescued row/);
});

test('a damaged file in the cache is fetched again, and the cache goes back below its bound', async () => {
  await using lab = await queryLab('pg.public.users');
  for (let id = 1; id <= 4; id++) await lab.land([{ key: `{"id":${id}}`, value: event('c', id, { id }) }]);
  const cacheDir = join(lab.directory, 'small-cache');
  await using lake = await openLakeQuery({ catalog: lab.catalog, store: lab.store, cacheDir, cacheBytesMax: 1, threads: 1 });
  assert.deepEqual((await lake.query('SELECT count(*) FROM raw.users')).rows, [[4n]]);
  assert.deepEqual(
    (await readdir(cacheDir)).filter((name) => name.endsWith('.parquet')),
    [],
  );
  await lab.lake.query('SELECT count(*) FROM raw.users');
  const cached = join(
    lab.directory,
    'cache',
    (await readdir(join(lab.directory, 'cache'))).find((name) => name.endsWith('.parquet')) ?? '',
  );
  await truncate(cached, 10);
  assert.deepEqual((await lab.lake.query('SELECT count(*) FROM raw.users')).rows, [[4n]]);
});

test('JSON keeps every integer, CSV quotes what needs it, null and the empty text stay apart', () => {
  const answer = {
    columns: ['n', 't'],
    rows: [
      [9007199254740993n, 'a "b",\nc'],
      [null, ''],
      [1.5, new Uint8Array([1, 2])],
      [Number.NaN, { x: [1n, null] }],
    ],
  };
  assert.equal(
    rowsJson(answer),
    String.raw`{"columns":["n","t"],"rows":[[9007199254740993,"a \"b\",\nc"],[null,""],[1.5,"AQI="],["NaN",{"x":[1,null]}]]}`,
  );
  assert.equal(rowsCsv(answer), 'n,t\r\n9007199254740993,"a ""b"",\nc"\r\n,""\r\n1.5,AQI=\r\nNaN,"{""x"":[1,null]}"\r\n');
});
