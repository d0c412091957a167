// The four clients over a lake: how each is told where catalog and objects are.

import { askTrino } from '../../query/trino-client.ts';
import { findJava } from '../../stack/setup/java.ts';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import { rowsOf, type LakeClient } from './client.ts';
import type { ClientLake, Login } from './client-lake.ts';
import { openPythonClient, type PythonSession } from './python-client.ts';
import { ensurePythonPackages } from './python-packages.ts';
import { duckdbDialect, sparkDialect, sqlClient, trinoDialect, type Ask } from './sql-client.ts';

/** A client that also takes any statement. */
export interface SqlLakeClient extends LakeClient {
  readonly ask: Ask;
}

export interface PyicebergClient extends LakeClient {
  metadata(table: string): Promise<unknown>;
  /** Rows of any table, their columns as text, appended as often as it takes until they are in. */
  appendAgain(table: string, rows: readonly Readonly<Record<string, string>>[], triesMax: number): Promise<AppendedAgain>;
}

export interface AppendedAgain {
  readonly ms: number;
  /** Commits that came second, PyIceberg's own tries included. */
  readonly conflicts: number;
  /** With what error PyIceberg gave up before. */
  readonly givenUp: readonly string[];
}

export async function openPyiceberg({ catalogUrl, warehouse, s3 }: ClientLake, login?: Login): Promise<PyicebergClient> {
  const session = await openPythonClient('pyiceberg', {
    type: 'rest',
    uri: catalogUrl,
    warehouse,
    's3.endpoint': s3.endpoint,
    's3.region': s3.region,
    's3.access-key-id': s3.accessKey,
    's3.secret-access-key': s3.secretKey,
    's3.path-style-access': 'true',
    ...(login ? { credential: `${login.name}:${login.token}` } : {}),
  });
  const done = async (name: string, parameters: Readonly<Record<string, unknown>>) => void (await session.call(name, parameters));
  return {
    name: 'PyIceberg',
    takesNullListsForEmpty: true,
    createNamespace: (name) => done('namespace', { name }),
    dropNamespace: (name) => done('drop_namespace', { name }),
    tables: async (namespace) => rowsOf([await session.call('tables', { namespace })])[0]?.map(String) ?? [],
    createOrders: (table) => done('create', { table }),
    append: (table, rows) => done('append', { table, rows }),
    evolve: (table) => done('evolve', { table }),
    delete: (table, where) => done('delete', { table, where: where.replaceAll(/([^<>!])=/g, '$1==') }),
    snapshots: async (table) =>
      rowsOf(await session.call('snapshots', { table })).map(([id, atMs]) => ({ id: String(id), atMs: Number(atMs) })),
    read: async (table, paths, { snapshot, atMs, where } = {}) => {
      const asOf = atMs === undefined ? snapshot : await session.call('snapshot_at', { table, time_ms: atMs });
      const options = { ...(asOf === undefined ? {} : { snapshot: asOf }), ...(where === undefined ? {} : { where }) };
      return rowsOf(await session.call('rows', { table, paths, ...options }));
    },
    metadata: (table) => session.call('metadata', { table }),
    appendAgain: async (table, rows, triesMax) => {
      const answer = await session.call('append_again', { table, rows, tries_max: triesMax });
      if (!isRecord(answer)) throw new Error(`PyIceberg answered ${String(answer)} to an append`);
      const { ms, conflicts, given_up: givenUp } = answer;
      return { ms: Number(ms), conflicts: Number(conflicts), givenUp: Array.isArray(givenUp) ? givenUp.map(String) : [] };
    },
    rename: (table, to) => done('rename', { table, to }),
    drop: (table) => done('drop', { table }),
    [Symbol.asyncDispose]: close(session),
  };
}

export async function openDuckdb({ catalogUrl, warehouse, s3 }: ClientLake, login?: Login): Promise<SqlLakeClient> {
  const secret = login
    ? [
        `CREATE SECRET login (TYPE iceberg, CLIENT_ID '${login.name}', CLIENT_SECRET '${login.token}', OAUTH2_SERVER_URI '${catalogUrl}/v1/oauth/tokens')`,
      ]
    : [];
  const authorization = login ? 'SECRET login' : `AUTHORIZATION_TYPE 'none'`;
  const { host } = new URL(s3.endpoint);
  const session = await openPythonClient('duckdb', {
    statements: [
      `SET TimeZone = 'UTC'`,
      `CREATE SECRET (TYPE s3, KEY_ID '${s3.accessKey}', SECRET '${s3.secretKey}', REGION '${s3.region}', ENDPOINT '${host}', URL_STYLE 'path', USE_SSL false)`,
      ...secret,
      `ATTACH '${warehouse}' AS lake (TYPE iceberg, ENDPOINT '${catalogUrl}', ${authorization}, ACCESS_DELEGATION_MODE 'none', READ_ONLY false)`,
    ],
  });
  const ask: Ask = (text) => session.call('sql', { text });
  return { ...sqlClient(duckdbDialect, ask, close(session)), ask };
}

export async function openSpark({ catalogUrl, warehouse, s3, directory }: ClientLake, login?: Login): Promise<SqlLakeClient> {
  const java = findJava(17);
  if (java === null) throw new LakeError('PREREQUISITE_MISSING', 'Spark runs on a JDK 17: export FOZ_JAVA_HOME_17=/path/to/jdk-17');
  const { jars } = await ensurePythonPackages('spark');
  const catalog = 'spark.sql.catalog.lake';
  const session = await openPythonClient(
    'spark',
    {
      'spark.driver.extraClassPath': jars,
      'spark.driver.memory': '1g',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.driver.host': '127.0.0.1',
      'spark.ui.enabled': 'false',
      'spark.local.dir': directory,
      'spark.sql.warehouse.dir': directory,
      'spark.sql.session.timeZone': 'UTC',
      'spark.sql.shuffle.partitions': '2',
      'spark.sql.extensions': 'org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions',
      [catalog]: 'org.apache.iceberg.spark.SparkCatalog',
      [`${catalog}.type`]: 'rest',
      [`${catalog}.uri`]: catalogUrl,
      [`${catalog}.warehouse`]: warehouse,
      [`${catalog}.cache-enabled`]: 'false',
      [`${catalog}.io-impl`]: 'org.apache.iceberg.aws.s3.S3FileIO',
      [`${catalog}.client.region`]: s3.region,
      [`${catalog}.s3.endpoint`]: s3.endpoint,
      [`${catalog}.s3.path-style-access`]: 'true',
      [`${catalog}.s3.access-key-id`]: s3.accessKey,
      [`${catalog}.s3.secret-access-key`]: s3.secretKey,
      ...(login ? { [`${catalog}.credential`]: `${login.name}:${login.token}` } : {}),
    },
    { JAVA_HOME: java.home, SPARK_LOCAL_IP: '127.0.0.1' },
  );
  const ask: Ask = (text) => session.call('sql', { text });
  return { ...sqlClient(sparkDialect, ask, close(session)), ask };
}

/** Trino belongs to the stack and ends with it. PREREQUISITE_MISSING where there is no Java 25. */
export async function openTrino({ stack, catalogUrl, warehouse, s3 }: ClientLake, login?: Login): Promise<SqlLakeClient> {
  const security = {
    'iceberg.rest-catalog.security': 'OAUTH2',
    'iceberg.rest-catalog.oauth2.server-uri': `${catalogUrl}/v1/oauth/tokens`,
    'iceberg.rest-catalog.oauth2.credential': `${login?.name}:${login?.token}`,
  };
  const catalogProperties = { 'iceberg.rest-catalog.nested-namespace-enabled': 'true', ...(login ? security : {}) };
  const { url } = await stack.startTrino({ catalogName: 'lake', catalogUri: catalogUrl, warehouse, s3, catalogProperties });
  // Its own floor of seven days stands before the request's.
  const session = { 'lake.expire_snapshots_min_retention': '0s' };
  const ask: Ask = async (sql) => (await askTrino({ url, user: 'foz', exactTimes: true, session }, sql)).rows;
  return { ...sqlClient(trinoDialect, ask, async () => undefined), ask };
}

const close = (session: PythonSession) => async () => session[Symbol.asyncDispose]();

/** PyIceberg's figures are an object of numbers. */
export function figuresOf(value: unknown): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(isRecord(value) ? value : {}).map(([name, figure]) => [name, Number(figure)]));
}
