// PostgreSQL with logical decoding on. Durability is off (fsync): the local stack is for trying and testing.

import { createHash } from 'node:crypto';
import { appendFile, chmod, chown, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { LakeError } from '../../runtime/errors.ts';
import { cacheRoot } from '../setup/downloads.ts';
import { canEnter, findPostgres, isOurs, type PostgresBinaries } from '../setup/postgres-binaries.ts';
import type { StackSettings } from '../settings.ts';
import type { StackLayout } from '../state.ts';
import type { Component, ComponentContext, ComponentPorts, StackEndpoints } from './component.ts';

const adminUser = 'postgres';

export const postgresComponent: Component<'postgres'> = {
  name: 'postgres',
  needs: [],
  ports: ['sql'],
  readyMaxMs: 60_000,
  endpoint: (ports, { secrets, settings }) => ({
    host: '127.0.0.1',
    port: ports['sql'] ?? 0,
    database: settings.postgresDatabase,
    adminUser,
    adminPassword: secrets.postgresAdminPassword,
    cdcUser: settings.postgresCdcUser,
    cdcPassword: secrets.postgresCdcPassword,
  }),
  prepare: async (ports, context) => {
    const { layout } = context;
    const binaries = await findPostgres({ cacheDir: context.download.cacheDir ?? cacheRoot() });
    const cluster = await clusterDir(layout, binaries);
    await initCluster(cluster, binaries, context);
    const config = join(cluster, 'foz.conf');
    await writeFile(config, postgresConfig(ports, context.settings));
    if (binaries.user !== null) await chown(config, binaries.user.uid, binaries.user.gid);
    return { command: join(binaries.bin, 'postgres'), args: ['-D', cluster], cwd: cluster, ...processBasics(layout, binaries) };
  },
  probe: async (endpoint) => {
    await withAdmin(endpoint, 'postgres', (client) => client.query('select 1'));
  },
  setUp: async (endpoint) => {
    await withAdmin(endpoint, 'postgres', async (client) => {
      const role = client.escapeIdentifier(endpoint.cdcUser);
      const roles = await client.query('select 1 from pg_roles where rolname = $1', [endpoint.cdcUser]);
      if (roles.rowCount === 0) await client.query(`create role ${role}`);
      await client.query(`alter role ${role} login replication password ${client.escapeLiteral(endpoint.cdcPassword)}`);
      const databases = await client.query('select 1 from pg_database where datname = $1', [endpoint.database]);
      if (databases.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(endpoint.database)}`);
    });
  },
};

export function postgresConfig(ports: ComponentPorts, settings: Pick<StackSettings, 'postgresSlotWalMegabytesMax'>): string {
  return `# written at each start; ALTER SYSTEM wins over it
listen_addresses = '127.0.0.1'
port = ${ports['sql']}
unix_socket_directories = ''
wal_level = logical
max_wal_senders = 8
max_replication_slots = 8
max_slot_wal_keep_size = ${settings.postgresSlotWalMegabytesMax}MB
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 64MB
timezone = 'UTC'
log_timezone = 'UTC'
password_encryption = 'scram-sha-256'
log_line_prefix = '%m [%p] %q%u@%d '
`;
}

function processBasics(layout: StackLayout, { user }: PostgresBinaries) {
  return {
    env: { LC_ALL: 'C', TZ: 'UTC' },
    log: layout.log('postgres'),
    // "fast": ends open sessions; SIGTERM would wait for them
    stopSignal: 'SIGINT' as const,
    stopGraceMs: 10_000,
    ...(user === null ? {} : { user: { uid: user.uid, gid: user.gid } }),
  };
}

/** Data outside the stack's folder, when the user it runs as cannot enter that. */
export function outsideClusterParent(root: string): string {
  return join(tmpdir(), `foz-pg-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
}

async function clusterDir(layout: StackLayout, binaries: PostgresBinaries): Promise<string> {
  const { user } = binaries;
  const inside = await layout.dataDir('postgres');
  if (user === null) return join(inside, 'cluster');
  await chmod(inside, 0o755);
  if (canEnter(inside, user)) return join(inside, 'cluster');
  const outside = outsideClusterParent(layout.root);
  await mkdir(outside, { mode: 0o755 }).catch(() => undefined);
  await chmod(outside, 0o755).catch(() => undefined);
  if (!(await isOurs(outside)))
    throw new LakeError('COMPONENT_FAILED', `${outside} belongs to somebody else; remove it, or set TMPDIR to another folder`);
  return join(outside, 'cluster');
}

async function initCluster(cluster: string, binaries: PostgresBinaries, context: ComponentContext): Promise<void> {
  const { user } = binaries;
  // foz.conf is written last: without it an earlier attempt was cut short
  if ((await stat(join(cluster, 'foz.conf')).catch(() => null)) !== null) return;
  await rm(cluster, { recursive: true, force: true });
  await mkdir(cluster, { recursive: true, mode: 0o700 });
  const passwordFile = join(dirname(cluster), 'password');
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, `${context.secrets.postgresAdminPassword}\n`, { mode: 0o600, flag: 'wx' });
  if (user !== null) for (const path of [cluster, passwordFile]) await chown(path, user.uid, user.gid);
  const auth = [`--pwfile=${passwordFile}`, '-A', 'scram-sha-256'];
  const spec = {
    command: join(binaries.bin, 'initdb'),
    args: ['-D', cluster, '-U', adminUser, ...auth, '--encoding=UTF8', '--no-locale', '-N'],
  };
  try {
    await context.runToEnd('postgres-init', { ...spec, ...processBasics(context.layout, binaries), cwd: '/' });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await appendFile(join(cluster, 'postgresql.conf'), "\ninclude = 'foz.conf'\n");
}

async function withAdmin<T>(endpoint: StackEndpoints['postgres'], database: string, work: (client: Client) => Promise<T>): Promise<T> {
  const { host, port, adminPassword: password } = endpoint;
  const client = new Client({ host, port, database, user: adminUser, password, connectionTimeoutMillis: 3000 });
  // a server that goes away while we ask is told by the query's own rejection
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}
