// The only file of this room that knows the Cassandra driver. Statements in, decoded rows out, page by page; 64-bit
// integers and varints come as bigint, maps as Map and sets as Set, so that nothing is rounded or reordered.

import { readFile } from 'node:fs/promises';
import cassandra from 'cassandra-driver';
import { LakeError } from '../runtime/errors.ts';
import type { Secret } from '../runtime/secret.ts';

export interface CassandraTls {
  /** PEM file of the authority; the system's authorities without it. */
  readonly ca?: string | undefined;
  /** PEM files of the client certificate and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Whether the node's certificate and name are checked. */
  readonly verify: boolean;
}

export interface CassandraSettings {
  /** `host` or `host:port`. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly auth?: { readonly username: string; readonly password: Secret } | undefined;
  readonly tls?: CassandraTls | undefined;
  readonly consistency: CassandraConsistency;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
}

export type CassandraConsistency = 'one' | 'localOne' | 'localQuorum' | 'quorum' | 'all';

export const cassandraDefaults = {
  localDataCenter: 'datacenter1',
  consistency: 'localQuorum',
  connectTimeoutMs: 10_000,
  readTimeoutMs: 30_000,
} as const;

/** Values by column, as the driver decodes them; see canonical-cassandra.ts. */
export type CassandraRow = Readonly<Record<string, unknown>>;

/** A statement in, all its rows out. Preflight takes this alone, so that tests can answer by hand. */
export type CassandraQuery = (cql: string, parameters?: readonly unknown[], signal?: AbortSignal) => Promise<readonly CassandraRow[]>;

export interface CassandraClient extends AsyncDisposable {
  readonly query: CassandraQuery;
  /** Rows by position, one bounded page at a time. */
  pages(
    cql: string,
    parameters: readonly unknown[],
    pageRowsMax: number,
    signal?: AbortSignal,
  ): AsyncIterable<readonly (readonly unknown[])[]>;
}

/** Connects to the cluster. Errors: SOURCE_UNREACHABLE, SOURCE_REFUSED (login, rights, TLS). */
export async function openCassandra(settings: CassandraSettings, signal?: AbortSignal): Promise<CassandraClient> {
  signal?.throwIfAborted();
  const { auth } = settings;
  const sslOptions = settings.tls === undefined ? undefined : await tlsOptions(settings.tls);
  const client = new cassandra.Client({
    contactPoints: [...settings.contactPoints],
    localDataCenter: settings.localDataCenter,
    ...(auth === undefined ? {} : { credentials: { username: auth.username, password: auth.password.reveal() } }),
    ...(sslOptions === undefined ? {} : { sslOptions }),
    encoding: { map: Map, set: Set, useBigIntAsLong: true, useBigIntAsVarint: true },
    // Schema metadata is read from system_schema where it is needed: the driver need not keep a copy.
    isMetadataSyncEnabled: false,
    queryOptions: { consistency: cassandra.types.consistencies[settings.consistency] },
    socketOptions: { connectTimeout: settings.connectTimeoutMs, readTimeout: settings.readTimeoutMs },
  });
  // The driver reconnects by itself and reports through queries.
  client.on('error', () => undefined);
  try {
    await abortable(client.connect(), signal);
  } catch (error) {
    await client.shutdown().catch(() => undefined);
    throw asLakeError(error, settings, 'connect');
  }
  return wrap(client, settings);
}

function wrap(client: cassandra.Client, settings: CassandraSettings): CassandraClient {
  const execute = async (cql: string, parameters: readonly unknown[], options: cassandra.QueryOptions, signal?: AbortSignal) => {
    signal?.throwIfAborted();
    try {
      return await abortable(client.execute(cql, [...parameters], { prepare: true, ...options }), signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw asLakeError(error, settings, 'query');
    }
  };
  return {
    query: async (cql, parameters = [], signal) => {
      const rows: CassandraRow[] = [];
      let pageState: string | undefined;
      do {
        const result = await execute(cql, parameters, { fetchSize: 1000, ...(pageState === undefined ? {} : { pageState }) }, signal);
        for (const row of rowsOf(result)) rows.push(Object.fromEntries(row.keys().map((name) => [name, plain(row.get(name))])));
        pageState = result.pageState ?? undefined;
      } while (pageState !== undefined);
      return rows;
    },
    async *pages(cql, parameters, pageRowsMax, signal) {
      let pageState: string | undefined;
      do {
        const result = await execute(
          cql,
          parameters,
          { fetchSize: pageRowsMax, ...(pageState === undefined ? {} : { pageState }) },
          signal,
        );
        const rows = rowsOf(result);
        if (rows.length > 0) yield rows.map((row) => row.values().map(plain));
        pageState = result.pageState ?? undefined;
      } while (pageState !== undefined);
    },
    [Symbol.asyncDispose]: async () => {
      await client.shutdown().catch(() => undefined);
    },
  };
}

/** What is no query (DDL, a write) has no rows at all, whatever the driver's types say. */
function rowsOf(result: { readonly rows?: readonly cassandra.types.Row[] }): readonly cassandra.types.Row[] {
  return result.rows ?? [];
}

/** Decimals as exact text: the driver's own text of 1E+20 is wrong. Composites are gone through. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (value instanceof cassandra.types.BigDecimal) return decimalOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Set) return new Set(Array.from(value, plain));
  if (value instanceof Map) return new Map(Array.from(value, ([key, inner]) => [plain(key), plain(inner)]));
  if (value instanceof cassandra.types.Tuple) return { elements: value.values().map(plain) };
  const isUserType = Object.getPrototypeOf(value) === Object.prototype;
  return isUserType ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)])) : value;
}

/** Wire form: four bytes of scale, then the unscaled integer. */
function decimalOf(value: cassandra.types.BigDecimal): string {
  const bytes = cassandra.types.BigDecimal.toBuffer(value);
  const unscaled = cassandra.types.Integer.fromBuffer(bytes.subarray(4));
  return `${unscaled.toString()}E${-bytes.readInt32BE(0)}`;
}

/** The driver takes no signal: an abort stops the wait, the answer is dropped. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function tlsOptions(tls: CassandraTls): Promise<NonNullable<cassandra.ClientOptions['sslOptions']>> {
  const [ca, cert, key] = await Promise.all([readPem(tls.ca), readPem(tls.cert), readPem(tls.key)]);
  return {
    rejectUnauthorized: tls.verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new LakeError('CONFIG_INVALID', `Cannot read the TLS file ${path}.`, { cause, context: { path } });
  }
}

// Protocol codes that a person must mend: bad credentials, unauthorised, syntax, invalid, config.
const refusedCodes: ReadonlySet<unknown> = new Set([0x0100, 0x2000, 0x2100, 0x2200, 0x2300]);

function asLakeError(error: unknown, settings: CassandraSettings, step: 'connect' | 'query'): LakeError {
  if (error instanceof LakeError) return error;
  const root = innermost(error);
  const reason = root instanceof Error ? root.message : String(root);
  const code = typeof root === 'object' && root !== null && 'code' in root ? root.code : '';
  const refused =
    root instanceof cassandra.errors.AuthenticationError ||
    refusedCodes.has(code) ||
    /certificate|TLS|SSL|datacenter|data center/i.test(reason);
  return new LakeError(
    refused ? 'SOURCE_REFUSED' : 'SOURCE_UNREACHABLE',
    `Cassandra ${settings.contactPoints.join(', ')}: ${step} failed: ${reason}`,
    {
      cause: error,
      context: {
        contactPoints: settings.contactPoints.join(','),
        localDataCenter: settings.localDataCenter,
        user: settings.auth?.username,
        code: String(code),
      },
    },
  );
}

/** "No host could be tried" hides the reason of each host inside. */
function innermost(error: unknown): unknown {
  if (!(error instanceof cassandra.errors.NoHostAvailableError)) return error;
  const inner: unknown = error.innerErrors;
  if (typeof inner !== 'object' || inner === null) return error;
  const [first] = Object.values(inner);
  return first ?? error;
}

/** CQL folds unquoted names to lower case, so all are quoted. */
export function quoteCql(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
