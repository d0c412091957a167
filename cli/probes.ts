// What `foz check` asks of everything that foz.yaml points to, all at once; nothing is changed but the object store's
// self-test, which leaves nothing behind. Each probe answers with findings, never with an exception.

import { createServer } from 'node:net';
import { agentHealth, connectorHealth } from '../connectors/health.ts';
import { connectClient } from '../connectors/connect-client.ts';
import type { Finding } from '../connectors/finding.ts';
import { checkCassandra, checkPostgres } from '../connectors/preflight.ts';
import { cassandraPreflightDefaults } from '../connectors/preflight-cassandra.ts';
import { preflightKafka } from '../connectors/preflight-kafka.ts';
import { postgresPreflightDefaults } from '../connectors/preflight-postgres.ts';
import { ridesTopics } from '../connectors/rides.ts';
import { usersTopics } from '../connectors/users.ts';
import { LakeError } from '../runtime/errors.ts';
import { silentLogger } from '../runtime/log.ts';
import { checkJars } from '../stack/setup/downloads.ts';
import { requireConditionalWrites } from './conditional-writes.ts';
import type { LoadedConfig } from './config.ts';
import { openKafkaAdmin } from './kafka-admin.ts';
import { addressOf, cassandraSettings, pathIn, postgresSettings, ridesCapture, urlOf, usersSettings } from './settings.ts';
import { checkCatalogAccess } from './catalog/check-access.ts';
import { catalogLogin, kafkaOptions, openStore } from './wire.ts';

const probeTimeoutMs = 20_000;

export interface Probe {
  readonly name: string;
  run(signal: AbortSignal): Promise<readonly Finding[]>;
}

export function probesOf(loaded: LoadedConfig): readonly Probe[] {
  const { config } = loaded;
  return [
    { name: 'object store', run: (signal) => probeStore(loaded, signal) },
    { name: 'Kafka', run: (signal) => probeKafka(loaded, signal) },
    { name: 'catalog', run: (signal) => probeCatalog(loaded, signal) },
    { name: 'access', run: () => checkCatalogAccess(loaded) },
    { name: 'ports', run: () => probePorts(loaded) },
    { name: 'downloads', run: probeDownloads },
    ...(config.sources.postgres ? [{ name: 'PostgreSQL', run: (signal: AbortSignal) => probePostgres(loaded, signal) }] : []),
    ...(config.sources.cassandra ? [{ name: 'Cassandra', run: (signal: AbortSignal) => probeCassandra(loaded, signal) }] : []),
    ...(config.connect ? [{ name: 'Kafka Connect', run: (signal: AbortSignal) => probeConnect(loaded, signal) }] : []),
  ];
}

/** Bounded; what it throws becomes a finding. */
export async function runProbe(probe: Probe, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return await probe.run(AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]));
  } catch (error) {
    signal.throwIfAborted();
    return [findingOf(probe.name, error)];
  }
}

function findingOf(subject: string, error: unknown): Finding {
  if (!(error instanceof LakeError)) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const found = isLate ? `no answer within ${probeTimeoutMs / 1000} s` : String(error);
    return {
      code: 'NO_ANSWER',
      severity: 'error',
      subject,
      setting: 'connection',
      found,
      needed: 'an answer',
      mend: 'start it, or correct its address in foz.yaml',
    };
  }
  const cause = error.cause instanceof Error && !error.message.includes(error.cause.message) ? ` (${error.cause.message})` : '';
  const { found, expected } = error.context;
  return {
    code: error.code,
    severity: 'error',
    subject,
    setting: 'connection',
    found: found === undefined ? `${error.message}${cause}` : `${error.message}: ${String(found)}`,
    needed: expected === undefined ? 'an answer' : String(expected),
    mend: error.help,
  };
}

async function probeStore(loaded: LoadedConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  await using store = openStore(loaded, silentLogger);
  await requireConditionalWrites(loaded, store, signal);
  // Also where the self-test is off: the bucket must answer.
  await store.head('foz-check', signal);
  return [];
}

async function probeKafka(loaded: LoadedConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  await using admin = await openKafkaAdmin(kafkaOptions(loaded));
  const users = usersSettings(loaded);
  const rides = ridesCapture(loaded.config);
  const topics = [...(users ? usersTopics(users) : []), ...(rides ? ridesTopics(rides) : [])];
  return await preflightKafka((names) => admin.describeTopics(names), topics, loaded.config.kafka.brokers.join(','), signal);
}

async function probeCatalog(loaded: LoadedConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const { catalog } = loaded.config;
  if (catalog.kind === 'embedded') return [];
  const url = `${catalog.url.replace(/\/+$/, '')}/v1/config`;
  const { token } = catalogLogin(catalog, catalog.url);
  const bearer = typeof token === 'function' ? await token() : token;
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const response = await fetch(url, { headers, signal }).catch((cause: unknown) => {
    throw new LakeError('CATALOG_UNREACHABLE', `GET ${url}`, { cause });
  });
  if (response.ok) return [];
  throw new LakeError('CATALOG_REFUSED', `GET ${url}`, { context: { expected: 'status 200', found: `status ${response.status}` } });
}

/** The jars of the local stack, where this machine has them. */
async function probeDownloads(): Promise<readonly Finding[]> {
  const { dir, problems } = await checkJars();
  return problems.map((found) => ({
    code: 'DOWNLOAD_DAMAGED',
    severity: 'warning',
    subject: 'jars of the local stack',
    setting: 'sha256',
    found,
    needed: 'what was downloaded',
    mend: `rm -r ${dir}   (the next foz up fetches it again)`,
  }));
}

async function probePostgres(loaded: LoadedConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const settings = postgresSettings(loaded);
  const users = usersSettings(loaded);
  if (!settings || !users) return [];
  const { host, port, database, user } = settings;
  const { tables, signalTable, heartbeatTable, publication, slot } = users;
  const wanted = { server: `${host}:${port}/${database}`, database, role: user, tables, signalTable, heartbeatTable, publication, slot };
  return checkPostgres(settings, { ...postgresPreflightDefaults, ...wanted }, signal);
}

async function probeCassandra(loaded: LoadedConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const settings = cassandraSettings(loaded);
  const rides = ridesCapture(loaded.config);
  if (!settings || !rides) return [];
  const wanted = {
    cluster: settings.contactPoints.join(','),
    keyspace: rides.keyspace,
    tables: rides.tables,
    snapshotMode: rides.snapshotMode,
  };
  const findings = await checkCassandra(settings, { ...cassandraPreflightDefaults, ...wanted }, signal);
  const agentUrl = loaded.config.connectors.cassandra?.agentUrl;
  const agent = agentUrl === undefined ? null : await agentHealth(agentUrl, 5_000, signal);
  if (!agent || agent.kind === 'running') return findings;
  const mend = 'start the agent beside the node (foz connectors agent prints its properties); its log says why it stopped';
  return [
    ...findings,
    {
      code: 'AGENT',
      severity: 'error',
      subject: `agent ${agentUrl}`,
      setting: 'health',
      found: `${agent.kind}: ${agent.reason}`,
      needed: 'running',
      mend,
    },
  ];
}

async function probeConnect(loaded: LoadedConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const { connect } = loaded.config;
  const users = usersSettings(loaded);
  if (!connect || !users) return [];
  const health = await connectorHealth(connectClient({ ...connect, requestTimeoutMs: 5_000 }), users.name, signal);
  if (health.kind === 'running' || health.kind === 'starting') return [];
  const found = 'reason' in health ? `${health.kind}: ${health.reason}` : health.kind;
  const mend = health.kind === 'unreachable' ? 'start Kafka Connect, or correct connect.url in foz.yaml' : 'foz connectors apply';
  return [
    {
      code: 'CONNECTOR',
      severity: 'error',
      subject: `connector ${users.name} at ${connect.url}`,
      setting: 'state',
      found,
      needed: 'running',
      mend,
    },
  ];
}

/** A port in use is a problem unless it is Foz itself that listens there. */
async function probePorts(loaded: LoadedConfig): Promise<readonly Finding[]> {
  const { catalog, http } = loaded.config;
  const wanted = [
    { setting: 'http.listen', listen: http.listen, own: '/livez' },
    ...(catalog.kind === 'embedded' ? [{ setting: 'catalog.listen', listen: catalog.listen, own: '/v1/config' }] : []),
  ];
  const findings = await Promise.all(
    wanted.map(async ({ setting, listen, own }): Promise<readonly Finding[]> => {
      if ((await isFree(listen)) || (await answers(`${urlOf(listen)}${own}`))) return [];
      const mend = `set ${setting} to a free port in ${pathIn(loaded, 'foz.yaml')}, or end what listens there`;
      return [
        {
          code: 'PORT_IN_USE',
          severity: 'error',
          subject: listen,
          setting,
          found: 'another program listens there',
          needed: 'a free port',
          mend,
        },
      ];
    }),
  );
  return findings.flat();
}

function isFree(listen: string): Promise<boolean> {
  const { host, port } = addressOf(listen);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
  await response?.arrayBuffer();
  return response?.ok === true && response.headers.get('content-type')?.includes('json') === true;
}
