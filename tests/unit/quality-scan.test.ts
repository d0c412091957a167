// The planned pass: how many statements there are, what `scope: new` looks at, and what is never shown.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import type { Check } from '../../quality/check.ts';
import { openDuckdbEngine } from '../../quality/engine/duckdb-engine.ts';
import type { CheckEngine } from '../../quality/engine.ts';
import type { LakeError } from '../../runtime/errors.ts';
import { checkOf, mutationChecks, now, plantTables, ridesTable, usersTable } from '../conformance/quality-mutation-tables.ts';
import { contractOf, measureAll, type Found, type MeasureOptions } from '../conformance/quality-session.ts';
import { lakeTables, type LakeTables } from './lake-table-fixture.ts';

async function openEngine(lab: LakeTables, options: { readonly timeLimitMs?: number } = {}): Promise<CheckEngine> {
  return openDuckdbEngine({ catalog: lab.catalog, store: lab.store, cacheDir: join(lab.directory, 'cache'), threads: 1, ...options });
}

function recording(engine: CheckEngine): { readonly engine: CheckEngine; readonly statements: string[] } {
  const statements: string[] = [];
  const rows: CheckEngine['rows'] = (sql, signal) => {
    statements.push(sql);
    return engine.rows(sql, signal);
  };
  return { engine: { ...engine, rows, [Symbol.asyncDispose]: async () => undefined }, statements };
}

function failingOf(found: Found | undefined) {
  assert.ok(found?.finding.kind === 'measured', JSON.stringify(found));
  return found.finding.failing;
}

/** Users from an id to another; every seventh has no e-mail. */
function userRows(from: number, to: number): string {
  return `SELECT i AS o, '{"id":' || i || '}' AS key, 'c' AS op, TIMESTAMPTZ '2026-11-21 09:00:00+00' AS changed_at, {id: i, email: CASE WHEN i % 7 = 0 THEN NULL ELSE 'x' END, full_name: 'n', status: 'active', city: 'c', balance: 1, rating: 1, born: NULL, seen: NULL} AS after FROM range(${from}, ${to}) t(i)`;
}

function rideRow(o: number, ride: string, hour: number, fare: number | null, status: string | null): string {
  return `SELECT ${o} AS o, '{"city":"c","ride_id":"${ride}"}' AS key, 'u' AS op, TIMESTAMPTZ '2026-11-21 0${hour}:00:00+00' AS changed_at, {city: 'c', ride_id: '${ride}', user_id: NULL, fare: ${fare}, surge: NULL, status: ${status}} AS after`;
}

function fails(name: string, measure: Check['measure'], view: Check['view'] = 'current'): Check {
  return checkOf('users', name, measure, none, { view });
}

function statement(name: string, text: string, view: Check['view'] = 'current'): Check {
  return fails(name, { kind: 'sql', result: 'failedRows', sql: text }, view);
}

const none = { operator: 'equal', values: [0], unit: 'value' } as const;

test('all checks that count are one statement; those that failed are one more', async () => {
  await using lab = await lakeTables();
  await plantTables(lab, {
    users: { email: "CASE WHEN i IN (3, 4) THEN NULL ELSE 'x' || i END", status: "CASE WHEN i = 9 THEN 'gone' ELSE 'active' END" },
  });
  await using opened = await openEngine(lab);
  const { engine, statements } = recording(opened);
  const kinds = new Set(['rowCount', 'nulls', 'missing', 'invalid', 'expression', 'distinct', 'retention']);
  const checks = mutationChecks('raw').filter(({ measure, table }) => table === 'users' && kinds.has(measure.kind));
  assert.ok(checks.length >= 14);
  const found = await measureAll(checks, { engine, store: lab.store, now });
  assert.equal(found.get('users.email-nulls')?.outcome, 'failed');
  assert.equal(found.get('users.status-values')?.outcome, 'failed');
  assert.equal(statements.length, 2, statements.join('\n\n'));
});

test('only new rows: by offsets, the same whether files were appended or rewritten into one', async () => {
  await using lab = await lakeTables();
  await lab.create(usersTable);
  await lab.create({ ...usersTable, name: 'compacted' });
  await lab.append('users', userRows(0, 70));
  await lab.append('users', userRows(70, 100));
  await lab.append('users', `SELECT o + 7 AS o, * EXCLUDE (o) FROM (${userRows(0, 14)})`, { partition: 1 });
  await lab.append('compacted', userRows(0, 100));
  await lab.append('compacted', `SELECT o + 7 AS o, * EXCLUDE (o) FROM (${userRows(0, 14)})`, { partition: 1 });
  await using engine = await openEngine(lab);
  for (const table of ['users', 'compacted'])
    for (const view of ['raw', 'current'] as const) {
      const check = checkOf(table, 'nulls', { kind: 'nulls', column: 'email' }, none, { view, scope: 'new', samplesMax: 20 });
      const since = (next: ReadonlyMap<string, ReadonlyMap<number, bigint>> | null): MeasureOptions => ({
        engine,
        store: lab.store,
        now,
        since: new Map([[check.id, { snapshotId: '1', checkedAt: 0, next }]]),
        contracts: new Map([[table, contractOf(table, ['id'])]]),
      });
      const seen = (partitions: readonly (readonly [number, bigint])[]) => since(new Map([['topic-1', new Map(partitions)]]));
      const measured = async (options: MeasureOptions) => {
        const found = (await measureAll([check], options)).get(check.id);
        assert.ok(found?.finding.kind === 'measured', JSON.stringify(found));
        const { value, total } = found.finding.measured;
        return [value, total, found.finding.reason === null];
      };
      // Of partition 0 ids 70 to 99, of partition 1 offsets from 14 on: ids 7 to 13, which the current rows have once.
      assert.deepEqual(
        await measured(
          seen([
            [0, 70n],
            [1, 14n],
          ]),
        ),
        [6, 37, true],
        `${table} ${view}`,
      );
      assert.deepEqual(
        await measured(
          seen([
            [0, 100n],
            [1, 21n],
          ]),
        ),
        [0, 0, true],
      );
      assert.deepEqual(await measured(seen([[0, 100n]])), view === 'raw' ? [2, 14, true] : [2, 14, true]);
      const all = view === 'raw' ? [17, 114] : [15, 100];
      assert.deepEqual(await measured(since(null)), [...all, true]);
      // Offsets that went back, and a topic that is not the table's: everything is looked at, and it says so.
      assert.deepEqual(await measured(seen([[0, 101n]])), [...all, false]);
      assert.deepEqual(await measured(since(new Map([['another', new Map([[0, 5n]])]]))), [...all, false]);
    }
});

test('only new keys of Cassandra: a late write to an old row makes it new, whatever cell decides', async () => {
  await using lab = await lakeTables();
  await lab.create(ridesTable);
  await lab.append('rides', ['a', 'b', 'c'].map((ride, o) => rideRow(o, ride, 9, o + 1, null)).join(' UNION ALL '));
  // Written before what is there: the row of `b` is decided by the newer event still, but it has a status now.
  await lab.append('rides', rideRow(3, 'b', 8, null, "'odd'"));
  await using engine = await openEngine(lab);
  const check = checkOf('rides', 'status', { kind: 'invalid', column: 'status', valid: { kind: 'values', values: ['done'] } }, none, {
    scope: 'new',
  });
  const since = new Map([[check.id, { snapshotId: '1', checkedAt: 0, next: new Map([['topic-1', new Map([[0, 3n]])]]) }]]);
  const found = await measureAll([check], {
    engine,
    store: lab.store,
    now,
    since,
    contracts: new Map([['rides', contractOf('rides', ['ride_id'])]]),
  });
  const one = found.get(check.id);
  assert.ok(one?.finding.kind === 'measured', JSON.stringify(one));
  assert.deepEqual([one.finding.measured.value, one.finding.measured.total], [1, 1]);
  assert.deepEqual(
    failingOf(one)?.rows.map((cells) => cells.slice(0, 2)),
    [['b', 'odd']],
  );
});

test('personal data is shown by no sample, whatever the statement calls it', async () => {
  await using lab = await lakeTables();
  await plantTables(lab, { users: { email: "'secret' || i || '@example.com'", full_name: "'secret ' || i" } });
  await using engine = await openEngine(lab);
  const contracts = new Map([['users', contractOf('users', ['id'], ['email', 'full_name'])]]);
  const checks = [
    fails('format', { kind: 'invalid', column: 'email', valid: { kind: 'format', format: 'uuid' } }),
    fails('raw-format', { kind: 'invalid', column: 'email', valid: { kind: 'format', format: 'uuid' } }, 'raw'),
    fails('expression', { kind: 'expression', sql: "email LIKE 'x%' AND city = 'Porto'" }),
    fails('raw-expression', { kind: 'expression', sql: '"after".full_name = "after".city' }, 'raw'),
    statement('star', 'SELECT * FROM ${table}'),
    statement('renamed', 'SELECT id, email AS city FROM ${table}'),
    statement('capitals', 'SELECT id, EMAIL AS city FROM ${table}'),
    statement('capital-row', 'SELECT id, U FROM ${table} u'),
    statement('joined', "SELECT id, email || 'x' AS note FROM ${table}"),
    statement('nested', 'SELECT id, note FROM (SELECT id, email AS note FROM ${table})'),
    statement('with', 'WITH a AS (SELECT id, full_name AS status FROM ${table}) SELECT id, status FROM a'),
    statement('whole', 'SELECT id, u FROM ${table} u'),
    statement('others', 'SELECT u.email AS x, r.ride_id FROM current.rides r JOIN current.users u ON u.id = r.user_id'),
    statement(
      'own',
      'SELECT u.id, Current.Users.status, r.ride_id FROM current.rides r, current.users u, current.users WHERE u.id = r.user_id',
    ),
    statement('same-alias', 'SELECT u.user_id AS x FROM current.rides u WHERE EXISTS (SELECT 1 FROM current.users u WHERE u.id >= 0)'),
    statement('raw-star', 'SELECT * FROM ${table}', 'raw'),
    statement('raw-key', 'SELECT "after" AS a, _log_key AS k FROM raw.users', 'raw'),
    statement('plain', "SELECT id, status FROM ${table} WHERE email LIKE 'secret%'"),
  ];
  const found = await measureAll(checks, { engine, store: lab.store, now, contracts });
  for (const { id } of checks) {
    assert.equal(found.get(id)?.outcome, 'failed', `${id}: ${JSON.stringify(found.get(id)?.finding)}`);
    const failing = failingOf(found.get(id));
    assert.ok(failing && failing.rows.length > 0, id);
    assert.doesNotMatch(JSON.stringify(failing.rows), /secret/, id);
    if (id !== 'users.plain') assert.ok(failing.masked.length > 0, id);
  }
  // What is not personal is shown.
  assert.deepEqual(failingOf(found.get('users.plain'))?.masked, []);
  assert.deepEqual(failingOf(found.get('users.own'))?.masked, ['ride_id']);
  const format = failingOf(found.get('users.format'));
  assert.deepEqual([format?.columns, format?.masked], [['id', 'email', '_log_partition', '_log_offset'], ['email']]);
  assert.deepEqual(format?.rows[0], ['0', '***', '0', '0']);
});

test('a sample comes with a statement that shows all of them', async () => {
  await using lab = await lakeTables();
  await plantTables(lab, {
    users: {
      email: "CASE WHEN i IN (3, 4, 5) THEN 'u2@example.com' ELSE 'u' || i || '@example.com' END",
      status: "CASE WHEN i < 9 THEN 'gone' ELSE 'active' END",
    },
    rides: { user_id: 'i + 195' },
  });
  await using engine = await openEngine(lab);
  const checks = mutationChecks('current').filter(({ name }) => ['status-values', 'email-unique', 'user-exists'].includes(name));
  const found = await measureAll(checks, { engine, store: lab.store, now });
  for (const { id } of checks) {
    const [one, failing] = [found.get(id), failingOf(found.get(id))];
    assert.ok(one?.finding.kind === 'measured' && failing?.query, id);
    const { rows } = await engine.rows(failing.query);
    // Of duplicates the first of each value is shown with the others.
    assert.equal(rows.length, one.finding.measured.value + (id === 'users.email-unique' ? 1 : 0), id);
  }
});

test('a column, table or format that there is not is an error of its check alone', async () => {
  await using lab = await lakeTables();
  await plantTables(lab, {});
  await using engine = await openEngine(lab);
  const wrong: readonly (readonly [string, Check['measure'], RegExp])[] = [
    ['column', { kind: 'nulls', column: 'nobody' }, /no column nobody .* expected one of id, email/],
    ['format', { kind: 'invalid', column: 'email', valid: { kind: 'format', format: 'phone' } }, /no format phone/],
    ['pattern', { kind: 'invalid', column: 'email', valid: { kind: 'pattern', pattern: '(?=a)' } }, /no linear form/],
    ['reference', { kind: 'relationship', columns: ['id'], to: { table: 'nobody', columns: ['id'] } }, /no table nobody/],
    ['sum', { kind: 'aggregate', column: 'email', of: 'sum' }, /no such figure/],
    ['average', { kind: 'aggregate', column: 'born', of: 'average' }, /born is date: it has no average/],
    ['expression', { kind: 'expression', sql: 'id = ' }, /its expression: /],
    ['range', { kind: 'invalid', column: 'born', valid: { kind: 'range', min: 'soon', max: null } }, /"soon" is no value of type date/],
  ];
  const good = checkOf('users', 'rows', { kind: 'rowCount' }, { operator: 'equal', values: [200], unit: 'value' });
  const checks = [good, ...wrong.map(([name, measure]) => checkOf('users', name, measure, none))];
  const found = await measureAll(checks, { engine, store: lab.store, now });
  assert.equal(found.get(good.id)?.outcome, 'passed');
  for (const [name, , reason] of wrong) {
    const one = found.get(`users.${name}`);
    assert.ok(one?.outcome === 'error' || one?.outcome === 'unknown', name);
    assert.match(one.finding.kind === 'measured' ? '' : (one.finding.reason ?? ''), reason);
  }
});

test('a statement that takes too long ends with the limit; the engine still answers', async () => {
  await using lab = await lakeTables();
  await plantTables(lab, {});
  await using engine = await openEngine(lab, { timeLimitMs: 300 });
  const slow = 'SELECT sum(a.i * b.i * c.i) FROM range(100000) a(i), range(100000) b(i), range(10000) c(i)';
  await assert.rejects(engine.rows(slow), (error: LakeError) => error.code === 'LIMIT_EXCEEDED');
  assert.deepEqual((await engine.rows('SELECT count(*) FROM "raw"."users" t')).rows, [[200]]);
  await assert.rejects(engine.rows('CREATE TABLE x AS SELECT 1'), { code: 'QUERY_INVALID' });
  await assert.rejects(engine.rows("SELECT * FROM read_csv('/etc/passwd')"), { code: 'QUERY_INVALID' });
});

test('a session sees each table as it was when it first asked', async () => {
  await using lab = await lakeTables();
  await plantTables(lab, {});
  await using engine = await openEngine(lab);
  const before = await engine.pin('users');
  await lab.append(
    'users',
    `SELECT 200 AS o, '{"id":900}' AS key, 'c' AS op, now() AS changed_at, {id: 900, email: '', full_name: '', status: '', city: '', balance: 0, rating: 0, born: NULL, seen: NULL} AS after`,
  );
  assert.deepEqual((await engine.rows('SELECT count(*) FROM "raw"."users" t')).rows, [[200]]);
  assert.equal((await engine.pin('users'))?.snapshotId, before?.snapshotId);
  await using later = await openEngine(lab);
  assert.deepEqual((await later.rows('SELECT count(*) FROM "raw"."users" t')).rows, [[201]]);
});
