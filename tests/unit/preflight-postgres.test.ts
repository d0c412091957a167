import assert from 'node:assert/strict';
import test from 'node:test';
import { findingText, hasErrors, type Finding } from '../../connectors/finding.ts';
import { postgresPreflightDefaults, preflightPostgres, type PostgresPreflight } from '../../connectors/preflight-postgres.ts';
import type { PostgresQuery, PostgresRow } from '../../sources/postgres-client.ts';

const wanted: PostgresPreflight = {
  server: 'db:5432/app',
  database: 'app',
  role: 'cdc',
  tables: ['public.users'],
  signalTable: 'public.foz_signal',
  heartbeatTable: 'public.foz_heartbeat',
  publication: 'foz',
  slot: 'foz_users',
  ...postgresPreflightDefaults,
};

interface Facts {
  readonly settings: Readonly<Record<string, string>>;
  readonly role: PostgresRow | null;
  readonly usage: PostgresRow;
  readonly slot: PostgresRow | null;
  readonly publication: PostgresRow | null;
  readonly published: readonly PostgresRow[];
  readonly tables: Readonly<Record<string, PostgresRow | null>>;
}

const table: PostgresRow = {
  oid: '1',
  kind: 'r',
  persistence: 'p',
  identity: 'd',
  rowSecurity: 'false',
  bypass: 'false',
  hasKey: 'true',
  usage: 'true',
  canSelect: 'true',
  canInsert: 'true',
  canUpdate: 'true',
  canDelete: 'true',
  generated: null,
  altered: null,
};

const slot: PostgresRow = {
  plugin: 'pgoutput',
  type: 'logical',
  database: 'app',
  active: 'true',
  walStatus: 'reserved',
  twoPhase: 'false',
  invalidationReason: null,
  retained: '1000',
};

const sound: Facts = {
  settings: {
    server_version_num: '180004',
    server_version: '18.4',
    wal_level: 'logical',
    max_replication_slots: '8',
    max_wal_senders: '8',
    max_slot_wal_keep_size: '4096',
    idle_replication_slot_timeout: '0',
  },
  role: { login: 'true', replication: 'true', connect: 'true' },
  usage: { slots: '1', senders: '1', standby: 'false' },
  slot,
  publication: { insert: 'true', update: 'true', delete: 'true', truncate: 'true' },
  published: ['public.users', 'public.foz_signal', 'public.foz_heartbeat'].map((name) => ({ name, columns: null, filter: null })),
  tables: { users: table, foz_signal: table, foz_heartbeat: table },
};

/** Answers each statement by the catalog it reads. */
function server(facts: Facts): PostgresQuery {
  return async (sql) => {
    if (sql.includes('FROM pg_settings')) return Object.entries(facts.settings).map(([name, setting]) => ({ name, setting }));
    if (sql.includes('AS senders')) return [facts.usage];
    if (sql.includes('pg_replication_slots s')) return facts.slot === null ? [] : [facts.slot];
    if (sql.includes('FROM pg_publication_tables')) return facts.published;
    if (sql.includes('FROM pg_publication')) return facts.publication === null ? [] : [facts.publication];
    if (sql.includes('unnest(string_to_array')) {
      return Object.entries(facts.tables).map(([name, row]) => ({
        ...row,
        oid: row === null ? null : (row['oid'] ?? null),
        name: `"public"."${name}"`,
      }));
    }
    if (sql.includes('FROM pg_roles')) return facts.role === null ? [] : [facts.role];
    throw new Error(`unexpected statement ${sql}`);
  };
}

const setting = (name: string, value: string) => ({ settings: { ...sound.settings, [name]: value } });
const users = (change: PostgresRow | null) => ({ tables: { ...sound.tables, users: change === null ? null : { ...table, ...change } } });

// what is broken, the finding's code, and a part of the statement that mends it
const cases: readonly (readonly [what: string, change: Partial<Facts>, code: string, mend: string])[] = [
  ['an old server', setting('server_version_num', '120000'), 'POSTGRES_VERSION', 'pg_upgrade'],
  ['wal_level=replica', setting('wal_level', 'replica'), 'POSTGRES_WAL_LEVEL', `ALTER SYSTEM SET wal_level = 'logical'`],
  [
    'an old standby',
    { ...setting('server_version_num', '150001'), usage: { ...sound.usage, standby: 'true' } },
    'POSTGRES_STANDBY',
    'primary',
  ],
  ['no role', { role: null }, 'POSTGRES_ROLE_MISSING', 'CREATE ROLE "cdc" LOGIN REPLICATION'],
  ['no login', { role: { ...sound.role, login: 'false' } }, 'POSTGRES_ROLE_LOGIN', 'ALTER ROLE "cdc" LOGIN'],
  ['no replication right', { role: { ...sound.role, replication: 'false' } }, 'POSTGRES_ROLE_REPLICATION', 'ALTER ROLE "cdc" REPLICATION'],
  ['no connect right', { role: { ...sound.role, connect: 'false' } }, 'POSTGRES_ROLE_CONNECT', 'GRANT CONNECT ON DATABASE "app" TO "cdc"'],
  ['all slots taken', { slot: null, usage: { ...sound.usage, slots: '8' } }, 'POSTGRES_SLOTS_FULL', 'max_replication_slots = 12'],
  ['all senders taken', { slot: null, usage: { ...sound.usage, senders: '8' } }, 'POSTGRES_SENDERS_FULL', 'max_wal_senders = 12'],
  ['a physical slot', { slot: { ...slot, type: 'physical' } }, 'POSTGRES_SLOT_TYPE', `pg_drop_replication_slot('foz_users')`],
  ['a slot of another plugin', { slot: { ...slot, plugin: 'wal2json' } }, 'POSTGRES_SLOT_PLUGIN', 'pg_drop_replication_slot'],
  ['a slot of another database', { slot: { ...slot, database: 'other' } }, 'POSTGRES_SLOT_DATABASE', 'pg_drop_replication_slot'],
  ['a two-phase slot', { slot: { ...slot, twoPhase: 'true' } }, 'POSTGRES_SLOT_TWO_PHASE', 'pg_drop_replication_slot'],
  ['a lost slot', { slot: { ...slot, walStatus: 'lost' } }, 'POSTGRES_SLOT_LOST', 'snapshots anew'],
  ['an invalidated slot', { slot: { ...slot, invalidationReason: 'wal_removed' } }, 'POSTGRES_SLOT_LOST', 'snapshots anew'],
  ['a slot about to be lost', { slot: { ...slot, walStatus: 'unreserved' } }, 'POSTGRES_SLOT_UNRESERVED', 'start the connector now'],
  [
    'a slot that holds back much',
    { slot: { ...slot, retained: String(20n << 30n), active: 'false' } },
    'POSTGRES_SLOT_RETAINS',
    'Start the connector',
  ],
  ['no limit on retained WAL', setting('max_slot_wal_keep_size', '-1'), 'POSTGRES_SLOT_UNLIMITED', `max_slot_wal_keep_size = '10GB'`],
  ['a small limit on retained WAL', setting('max_slot_wal_keep_size', '64'), 'POSTGRES_SLOT_LIMIT_SMALL', 'max_slot_wal_keep_size'],
  [
    'idle slots given up',
    setting('idle_replication_slot_timeout', '3600'),
    'POSTGRES_SLOT_IDLE_TIMEOUT',
    'idle_replication_slot_timeout = 0',
  ],
  [
    'no publication',
    { publication: null, published: [] },
    'POSTGRES_PUBLICATION_MISSING',
    'CREATE PUBLICATION "foz" FOR TABLE "public"."users"',
  ],
  [
    'TRUNCATE not published',
    { publication: { ...sound.publication, truncate: 'false' } },
    'POSTGRES_PUBLICATION_OPERATIONS',
    'ALTER PUBLICATION "foz" SET (publish',
  ],
  ['a table not published', { published: sound.published.slice(1) }, 'POSTGRES_PUBLICATION_TABLES', 'ADD TABLE "public"."users"'],
  [
    'a row filter',
    { published: sound.published.map((row) => (row['name'] === 'public.users' ? { ...row, filter: '(id > 5)' } : row)) },
    'POSTGRES_PUBLICATION_PARTIAL',
    'DROP TABLE "public"."users"',
  ],
  ['no table', users(null), 'POSTGRES_TABLE_MISSING', 'CREATE TABLE "public"."users"'],
  ['no usage of the schema', users({ usage: 'false' }), 'POSTGRES_SCHEMA_USAGE', 'GRANT USAGE ON SCHEMA "public" TO "cdc"'],
  ['no SELECT', users({ canSelect: 'false' }), 'POSTGRES_TABLE_RIGHTS', 'GRANT SELECT ON "public"."users" TO "cdc"'],
  [
    'no rights on the heartbeat table',
    { tables: { ...sound.tables, foz_heartbeat: { ...table, canInsert: 'false', canUpdate: 'false' } } },
    'POSTGRES_TABLE_RIGHTS',
    'GRANT INSERT, UPDATE ON "public"."foz_heartbeat" TO "cdc"',
  ],
  ['row level security', users({ rowSecurity: 'true' }), 'POSTGRES_ROW_SECURITY', 'BYPASSRLS'],
  ['an unlogged table', users({ persistence: 'u' }), 'POSTGRES_TABLE_UNLOGGED', 'SET LOGGED'],
  ['a view', users({ kind: 'v' }), 'POSTGRES_TABLE_KIND', 'Capture the tables'],
  ['a partitioned table', users({ kind: 'p' }), 'POSTGRES_TABLE_PARTITIONED', 'publish_via_partition_root'],
  ['replica identity nothing', users({ identity: 'n' }), 'POSTGRES_REPLICA_IDENTITY', 'REPLICA IDENTITY DEFAULT'],
  ['generated columns', users({ generated: 'age' }), 'POSTGRES_GENERATED_COLUMNS', 'publish_generated_columns'],
  ['types that the connector alters', users({ altered: 'waits interval[]' }), 'POSTGRES_TYPE_ALTERED', 'jsonb'],
];

test('a sound server gives no finding', async () => {
  assert.deepEqual(await preflightPostgres(server(sound), wanted), []);
});

for (const [what, change, code, mend] of cases) {
  test(`preflight finds ${what}, once, and names the statement that mends it`, async () => {
    const findings = await preflightPostgres(server({ ...sound, ...change }), wanted);
    assert.deepEqual(
      findings.map((finding) => finding.code),
      [code],
    );
    const [finding] = findings;
    assert.ok(finding !== undefined && finding.mend.includes(mend), finding?.mend);
    for (const field of ['subject', 'setting', 'found', 'needed'] as const) assert.notEqual(finding[field], '');
  });
}

const codesWithoutKey = async (identity: string) =>
  (await preflightPostgres(server({ ...sound, ...users({ hasKey: 'false', identity }) }), wanted)).map((finding) => finding.code);

test('a table without a primary key is refused by the server unless its identity is FULL, and has no current row either way', async () => {
  assert.deepEqual(await codesWithoutKey('d'), ['POSTGRES_REPLICA_IDENTITY', 'POSTGRES_NO_PRIMARY_KEY']);
  assert.deepEqual(await codesWithoutKey('f'), ['POSTGRES_NO_PRIMARY_KEY']);
});

test('a slot that is there and streaming needs no room for another', async () => {
  assert.deepEqual(await preflightPostgres(server({ ...sound, usage: { slots: '8', senders: '8', standby: 'false' } }), wanted), []);
});

test('several faults are told at once, and a warning alone does not stop', async () => {
  const broken = await preflightPostgres(
    server({ ...sound, ...setting('wal_level', 'replica'), publication: null, published: [], role: null }),
    wanted,
  );
  assert.deepEqual(
    new Set(broken.map((finding) => finding.code)),
    new Set(['POSTGRES_WAL_LEVEL', 'POSTGRES_PUBLICATION_MISSING', 'POSTGRES_ROLE_MISSING']),
  );
  assert.equal(hasErrors(broken), true);
  assert.equal(hasErrors(await preflightPostgres(server({ ...sound, ...setting('max_slot_wal_keep_size', '-1') }), wanted)), false);
});

test('a finding reads as one sentence', () => {
  const finding: Finding = {
    code: 'C',
    severity: 'error',
    subject: 's',
    setting: 'wal_level',
    found: 'replica',
    needed: 'logical',
    mend: 'ALTER …',
  };
  assert.equal(findingText(finding), 'C: s: wal_level is replica, needed logical. Mend: ALTER …');
});
