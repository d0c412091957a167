// Where a live table is, from a URL or a name of foz.yaml's:
//
//   postgres://user@host:5432/database/schema.table   password: PGPASSWORD, or ${env:NAME} inside the URL
//   cassandra://user@host:9042/keyspace.table          password: CASSANDRA_PASSWORD; data centre: ?datacenter=
//
// What the URL leaves out comes from the environment as libpq names it (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD,
// PGSSLMODE, PGSSLROOTCERT) or as CASSANDRA_USERNAME, CASSANDRA_DATACENTER. Nothing of it is ever printed but host and table.

import { LakeError } from '../../runtime/errors.ts';
import { secret, type Secret } from '../../runtime/secret.ts';
import { cassandraDefaults, type CassandraSettings } from '../../sources/cassandra-client.ts';
import { postgresDefaults, type PostgresSettings, type PostgresSslMode } from '../../sources/postgres-client.ts';
import type { SourceTableName } from '../../sources/source.ts';

export type SourcePlace =
  | { readonly kind: 'postgres'; readonly settings: PostgresSettings; readonly name: SourceTableName }
  | { readonly kind: 'cassandra'; readonly settings: CassandraSettings; readonly name: SourceTableName };

type Environment = Readonly<Record<string, string | undefined>>;

export function isSourceUrl(text: string): boolean {
  return /^(postgres|postgresql|cassandra):\/\//.test(text);
}

/** Throws CONFIG_INVALID; its message never repeats the URL, which may carry a password. */
export function sourcePlace(text: string, env: Environment): SourcePlace {
  const url = parsed(text);
  return url.protocol === 'cassandra:' ? cassandraPlace(url, env) : postgresPlace(url, env);
}

function invalid(what: string, expected: string): LakeError {
  return new LakeError('CONFIG_INVALID', `the source URL ${what}`, { context: { expected, found: 'see the command line' } });
}

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw invalid('cannot be read', 'postgres://user@host:5432/database/schema.table or cassandra://user@host:9042/keyspace.table');
  }
}

function postgresPlace(url: URL, env: Environment): SourcePlace {
  const parts = pathParts(url);
  const last = parts.at(-1) ?? '';
  const [namespace, table] = last.includes('.') ? split(last) : ['public', last];
  const database = parts.length > 1 ? parts[0] : env['PGDATABASE'];
  if (parts.length > 2 || table === '') throw invalid('names no table', 'postgres://user@host:5432/database/schema.table');
  if (!database) throw invalid('names no database', 'postgres://user@host:5432/database/schema.table, or PGDATABASE');
  const host = bareHost(url) || (env['PGHOST'] ?? '127.0.0.1');
  const user = expanded(url.username, env) || (env['PGUSER'] ?? '');
  if (user === '') throw invalid('names no user', 'postgres://user@host/… or PGUSER');
  const ca = url.searchParams.get('sslrootcert') ?? env['PGSSLROOTCERT'];
  const settings: PostgresSettings = {
    ...postgresDefaults,
    host,
    port: portOf(url, env['PGPORT'], postgresDefaults.port),
    database,
    user,
    password: passwordOf(url, env, 'PGPASSWORD'),
    sslmode: sslmodeOf(url.searchParams.get('sslmode') ?? env['PGSSLMODE'], host),
    ...(ca === undefined ? {} : { ca }),
  };
  return { kind: 'postgres', settings, name: { namespace, table } };
}

function cassandraPlace(url: URL, env: Environment): SourcePlace {
  const parts = pathParts(url);
  const [namespace, table] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : split(parts[0] ?? '');
  if (parts.length > 2 || namespace === '' || table === '') throw invalid('names no table', 'cassandra://user@host:9042/keyspace.table');
  const username = expanded(url.username, env) || env['CASSANDRA_USERNAME'];
  const password = passwordOf(url, env, 'CASSANDRA_PASSWORD');
  const settings: CassandraSettings = {
    ...cassandraDefaults,
    // With its brackets, where it is an IPv6 address.
    contactPoints: [`${url.hostname || '127.0.0.1'}:${portOf(url, undefined, 9042)}`],
    localDataCenter: url.searchParams.get('datacenter') ?? env['CASSANDRA_DATACENTER'] ?? cassandraDefaults.localDataCenter,
    ...(username && password ? { auth: { username, password } } : {}),
    ...(url.searchParams.get('tls') === 'true' ? { tls: { verify: true } } : {}),
  };
  return { kind: 'cassandra', settings, name: { namespace, table } };
}

function pathParts(url: URL): readonly string[] {
  return url.pathname.split('/').filter(Boolean).map(decoded);
}

/** `schema.table`; a table's name may have further dots. */
function split(text: string): readonly [string, string] {
  const dot = text.indexOf('.');
  return dot < 0 ? ['', ''] : [text.slice(0, dot), text.slice(dot + 1)];
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL, given: string | undefined, preset: number): number {
  const port = Number(url.port || given || preset);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('has a port that is none', 'a number from 1 to 65535');
  return port;
}

function passwordOf(url: URL, env: Environment, name: string): Secret | undefined {
  const text = expanded(url.password, env) || env[name];
  return text ? secret(text) : undefined;
}

/** `${env:NAME}`, as in foz.yaml. */
function expanded(text: string, env: Environment): string {
  return decoded(text).replaceAll(/\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g, (_all, name: string) => {
    const value = env[name];
    if (value === undefined) throw invalid(`refers to ${name}, which is not set`, `the environment variable ${name}`);
    return value;
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const sslmodes: readonly PostgresSslMode[] = ['disable', 'require', 'verify-ca', 'verify-full'];

/** As foz.yaml: who answers is checked, except on this machine. */
function sslmodeOf(given: string | undefined | null, host: string): PostgresSslMode {
  if (given === undefined || given === null) return /^(localhost|127\.|::1$)/.test(host) ? 'disable' : 'verify-full';
  const mode = sslmodes.find((candidate) => candidate === given);
  if (!mode) throw invalid(`asks for an sslmode that is none`, `one of ${sslmodes.join(', ')}`);
  return mode;
}
