// Cassandra behind the Source port. There is no snapshot to read: a reading goes through the token ring page by page
// while writes go on, and says when it began by the coordinator's clock. Each cell comes with its write time and time to
// live, so that verify can tell "written after I looked" from "differs". A static-only partition gives a row whose
// clustering keys are null.

import { LakeError } from '../runtime/errors.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { canonicalCassandra } from './canonical-cassandra.ts';
import { openCassandra, quoteCql, type CassandraClient, type CassandraSettings } from './cassandra-client.ts';
import { introspectCassandra } from './cassandra-introspect.ts';
import type { Source, SourceColumn, SourceReading, SourceRow, SourceSelection, SourceTable, SourceType, SourceValue } from './source.ts';

export interface CassandraSourceOptions {
  readonly settings: CassandraSettings;
  /** Rows a page: the bound of what a reading holds in memory. */
  readonly pageRowsMax: number;
  readonly clock?: Clock;
}

export function cassandraSource(options: CassandraSourceOptions): Source {
  const clock = options.clock ?? systemClock;
  const withClient = async <T>(signal: AbortSignal | undefined, work: (client: CassandraClient) => Promise<T>): Promise<T> => {
    await using client = await openCassandra(options.settings, signal);
    return await work(client);
  };
  return {
    health: (signal) =>
      withClient(signal, async (client) => {
        const startedMs = clock.now();
        const [row] = await client.query('SELECT release_version FROM system.local', [], signal);
        return { product: 'cassandra', version: String(row?.['release_version'] ?? ''), roundTripMs: clock.now() - startedMs };
      }),
    introspect: (name, signal) => withClient(signal, (client) => introspectCassandra(client.query, name, signal)),
    read: (table, selection, signal) => read(options, table, selection, signal),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function read(
  options: CassandraSourceOptions,
  table: SourceTable,
  selection: SourceSelection,
  signal?: AbortSignal,
): Promise<SourceReading> {
  const client = await openCassandra(options.settings, signal);
  try {
    const [row] = await client.query('SELECT toTimestamp(now()) AS at FROM system.local', [], signal);
    const at = row?.['at'];
    if (!(at instanceof Date)) throw new LakeError('SOURCE_REFUSED', `Expected a timestamp from the coordinator, found ${String(at)}.`);
    return {
      position: { kind: 'cassandra', atMs: at.getTime() },
      pages: pagesOf(client, table, selection, options, signal),
      again: (wanted, againSignal) => pagesOf(client, table, wanted, options, againSignal),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

function pagesOf(
  client: CassandraClient,
  table: SourceTable,
  selection: SourceSelection,
  options: CassandraSourceOptions,
  signal?: AbortSignal,
): AsyncIterable<readonly SourceRow[]> {
  if (selection.kind === 'ranges') throw new LakeError('INTERNAL', 'Cassandra has no order of keys to read a range of');
  return selection.kind === 'all' ? allPages(client, table, options, signal) : keyPages(client, table, selection.keys, options, signal);
}

async function* allPages(
  client: CassandraClient,
  table: SourceTable,
  options: CassandraSourceOptions,
  signal?: AbortSignal,
): AsyncGenerator<readonly SourceRow[]> {
  for await (const page of client.pages(selectOf(table), [], options.pageRowsMax, signal)) yield page.map((row) => rowOf(table, row));
}

/** One statement a key: an IN over partitions makes one coordinator gather them all. */
async function* keyPages(
  client: CassandraClient,
  table: SourceTable,
  keys: readonly (readonly string[])[],
  options: CassandraSourceOptions,
  signal?: AbortSignal,
): AsyncGenerator<readonly SourceRow[]> {
  const keyColumns = table.key.flatMap((name) => table.columns.filter((column) => column.name === name));
  const cql = `${selectOf(table)} WHERE ${keyColumns.map((column) => `${quoteCql(column.name)} = ?`).join(' AND ')}`;
  let page: SourceRow[] = [];
  for (const key of keys) {
    const parameters = keyColumns.map((column, index) => cassandraParameter(column.type, key[index] ?? ''));
    for await (const rows of client.pages(cql, parameters, options.pageRowsMax, signal)) page.push(...rows.map((row) => rowOf(table, row)));
    if (page.length >= options.pageRowsMax) {
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}

/** A canonical key value as a parameter of a prepared statement. */
function cassandraParameter(type: SourceType, canonical: string): unknown {
  switch (type.name) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'float':
    case 'double':
      return Number(canonical);
    case 'bigint':
    case 'varint':
    case 'counter':
      return BigInt(canonical);
    case 'boolean':
      return canonical === 'true';
    case 'timestamp':
      return new Date(canonical.replace(/(\.\d{3})\d*Z$/, '$1Z'));
    case 'blob':
      return Buffer.from(canonical, 'base64');
    default:
      // uuid, date, time, inet, decimal and text: the driver reads them from text.
      return canonical;
  }
}

function selectOf(table: SourceTable): string {
  const columns = table.columns.map((column) => quoteCql(column.name));
  const timed = table.columns.filter(hasWriteTime).map((column) => quoteCql(column.name));
  const terms = [...columns, ...timed.map((name) => `WRITETIME(${name})`), ...timed.map((name) => `TTL(${name})`)];
  return `SELECT ${terms.join(', ')} FROM ${quoteCql(table.name.namespace)}.${quoteCql(table.name.table)}`;
}

/** A cell has one write time; a key has none, and a collection that is not frozen has many. */
function hasWriteTime(column: SourceColumn): boolean {
  return column.keyIndex === null && column.type.isFrozen && column.type.name !== 'counter';
}

function rowOf(table: SourceTable, row: readonly unknown[]): SourceRow {
  const values: SourceValue[] = table.columns.map((column, index) => canonicalCassandra(column.type, row[index]));
  const writeTimesUs: (bigint | null)[] = [];
  const ttlSeconds: (number | null)[] = [];
  const timed = table.columns.filter(hasWriteTime).length;
  let place = table.columns.length;
  for (const column of table.columns) {
    const isTimed = hasWriteTime(column);
    const time = isTimed ? row[place] : null;
    const ttl = isTimed ? row[place + timed] : null;
    writeTimesUs.push(typeof time === 'bigint' ? time : null);
    ttlSeconds.push(typeof ttl === 'number' ? ttl : null);
    if (isTimed) place++;
  }
  return { values, writeTimesUs, ttlSeconds };
}
