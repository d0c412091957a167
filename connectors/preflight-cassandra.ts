// Preflight of Cassandra: what the agent reads wrongly, what it dies of, and what a node throws away before it is read.
// The settings are those of the node that answers; each node has its own, and its own agent.

import { quoteCql, type CassandraQuery, type CassandraRow } from '../sources/cassandra-client.ts';
import { introspectCassandra } from '../sources/cassandra-introspect.ts';
import type { SourceColumn, SourceTable, SourceType } from '../sources/source.ts';
import type { Finding } from './finding.ts';

export interface CassandraPreflight {
  /** For people: the contact points. */
  readonly cluster: string;
  readonly keyspace: string;
  readonly tables: readonly string[];
  readonly snapshotMode: 'initial' | 'never' | 'always';
  /** Rows read of each table to look for a TTL. */
  readonly ttlSampleRows: number;
}

export const cassandraPreflightDefaults = { ttlSampleRows: 1000 } as const;

export async function preflightCassandra(
  query: CassandraQuery,
  wanted: CassandraPreflight,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const [local] = await query('SELECT release_version FROM system.local', [], signal);
  findings.push(...judgeVersion(String(local?.['release_version'] ?? ''), wanted));
  const settings = new Map(
    (await query('SELECT name, value FROM system_views.settings', [], signal)).map(
      (row) => [String(row['name']), textOf(row['value'])] as const,
    ),
  );
  findings.push(...judgeNode(settings, wanted));
  const [keyspace] = await query('SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [wanted.keyspace], signal);
  findings.push(...judgeKeyspace(keyspace, wanted));
  if (keyspace === undefined) return findings;
  const views = await query(
    'SELECT view_name, base_table_name FROM system_schema.views WHERE keyspace_name = ?',
    [wanted.keyspace],
    signal,
  );
  for (const name of wanted.tables) findings.push(...(await judgeTable(query, name, views, wanted, signal)));
  return findings;
}

function judgeVersion(version: string, wanted: CassandraPreflight): readonly Finding[] {
  const major = Number(version.split('.')[0] ?? 0);
  if (major >= 4) return [];
  return [
    {
      code: 'CASSANDRA_VERSION',
      severity: 'error',
      subject: wanted.cluster,
      setting: 'release_version',
      found: version,
      needed: '4.0 or later (near real-time change data capture)',
      mend: 'Upgrade the cluster',
    },
  ];
}

function judgeNode(settings: ReadonlyMap<string, string>, wanted: CassandraPreflight): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (code: string, severity: Finding['severity'], setting: string, needed: string, mend: string, why = '') => {
    const value = settings.get(setting) ?? 'not set';
    findings.push({
      code,
      severity,
      subject: `${wanted.cluster}, the node that answered`,
      setting,
      found: why === '' ? value : `${value}: ${why}`,
      needed,
      mend,
    });
  };
  if (settings.get('cdc_enabled') !== 'true') {
    find('CASSANDRA_CDC_DISABLED', 'error', 'cdc_enabled', 'true', 'cassandra.yaml: cdc_enabled: true; then restart the node');
  }
  // Exists from 4.1 on. Either way something gives when the agent is away; which, is the operator's choice.
  const blocks = settings.get('cdc_block_writes');
  if (blocks === 'false') {
    const why = `when cdc_total_space (${settings.get('cdc_total_space') ?? 'default'}) is full, the oldest changes are dropped unread`;
    find(
      'CASSANDRA_CDC_DROPS',
      'warning',
      'cdc_block_writes',
      'true, or space for the longest outage of the agent',
      'cassandra.yaml: cdc_block_writes: true',
      why,
    );
  } else if (blocks === 'true') {
    const why = `when cdc_total_space (${settings.get('cdc_total_space') ?? 'default'}) is full, writes to captured tables fail`;
    find(
      'CASSANDRA_CDC_BLOCKS',
      'notice',
      'cdc_block_writes',
      'space for the longest outage of the agent',
      'cassandra.yaml: cdc_total_space: 8192MiB',
      why,
    );
  }
  if (settings.get('cdc_on_repair_enabled') === 'true') {
    const why = 'repair streams go through the commit log and arrive as changes again';
    find('CASSANDRA_CDC_REPAIR', 'notice', 'cdc_on_repair_enabled', 'false', 'cassandra.yaml: cdc_on_repair_enabled: false', why);
  }
  const sync = settings.get('commitlog_sync');
  const periodMs = milliseconds(settings.get('commitlog_sync_period') ?? '');
  if (sync === 'periodic' && periodMs !== null && periodMs > 1000) {
    const why = 'a change is seen at the next sync';
    find('CASSANDRA_SYNC_SLOW', 'warning', 'commitlog_sync_period', '1000ms or less', 'cassandra.yaml: commitlog_sync_period: 100ms', why);
  }
  const encrypted =
    settings.get('transparent_data_encryption_options_enabled') ?? settings.get('transparent_data_encryption_options.enabled');
  if (encrypted === 'true') {
    findings.push({
      code: 'CASSANDRA_LOG_ENCRYPTED',
      severity: 'error',
      subject: wanted.cluster,
      setting: 'transparent_data_encryption_options.enabled',
      found: 'true',
      needed: 'false: the agent cannot read an encrypted commit log in near real time',
      mend: 'cassandra.yaml: transparent_data_encryption_options: {enabled: false}',
    });
  }
  return findings;
}

/** `100ms`, `10s`, `10000ms`; a bare number is milliseconds. */
function milliseconds(text: string): number | null {
  const match = /^(\d+)\s*(ms|s|m)?$/.exec(text);
  if (match === null) return null;
  const factor = match[2] === 's' ? 1000 : match[2] === 'm' ? 60_000 : 1;
  return Number(match[1]) * factor;
}

function judgeKeyspace(keyspace: CassandraRow | undefined, wanted: CassandraPreflight): readonly Finding[] {
  const subject = `keyspace ${wanted.keyspace}`;
  if (keyspace === undefined) {
    const mend = `CREATE KEYSPACE ${quoteCql(wanted.keyspace)} WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 3};`;
    return [
      { code: 'CASSANDRA_KEYSPACE_MISSING', severity: 'error', subject, setting: 'keyspace', found: 'missing', needed: 'present', mend },
    ];
  }
  const { replication } = keyspace;
  const factors =
    replication instanceof Map ? [...replication.entries()].filter(([name]) => name !== 'class').map(([, value]) => Number(value)) : [];
  const copies = factors.reduce((sum, factor) => sum + (Number.isNaN(factor) ? 0 : factor), 0);
  if (copies <= 1) return [];
  return [
    {
      code: 'CASSANDRA_REPLICAS',
      severity: 'notice',
      subject,
      setting: 'replication',
      found: `${copies} copies: each replica's agent sends its own`,
      needed: 'nothing: the current view keeps one',
      mend: 'Count on that many times the events in the raw table',
    },
  ];
}

async function judgeTable(
  query: CassandraQuery,
  name: string,
  views: readonly CassandraRow[],
  wanted: CassandraPreflight,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  const qualified = `${quoteCql(wanted.keyspace)}.${quoteCql(name)}`;
  const subject = `table ${wanted.keyspace}.${name}`;
  const table = await introspectCassandra(query, { namespace: wanted.keyspace, table: name }, signal);
  if (table === null) {
    const mend = `Correct the name, or CREATE TABLE ${qualified} (…) WITH cdc = true;`;
    return [{ code: 'CASSANDRA_TABLE_MISSING', severity: 'error', subject, setting: 'table', found: 'missing', needed: 'present', mend }];
  }
  const [options] = await query(
    'SELECT cdc, default_time_to_live FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?',
    [wanted.keyspace, name],
    signal,
  );
  const findings: Finding[] = [];
  if (options?.['cdc'] !== true) {
    const mend = `ALTER TABLE ${qualified} WITH cdc = true;`;
    findings.push({
      code: 'CASSANDRA_TABLE_CDC',
      severity: 'error',
      subject,
      setting: 'cdc',
      found: String(options?.['cdc'] ?? 'not set'),
      needed: 'true',
      mend,
    });
  }
  findings.push(...table.columns.flatMap((column) => judgeColumn(column, subject, qualified)));
  findings.push(...(await judgeTtl(query, table, Number(options?.['default_time_to_live'] ?? 0), wanted, signal)));
  const ownViews = views.filter((view) => view['base_table_name'] === name).map((view) => String(view['view_name']));
  if (ownViews.length > 0) {
    findings.push({
      code: 'CASSANDRA_VIEWS',
      severity: 'notice',
      subject,
      setting: 'materialised views',
      found: `${ownViews.join(', ')}: not captured`,
      needed: 'nothing: their table is',
      mend: 'Build them as queries over the lake',
    });
  }
  return findings;
}

const collectionTypes: ReadonlySet<string> = new Set(['list', 'set', 'map']);

function judgeColumn(column: SourceColumn, subject: string, qualified: string): readonly Finding[] {
  const { type } = column;
  const at = `${subject}, column ${column.name}`;
  const replace = `ALTER TABLE ${qualified} ADD ${quoteCql(`${column.name}_frozen`)} frozen<${type.declared}>; then copy the values and drop ${column.name}`;
  if (collectionTypes.has(type.name) && !type.isFrozen) {
    const found = `${type.declared}: adding to it, removing from it and replacing it look the same in the event`;
    return [
      {
        code: 'CASSANDRA_NOT_FROZEN',
        severity: 'error',
        subject: at,
        setting: 'type',
        found,
        needed: `frozen<${type.declared}>`,
        mend: replace,
      },
    ];
  }
  if (type.name === 'udt' && !type.isFrozen) {
    const found = `${type.declared}, not frozen: the agent's reader dies of the first change`;
    return [
      {
        code: 'CASSANDRA_UDT_NOT_FROZEN',
        severity: 'error',
        subject: at,
        setting: 'type',
        found,
        needed: `frozen<${type.declared}>`,
        mend: replace,
      },
    ];
  }
  if (hasNestedSet(type, false)) {
    const found = `${type.declared}: a set inside another type stops the agent at the first change`;
    return [
      {
        code: 'CASSANDRA_NESTED_SET',
        severity: 'error',
        subject: at,
        setting: 'type',
        found,
        needed: 'a list in its place',
        mend: replace,
      },
    ];
  }
  if (type.name === 'counter') {
    const mend = `Leave the table out, or keep the count in a bigint column`;
    return [
      {
        code: 'CASSANDRA_COUNTER',
        severity: 'error',
        subject: at,
        setting: 'type',
        found: 'counter: increments carry no value',
        needed: 'another type',
        mend,
      },
    ];
  }
  if (column.role === 'static') {
    const mend = `Keep ${column.name} in a table of its own, by partition key`;
    const found = 'static: a write of static columns alone gives no event, and mixed ones lose the value';
    return [{ code: 'CASSANDRA_STATIC', severity: 'warning', subject: at, setting: 'kind', found, needed: 'a regular column', mend }];
  }
  if (type.name === 'duration') {
    const found = 'duration: arrives as nanoseconds, months counted as 30 days';
    return [
      {
        code: 'CASSANDRA_DURATION',
        severity: 'warning',
        subject: at,
        setting: 'type',
        found,
        needed: 'bigint or text, where months matter',
        mend: replace,
      },
    ];
  }
  return [];
}

function hasNestedSet(type: SourceType, isInside: boolean): boolean {
  if (type.name === 'set' && isInside) return true;
  return [...type.arguments, ...type.fields.map((field) => field.type)].some((inner) => hasNestedSet(inner, true));
}

async function judgeTtl(
  query: CassandraQuery,
  table: SourceTable,
  defaultSeconds: number,
  wanted: CassandraPreflight,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  if (wanted.snapshotMode === 'never') return [];
  const common = {
    severity: 'error',
    subject: `table ${wanted.keyspace}.${table.name.table}`,
    needed: 'no TTL, or snapshot.mode never: the snapshot reader dies of the first row with one',
  } as const;
  const name = `${quoteCql(wanted.keyspace)}.${quoteCql(table.name.table)}`;
  if (defaultSeconds > 0) {
    const mend = `snapshot.mode=never, or ALTER TABLE ${name} WITH default_time_to_live = 0;`;
    return [{ ...common, code: 'CASSANDRA_TTL_DEFAULT', setting: 'default_time_to_live', found: `${defaultSeconds} s`, mend }];
  }
  const timed = table.columns.filter((column) => column.keyIndex === null && column.type.isFrozen && column.type.name !== 'counter');
  if (timed.length === 0) return [];
  const select = timed.map((column, index) => `TTL(${quoteCql(column.name)}) AS ttl${index}`).join(', ');
  const rows = await query(`SELECT ${select} FROM ${name} LIMIT ${wanted.ttlSampleRows}`, [], signal);
  const expiring = timed
    .filter((_column, index) => rows.some((row) => typeof row[`ttl${index}`] === 'number'))
    .map((column) => column.name);
  if (expiring.length === 0) return [];
  const found = `in ${expiring.join(', ')} among the first ${rows.length} rows`;
  return [
    { ...common, code: 'CASSANDRA_TTL_ROWS', setting: 'TTL', found, mend: 'snapshot.mode=never, or write those rows again without a TTL' },
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : String(value ?? '');
}
