// `sources:` the databases, read-only; `connect:` and `connectors:` how their changes reach the log.

import { choice, flag, group, integer, list, optional, secretText, text } from '../../runtime/options.ts';

const port = (preset: number) => integer({ doc: 'Port', min: 1, max: 65_535, default: preset });

const url = (doc: string) => text({ doc, pattern: '^https?://', title: 'a URL' });

const postgres = group(
  {
    host: text({ doc: 'Host' }),
    port: port(5432),
    database: text({ doc: 'Database' }),
    user: text({ doc: 'Role; SELECT on the captured tables is enough to verify' }),
    password: optional(secretText({ doc: 'Password' })),
    sslmode: choice(['disable', 'require', 'verify-ca', 'verify-full'], { doc: 'TLS, as libpq names it', default: 'verify-full' }),
    ca: optional(text({ doc: 'PEM file of the certificate authority' })),
  },
  { doc: 'PostgreSQL' },
);

const cassandra = group(
  {
    contactPoints: list(text({ doc: 'host or host:port' }), { doc: 'Nodes to begin with', min: 1 }),
    localDataCenter: text({ doc: 'Data centre of those nodes' }),
    keyspace: text({ doc: 'Keyspace' }),
    auth: optional(
      group(
        { username: text({ doc: 'Role' }), password: secretText({ doc: 'Password' }) },
        { doc: 'Login; absent where none is asked for' },
      ),
    ),
    tls: optional(
      group(
        {
          ca: optional(text({ doc: 'PEM file of the certificate authority' })),
          cert: optional(text({ doc: 'PEM file of the client certificate' })),
          key: optional(text({ doc: 'PEM file of the client key' })),
          verify: flag({ doc: 'Verify the node’s certificate', default: true }),
        },
        { doc: 'TLS to the nodes' },
      ),
    ),
  },
  { doc: 'Cassandra' },
);

export const sourcesOptions = group(
  { postgres: optional(postgres), cassandra: optional(cassandra) },
  { doc: 'Source databases, read-only: preflight and verification' },
);

export const connectOptions = group(
  {
    url: url('Base URL of the Kafka Connect REST interface'),
    auth: optional(
      group({ username: text({ doc: 'User name' }), password: secretText({ doc: 'Password' }) }, { doc: 'Basic authentication' }),
    ),
  },
  { doc: 'Kafka Connect' },
);

const postgresConnector = group(
  {
    name: text({ doc: 'Connector name', default: 'foz-users' }),
    topicPrefix: text({ doc: 'First part of topic names', default: 'pg' }),
    tables: list(text({ doc: 'schema.table' }), { doc: 'Captured tables', default: ['public.users', 'public.user_events'] }),
    slot: text({ doc: 'Replication slot', pattern: '^[a-z0-9_]{1,63}$', title: 'a slot name: a-z, 0-9 and _', default: 'foz_users' }),
    publication: text({ doc: 'Publication', default: 'foz' }),
  },
  { doc: 'Debezium for PostgreSQL' },
);

const cassandraConnector = group(
  {
    topicPrefix: text({ doc: 'First part of topic names', default: 'cass' }),
    tables: list(text({ doc: 'Table of the keyspace' }), { doc: 'Captured tables', default: ['rides'] }),
    agentUrl: optional(url('Health URL of the Debezium agent beside the node')),
  },
  { doc: 'Debezium for Cassandra: an agent on each node' },
);

export const connectorsOptions = group(
  { postgres: optional(postgresConnector), cassandra: optional(cassandraConnector) },
  { doc: 'What is captured' },
);
