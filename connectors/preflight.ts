// Preflight with the connection made here: that a database does not answer, refuses the login or its certificate is a
// finding like the others, so that `foz check` tells everything at once.

import { LakeError } from '../runtime/errors.ts';
import { openCassandra, type CassandraSettings } from '../sources/cassandra-client.ts';
import { openPostgres, type PostgresSettings } from '../sources/postgres-client.ts';
import type { Finding } from './finding.ts';
import { preflightCassandra, type CassandraPreflight } from './preflight-cassandra.ts';
import { preflightPostgres, type PostgresPreflight } from './preflight-postgres.ts';

/** Opens its own connection. Never throws for what the database says or does not say. */
export async function checkPostgres(
  settings: PostgresSettings,
  wanted: PostgresPreflight,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    await using client = await openPostgres(settings, signal);
    return await preflightPostgres(client.query, wanted, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return [postgresRefusal(error, settings)];
  }
}

export async function checkCassandra(
  settings: CassandraSettings,
  wanted: CassandraPreflight,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    await using client = await openCassandra(settings, signal);
    return await preflightCassandra(client.query, wanted, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return [cassandraRefusal(error, settings)];
  }
}

function postgresRefusal(error: unknown, settings: PostgresSettings): Finding {
  const subject = `PostgreSQL ${settings.host}:${settings.port}`;
  const reason = error instanceof Error ? error.message : String(error);
  const code = String((error instanceof LakeError ? error.context['code'] : '') ?? '');
  const base = { severity: 'error', subject } as const;
  if (code === '28P01' || code === '28000') {
    const isRule = /pg_hba|no encryption|no entry/i.test(reason);
    return isRule
      ? {
          ...base,
          code: 'POSTGRES_HBA',
          setting: 'pg_hba.conf',
          found: reason,
          needed: `a line for ${settings.user}`,
          mend: `pg_hba.conf: hostssl ${settings.database} ${settings.user} <address> scram-sha-256`,
        }
      : {
          ...base,
          code: 'POSTGRES_LOGIN',
          setting: 'password',
          found: `refused for ${settings.user}`,
          needed: 'the password of the role',
          mend: `Correct the password, or ALTER ROLE "${settings.user}" PASSWORD '…';`,
        };
  }
  if (code === '3D000') {
    return {
      ...base,
      code: 'POSTGRES_DATABASE',
      setting: 'database',
      found: `${settings.database}: missing`,
      needed: 'an existing database',
      mend: `Correct the name, or CREATE DATABASE "${settings.database}";`,
    };
  }
  if (error instanceof LakeError && error.code === 'CONFIG_INVALID') {
    return {
      ...base,
      code: 'POSTGRES_TLS_FILE',
      setting: String(error.context['setting'] ?? 'ca'),
      found: reason,
      needed: 'a readable PEM file',
      mend: 'Correct the path',
    };
  }
  if (/does not support SSL/i.test(reason)) {
    const mend = `ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf(); or sslmode: disable`;
    return {
      ...base,
      code: 'POSTGRES_TLS',
      setting: 'sslmode',
      found: `${settings.sslmode}, the server speaks no TLS`,
      needed: 'TLS on both sides or on neither',
      mend,
    };
  }
  if (/certificate|altname|issuer|CERT_|SELF_SIGNED|UNABLE_TO/i.test(`${reason} ${code}`)) {
    const mend =
      settings.sslmode === 'verify-full'
        ? 'ca: the PEM file of the authority; host: a name the certificate carries'
        : 'ca: the PEM file of the authority';
    return {
      ...base,
      code: 'POSTGRES_TLS',
      setting: 'sslmode',
      found: `${settings.sslmode}: ${reason}`,
      needed: 'a certificate that can be verified',
      mend,
    };
  }
  return {
    ...base,
    code: 'POSTGRES_UNREACHABLE',
    setting: 'host, port',
    found: reason,
    needed: 'a server that answers',
    mend: `Correct host and port, or start the server: pg_isready -h ${settings.host} -p ${settings.port}`,
  };
}

function cassandraRefusal(error: unknown, settings: CassandraSettings): Finding {
  const reason = error instanceof Error ? error.message : String(error);
  const base = { severity: 'error', subject: `Cassandra ${settings.contactPoints.join(', ')}` } as const;
  const refused = error instanceof LakeError && error.code === 'SOURCE_REFUSED';
  if (refused && /data ?center|No contact points|could not be resolved/i.test(reason)) {
    return {
      ...base,
      code: 'CASSANDRA_DATACENTER',
      setting: 'localDataCenter',
      found: `${settings.localDataCenter}: ${reason}`,
      needed: 'the data centre of the contact points',
      mend: 'SELECT data_center FROM system.local; and set it',
    };
  }
  if (refused && /TLS|SSL|certificate/i.test(reason)) {
    return {
      ...base,
      code: 'CASSANDRA_TLS',
      setting: 'tls',
      found: reason,
      needed: 'a certificate that can be verified',
      mend: 'tls.ca: the PEM file of the authority',
    };
  }
  if (refused) {
    const mend = 'Correct username and password, or GRANT SELECT ON KEYSPACE … TO the role';
    return { ...base, code: 'CASSANDRA_LOGIN', setting: 'auth', found: reason, needed: 'a role that may log in and read', mend };
  }
  return {
    ...base,
    code: 'CASSANDRA_UNREACHABLE',
    setting: 'contactPoints',
    found: reason,
    needed: 'a node that answers',
    mend: 'Correct the addresses, or start the node: nodetool status',
  };
}
