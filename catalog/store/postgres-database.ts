// Connections to PostgreSQL and the operations on them. Reads and steps are statements that stand by themselves, one round trip
// each: the swap of a commit, with all that is recorded of it, is one of them, and atomic under READ COMMITTED since it asks
// for the pointer in the row that it changes. Everything else runs SERIALIZABLE. A connection that is lost while an answer
// decides is CATALOG_OUTCOME_UNKNOWN (I5), before that nothing has happened.

import { Pool, type PoolClient } from 'pg';
import { LakeError } from '../../runtime/errors.ts';
import { migrationsAfter, migrationsTable } from './migrations.ts';
import type { NamedOperation } from './operations.ts';
import { postgresMigration, postgresStatement } from './postgres-dialect.ts';
import { isConnected, postgresError } from './postgres-errors.ts';
import { insertSql, oneStatementOf, type SqlTransaction, type SqlValue } from './sql.ts';

export interface PostgresOptions {
  readonly url: string;
  /** What messages call it; no secrets. */
  readonly place: string;
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

export interface PostgresDatabase {
  run(what: string, named: NamedOperation, parameters: readonly SqlValue[]): Promise<unknown>;
  close(): Promise<void>;
}

/** Of `pg_advisory_xact_lock`: programs that start at once bring the schema up one after the other. */
const migrationLock = 6_713_210;
const serverVersionMin = 13;
/** The server's own time-out comes first; this one is for a server that does not answer at all. */
const answerGraceMs = 5000;
/** Statements that are kept prepared on each connection: more than the operations have. */
const preparedMax = 500;

export async function openPostgres(options: PostgresOptions): Promise<PostgresDatabase> {
  const pool = poolOf(options);
  const prepare = preparer();
  const run = async (what: string, named: NamedOperation, parameters: readonly SqlValue[]): Promise<unknown> => {
    const isTransaction = named.kind === 'transaction';
    const client = await pool.connect().catch((cause: unknown) => {
      throw postgresError(cause, { what, isDeciding: false, isTransaction });
    });
    let isUsable = false;
    try {
      const ask: Ask = (text, values, isDeciding) => {
        return client.query({ ...prepare(text), values: [...values], rowMode: 'array' }).catch((cause: unknown) => {
          throw postgresError(cause, { what, isDeciding, isTransaction });
        });
      };
      const value = isTransaction
        ? await inTransaction(ask, named, parameters)
        : await runOn(sqlOn(ask, named.kind === 'step'), named, parameters);
      isUsable = true;
      return value;
    } catch (error) {
      isUsable = isConnected(error) && (!isTransaction || (await isRolledBack(client)));
      throw error;
    } finally {
      client.release(!isUsable);
    }
  };
  try {
    await migrate(pool, options.place);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return { run, close: () => pool.end() };
}

function poolOf({ url, connectionsMax, connectTimeoutMs, statementTimeoutMs }: PostgresOptions): Pool {
  const address = new URL(url);
  // What was answered is durable, whatever the server's default; said at the start, so that it costs no round trip.
  const settings = [address.searchParams.get('options') ?? '', '-c synchronous_commit=on', `-c statement_timeout=${statementTimeoutMs}`];
  address.searchParams.set('options', settings.join(' ').trim());
  const pool = new Pool({
    connectionString: address.href,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: statementTimeoutMs + answerGraceMs,
    keepAlive: true,
    fallback_application_name: 'foz catalog',
  });
  // An idle connection that ends is taken out by the pool; the next call opens another. One at work tells it twice: the query
  // that waits is rejected, and that is the one heard.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

interface Reply {
  readonly rows: readonly (readonly unknown[])[];
  readonly rowCount: number | null;
  readonly command: string;
  readonly fields: readonly { readonly dataTypeID: number }[];
}

type Ask = (text: string, values: readonly SqlValue[], isDeciding: boolean) => Promise<Reply>;

/** Each text as PostgreSQL spells it, under a name by which its connection keeps it prepared. */
function preparer(): (text: string) => { readonly text: string; readonly name?: string } {
  const known = new Map<string, { readonly text: string; readonly name: string }>();
  return (text) => {
    const found = known.get(text);
    if (found) return found;
    const spelled = postgresStatement(text);
    if (known.size >= preparedMax) return { text: spelled };
    const named = { text: spelled, name: `foz_${known.size}` };
    known.set(text, named);
    return named;
  };
}

async function inTransaction(ask: Ask, named: NamedOperation, parameters: readonly SqlValue[]): Promise<unknown> {
  await ask('BEGIN ISOLATION LEVEL SERIALIZABLE', [], false);
  const value = await runOn(sqlOn(ask, false), named, parameters);
  const { command } = await ask('COMMIT', [], true);
  if (command !== 'COMMIT') throw new LakeError('INTERNAL', 'an operation of the catalog store went on after the database had refused it');
  return value;
}

async function runOn(sql: SqlTransaction, named: NamedOperation, parameters: readonly SqlValue[]): Promise<unknown> {
  return named.kind === 'read' ? named.run(oneStatementOf(sql), ...parameters) : named.run(sql, ...parameters);
}

async function isRolledBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

/** `isDeciding`: each statement is committed when it is answered. */
function sqlOn(ask: Ask, isDeciding: boolean): SqlTransaction {
  return {
    async row(text, ...parameters) {
      return valuesOf(await ask(text, parameters, isDeciding))[0] ?? null;
    },
    async rows(text, ...parameters) {
      return valuesOf(await ask(text, parameters, isDeciding));
    },
    async change(text, ...parameters) {
      return (await ask(text, parameters, isDeciding)).rowCount ?? 0;
    },
    async changeWith(inserts, text, ...parameters) {
      const written = inserts.map((insert, at) => `told_${at} AS (${insertSql(insert, (given) => `SELECT ${given} FROM changed`)})`);
      const statement = `WITH ${[`changed AS (${text} RETURNING 1)`, ...written].join(', ')} SELECT count(*) FROM changed`;
      const given = inserts.flatMap(({ values }) => Object.values(values));
      const [changed] = valuesOf(await ask(statement, [...parameters, ...given], isDeciding))[0] ?? [];
      return Number(changed ?? 0);
    },
  };
}

/** Types whose values arrive as text although they are numbers here: int8 and numeric, as counts and sums are. */
const numberTypes = new Set([20, 1700]);

function valuesOf({ rows, fields }: Reply): readonly (readonly SqlValue[])[] {
  return rows.map((row) =>
    row.map((value, at) => {
      if (value === null || typeof value === 'number') return value;
      if (typeof value !== 'string')
        throw new LakeError('INTERNAL', `the catalog store holds a ${typeof value} where text or a number is expected`);
      return numberTypes.has(fields[at]?.dataTypeID ?? 0) ? Number(value) : value;
    }),
  );
}

async function migrate(pool: Pool, place: string): Promise<void> {
  const what = `opening the catalog store ${place}`;
  const client = await pool.connect().catch((cause: unknown) => {
    throw postgresError(cause, { what, isDeciding: false, isTransaction: false });
  });
  let isDone = false;
  try {
    const asked = "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')";
    const [version, encoding] = await firstRow(client, asked);
    if (Number(version) < serverVersionMin) throw unsuitable(what, `PostgreSQL ${serverVersionMin} or newer`, String(version));
    // Names are compared by code point, which is what the collation "C" does in UTF-8.
    if (encoding !== 'UTF8') throw unsuitable(what, 'a database with the encoding UTF8', String(encoding));
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`);
    await client.query(postgresMigration(migrationsTable));
    const [known] = await firstRow(client, 'SELECT coalesce(max(version), 0) FROM migrations');
    for (const { version: next, migration } of migrationsAfter(Number(known))) {
      await client.query(postgresMigration(typeof migration === 'string' ? migration : migration.postgres));
      await client.query('INSERT INTO migrations (version, applied_at) VALUES ($1, $2)', [next, new Date().toISOString()]);
    }
    await client.query('COMMIT');
    isDone = true;
  } catch (cause) {
    throw cause instanceof LakeError ? cause : postgresError(cause, { what, isDeciding: false, isTransaction: false });
  } finally {
    // Ended rather than given back: the transaction goes with the connection.
    client.release(!isDone);
  }
}

async function firstRow(client: PoolClient, text: string): Promise<readonly unknown[]> {
  const { rows } = await client.query({ text, rowMode: 'array' });
  const [first]: readonly unknown[] = rows;
  return Array.isArray(first) ? first : [];
}

function unsuitable(what: string, expected: string, found: string): LakeError {
  return new LakeError('CATALOG_REFUSED', `${what} failed: ${expected} is needed, found ${found}`, { context: { expected, found } });
}
