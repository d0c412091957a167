// `foz table add public.orders`: one more table of PostgreSQL into the lake while everything runs. In the order in which
// nothing can be missed: the topic (stamped by the broker from offset 0 on), the publication, the connector's list, then a
// signal that has the connector read the rows that are there already, in chunks, beside the stream; and foz.yaml, which a
// running worker looks at. Each step says whether it was done, was done before, or what a person with the right has to run.

import { readFile, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { connectClient } from '../../connectors/connect-client.ts';
import { registerConnector, registerDefaults } from '../../connectors/register.ts';
import { tableNameOf, usersConnector, usersTopic, usersTopics, type UsersConnectorSettings } from '../../connectors/users.ts';
import { LakeError } from '../../runtime/errors.ts';
import { openPostgres, type PostgresQuery } from '../../sources/postgres-client.ts';
import type { LoadedConfig } from '../config.ts';
import { openKafkaAdmin } from '../kafka-admin.ts';
import { postgresSettings, tableTargets, usersSettings } from '../settings.ts';
import { kafkaOptions } from '../wire.ts';
import { withListItem } from './yaml-list.ts';

export interface AddStep {
  readonly step: 'topic' | 'publication' | 'connector' | 'snapshot' | 'foz.yaml';
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
  await requireTable(client.query, name, signal);
  const tables = [...new Set([...users.tables, name])];
  const wanted = { ...users, tables };
  const steps: AddStep[] = [];
  await using admin = await openKafkaAdmin(kafkaOptions(loaded));
  const created = await admin.createTopics(usersTopics(wanted));
  const topic = usersTopic(users.topicPrefix, name);
  steps.push({ step: 'topic', outcome: created.includes(topic) ? 'done' : 'there', detail: topic });
  const published = await publish(client.query, users, name, signal);
  steps.push(published);
  // A connector that lists a table which is not published would wait for events that never come.
  if (published.outcome === 'by hand') return steps;
  const connect = connectClient({ ...loaded.config.connect, requestTimeoutMs: 10_000 });
  const { outcome } = await registerConnector(connect, usersConnector(wanted), registerDefaults, signal);
  steps.push({ step: 'connector', outcome: outcome === 'unchanged' ? 'there' : 'done', detail: `${users.name}: ${tables.join(', ')}` });
  if (outcome !== 'unchanged' || input.snapshot) steps.push(await requestSnapshot(client.query, users, name, signal));
  else steps.push({ step: 'snapshot', outcome: 'there', detail: 'asked for before; --snapshot asks again' });
  steps.push(await intoConfig(input, topic));
  return steps;
}

/** CONFIG_INVALID where there is no such table, or no key to tell its rows by. */
async function requireTable(query: PostgresQuery, name: string, signal: AbortSignal): Promise<void> {
  const { namespace, table } = tableNameOf(name);
  const rows = await query(
    `SELECT c.relreplident AS identity, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`,
    [namespace, table],
    signal,
  );
  const [found] = rows;
  if (!found)
    throw new LakeError('CONFIG_INVALID', `There is no table ${name} in the database, or the role may not see it.`, {
      context: { expected: 'schema.table', found: name },
    });
  if (found['keyed'] !== 't' && found['keyed'] !== 'true')
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

async function intoConfig({ loaded, name, table, write }: AddTableInput, topic: string): Promise<AddStep> {
  const ident = table ?? tableNameOf(name).table;
  const isSynced = tableTargets(loaded.config).some((target) => target.topic === topic);
  const isCaptured = loaded.config.connectors.postgres?.tables.includes(name) === true;
  if (isSynced && isCaptured) return { step: 'foz.yaml', outcome: 'there', detail: loaded.file };
  const target = `{ topic: ${topic}, table: ${ident} }`;
  const detail = [...(isSynced ? [] : [`sync.tables: ${target}`]), ...(isCaptured ? [] : [`connectors.postgres.tables: ${name}`])].join(
    '; ',
  );
  let text: string | null = await readFile(loaded.file, 'utf8');
  if (!isSynced) text = withListItem(text, ['sync', 'tables'], target);
  if (!isCaptured && text !== null) text = withListItem(text, ['connectors', 'postgres', 'tables'], name);
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
