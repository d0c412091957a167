// Preflight of PostgreSQL: everything that makes Debezium fail, stall, lose or fill the disk, asked of the server before
// it happens. Facts are read first, in a handful of statements; then each rule judges them. Nothing is changed.
//
// The rules speak of the connector's role, whoever asks: the login used here needs no rights of its own.

import type { PostgresQuery, PostgresRow } from '../sources/postgres-client.ts';
import { qualifiedName } from '../sources/postgres-source.ts';
import { quoteIdentifier } from '../sources/postgres-client.ts';
import type { Finding } from './finding.ts';
import { judgeCapacity, judgeSlot, judgeSlotLimits, slotSql } from './preflight-postgres-slot.ts';
import { judgeTables, tablesSql } from './preflight-postgres-tables.ts';
import { tableNameOf } from './users.ts';

export interface PostgresPreflight {
  /** For people: host:port/database. */
  readonly server: string;
  readonly database: string;
  /** The role the connector logs in as. */
  readonly role: string;
  readonly tables: readonly string[];
  readonly signalTable: string;
  readonly heartbeatTable: string;
  readonly publication: string;
  readonly slot: string;
  /** Less than this in max_slot_wal_keep_size, and a short outage of the connector loses the slot. */
  readonly slotWalBytesMin: bigint;
  /** More than this held back by the slot is worth a warning. */
  readonly retainedWalBytesMax: bigint;
}

export const postgresPreflightDefaults = { slotWalBytesMin: 1n << 30n, retainedWalBytesMax: 10n << 30n } as const;

const serverVersionMin = 130_000;

const settingNames = [
  'server_version_num',
  'server_version',
  'wal_level',
  'max_replication_slots',
  'max_wal_senders',
  'max_slot_wal_keep_size',
  'idle_replication_slot_timeout',
];

export async function preflightPostgres(
  query: PostgresQuery,
  wanted: PostgresPreflight,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  const settings = new Map(
    (
      await query("SELECT name, setting FROM pg_settings WHERE name = ANY (string_to_array($1, ','))", [settingNames.join(',')], signal)
    ).map((row) => [row['name'] ?? '', row['setting'] ?? ''] as const),
  );
  const [role] = await query(roleSql, [wanted.role], signal);
  const [usage] = await query(
    `SELECT count(*)::text AS slots, (SELECT count(*) FROM pg_stat_replication)::text AS senders, pg_is_in_recovery()::text AS standby FROM pg_replication_slots`,
    [],
    signal,
  );
  const [slot] = await query(slotSql, [wanted.slot], signal);
  const publication = await readPublication(query, wanted, signal);
  const everyTable = [...wanted.tables, wanted.signalTable, wanted.heartbeatTable];
  const tables = role === undefined ? [] : await query(tablesSql, [everyTable.map(regclassText).join('\n'), wanted.role], signal);
  return [
    ...judgeServer(settings, usage, wanted),
    ...judgeRole(role, wanted),
    ...judgeCapacity(settings, usage, slot, wanted),
    ...judgeSlot(slot, wanted),
    ...judgeSlotLimits(settings, wanted),
    ...judgePublication(publication, wanted),
    ...(role === undefined ? [] : judgeTables(tables, wanted)),
  ];
}

function regclassText(table: string): string {
  return qualifiedName(tableNameOf(table));
}

const roleSql = `
SELECT rolcanlogin::text AS login, (rolreplication OR rolsuper)::text AS replication,
       has_database_privilege(rolname, current_database(), 'CONNECT')::text AS connect
  FROM pg_roles WHERE rolname = $1`;

function judgeServer(settings: ReadonlyMap<string, string>, usage: PostgresRow | undefined, wanted: PostgresPreflight): readonly Finding[] {
  const findings: Finding[] = [];
  const version = Number(settings.get('server_version_num') ?? 0);
  if (version < serverVersionMin) {
    findings.push({
      code: 'POSTGRES_VERSION',
      severity: 'error',
      subject: wanted.server,
      setting: 'server_version',
      found: settings.get('server_version') ?? 'unknown',
      needed: '13 or later',
      mend: 'Upgrade the server: pg_upgrade to a supported version',
    });
  }
  const walLevel = settings.get('wal_level') ?? 'unknown';
  if (walLevel !== 'logical') {
    findings.push({
      code: 'POSTGRES_WAL_LEVEL',
      severity: 'error',
      subject: wanted.server,
      setting: 'wal_level',
      found: walLevel,
      needed: 'logical',
      mend: `ALTER SYSTEM SET wal_level = 'logical'; then restart the server`,
    });
  }
  if (usage?.['standby'] === 'true' && version < 160_000) {
    findings.push({
      code: 'POSTGRES_STANDBY',
      severity: 'error',
      subject: wanted.server,
      setting: 'pg_is_in_recovery()',
      found: 'true',
      needed: 'a primary (standbys decode from version 16 on)',
      mend: 'Set the host to the primary',
    });
  }
  return findings;
}

function judgeRole(role: PostgresRow | undefined, wanted: PostgresPreflight): readonly Finding[] {
  const name = quoteIdentifier(wanted.role);
  const subject = `role ${wanted.role}`;
  if (role === undefined) {
    const mend = `CREATE ROLE ${name} LOGIN REPLICATION PASSWORD '…';`;
    return [
      {
        code: 'POSTGRES_ROLE_MISSING',
        severity: 'error',
        subject,
        setting: 'role',
        found: 'missing',
        needed: 'a role with LOGIN REPLICATION',
        mend,
      },
    ];
  }
  const findings: Finding[] = [];
  if (role['login'] !== 'true') {
    const mend = `ALTER ROLE ${name} LOGIN;`;
    findings.push({ code: 'POSTGRES_ROLE_LOGIN', severity: 'error', subject, setting: 'LOGIN', found: 'NOLOGIN', needed: 'LOGIN', mend });
  }
  if (role['replication'] !== 'true') {
    const mend = `ALTER ROLE ${name} REPLICATION;`;
    findings.push({
      code: 'POSTGRES_ROLE_REPLICATION',
      severity: 'error',
      subject,
      setting: 'REPLICATION',
      found: 'NOREPLICATION',
      needed: 'REPLICATION',
      mend,
    });
  }
  if (role['connect'] !== 'true') {
    const mend = `GRANT CONNECT ON DATABASE ${quoteIdentifier(wanted.database)} TO ${name};`;
    findings.push({
      code: 'POSTGRES_ROLE_CONNECT',
      severity: 'error',
      subject: `${subject} on database ${wanted.database}`,
      setting: 'CONNECT',
      found: 'not granted',
      needed: 'granted',
      mend,
    });
  }
  return findings;
}

interface Publication {
  readonly row: PostgresRow | undefined;
  /** `schema.table` with its column list and row filter, where it has one. */
  readonly tables: ReadonlyMap<string, { readonly columns: string | null; readonly filter: string | null }>;
}

async function readPublication(query: PostgresQuery, wanted: PostgresPreflight, signal?: AbortSignal): Promise<Publication> {
  const [row] = await query(
    'SELECT pubinsert::text AS insert, pubupdate::text AS update, pubdelete::text AS delete, pubtruncate::text AS truncate FROM pg_publication WHERE pubname = $1',
    [wanted.publication],
    signal,
  );
  const rows = await query(
    `SELECT p.schemaname || '.' || p.tablename AS name, to_jsonb(p) ->> 'rowfilter' AS filter,
            CASE WHEN jsonb_array_length(to_jsonb(p) -> 'attnames') <
                      (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = format('%I.%I', p.schemaname, p.tablename)::regclass
                          AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
                 THEN to_jsonb(p) ->> 'attnames' END AS columns
       FROM pg_publication_tables p WHERE p.pubname = $1`,
    [wanted.publication],
    signal,
  );
  return {
    row,
    tables: new Map(
      rows.map((table) => [table['name'] ?? '', { columns: table['columns'] ?? null, filter: table['filter'] ?? null }] as const),
    ),
  };
}

function judgePublication(publication: Publication, wanted: PostgresPreflight): readonly Finding[] {
  const name = quoteIdentifier(wanted.publication);
  const needed = [...wanted.tables, wanted.signalTable, wanted.heartbeatTable];
  const list = needed.map(regclassText).join(', ');
  const subject = `publication ${wanted.publication}`;
  if (publication.row === undefined) {
    const mend = `CREATE PUBLICATION ${name} FOR TABLE ${list} WITH (publish = 'insert, update, delete, truncate');`;
    return [
      {
        code: 'POSTGRES_PUBLICATION_MISSING',
        severity: 'error',
        subject,
        setting: 'publication',
        found: 'missing',
        needed: `for ${list}`,
        mend,
      },
    ];
  }
  const findings: Finding[] = [];
  const { row } = publication;
  const silent = ['insert', 'update', 'delete', 'truncate'].filter((operation) => row[operation] !== 'true');
  if (silent.length > 0) {
    findings.push({
      code: 'POSTGRES_PUBLICATION_OPERATIONS',
      severity: 'error',
      subject,
      setting: 'publish',
      found: `without ${silent.join(', ')}`,
      needed: 'insert, update, delete, truncate',
      mend: `ALTER PUBLICATION ${name} SET (publish = 'insert, update, delete, truncate');`,
    });
  }
  const missing = needed.filter((table) => !publication.tables.has(table));
  if (missing.length > 0) {
    findings.push({
      code: 'POSTGRES_PUBLICATION_TABLES',
      severity: 'error',
      subject,
      setting: 'tables',
      found: `without ${missing.join(', ')}`,
      needed: needed.join(', '),
      mend: `ALTER PUBLICATION ${name} ADD TABLE ${missing.map(regclassText).join(', ')};`,
    });
  }
  for (const table of wanted.tables) {
    const published = publication.tables.get(table);
    if (published === undefined || (published.columns === null && published.filter === null)) continue;
    const found = published.filter === null ? `columns ${published.columns}` : `rows WHERE ${published.filter}`;
    findings.push({
      code: 'POSTGRES_PUBLICATION_PARTIAL',
      severity: 'warning',
      subject: `${subject}, table ${table}`,
      setting: published.filter === null ? 'column list' : 'row filter',
      found,
      needed: 'the whole table (the snapshot reads all of it, the stream only this)',
      mend: `ALTER PUBLICATION ${name} DROP TABLE ${regclassText(table)}; ALTER PUBLICATION ${name} ADD TABLE ${regclassText(table)};`,
    });
  }
  return findings;
}
