// What raw holds about some keys, for repairs: which event decided each, its record as it stood in the log, and what the
// order of a key's events hangs on (log positions of PostgreSQL, write times of Cassandra).

import type { Catalog, LoadedTable, TableIdent } from '../../catalog/catalog.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { fieldNamed, isStruct, type StructType } from '../../lake/iceberg/schema.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { rebuildRecord } from '../../lake/raw/rebuild.ts';
import { parseShapes, shapesProperty } from '../../lake/raw/shapes-property.ts';
import type { LakeQuery } from '../../query/lake-query.ts';
import { isJsonObject, parseExactJson } from '../../sources/exact-json.ts';
import type { PostgresSnapshot, SourceValue } from '../../sources/source.ts';
import { isVisibleSql, lakeRows, type LakeRowsInput } from './lake-rows.ts';

export interface RawPlace {
  readonly catalog: Catalog;
  readonly lake: LakeQuery;
  readonly ident: TableIdent;
}

export interface RawEvent {
  readonly partition: number;
  readonly key: Uint8Array;
  readonly envelope: Readonly<Record<string, unknown>>;
}

/** Rows asked for in one statement. */
const atOnce = 1_000;

/** By canonical key as JSON text: the event that decided its current row. Keys without a current row have none. */
export async function decidingEvents(
  place: RawPlace,
  rows: LakeRowsInput,
  keys: readonly (readonly SourceValue[])[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RawEvent>> {
  const wanted = new Set(keys.map((key) => JSON.stringify(key)));
  const offsets = new Map<string, { readonly partition: number; readonly offset: bigint }>();
  if (wanted.size === 0) return new Map();
  for await (const page of lakeRows({ ...rows, columns: [] }, signal))
    for (const { key, partition, offset } of page) {
      const text = JSON.stringify(key);
      if (wanted.has(text)) offsets.set(text, { partition, offset });
    }
  const found = new Map<string, RawEvent>();
  const entries = [...offsets];
  for (let at = 0; at < entries.length; at += atOnce) {
    const page = entries.slice(at, at + atOnce);
    const places = page.map(([, { partition, offset }]) => `(${partition}, ${offset})`).join(', ');
    const events = await eventsWhere(place, `(_log_partition, _log_offset) IN (${places})`, signal);
    for (const [text, { partition, offset }] of page) {
      const event = events.get(`${partition} ${offset}`);
      if (event) found.set(text, event);
    }
  }
  return found;
}

/** Any event of the table that gave a row, the newest there is; null in a table without. */
export async function newestEvent(place: RawPlace, signal: AbortSignal): Promise<RawEvent | null> {
  const events = await eventsWhere(
    place,
    `_rescued IS NULL AND op IN ('c', 'u', 'i') AND _log_key IS NOT NULL ORDER BY _log_time DESC, _log_offset DESC LIMIT 1`,
    signal,
  );
  return [...events.values()][0] ?? null;
}

async function eventsWhere({ catalog, lake, ident }: RawPlace, where: string, signal: AbortSignal): Promise<Map<string, RawEvent>> {
  const table = await catalog.loadTable(ident, signal);
  const found = new Map<string, RawEvent>();
  if (!table) return found;
  const shapes = new Map(parseShapes(table.metadata.properties[shapesProperty]).map((shape) => [shape.number, shape]));
  for await (const rows of lake.objects(`SELECT * FROM ${relationOf(ident)} WHERE ${where}`, signal)) {
    for (const row of rows) {
      const { key, value } = rebuildRecord(row, shapes);
      const envelope = value.kind === 'json' ? parseExactJson(value.text) : null;
      const partition = Number(row['_log_partition']);
      if (key && isJsonObject(envelope)) found.set(`${partition} ${String(row['_log_offset'])}`, { partition, key, envelope });
    }
  }
  return found;
}

/** By key bytes in hexadecimal: the highest LSN among the events that the snapshot sees; none where all are without. */
export async function highestLsns(
  { catalog, lake, ident }: RawPlace,
  snapshot: PostgresSnapshot,
  keys: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, bigint>> {
  const table = await catalog.loadTable(ident, signal);
  if (!table || !hasField(currentSchema(table.metadata), 'source', 'lsn')) return new Map();
  const found = new Map<string, bigint>();
  for (let at = 0; at < keys.length; at += atOnce) {
    const { rows } = await lake.query(
      `SELECT hex(_log_key), max(source.lsn) FROM ${relationOf(ident)} WHERE _rescued IS NULL AND ${isVisibleSql(snapshot)} AND ${keyIn(keys.slice(at, at + atOnce))} GROUP BY 1`,
      signal,
    );
    for (const [key, lsn] of rows) if (lsn !== null) found.set(String(key).toLowerCase(), BigInt(String(lsn)));
  }
  return found;
}

/** What of a Cassandra row stands in the lake, microseconds: what a repair has to be newer than. */
export interface CellTimes {
  /** The newest delete of the row by its own key. */
  readonly deletedUs: bigint | null;
  /** The newest event of any kind. */
  readonly newestUs: bigint | null;
  /** By column: the newest cell, or tombstone of one, of the commit log. */
  readonly cells: ReadonlyMap<string, bigint>;
}

/** By key bytes in hexadecimal. */
export async function cellTimes(
  { catalog, lake, ident }: RawPlace,
  columns: readonly string[],
  keys: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CellTimes>> {
  const found = new Map<string, CellTimes>();
  const table = await catalog.loadTable(ident, signal);
  if (!table || !hasWriteTimes(table)) return found;
  const schema = currentSchema(table.metadata);
  const held = columns.filter((name) => hasField(schema, 'after', name));
  const isLogged = hasField(schema, 'source', 'snapshot') ? `source.snapshot IS DISTINCT FROM 'true'` : 'true';
  const cells = held.map((name) => `max(source.ts_us) FILTER (WHERE op <> 'd' AND ${isLogged} AND "after".${quoted(name)} IS NOT NULL)`);
  for (let at = 0; at < keys.length; at += atOnce) {
    const { rows } = await lake.query(
      `SELECT ${["hex(_log_key), max(source.ts_us) FILTER (WHERE op = 'd'), max(source.ts_us)", ...cells].join(', ')} FROM ${relationOf(ident)} WHERE _rescued IS NULL AND op IN ('i', 'u', 'd') AND ${keyIn(keys.slice(at, at + atOnce))} GROUP BY 1`,
      signal,
    );
    for (const [key, deleted, newest, ...times] of rows) {
      const byColumn = held.flatMap((name, i) => (times[i] === null ? [] : [[name, BigInt(String(times[i]))] as const]));
      found.set(String(key).toLowerCase(), { deletedUs: timeOf(deleted), newestUs: timeOf(newest), cells: new Map(byColumn) });
    }
  }
  return found;
}

/** Deletes of whole partitions and of ranges, by their keys (clustering columns null): the newest of each. */
export async function wideDeletes(
  { catalog, lake, ident }: RawPlace,
  signal: AbortSignal,
): Promise<readonly (readonly [key: string, us: bigint])[]> {
  if (!hasWriteTimes(await catalog.loadTable(ident, signal))) return [];
  const { rows } = await lake.query(
    `SELECT decode(_log_key), max(source.ts_us) FROM ${relationOf(ident)} WHERE _rescued IS NULL AND (op = 'r' OR (op = 'd' AND decode(_log_key) LIKE '%null%')) AND _log_key IS NOT NULL GROUP BY 1`,
    signal,
  );
  return rows.map(([key, us]) => [String(key), BigInt(String(us))] as const);
}

/** The newest write that the lake knows of, of the commit log; null: none. */
export async function newestWriteUs({ catalog, lake, ident }: RawPlace, signal: AbortSignal): Promise<bigint | null> {
  if (!hasWriteTimes(await catalog.loadTable(ident, signal))) return null;
  const { rows } = await lake.query(`SELECT max(source.ts_us) FROM ${relationOf(ident)} WHERE op IS NOT NULL`, signal);
  return timeOf(rows[0]?.[0] ?? null);
}

/** Not before its first event has landed. */
function hasWriteTimes(table: LoadedTable | null): boolean {
  return table !== null && hasField(currentSchema(table.metadata), 'source', 'ts_us');
}

function timeOf(value: unknown): bigint | null {
  return value === null || value === undefined ? null : BigInt(String(value));
}

function keyIn(keys: readonly Uint8Array[]): string {
  return `_log_key IN (${keys.map((key) => `unhex('${Buffer.from(key).toString('hex')}')`).join(', ')})`;
}

function relationOf(ident: TableIdent): string {
  return ident.namespace.concat(ident.name).map(quoted).join('.');
}

function hasField(schema: StructType, column: string, inner: string): boolean {
  const type = fieldNamed(schema, column)?.type;
  return type !== undefined && isStruct(type) && fieldNamed(type, inner) !== undefined;
}
