// Which files a statement reads: fewer where its WHERE says so without doubt, all of them in any other case.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { openLakeQuery } from '../../query/lake-query.ts';
import { simplePredicate } from '../../query/simple-predicate.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';
import { queryLab } from './query-fixture.ts';

const column = (id: number) => ({ kind: 'column', id }) as const;

test('comparisons with literals joined by AND are understood', () => {
  assert.deepEqual(
    simplePredicate("SELECT count(*) FROM raw.users WHERE op = 'c' AND _log_offset >= 10 AND u.x < 3 ORDER BY 1", rawSchema),
    {
      kind: 'and',
      all: [
        { kind: 'in', target: column(10), values: ['c'] },
        { kind: 'range', target: column(2), from: { value: 10n, isInclusive: true } },
      ],
    },
  );
  assert.deepEqual(
    simplePredicate("select * from raw.users u where u._log_time < timestamptz '2026-11-21T09:00:00Z' limit 3;", rawSchema),
    {
      kind: 'and',
      all: [{ kind: 'range', target: column(3), to: { value: BigInt(Date.UTC(2026, 10, 21, 9)) * 1000n, isInclusive: false } }],
    },
  );
});

test('what is in doubt prunes nothing', () => {
  for (const sql of [
    "SELECT * FROM raw.users WHERE op = 'c' OR _log_offset = 1",
    "SELECT * FROM raw.users WHERE coalesce(x AND op = 'c' AND y, true)",
    "SELECT * FROM raw.users WHERE NOT (op = 'c')",
    "SELECT * FROM raw.users WHERE NOT op = 'c'",
    "SELECT * FROM raw.users, other o WHERE op = 'c'",
    "SELECT * FROM raw.users WHERE o.op = 'c'",
    "SELECT * FROM raw.users JOIN other USING (id) WHERE op = 'c'",
    "SELECT * FROM raw.users WHERE x = 'a AND op = ''c''' ",
    "SELECT * FROM raw.users -- WHERE op = 'c'",
    "SELECT (SELECT max(op) FROM raw.users WHERE op = 'c') FROM raw.users",
    "SELECT * FROM raw.users WHERE op = 'c' UNION SELECT * FROM raw.users",
    "SELECT count(*) FILTER (WHERE op = 'c') FROM raw.users",
    "SELECT * FROM raw.users WHERE op = 'c' IS NULL",
    "SELECT * FROM raw.users WHERE _log_time >= '2026-11-21 09:00:00+02'",
    "SELECT * FROM raw.users WHERE _log_time >= '2026-11-21' - INTERVAL 1 DAY",
  ])
    assert.equal(simplePredicate(sql, rawSchema), null, sql);
});

const event = (id: number) => ({
  before: null,
  after: { id },
  source: { connector: 'postgresql', ts_us: id, txId: 1, lsn: id },
  op: 'c',
  ts_ms: 1,
});

test('only files that may hold a row are fetched, and the answer is the same', async () => {
  await using lab = await queryLab('pg.public.users');
  for (let id = 0; id < 5; id++) await lab.land([{ key: `{"id":${id}}`, value: event(id) }]);
  const cacheDir = join(lab.directory, 'pruned');
  await using lake = await openLakeQuery({ catalog: lab.catalog, store: lab.store, cacheDir, threads: 1 });
  const { rows } = await lake.query('SELECT _log_offset FROM raw.users WHERE _log_offset >= 3 ORDER BY 1');
  assert.deepEqual(rows, [[3n], [4n]]);
  assert.equal((await readdir(cacheDir)).filter((name) => name.endsWith('.parquet')).length, 2);
  assert.deepEqual((await lake.query("SELECT _log_offset FROM raw.users WHERE op = 'x'")).rows, []);
  assert.deepEqual((await lake.query('SELECT count(*) FROM raw.users')).rows, [[5n]]);
  // An event that decides must not be filtered away.
  assert.deepEqual((await lake.query('SELECT count(*) FROM current.users WHERE _log_offset >= 3')).rows, [[2n]]);
});
