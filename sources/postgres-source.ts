// PostgreSQL behind the Source port. A reading is one REPEATABLE READ transaction with a server-side cursor: however
// long it takes, it sees one snapshot, and it says which: the log position and the snapshot's transaction ids are read
// by the transaction's first statement. What the lake holds beyond that snapshot is newer, not wrong (`isVisible`).

import { LakeError } from '../runtime/errors.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { canonicalPostgres, postgresLiteral } from './canonical-postgres.ts';
import { keyOrder } from './key-order.ts';
import { openPostgres, quoteIdentifier, quoteLiteral, type PostgresClient, type PostgresSettings } from './postgres-client.ts';
import { introspectPostgres } from './postgres-introspect.ts';
import type {
  KeyRange,
  PostgresSnapshot,
  Source,
  SourceColumn,
  SourcePosition,
  SourceReading,
  SourceRow,
  SourceSelection,
  SourceTable,
  SourceTableName,
} from './source.ts';

export interface PostgresSourceOptions {
  readonly settings: PostgresSettings;
  /** Rows a page: the bound of what a reading holds in memory. */
  readonly pageRowsMax: number;
  readonly clock?: Clock;
}

export function postgresSource(options: PostgresSourceOptions): Source {
  const clock = options.clock ?? systemClock;
  const withClient = async <T>(signal: AbortSignal | undefined, work: (client: PostgresClient) => Promise<T>): Promise<T> => {
    await using client = await openPostgres(options.settings, signal);
    return await work(client);
  };
  return {
    health: (signal) =>
      withClient(signal, async (client) => {
        const startedMs = clock.now();
        const [row] = await client.query(`SELECT current_setting('server_version') AS version`, [], signal);
        return { product: 'postgres', version: row?.['version'] ?? '', roundTripMs: clock.now() - startedMs };
      }),
    introspect: (name, signal) => withClient(signal, (client) => introspectPostgres(client.query, qualifiedName(name), name, signal)),
    read: (table, selection, signal) => read(options, table, selection, signal),
    // Each reading owns its connection; there is nothing to close here.
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function qualifiedName(name: SourceTableName): string {
  return `${quoteIdentifier(name.namespace)}.${quoteIdentifier(name.table)}`;
}

async function read(
  options: PostgresSourceOptions,
  table: SourceTable,
  selection: SourceSelection,
  signal?: AbortSignal,
): Promise<SourceReading> {
  const client = await openPostgres(options.settings, signal);
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', [], signal);
    const position = await readPosition(client, signal);
    return {
      position,
      pages: pagesOf(client, table, selection, options, signal),
      again: (wanted, againSignal) => pagesOf(client, table, wanted, options, againSignal),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/** The first statement takes the snapshot; the log position is read after it, so it is at or beyond all that is seen. */
async function readPosition(client: PostgresClient, signal?: AbortSignal): Promise<SourcePosition> {
  const [row] = await client.query(
    `SELECT pg_current_snapshot()::text AS snapshot,
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text AS lsn,
            (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS "atMs"`,
    [],
    signal,
  );
  return {
    kind: 'postgres',
    lsn: row?.['lsn'] ?? '',
    snapshot: parseSnapshot(row?.['snapshot'] ?? ''),
    atMs: Number(row?.['atMs'] ?? 0),
  };
}

/** `xmin:xmax:xip,xip` */
export function parseSnapshot(text: string): PostgresSnapshot {
  const [xmin, xmax, running] = text.split(':');
  if (xmin === undefined || xmax === undefined || xmin === '' || xmax === '') {
    throw new LakeError('SOURCE_REFUSED', `Expected a snapshot xmin:xmax:xip of pg_current_snapshot(), found "${text}".`);
  }
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), running: (running ?? '').split(',').filter(Boolean).map(BigInt) };
}

function pagesOf(
  client: PostgresClient,
  table: SourceTable,
  selection: SourceSelection,
  options: PostgresSourceOptions,
  signal?: AbortSignal,
): AsyncIterable<readonly SourceRow[]> {
  if (selection.kind === 'keys') return keyPages(client, table, selection.keys, options, signal);
  if (selection.kind === 'ranges') return rangePages(client, table, selection.ranges, options, signal);
  return cursorPages(client, table, '', options, signal);
}

async function* cursorPages(
  client: PostgresClient,
  table: SourceTable,
  where: string,
  options: PostgresSourceOptions,
  signal?: AbortSignal,
): AsyncGenerator<readonly SourceRow[]> {
  await client.query(
    `DECLARE foz_rows NO SCROLL CURSOR FOR SELECT ${selectList(table)} FROM ${qualifiedName(table.name)}${where}${orderByKey(table)}`,
    [],
    signal,
  );
  try {
    for (;;) {
      const rows = await client.queryValues(`FETCH FORWARD ${options.pageRowsMax} FROM foz_rows`, [], signal);
      if (rows.length > 0) yield rows.map((row) => rowOf(table, row));
      if (rows.length < options.pageRowsMax) break;
    }
  } finally {
    // A failed transaction refuses everything: the reading is disposed soon after.
    await client.query('CLOSE foz_rows').catch(() => undefined);
  }
}

/** Ranges a statement: each is a condition of its own. */
const rangesAtOnce = 64;

async function* rangePages(
  client: PostgresClient,
  table: SourceTable,
  ranges: readonly KeyRange[],
  options: PostgresSourceOptions,
  signal?: AbortSignal,
): AsyncGenerator<readonly SourceRow[]> {
  const order = keyOrder(table);
  if (order === null) throw new LakeError('INTERNAL', 'rows of a key range are asked for, but the key has no order');
  const columns = columnsOfKey(table).slice(0, order.columns);
  const names = columns.map(orderedName).join(', ');
  const bound = (comparison: string, key: readonly string[] | null) =>
    key === null
      ? 'true'
      : `(${names}) ${comparison} (${columns.map(({ type }, i) => `${quoteLiteral(key[i] ?? '')}::${type.declared}`).join(', ')})`;
  for (let at = 0; at < ranges.length; at += rangesAtOnce) {
    const conditions = ranges.slice(at, at + rangesAtOnce).map(({ from, to }) => `(${bound('>=', from)} AND ${bound('<', to)})`);
    yield* cursorPages(client, table, ` WHERE ${conditions.join(' OR ')}`, options, signal);
  }
}

async function* keyPages(
  client: PostgresClient,
  table: SourceTable,
  keys: readonly (readonly string[])[],
  options: PostgresSourceOptions,
  signal?: AbortSignal,
): AsyncGenerator<readonly SourceRow[]> {
  const keyColumns = columnsOfKey(table);
  // The protocol numbers parameters with 16 bits.
  const pageKeys = Math.max(1, Math.min(options.pageRowsMax, Math.floor(30_000 / Math.max(keyColumns.length, 1))));
  for (let from = 0; from < keys.length; from += pageKeys) {
    const page = keys.slice(from, from + pageKeys);
    const parameters = page.flatMap((key) => keyColumns.map((column, index) => postgresLiteral(column.type, key[index] ?? '')));
    const tuples = page.map(
      (_key, row) => `(${keyColumns.map((column, index) => `$${row * keyColumns.length + index + 1}::${column.type.declared}`).join(',')})`,
    );
    const names = keyColumns.map((column) => quoteIdentifier(column.name)).join(',');
    const where = `(${names}) IN (VALUES ${tuples.join(',')})`;
    const sql = `SELECT ${selectList(table)} FROM ${qualifiedName(table.name)} WHERE ${where}${orderByKey(table)}`;
    const rows = await client.queryValues(sql, parameters, signal);
    if (rows.length > 0) yield rows.map((row) => rowOf(table, row));
  }
}

/** By the primary key, text by its bytes: the same order on every server. */
function orderByKey(table: SourceTable): string {
  if (table.key.length === 0) return '';
  return ` ORDER BY ${columnsOfKey(table).map(orderedName).join(', ')}`;
}

const collated: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name', 'citext']);

function orderedName({ name, type }: SourceColumn): string {
  return quoteIdentifier(name) + (collated.has(type.name) ? ' COLLATE "C"' : '');
}

function columnsOfKey(table: SourceTable): readonly SourceColumn[] {
  return table.key.flatMap((name) => table.columns.filter((column) => column.name === name));
}

/** Money prints in the server's locale; as numeric it does not. */
function selectList(table: SourceTable): string {
  return table.columns
    .map((column) => {
      const name = quoteIdentifier(column.name);
      if (column.type.name === 'money') return `${name}::numeric`;
      return column.type.arguments[0]?.name === 'money' ? `${name}::numeric[]` : name;
    })
    .join(', ');
}

function rowOf(table: SourceTable, row: readonly (string | null)[]): SourceRow {
  return { values: table.columns.map((column, index) => canonicalPostgres(column.type, row[index] ?? null)) };
}
