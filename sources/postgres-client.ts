// The only file of this room that knows the PostgreSQL driver. One connection, text in and text out: the driver's value
// parsers are off, so that numeric, int8 and timestamps keep every digit. The session prints times in UTC and ISO form.

import { readFile } from 'node:fs/promises';
import { checkServerIdentity } from 'node:tls';
import { Client, type ClientConfig, type QueryArrayResult } from 'pg';
import { LakeError } from '../runtime/errors.ts';
import type { Secret } from '../runtime/secret.ts';

export type PostgresSslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

export interface PostgresSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Absent where the server asks for none (trust, client certificate). */
  readonly password?: Secret | undefined;
  /** `require` encrypts without checking who answers; `verify-ca` checks the chain; `verify-full` the name as well. */
  readonly sslmode: PostgresSslMode;
  /** PEM file of the authority, for the verify modes; the system's authorities without it. */
  readonly ca?: string | undefined;
  /** PEM files of the client certificate and its key, where the server asks for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

export const postgresDefaults = { port: 5432, sslmode: 'disable', connectTimeoutMs: 10_000, statementTimeoutMs: 60_000 } as const;

export type PostgresRow = Readonly<Record<string, string | null>>;

/** A statement in, rows of text out. Preflight takes this alone, so that tests can answer by hand. */
export type PostgresQuery = (sql: string, parameters?: readonly (string | null)[], signal?: AbortSignal) => Promise<readonly PostgresRow[]>;

export interface PostgresClient extends AsyncDisposable {
  readonly query: PostgresQuery;
  /** Rows by position: two columns may have one name. Prepares nothing. */
  queryValues(sql: string, parameters?: readonly (string | null)[], signal?: AbortSignal): Promise<readonly (readonly (string | null)[])[]>;
}

const sessionOptions = '-c TimeZone=UTC -c DateStyle=ISO,MDY -c IntervalStyle=iso_8601 -c bytea_output=hex -c extra_float_digits=1';

/** Opens one connection. Errors: SOURCE_UNREACHABLE, SOURCE_REFUSED (login, rights, TLS). */
export async function openPostgres(settings: PostgresSettings, signal?: AbortSignal): Promise<PostgresClient> {
  signal?.throwIfAborted();
  const ssl = await tlsOptions(settings);
  const client = new Client({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    ...(settings.password === undefined ? {} : { password: settings.password.reveal() }),
    ssl,
    application_name: 'foz',
    options: sessionOptions,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    statement_timeout: settings.statementTimeoutMs,
    query_timeout: settings.statementTimeoutMs + 5_000,
    keepAlive: true,
    types: { getTypeParser: () => (value: string | Buffer) => value.toString() },
  });
  // A connection that breaks while idle is met by the next query; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw asLakeError(error, settings, 'connect');
  }
  return wrap(client, settings);
}

interface Answer {
  readonly names: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

function wrap(client: Client, settings: PostgresSettings): PostgresClient {
  // A statement cannot be taken back on the same connection: an abort closes it.
  const onAbort = () => void client.end().catch(() => undefined);
  const run = async (sql: string, parameters: readonly (string | null)[], signal?: AbortSignal): Promise<Answer> => {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return answerOf(await client.query<unknown[]>({ text: sql, values: [...parameters], rowMode: 'array' }));
    } catch (error) {
      signal?.throwIfAborted();
      throw asLakeError(error, settings, 'query');
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  };
  return {
    queryValues: async (sql, parameters = [], signal) => (await run(sql, parameters, signal)).rows,
    query: async (sql, parameters = [], signal) => {
      const { names, rows } = await run(sql, parameters, signal);
      return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])));
    },
    [Symbol.asyncDispose]: async () => {
      await client.end().catch(() => undefined);
    },
  };
}

/** Several statements in one text give several results: the last one counts. */
function answerOf(result: QueryArrayResult<unknown[]> | readonly QueryArrayResult<unknown[]>[]): Answer {
  const last = 'rows' in result ? result : result.at(-1);
  if (last === undefined) return { names: [], rows: [] };
  return { names: last.fields.map((field) => field.name), rows: last.rows.map((row) => row.map(textOrNull)) };
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

async function tlsOptions(settings: PostgresSettings): Promise<false | ClientConfig['ssl']> {
  if (settings.sslmode === 'disable') return false;
  const [ca, cert, key] = await Promise.all([readPem(settings.ca, 'ca'), readPem(settings.cert, 'cert'), readPem(settings.key, 'key')]);
  return {
    rejectUnauthorized: settings.sslmode !== 'require',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // The driver names the host for SNI only when it is no address, and without a name Node checks for "localhost".
    checkServerIdentity: (_name, certificate) =>
      settings.sslmode === 'verify-full' ? checkServerIdentity(settings.host, certificate) : undefined,
  };
}

async function readPem(path: string | undefined, setting: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new LakeError('CONFIG_INVALID', `Cannot read ${setting} ${path}.`, { cause, context: { setting, path } });
  }
}

// SQLSTATE classes that a person must mend: login (28), rights and syntax (42), missing database (3D).
const refusedStates = /^(28|42|3D|0A|22|55000)/;
const tlsCodes = /^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL)/;

function asLakeError(error: unknown, settings: PostgresSettings, step: 'connect' | 'query'): LakeError {
  if (error instanceof LakeError) return error;
  const code = codeOf(error);
  const reason = error instanceof Error ? error.message || code : String(error);
  const refused = refusedStates.test(code) || tlsCodes.test(code) || /SSL|certificate/i.test(reason);
  const subject = `PostgreSQL ${settings.host}:${settings.port}/${settings.database} as ${settings.user}`;
  return new LakeError(refused ? 'SOURCE_REFUSED' : 'SOURCE_UNREACHABLE', `${subject}: ${step} failed: ${reason}`, {
    cause: error,
    context: { host: settings.host, port: settings.port, database: settings.database, user: settings.user, code },
  });
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors[0]);
  return '';
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
