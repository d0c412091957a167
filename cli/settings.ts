// From foz.yaml to what the rooms take: pure translations, paths made absolute.

import { isAbsolute, resolve } from 'node:path';
import { ridesDefaults } from '../connectors/rides.ts';
import { usersDefaults, type UsersConnectorSettings } from '../connectors/users.ts';
import { LakeError } from '../runtime/errors.ts';
import { cassandraDefaults, type CassandraSettings } from '../sources/cassandra-client.ts';
import { postgresDefaults, type PostgresSettings } from '../sources/postgres-client.ts';
import { syncDefaults, type SyncOptions } from '../sync/options.ts';
import type { TableTarget } from '../sync/table.ts';
import type { Config, LoadedConfig } from './config.ts';

/** Paths in the file are meant from its directory. */
export function pathIn(loaded: Pick<LoadedConfig, 'directory'>, path: string): string {
  return isAbsolute(path) ? path : resolve(loaded.directory, path);
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port`. */
export function addressOf(listen: string): Address {
  const colon = listen.lastIndexOf(':');
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) };
}

/** How this machine reaches what listens there. */
export function urlOf(listen: string): string {
  const { host, port } = addressOf(listen);
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

export function tableTargets({ sync, lake }: Config): readonly TableTarget[] {
  const targets = sync.tables.map(({ topic, table }) => ({ topic, ident: { namespace: [lake.namespace], name: table ?? tableOf(topic) } }));
  const repeated = targets.filter(({ topic, ident }, at) =>
    targets.some((other, index) => index < at && (other.topic === topic || other.ident.name === ident.name)),
  );
  if (repeated.length > 0) {
    const found = repeated.map(({ topic, ident }) => `${topic} → ${ident.name}`).join(', ');
    throw new LakeError('CONFIG_INVALID', `sync.tables names a topic or a table twice: ${found}`, {
      context: { expected: 'one topic for each table', found, next: 'foz check' },
    });
  }
  return targets;
}

/** The last part of the topic's name, made fit for a table. */
function tableOf(topic: string): string {
  const name = (topic.split('.').at(-1) ?? topic).toLowerCase().replaceAll(/[^a-z0-9_]/g, '_');
  return /^[a-z]/.test(name) ? name : `t_${name}`;
}

/** The target that a person means by `users` or `raw.users`. */
export function targetNamed(config: Config, name: string): TableTarget {
  const targets = tableTargets(config);
  const found = targets.find(({ ident }) => ident.name === name || [...ident.namespace, ident.name].join('.') === name);
  if (found) return found;
  const known = targets.map(({ ident }) => ident.name).join(', ');
  throw new LakeError('CONFIG_INVALID', `There is no table ${name}.`, { context: { expected: `one of ${known}`, found: name } });
}

export function syncOptions({ sync, kafka }: Config): SyncOptions {
  const { commit, memory, limits, wait } = sync;
  return {
    ...syncDefaults,
    commitMaxAgeMs: sync.freshness,
    commitRowsMax: commit.maxRows,
    commitBytesMax: commit.maxBytes,
    chunkBytesMax: memory.chunk,
    chunkRowsMax: memory.chunkRows,
    bufferBytesMax: memory.bufferMax,
    sealedChunksMax: memory.sealedChunks,
    uploadsMax: limits.uploads,
    manifestsMax: limits.manifests,
    revokeDrainMaxMs: limits.revokeDrain,
    haltRecheckMs: wait.haltRecheck,
    waitMinMs: wait.min,
    waitMaxMs: wait.max,
    discoverEveryMs: wait.discover,
    groupId: kafka.groupId,
  };
}

export function postgresSettings(loaded: LoadedConfig): PostgresSettings | null {
  const { postgres } = loaded.config.sources;
  if (!postgres) return null;
  const ca = postgres.ca === undefined ? undefined : pathIn(loaded, postgres.ca);
  return { ...postgresDefaults, ...postgres, ca };
}

export function cassandraSettings(loaded: LoadedConfig): CassandraSettings | null {
  const { cassandra } = loaded.config.sources;
  if (!cassandra) return null;
  const { contactPoints, localDataCenter, auth, tls } = cassandra;
  const file = (path: string | undefined): string | undefined => (path === undefined ? undefined : pathIn(loaded, path));
  const files = tls === undefined ? undefined : { ca: file(tls.ca), cert: file(tls.cert), key: file(tls.key), verify: tls.verify };
  return { ...cassandraDefaults, contactPoints, localDataCenter, auth, tls: files };
}

/** Null where the file has no PostgreSQL or captures nothing from it. */
export function usersSettings(loaded: LoadedConfig): UsersConnectorSettings | null {
  const { connectors, kafka } = loaded.config;
  const database = postgresSettings(loaded);
  if (!connectors.postgres || !database) return null;
  return { ...usersDefaults, ...connectors.postgres, database, kafkaBootstrap: kafka.brokers.join(',') };
}

export interface RidesCapture {
  readonly topicPrefix: string;
  readonly keyspace: string;
  readonly tables: readonly string[];
  readonly topics: typeof ridesDefaults.topics;
  readonly snapshotMode: 'initial' | 'never' | 'always';
}

export function ridesCapture({ connectors, sources }: Config): RidesCapture | null {
  if (!connectors.cassandra || !sources.cassandra) return null;
  const { topicPrefix, tables } = connectors.cassandra;
  const { topics, snapshotMode } = ridesDefaults;
  return { topicPrefix, tables, keyspace: sources.cassandra.keyspace, topics, snapshotMode };
}
