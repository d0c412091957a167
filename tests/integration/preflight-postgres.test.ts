// Preflight and the source against a real PostgreSQL, broken on purpose one setting at a time. Each finding's own mend is
// run where it is a statement, and the finding must be gone after it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Finding } from '../../connectors/finding.ts';
import { postgresPreflightDefaults, type PostgresPreflight } from '../../connectors/preflight-postgres.ts';
import { checkPostgres } from '../../connectors/preflight.ts';
import { captureRoleSql, usersSchemaSql } from '../../connectors/schema.ts';
import { usersDefaults } from '../../connectors/users.ts';
import { secret } from '../../runtime/secret.ts';
import { openPostgres, postgresDefaults, type PostgresSettings } from '../../sources/postgres-client.ts';
import { postgresSource } from '../../sources/postgres-source.ts';
import { isVisible, type SourceReading } from '../../sources/source.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { readRows, registerSourceTests } from '../conformance/source.ts';

const timeout = 180_000;

interface World {
  readonly stack: Stack;
  readonly admin: PostgresSettings;
  readonly capture: PostgresSettings;
  readonly wanted: PostgresPreflight;
}

test('PostgreSQL', { timeout }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-preflight-'));
  await using stack = await startStack({ dir, components: ['postgres'] });
  t.after(() => rm(dir, { recursive: true, force: true }));
  const world = await prepare(stack);
  await t.test('a sound server gives no finding', async () => assert.deepEqual(await check(world), []));
  await refusals(t, world);
  await brokenSettings(t, world);
  await wrongLevel(t, world);
  await snapshots(t, world);
  await encrypted(t, world);
  await sourceSuite(t, world);
});

async function sourceSuite(t: TestContext, world: World): Promise<void> {
  const table = 'CREATE TABLE public.pairs (label text, id bigint, body bytea, PRIMARY KEY (id, label))';
  await sql(world, `${table}; GRANT SELECT ON public.pairs TO PUBLIC;`);
  const keys = ['9007199254740993', '2', '3', '4', '5'].map((id) => [id, String.raw`k'" \\ ${id}`]);
  await using client = await openPostgres(world.admin);
  for (const [id = '', label = ''] of keys) await client.query(`INSERT INTO public.pairs VALUES ($1, $2, '\\xff')`, [label, id]);
  const source = { settings: world.capture, pageRowsMax: 2 };
  const fixture = {
    name: 'PostgreSQL source',
    open: async () => postgresSource(source),
    table: { namespace: 'public', table: 'pairs' },
    keys,
  };
  await registerSourceTests(fixture, (name, work) => t.test(name, work));
}

async function prepare(stack: Stack): Promise<World> {
  const endpoint = stack.endpoint('postgres');
  const common = {
    ...postgresDefaults,
    host: endpoint.host,
    port: endpoint.port,
    database: endpoint.database,
    sslmode: 'disable',
  } as const;
  const admin: PostgresSettings = { ...common, user: endpoint.adminUser, password: secret(endpoint.adminPassword) };
  const capture: PostgresSettings = { ...common, user: endpoint.cdcUser, password: secret(endpoint.cdcPassword) };
  await using client = await openPostgres(admin);
  const schema = await usersSchemaSql({ cdcRole: endpoint.cdcUser, publication: usersDefaults.publication });
  // Twice: both must be safe to repeat.
  for (const text of [captureRoleSql(endpoint.cdcUser, endpoint.cdcPassword), schema, schema]) await client.query(text);
  const wanted: PostgresPreflight = {
    ...postgresPreflightDefaults,
    server: `${endpoint.host}:${endpoint.port}`,
    database: endpoint.database,
    role: endpoint.cdcUser,
    tables: usersDefaults.tables,
    signalTable: usersDefaults.signalTable,
    heartbeatTable: usersDefaults.heartbeatTable,
    publication: usersDefaults.publication,
    slot: usersDefaults.slot,
  };
  return { stack, admin, capture, wanted };
}

/** As the connector's own role: preflight must need no more rights than that. */
function check(world: World, settings: Partial<PostgresSettings> = {}): Promise<readonly Finding[]> {
  return checkPostgres({ ...world.capture, ...settings }, world.wanted);
}

async function sql(world: World, text: string): Promise<void> {
  await using client = await openPostgres(world.admin);
  await client.query(text);
}

const codes = (findings: readonly Finding[]) => findings.map((finding) => finding.code);

async function refusals(t: TestContext, world: World): Promise<void> {
  const cases: readonly (readonly [string, Partial<PostgresSettings>, string])[] = [
    ['a wrong password', { password: secret('wrong') }, 'POSTGRES_LOGIN'],
    ['a database that does not exist', { database: 'nowhere' }, 'POSTGRES_DATABASE'],
    ['a port nobody listens on', { port: 1 }, 'POSTGRES_UNREACHABLE'],
    ['TLS asked of a server that speaks none', { sslmode: 'require' }, 'POSTGRES_TLS'],
    ['an authority that cannot be read', { sslmode: 'verify-full', ca: '/no/such/file.pem' }, 'POSTGRES_TLS_FILE'],
  ];
  for (const [what, settings, code] of cases) {
    await t.test(`preflight tells ${what} as a finding, without the password`, async () => {
      const findings = await check(world, settings);
      assert.deepEqual(codes(findings), [code]);
      assert.doesNotMatch(JSON.stringify(findings), /"wrong"|password wrong/);
    });
  }
}

async function brokenSettings(t: TestContext, world: World): Promise<void> {
  const { role } = world.wanted;
  const cases: readonly (readonly [breaking: string, code: string])[] = [
    ['DROP PUBLICATION foz', 'POSTGRES_PUBLICATION_MISSING'],
    ['ALTER PUBLICATION foz DROP TABLE public.user_events', 'POSTGRES_PUBLICATION_TABLES'],
    [`ALTER PUBLICATION foz SET (publish = 'insert')`, 'POSTGRES_PUBLICATION_OPERATIONS'],
    [
      `ALTER PUBLICATION foz DROP TABLE public.users; ALTER PUBLICATION foz ADD TABLE public.users (id, email)`,
      'POSTGRES_PUBLICATION_PARTIAL',
    ],
    [
      `ALTER PUBLICATION foz DROP TABLE public.users; ALTER PUBLICATION foz ADD TABLE public.users WHERE (id > 5)`,
      'POSTGRES_PUBLICATION_PARTIAL',
    ],
    [`REVOKE SELECT ON public.users FROM ${role}`, 'POSTGRES_TABLE_RIGHTS'],
    [`REVOKE UPDATE ON public.foz_heartbeat FROM ${role}`, 'POSTGRES_TABLE_RIGHTS'],
    [`ALTER ROLE ${role} NOREPLICATION`, 'POSTGRES_ROLE_REPLICATION'],
    ['ALTER TABLE public.users REPLICA IDENTITY NOTHING', 'POSTGRES_REPLICA_IDENTITY'],
    ['ALTER TABLE public.users ENABLE ROW LEVEL SECURITY', 'POSTGRES_ROW_SECURITY'],
    [`ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf()`, 'POSTGRES_SLOT_UNLIMITED'],
    [`ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'; SELECT pg_reload_conf()`, 'POSTGRES_SLOT_LIMIT_SMALL'],
    [`ALTER SYSTEM SET idle_replication_slot_timeout = '1h'; SELECT pg_reload_conf()`, 'POSTGRES_SLOT_IDLE_TIMEOUT'],
    [`SELECT pg_create_logical_replication_slot('foz_users', 'test_decoding')`, 'POSTGRES_SLOT_PLUGIN'],
    [`SELECT pg_create_physical_replication_slot('foz_users')`, 'POSTGRES_SLOT_TYPE'],
  ];
  for (const [breaking, code] of cases) {
    await t.test(`preflight finds ${breaking.split(';').at(0)}, and its mend mends it`, async (subtest) => {
      // ALTER SYSTEM does not run in a transaction block, which several statements in one text are.
      for (const statement of breaking.split('; ')) {
        const unavailable = await sql(world, statement).then(() => null, String);
        if (unavailable !== null) return subtest.skip(unavailable.slice(0, 120));
      }
      // A reload reaches the sessions a moment later.
      const findings = await until(
        () => check(world),
        (found) => found.length > 0,
      );
      assert.deepEqual(codes(findings), [code]);
      for (const finding of findings) for (const statement of statementsOf(finding.mend)) await sql(world, statement);
      assert.deepEqual(
        await until(
          () => check(world),
          (found) => found.length === 0,
        ),
        [],
      );
    });
  }
}

function statementsOf(mend: string): readonly string[] {
  return mend
    .replace(/ -- .*/, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

async function until<T>(read: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const value = await read();
    if (isDone(value) || attempt === 20) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function wrongLevel(t: TestContext, world: World): Promise<void> {
  await t.test('preflight finds wal_level=replica, and all else that is wrong at the same time', async () => {
    await sql(world, `ALTER SYSTEM SET wal_level = 'replica'`);
    await sql(world, 'DROP PUBLICATION foz');
    await restart(world);
    const findings = await check(world);
    assert.deepEqual(codes(findings), ['POSTGRES_WAL_LEVEL', 'POSTGRES_PUBLICATION_MISSING']);
    for (const finding of findings) await sql(world, statementsOf(finding.mend)[0] ?? '');
    await restart(world);
    assert.deepEqual(await check(world), []);
  });
}

async function restart({ stack }: World): Promise<void> {
  await stack.stop('postgres');
  await stack.start('postgres');
}

async function snapshots(t: TestContext, world: World): Promise<void> {
  await t.test('a reading sees one snapshot however long it takes, and says exactly which transactions', async () => {
    await sql(
      world,
      `INSERT INTO public.users (id, email, full_name, city) SELECT i, 'e' || i, 'n' || i, 'ams' FROM generate_series(1, 7) i`,
    );
    const source = postgresSource({ settings: world.capture, pageRowsMax: 2 });
    const table = await source.introspect({ namespace: 'public', table: 'users' });
    assert.ok(table);
    await using open = await openPostgres(world.admin);
    await open.query('BEGIN');
    const [running] = await open.query(
      `INSERT INTO public.users (id, email, full_name, city) VALUES (100, 'x', 'x', 'x') RETURNING pg_current_xact_id()::text AS id`,
    );
    await using reading: SourceReading = await source.read(table, { kind: 'all' });
    await open.query('COMMIT');
    await using later = await openPostgres(world.admin);
    const [after] = await later.query('UPDATE public.users SET city = $1 WHERE id = 7 RETURNING pg_current_xact_id()::text AS id', ['rtm']);
    const { rows } = await readRows(reading.pages);
    assert.deepEqual(
      rows.map((row) => row.values[0]),
      ['1', '2', '3', '4', '5', '6', '7'],
    );
    const city = table.columns.findIndex((column) => column.name === 'city');
    assert.equal(rows.at(-1)?.values[city], 'ams');
    const again = await readRows(reading.again({ kind: 'ranges', ranges: [{ from: ['6'], to: null }] }));
    assert.deepEqual(
      again.rows.map((row) => [row.values[0], row.values[city]]),
      [
        ['6', 'ams'],
        ['7', 'ams'],
      ],
      'read again, in the same snapshot',
    );
    assert.ok(reading.position.kind === 'postgres' && /^[0-9A-F]+\/[0-9A-F]+$/.test(reading.position.lsn));
    const { snapshot } = reading.position;
    assert.equal(isVisible(snapshot, BigInt(running?.['id'] ?? 0)), false, 'still running when the reading began');
    assert.equal(isVisible(snapshot, BigInt(after?.['id'] ?? 0)), false, 'began after the reading');
    assert.equal(isVisible(snapshot, BigInt(running?.['id'] ?? 0) - 1n), true);
  });
}

async function encrypted(t: TestContext, world: World): Promise<void> {
  await t.test('sslmode: require encrypts, verify-ca checks the authority, verify-full the name too', async (subtest) => {
    const files = await certificate(subtest);
    if (files === null) return subtest.skip('openssl is not installed: TLS not exercised');
    for (const [name, value] of [
      ['ssl_cert_file', files.cert],
      ['ssl_key_file', files.key],
      ['ssl', 'on'],
    ] as const) {
      await sql(world, `ALTER SYSTEM SET ${name} = '${value}'`);
    }
    await sql(world, 'SELECT pg_reload_conf()');
    assert.deepEqual(
      await until(
        () => check(world, { sslmode: 'require' }),
        (found) => found.length === 0,
      ),
      [],
    );
    await using client = await openPostgres({ ...world.capture, sslmode: 'require' });
    assert.deepEqual(await client.query('SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()'), [{ ssl: 'true' }]);
    assert.deepEqual(codes(await check(world, { sslmode: 'verify-full' })), ['POSTGRES_TLS'], 'an authority nobody knows');
    assert.deepEqual(
      codes(await check(world, { sslmode: 'verify-ca', ca: files.cert })),
      [],
      'the chain is right, the name does not matter',
    );
    assert.deepEqual(
      codes(await check(world, { sslmode: 'verify-full', ca: files.cert })),
      ['POSTGRES_TLS'],
      'the certificate names another host',
    );
    assert.deepEqual(codes(await check(world, { sslmode: 'verify-full', ca: files.cert, host: 'localhost' })), []);
  });
}

/** A certificate for `localhost` alone, signed by itself, readable by the server. Null without openssl. */
async function certificate(t: TestContext): Promise<{ readonly cert: string; readonly key: string } | null> {
  const dir = await mkdtemp(join(tmpdir(), 'foz-tls-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const [cert, key] = [join(dir, 'server.crt'), join(dir, 'server.key')];
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    });
  } catch {
    return null;
  }
  if (process.getuid?.() === 0) {
    const { uid, gid } = postgresUser();
    for (const path of [dir, cert, key]) await chown(path, uid, gid);
  }
  return { cert, key };
}

/** Who the server runs as when we are root. */
function postgresUser(): { readonly uid: number; readonly gid: number } {
  const [uid = '0', gid = '0'] = ['-u', '-g'].map((flag) => execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
  return { uid: Number(uid), gid: Number(gid) };
}
