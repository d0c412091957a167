// People's SQL: what is run is one SELECT over relations of the lake, whichever engine runs it; anything else is refused
// before any engine sees it.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { CheckEngine, PinnedTable } from '../../quality/engine.ts';
import { openTrinoEngine } from '../../quality/engine/trino-engine.ts';
import { judgeExpression, judgeStatement, type GuardContext } from '../../quality/guard/judged-sql.ts';
import { plainSql } from '../../quality/guard/sql-tokens.ts';

const signal = AbortSignal.timeout(60_000);
let directory = '';
let engine: CheckEngine;
let context: GuardContext;

const pinned = (name: string): PinnedTable => ({
  name,
  table: { metadataLocation: '', metadata: Object.create(null) },
  snapshotId: '7',
  schema: { type: 'struct', 'schema-id': 0, fields: [] },
  raw: `"foz"."raw"."${name}" FOR VERSION AS OF 7`,
  current: `(SELECT 1 FROM ${name}_now)`,
});

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'foz-guard-'));
  // Its parser and its names; Trino itself is not asked.
  const parser = await openTrinoEngine({
    catalog: memoryCatalog({ objectStore: memoryStore('guard') }),
    trino: { url: 'http://127.0.0.1:1', user: 'nobody' },
    workDir: directory,
  });
  engine = { ...parser, pin: async (name) => (['users', 'rides'].includes(name) ? pinned(name) : null) };
  context = { engine, table: pinned('users'), view: 'current', rows: '(SELECT t.* FROM users_now t)' };
});

after(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const hostile: readonly string[] = [
  '',
  ';',
  '-- nothing',
  'DROP TABLE raw.users',
  'DELETE FROM raw.users',
  'INSERT INTO raw.users SELECT * FROM raw.users',
  'UPDATE raw.users SET op = NULL',
  'CREATE TABLE x AS SELECT 1',
  "COPY (SELECT 1) TO '/tmp/x.csv'",
  'SET memory_limit = 1',
  'PRAGMA database_list',
  'CALL system.runtime.kill_query(1)',
  "ATTACH '/tmp/x.db'",
  'INSTALL httpfs',
  'EXPLAIN ANALYZE SELECT 1',
  'DESCRIBE raw.users',
  'SHOW TABLES',
  'PIVOT raw.users ON op',
  'SELECT 1; SELECT 2',
  'SELECT 1; DROP TABLE raw.users',
  "SELECT * FROM read_csv('/etc/passwd')",
  "SELECT * FROM '/etc/passwd'",
  'SELECT * FROM "/srv/secrets.parquet"',
  "SELECT * FROM read_text('/etc/passwd')",
  "SELECT * FROM glob('/**')",
  'SELECT * FROM duckdb_settings()',
  'SELECT * FROM duckdb_settings',
  'SELECT * FROM sqlite_master',
  'SELECT * FROM information_schema.tables',
  'SELECT * FROM system.runtime.queries',
  'SELECT * FROM tpch.tiny.orders',
  'SELECT * FROM hive.secret',
  'SELECT * FROM foz.raw.users',
  'SELECT * FROM raw.nobody',
  'SELECT * FROM rides',
  "SELECT getenv('HOME')",
  "SELECT current_setting('temp_directory')",
  "SELECT * FROM query('DROP TABLE x')",
  "SELECT * FROM query_table('users')",
  "SELECT * FROM json_execute_serialized_sql('{}')",
  'SELECT (SELECT count(*) FROM other.table)',
  'SELECT id FROM current.users WHERE EXISTS (SELECT 1 FROM secret.keys)',
  'SELECT id FROM current.users UNION SELECT password FROM vault.secrets',
  'WITH a AS (SELECT * FROM vault.secrets) SELECT * FROM a',
  'SELECT * FROM (WITH vault AS (SELECT 1) SELECT * FROM vault) v, vault',
  'WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) SELECT * FROM a',
  "SELECT E'\\' FROM vault.secrets --'",
  "SELECT U&'\\0027' FROM current.users",
  'SELECT $$ $$ FROM current.users',
  'SELECT `id` FROM current.users',
  "SELECT 'open FROM current.users",
  'SELECT /* a /* b */ 1 FROM vault.secrets */ 2',
  'SELECT /* open',
  'SELECT id FROM current.users WHERE id = ?',
  'SELECT id FROM current.users WHERE id = $1',
  'SELECT id FROM current.users TABLESAMPLE 10 PERCENT',
  'SELECT id FROM current.users USING SAMPLE 5',
  'SELECT id FROM current.users AT (VERSION => 1)',
  'SELECT id FROM current.users FOR VERSION AS OF 1',
  "SELECT other.schema.fn('x')",
  'SELECT id\u00a0FROM current.users',
  'SELECT id FROM ${everything}',
  'SELECT ${column} FROM ${table}',
  `SELECT ${'1 + '.repeat(6_000)} 1`,
];

for (const sql of hostile) {
  test(`refused: ${sql.slice(0, 80)}`, async () => {
    const judged = await judgeStatement(sql, context, signal);
    assert.equal(judged.kind, 'problem', judged.kind === 'sql' ? judged.text : '');
    assert.ok(judged.kind === 'problem' && judged.reason.length > 10);
  });
}

test('a statement runs as it is written, over the pinned relations', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['SELECT count(*) FROM ${table};', 'SELECT count(*) FROM (SELECT t.* FROM users_now t) AS "users"'],
    ['SELECT * FROM users u -- mine', 'SELECT * FROM (SELECT t.* FROM users_now t) u'],
    ['SELECT * FROM ${schema}.${object} AS x', 'SELECT * FROM (SELECT t.* FROM users_now t) AS x'],
    ['SELECT * FROM {model}', 'SELECT * FROM (SELECT t.* FROM users_now t) AS "users"'],
    [
      'SELECT r.ride_id FROM current.rides r JOIN raw."users" ON raw.users.op = r.x',
      'SELECT r.ride_id FROM (SELECT 1 FROM rides_now) r JOIN "foz"."raw"."users" FOR VERSION AS OF 7 AS "users" ON users.op = r.x',
    ],
    [
      "WITH vault AS (SELECT 'é' AS a, id FROM CURRENT . users) SELECT * FROM vault, unnest(ARRAY[1, 2]) AS n(x) WHERE a = 'it''s; -- fine'",
      "WITH vault AS (SELECT 'é' AS a, id FROM (SELECT 1 FROM users_now) AS \"users\") SELECT * FROM vault, unnest(ARRAY[1, 2]) AS n(x) WHERE a = 'it''s; -- fine'",
    ],
  ];
  for (const [sql, wanted] of cases) {
    const judged = await judgeStatement(sql, context, signal);
    assert.equal(judged.kind === 'sql' ? judged.text.trimEnd() : judged.reason, wanted);
  }
});

test('a condition is one expression: nothing closes the parenthesis that it stands in', async () => {
  for (const sql of [
    "status = 'a' OR (fare > 0 AND note IS NULL)",
    'id IN (SELECT user_id FROM current.rides)',
    'fare > 0 -- really',
    'a = 1;',
  ]) {
    const judged = await judgeExpression(sql, context, signal);
    assert.equal(judged.kind, 'sql', `${sql}: ${judged.kind === 'problem' ? judged.reason : ''}`);
  }
  for (const sql of [
    '1 = 1) FROM vault.secrets WHERE (1 = 1',
    'true) UNION SELECT (1',
    'true), (SELECT 1',
    'true) LIMIT (1',
    'true) GROUP BY (1',
    'a = 1) OR (b = 2; DROP TABLE x',
    'id IN (SELECT id FROM vault.secrets)',
    "getenv('HOME') = 'x'",
    '',
  ]) {
    const judged = await judgeExpression(sql, context, signal);
    assert.equal(judged.kind, 'problem', judged.kind === 'sql' ? judged.text : '');
  }
});

test('a problem says where it is', async () => {
  const judged = await judgeStatement('SELECT id\nFROM current.users WHERE', context, signal);
  assert.match(judged.kind === 'problem' ? judged.reason : '', /line 2, column/);
  const token = plainSql('SELECT 1,\n  `x`');
  assert.match(token.kind === 'problem' ? token.reason : '', /^line 2, column 3:/);
});
