// The local stack as Foz uses it: schemas of users and rides loaded before anything captures them, topics made, the
// connector registered, and a foz.yaml (secrets in .env beside it, both readable by their owner only) that points to it, with
// the checks that come with the project.

import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connectClient } from '../connectors/connect-client.ts';
import { registerConnector, registerDefaults } from '../connectors/register.ts';
import { ridesAgentBehaviour, ridesDefaults, ridesTopics } from '../connectors/rides.ts';
import { captureRoleSql, ridesSchemaCql, usersSchemaSql } from '../connectors/schema.ts';
import { usersConnector, usersDefaults, usersTopics, type UsersConnectorSettings } from '../connectors/users.ts';
import type { Logger } from '../runtime/log.ts';
import { silentProgress, type Progress, type Step } from '../runtime/progress.ts';
import { secret } from '../runtime/secret.ts';
import { startStack, type Stack, type StackEndpoints, type StackEvent } from '../stack/stack.ts';
import { openKafkaAdmin } from './kafka-admin.ts';
import { writeDefaultChecks } from './quality/default-checks.ts';
import { connectCassandra, connectPostgres } from './stack-databases.ts';

export interface LocalStackOptions {
  readonly directory: string;
  /** Lives on after this process. */
  readonly isDetached: boolean;
  readonly progress?: Progress;
  readonly logger?: Logger;
  /** As in foz.yaml; its default without. */
  readonly freshness?: string;
  /** A webhook that is told of alerts. */
  readonly alertsTo?: string;
  /** Any free ports for catalog and worker, rather than the usual ones where they are free. */
  readonly anyPorts?: boolean;
  /** Runs once for each database when its schema is there and nothing captures it yet: rows written now arrive by snapshot. */
  readonly beforeCapture?: (stage: {
    readonly postgres?: StackEndpoints['postgres'];
    readonly cassandra?: StackEndpoints['cassandra'];
  }) => Promise<void>;
}

export interface LocalStack extends AsyncDisposable {
  readonly stack: Stack;
  readonly configFile: string;
}

export async function upLocalStack(options: LocalStackOptions, signal?: AbortSignal): Promise<LocalStack> {
  const { directory, isDetached, progress = silentProgress, logger } = options;
  const stack = await startStack(
    {
      dir: directory,
      components: ['kafka', 'connect', 'postgres', 'cassandra', 'cassandra-cdc', 's3'],
      settings: { agentTopicPrefix: ridesDefaults.topicPrefix, agentProperties: ridesAgentBehaviour },
      detached: isDetached,
      onProgress: showProgress(progress),
      onKafkaReady: createTopics,
      onPostgresReady: async (postgres) => {
        await loadUsersSchema(postgres, signal);
        await options.beforeCapture?.({ postgres });
      },
      onCassandraReady: async (cassandra) => {
        await loadRidesSchema(cassandra, signal);
        await options.beforeCapture?.({ cassandra });
      },
      ...(logger === undefined ? {} : { logger }),
    },
    signal,
  );
  try {
    await capture(stack, progress, signal);
    const configFile = await writeStackConfig(stack, options);
    return { stack, configFile, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
  } catch (error) {
    await stack.shutdown();
    throw error;
  }
}

/** One step a component, from `starting` to `ready`. */
function showProgress(progress: Progress): (event: StackEvent) => void {
  const steps = new Map<string, Step>();
  return ({ component, state, detail }) => {
    const step = steps.get(component);
    if (state === 'ready') step?.done(detail);
    else if (state === 'failed') step?.fail(detail ?? 'failed');
    else if (step) step.update(detail ?? state);
    else steps.set(component, progress.start(component));
    if (state === 'ready' || state === 'failed') steps.delete(component);
  };
}

async function loadUsersSchema(postgres: StackEndpoints['postgres'], signal?: AbortSignal): Promise<void> {
  const { cdcUser, cdcPassword } = postgres;
  await using client = await connectPostgres(postgres, signal);
  await client.query(captureRoleSql(cdcUser, cdcPassword), [], signal);
  await client.query(await usersSchemaSql({ cdcRole: cdcUser, publication: usersDefaults.publication }), [], signal);
}

async function loadRidesSchema(cassandra: StackEndpoints['cassandra'], signal?: AbortSignal): Promise<void> {
  await using client = await connectCassandra(cassandra, signal);
  for (const statement of await ridesSchemaCql()) await client.query(statement, [], signal);
}

/** Before anything writes to them: a topic that the broker makes by itself has the broker's defaults. */
async function createTopics({ bootstrap }: StackEndpoints['kafka']): Promise<void> {
  await using admin = await openKafkaAdmin({ brokers: [bootstrap] });
  await admin.createTopics([...usersTopics(usersDefaults), ...ridesTopics(ridesDefaults)]);
}

async function capture(stack: Stack, progress: Progress, signal?: AbortSignal): Promise<void> {
  const users = usersSettingsOf(stack);
  const step = progress.start('connectors');
  const client = connectClient({ url: stack.endpoint('connect').url, requestTimeoutMs: 10_000 });
  const { outcome } = await registerConnector(client, usersConnector(users), registerDefaults, signal);
  step.done(`${users.name} ${outcome}`);
}

function usersSettingsOf(stack: Stack): UsersConnectorSettings {
  const { host, port, database, cdcUser, cdcPassword } = stack.endpoint('postgres');
  return {
    ...usersDefaults,
    database: { host, port, database, user: cdcUser, password: secret(cdcPassword), sslmode: 'disable' },
    kafkaBootstrap: stack.endpoint('kafka').bootstrap,
  };
}

/** Writes foz.yaml and .env of the stack's own folder anew: ports may have changed. */
async function writeStackConfig(stack: Stack, options: LocalStackOptions): Promise<string> {
  const { freshness, anyPorts = false } = options;
  const [kafka, connect, postgres, cassandra, s3] = [
    stack.endpoint('kafka'),
    stack.endpoint('connect'),
    stack.endpoint('postgres'),
    stack.endpoint('cassandra'),
    stack.endpoint('s3'),
  ];
  const text = `# Configuration of the local stack, written anew by each foz up. To keep changes, copy it elsewhere and use -c.
kafka:
  brokers: ["${kafka.bootstrap}"]
  # The least the broker allows: a killed worker's partitions go to the next one after this.
  sessionTimeout: 6s
lake:
  store:
    kind: s3
    bucket: ${s3.bucket}
    prefix: foz
    endpoint: ${s3.endpoint}
    region: ${s3.region}
    pathStyle: true
    credentials:
      kind: static
      accessKeyId: \${env:FOZ_STACK_S3_ACCESS_KEY}
      secretAccessKey: \${env:FOZ_STACK_S3_SECRET_KEY}
  workDir: work
catalog:
  kind: embedded
  listen: 127.0.0.1:${await freePort(anyPorts ? 0 : 8181)}
  store: sqlite:catalog.sqlite
sync:
${freshness === undefined ? '' : `  freshness: ${freshness}\n`}  tables:
    - { topic: pg.public.users, table: users }
    - { topic: pg.public.user_events, table: user_events }
    - { topic: cass.rides.rides, table: rides }
sources:
  postgres:
    host: ${postgres.host}
    port: ${postgres.port}
    database: ${postgres.database}
    user: ${postgres.cdcUser}
    password: \${env:FOZ_STACK_POSTGRES_PASSWORD}
    sslmode: disable
  cassandra:
    contactPoints: ["${cassandra.contactPoint}:${cassandra.port}"]
    localDataCenter: ${cassandra.localDataCenter}
    keyspace: ${ridesDefaults.keyspace}
connect:
  url: ${connect.url}
connectors:
  postgres: {}
  cassandra:
    agentUrl: ${stack.endpoint('cassandra-cdc').healthUrl}
http:
  listen: 127.0.0.1:${await freePort(anyPorts ? 0 : 8585)}
query:
  cacheDir: cache
quality:
  # Beside this file: what is written here counts within seconds.
  files: [quality/*.yaml]
  reload: 2s
${alertsText(options.alertsTo)}`;
  const env = `FOZ_STACK_S3_ACCESS_KEY=${s3.accessKey}\nFOZ_STACK_S3_SECRET_KEY=${s3.secretKey}\nFOZ_STACK_POSTGRES_PASSWORD=${postgres.cdcPassword}\n`;
  await writeFile(join(stack.dir, '.env'), env, { mode: 0o600 });
  const file = join(stack.dir, 'foz.yaml');
  await writeFile(file, text, { mode: 0o600 });
  writeDefaultChecks(stack.dir);
  return file;
}

function alertsText(url: string | undefined): string {
  return url === undefined ? '' : `  alerts:\n    receivers:\n      - { kind: webhook, name: local, url: ${JSON.stringify(url)} }\n`;
}

/** The one wished for, or any other that is free on loopback now. */
function freePort(wished: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () => (wished === 0 ? reject(new Error('no port is free')) : resolve(freePort(0))));
    server.listen(wished, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : wished));
    });
  });
}
