// The databases of the local stack, opened as their administrators: for loading the demo's rows and changing them.

import { secret } from '../runtime/secret.ts';
import { cassandraDefaults, openCassandra, type CassandraClient } from '../sources/cassandra-client.ts';
import { openPostgres, postgresDefaults, type PostgresClient } from '../sources/postgres-client.ts';
import type { StackEndpoints } from '../stack/stack.ts';

export function connectPostgres(
  { host, port, database, adminUser, adminPassword }: StackEndpoints['postgres'],
  signal?: AbortSignal,
): Promise<PostgresClient> {
  return openPostgres({ ...postgresDefaults, host, port, database, user: adminUser, password: secret(adminPassword) }, signal);
}

export function connectCassandra(
  { contactPoint, port, localDataCenter }: StackEndpoints['cassandra'],
  signal?: AbortSignal,
): Promise<CassandraClient> {
  return openCassandra({ ...cassandraDefaults, contactPoints: [`${contactPoint}:${port}`], localDataCenter }, signal);
}
