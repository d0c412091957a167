// `foz table add public.orders`: one more table of PostgreSQL into the lake while everything runs. In the order in which
// nothing can be missed: the topic (stamped by the broker from offset 0 on), the publication, the connector's list, then a
// signal that has the connector read the rows that are there already, in chunks, beside the stream; and foz.yaml, which a
// running worker looks at. Each step says whether it was done, was done before, or what a person with the right has to run.
// Repeated after it was cut off anywhere, it does what is left: whether the snapshot was asked for stands in the signal table.

import { readFile, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { connectClient } from '../../connectors/connect-client.ts';
import { registerConnector, registerDefaults } from '../../connectors/register.ts';
import { tableNameOf, usersConnector, usersTopic, usersTopics, type UsersConnectorSettings } from '../../connectors/users.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { openPostgres, type PostgresQuery } from '../../sources/postgres-client.ts';
import type { LoadedConfig } from '../config.ts';
import { openKafkaAdmin } from '../kafka-admin.ts';
import { postgresSettings, tableTargets, usersSettings } from '../settings.ts';
import { kafkaOptions } from '../wire.ts';
import { withListItem } from './yaml-list.ts';

export interface AddStep {
  readonly step: 'rights' | 'topic' | 'publication' | 'connector' | 'snapshot' | 'foz.yaml';
  readonly outcome: 'done' | 'there' | 'by hand';
  /** A statement or text to be added, where it is by hand. */
  readonly detail: string;
}

export interface AddTableInput {
  readonly loaded: LoadedConfig;
  /** `public.orders` */
  readonly name: string;
  /** Name in the lake; null: the table's own. */
  readonly table: string | null;
  /** Read the rows that are there although the connector had the table before. */
  readonly snapshot: boolean;
  readonly write: boolean;
}

export async function addTable(input: AddTableInput, signal: AbortSignal): Promise<readonly AddStep[]> {
  const { loaded, name } = input;
  const users = usersSettings(loaded);
  const database = postgresSettings(loaded);
  if (!users || !database || !loaded.config.connect)
    throw new LakeError('CONFIG_INVALID', 'foz table add needs sources.postgres, connectors.postgres and connect.url.', {
      context: { expected: 'the three of them in foz.yaml', found: 'at least one is missing', next: 'foz check' },
    });
  await using client = await openPostgres(database, signal);
  const rights = await requireTable(client.query, name, signal);
  const tables = [...new Set([...users.tables, name])];
  const wanted = { ...users, tables };
  const steps: AddStep[] = [...rights];
  await using admin = await openKafkaAdmin(kafkaOptions(loaded));
  const created = await admin.createTopics(usersTopics(wanted));
  const topic = usersTopic(users.topicPrefix, name);
  steps.push({ step: 'topic', outcome: created.includes(topic) ? 'done' : 'there', detail: topic });
  steps.push(await publish(client.query, users, name, signal));
  // The connector fails on a table that it may not read, and waits for ever for one that is not published.
  if (steps.some(({ outcome }) => outcome === 'by hand')) return steps;
  const reader = await slotReader(client.query, users, signal);
  const connect = connectClient({ ...loaded.config.connect, requestTimeoutMs: 10_000 });
  const { outcome } = await registerConnector(connect, usersConnector(wanted), registerDefaults, signal);
  steps.push({ step: 'connector', outcome: outcome === 'unchanged' ? 'there' : 'done', detail: `${users.name}: ${tables.join(', ')}` });
  const isAsked = users.tables.includes(name) || (await wasAsked(client.query, users, name, signal));
  if (outcome === 'updated') await anotherReader(client.query, users, reader, signal);
  if (outcome !== 'unchanged' || !isAsked || input.snapshot) steps.push(await requestSnapshot(client.query, users, name, signal));
  else steps.push({ step: 'snapshot', outcome: 'there', detail: 'asked for before; --snapshot asks again' });
  steps.push(await intoConfig(input, users, topic));
  return steps;
}

/** CONFIG_INVALID where there is no such table, or no key to tell its rows by. What the role needs to read it, where it may not. */
async function requireTable(query: PostgresQuery, name: string, signal: AbortSignal): Promise<readonly AddStep[]> {
  const { namespace, table } = tableNameOf(name);
  const rows = await query(
    `SELECT c.relreplident AS identity, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed,
       current_user AS role, has_schema_privilege(n.oid, 'USAGE') AS seen, has_table_privilege(c.oid, 'SELECT') AS readable
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`,
    [namespace, table],
    signal,
  );
  const [found] = rows;
  if (!found)
    throw new LakeError('CONFIG_INVALID', `There is no table ${name} in the database, or the role may not see it.`, {
      context: {
        expected: 'a table, as schema.table',
        found: name,
        next: `SELECT schemaname, tablename FROM pg_tables WHERE tablename ILIKE '%${table.replaceAll("'", "''")}%'`,
      },
    });
  if (!isTrue(found['keyed']))
    throw new LakeError(
      'CONFIG_INVALID',
      `${name} has no primary key: its rows cannot be told apart, in the snapshot nor in current.${table}.`,
      {
        context: {
          expected: 'a primary key',
          found: `REPLICA IDENTITY ${String(found['identity'])}`,
          next: `ALTER TABLE ${name} ADD PRIMARY KEY (…)`,
        },
      },
    );
  const role = identifier(String(found['role']));
  const grants = [
    ...(isTrue(found['seen']) ? [] : [`GRANT USAGE ON SCHEMA ${identifier(namespace)} TO ${role};`]),
    ...(isTrue(found['readable']) ? [] : [`GRANT SELECT ON ${qualified(name)} TO ${role};`]),
  ];
  return grants.length === 0 ? [] : [{ step: 'rights', outcome: 'by hand', detail: grants.join(' ') }];
}

function isTrue(value: string | null | undefined): boolean {
  return value === 't' || value === 'true';
}

async function publish(query: PostgresQuery, users: UsersConnectorSettings, name: string, signal: AbortSignal): Promise<AddStep> {
  const { namespace, table } = tableNameOf(name);
  const members = await query(
    'SELECT 1 AS one FROM pg_publication_tables WHERE pubname = $1 AND schemaname = $2 AND tablename = $3',
    [users.publication, namespace, table],
    signal,
  );
  if (members.length > 0) return { step: 'publication', outcome: 'there', detail: users.publication };
  const statement = `ALTER PUBLICATION ${identifier(users.publication)} ADD TABLE ${qualified(name)}`;
  return attempted('publication', statement, () => query(statement, [], signal));
}

/** The server process that reads the slot for the connector's task; null while none does. */
async function slotReader(query: PostgresQuery, { slot }: UsersConnectorSettings, signal: AbortSignal): Promise<string | null> {
  const rows = await query('SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1', [slot], signal);
  return rows[0]?.['active_pid'] ?? null;
}

const readerMaxMs = 60_000;

/** The task with the new list reads: the one before would take the signal and know nothing of the table. */
async function anotherReader(
  query: PostgresQuery,
  users: UsersConnectorSettings,
  before: string | null,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = systemClock.now() + readerMaxMs;
  for (;;) {
    const reader = await slotReader(query, users, signal);
    if (reader !== null && reader !== before) return;
    if (systemClock.now() >= deadlineMs)
      throw new LakeError('CONNECTOR_FAILED', `Connector ${users.name} does not read slot ${users.slot} after ${readerMaxMs / 1000} s.`, {
        context: { next: 'foz check; then the same command again' },
      });
    await systemClock.sleep(250, signal);
  }
}

async function wasAsked(query: PostgresQuery, users: UsersConnectorSettings, name: string, signal: AbortSignal): Promise<boolean> {
  const rows = await query(
    `SELECT 1 AS one FROM ${qualified(users.signalTable)} WHERE type = 'execute-snapshot' AND strpos(data, $1) > 0 LIMIT 1`,
    [JSON.stringify(name)],
    signal,
  );
  return rows.length > 0;
}

/** Debezium's ad-hoc snapshot: chunks read beside the stream, each row once the stream has passed it or newer. */
async function requestSnapshot(query: PostgresQuery, users: UsersConnectorSettings, name: string, signal: AbortSignal): Promise<AddStep> {
  const data = JSON.stringify({ 'data-collections': [name], type: 'incremental' });
  const statement = `INSERT INTO ${qualified(users.signalTable)} (id, type, data) VALUES ('${randomUUID()}', 'execute-snapshot', '${data.replaceAll("'", "''")}')`;
  return attempted('snapshot', statement, () => query(statement, [], signal));
}

/** What the role may not do is left to one that may. */
async function attempted(step: AddStep['step'], statement: string, run: () => Promise<unknown>): Promise<AddStep> {
  try {
    await run();
    return { step, outcome: 'done', detail: statement };
  } catch (error) {
    if (!(error instanceof LakeError) || !/permission denied|must be owner/i.test(`${error.message} ${String(error.cause)}`)) throw error;
    return { step, outcome: 'by hand', detail: `${statement};` };
  }
}

async function intoConfig({ loaded, name, table, write }: AddTableInput, users: UsersConnectorSettings, topic: string): Promise<AddStep> {
  const ident = table ?? tableNameOf(name).table;
  const isSynced = tableTargets(loaded.config).some((target) => target.topic === topic);
  const isCaptured = users.tables.includes(name);
  if (isSynced && isCaptured) return { step: 'foz.yaml', outcome: 'there', detail: loaded.file };
  const target = `{ topic: ${topic}, table: ${ident} }`;
  const detail = [...(isSynced ? [] : [`sync.tables: ${target}`]), ...(isCaptured ? [] : [`connectors.postgres.tables: ${name}`])].join(
    '; ',
  );
  let text: string | null = await readFile(loaded.file, 'utf8');
  if (!isSynced) text = withListItem(text, ['sync', 'tables'], target);
  if (!isCaptured && text !== null) text = withListItem(text, ['connectors', 'postgres', 'tables'], name, users.tables);
  if (!write || text === null) return { step: 'foz.yaml', outcome: 'by hand', detail };
  await writeFile(loaded.file, text);
  return { step: 'foz.yaml', outcome: 'done', detail };
}

function qualified(name: string): string {
  const { namespace, table } = tableNameOf(name);
  return `${identifier(namespace)}.${identifier(table)}`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
