// Preflight's rules about the captured tables, the signal table and the heartbeat table.

import { quoteIdentifier, type PostgresRow } from '../sources/postgres-client.ts';
import { qualifiedName } from '../sources/postgres-source.ts';
import type { Finding } from './finding.ts';
import type { PostgresPreflight } from './preflight-postgres.ts';
import { tableNameOf } from './users.ts';

/** $1: quoted names, one a line. $2: the role. A table that does not exist gives a row with a null oid. */
export const tablesSql = `
SELECT w.name, c.oid::text AS oid, c.relkind::text AS kind, c.relpersistence::text AS persistence, c.relreplident::text AS identity,
       c.relrowsecurity::text AS "rowSecurity", r.bypass::text AS bypass,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)::text AS "hasKey",
       has_schema_privilege($2, c.relnamespace, 'USAGE')::text AS usage,
       has_table_privilege($2, c.oid, 'SELECT')::text AS "canSelect", has_table_privilege($2, c.oid, 'INSERT')::text AS "canInsert",
       has_table_privilege($2, c.oid, 'UPDATE')::text AS "canUpdate", has_table_privilege($2, c.oid, 'DELETE')::text AS "canDelete",
       (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attgenerated <> '' AND NOT a.attisdropped) AS generated,
       (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND (t.typname IN ('_interval', '_money', '_time', '_timetz') OR (t.typcategory = 'A' AND a.attndims > 1))) AS altered
  FROM unnest(string_to_array($1, E'\\n')) AS w(name)
  LEFT JOIN pg_class c ON c.oid = to_regclass(w.name)
 CROSS JOIN (SELECT rolsuper OR rolbypassrls AS bypass FROM pg_roles WHERE rolname = $2) r`;

export function judgeTables(rows: readonly PostgresRow[], wanted: PostgresPreflight): readonly Finding[] {
  const byName = new Map(rows.map((row) => [row['name'] ?? '', row] as const));
  const judge = (table: string, rights: readonly Right[], isCaptured: boolean): readonly Finding[] => {
    const row = byName.get(qualifiedName(tableNameOf(table)));
    if (row === undefined || (row['oid'] ?? null) === null) return [missingTable(table)];
    return [...judgeRights(row, table, rights, wanted), ...judgeKind(row, table), ...(isCaptured ? judgeCaptured(row, table) : [])];
  };
  return [
    ...wanted.tables.flatMap((table) => judge(table, ['SELECT'], true)),
    ...judge(wanted.signalTable, ['SELECT', 'INSERT', 'DELETE'], false),
    ...judge(wanted.heartbeatTable, ['SELECT', 'INSERT', 'UPDATE'], false),
  ];
}

type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

const rightColumns: Readonly<Record<Right, string>> = {
  SELECT: 'canSelect',
  INSERT: 'canInsert',
  UPDATE: 'canUpdate',
  DELETE: 'canDelete',
};

function missingTable(table: string): Finding {
  const mend = `Correct the name, or CREATE TABLE ${qualifiedName(tableNameOf(table))} (…);`;
  return {
    code: 'POSTGRES_TABLE_MISSING',
    severity: 'error',
    subject: `table ${table}`,
    setting: 'table',
    found: 'missing',
    needed: 'present',
    mend,
  };
}

function judgeRights(row: PostgresRow, table: string, rights: readonly Right[], wanted: PostgresPreflight): readonly Finding[] {
  const findings: Finding[] = [];
  const role = quoteIdentifier(wanted.role);
  const name = tableNameOf(table);
  if (row['usage'] !== 'true') {
    findings.push({
      code: 'POSTGRES_SCHEMA_USAGE',
      severity: 'error',
      subject: `schema ${name.namespace} for role ${wanted.role}`,
      setting: 'USAGE',
      found: 'not granted',
      needed: 'granted',
      mend: `GRANT USAGE ON SCHEMA ${quoteIdentifier(name.namespace)} TO ${role};`,
    });
  }
  const lacking = rights.filter((right) => row[rightColumns[right]] !== 'true');
  if (lacking.length > 0) {
    findings.push({
      code: 'POSTGRES_TABLE_RIGHTS',
      severity: 'error',
      subject: `table ${table} for role ${wanted.role}`,
      setting: lacking.join(', '),
      found: 'not granted',
      needed: 'granted',
      mend: `GRANT ${lacking.join(', ')} ON ${qualifiedName(name)} TO ${role};`,
    });
  }
  if (row['rowSecurity'] === 'true' && row['bypass'] !== 'true') {
    findings.push({
      code: 'POSTGRES_ROW_SECURITY',
      severity: 'warning',
      subject: `table ${table} for role ${wanted.role}`,
      setting: 'row level security',
      found: 'on: the snapshot reads only rows the policies show, the stream all',
      needed: 'BYPASSRLS',
      mend: `ALTER ROLE ${role} BYPASSRLS;`,
    });
  }
  return findings;
}

function judgeKind(row: PostgresRow, table: string): readonly Finding[] {
  const name = qualifiedName(tableNameOf(table));
  const subject = `table ${table}`;
  if (row['persistence'] === 'u') {
    const mend = `ALTER TABLE ${name} SET LOGGED;`;
    return [
      {
        code: 'POSTGRES_TABLE_UNLOGGED',
        severity: 'error',
        subject,
        setting: 'persistence',
        found: 'unlogged: its changes are not in the log',
        needed: 'logged',
        mend,
      },
    ];
  }
  if (row['kind'] !== 'r' && row['kind'] !== 'p') {
    const found =
      row['kind'] === 'v' || row['kind'] === 'm' ? 'a view' : row['kind'] === 'f' ? 'a foreign table' : `relkind ${row['kind']}`;
    return [
      {
        code: 'POSTGRES_TABLE_KIND',
        severity: 'error',
        subject,
        setting: 'kind',
        found,
        needed: 'a table',
        mend: 'Capture the tables beneath it',
      },
    ];
  }
  if (row['kind'] === 'p') {
    return [
      {
        code: 'POSTGRES_TABLE_PARTITIONED',
        severity: 'notice',
        subject,
        setting: 'publish_via_partition_root',
        found: 'a partitioned table: each partition is a topic of its own unless the publication says otherwise',
        needed: 'true, for one topic',
        mend: 'ALTER PUBLICATION … SET (publish_via_partition_root = true);',
      },
    ];
  }
  return [];
}

const identities: Readonly<Record<string, string>> = { d: 'DEFAULT', n: 'NOTHING', f: 'FULL', i: 'INDEX' };

function judgeCaptured(row: PostgresRow, table: string): readonly Finding[] {
  const name = qualifiedName(tableNameOf(table));
  const subject = `table ${table}`;
  const identity = row['identity'] ?? '';
  const hasKey = row['hasKey'] === 'true';
  const findings: Finding[] = [];
  if (identity === 'n' || (identity === 'd' && !hasKey)) {
    findings.push({
      code: 'POSTGRES_REPLICA_IDENTITY',
      severity: 'error',
      subject,
      setting: 'REPLICA IDENTITY',
      found: identity === 'n' ? 'NOTHING' : 'DEFAULT without a primary key',
      needed: 'DEFAULT with a primary key, or FULL (without, the server refuses UPDATE and DELETE)',
      mend: hasKey ? `ALTER TABLE ${name} REPLICA IDENTITY DEFAULT;` : `ALTER TABLE ${name} REPLICA IDENTITY FULL;`,
    });
  }
  if (!hasKey) {
    findings.push({
      code: 'POSTGRES_NO_PRIMARY_KEY',
      severity: 'warning',
      subject,
      setting: 'PRIMARY KEY',
      found: `none (replica identity ${identities[identity] ?? identity})`,
      needed: 'a primary key: events have no key without one, so there is no current row to tell',
      mend: `ALTER TABLE ${name} ADD PRIMARY KEY (…);`,
    });
  }
  const generated = row['generated'] ?? null;
  if (generated !== null) {
    findings.push({
      code: 'POSTGRES_GENERATED_COLUMNS',
      severity: 'notice',
      subject,
      setting: 'generated columns',
      found: `${generated}: in the snapshot, not in the stream`,
      needed: 'nothing; verify leaves them out',
      mend: 'Compute them in the lake, or publish them (PostgreSQL 18: publish_generated_columns = stored)',
    });
  }
  const altered = row['altered'] ?? null;
  if (altered !== null) {
    findings.push({
      code: 'POSTGRES_TYPE_ALTERED',
      severity: 'warning',
      subject,
      setting: 'column types',
      found: `${altered}: the connector leaves interval[] and money[] out, cuts time[] to milliseconds and empties inner arrays`,
      needed: 'a type it keeps exact',
      mend: `ALTER TABLE ${name} ALTER COLUMN … TYPE jsonb USING to_jsonb(…);`,
    });
  }
  return findings;
}
