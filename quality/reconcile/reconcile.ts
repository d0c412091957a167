// Does the lake hold what the source holds? Counts and checksums of the current rows are compared range by range
// (key-ranges.ts); of the ranges that differ, both sides are read again and compared row by row and value by value, in
// canonical text, so that each difference has its key, its column and both values.
// PostgreSQL: the source is read in one snapshot, and of the lake only what that snapshot sees is compared, once the lake
// has all of it: exact while writes go on. A read by the connector beside the stream (incremental snapshot) is of no
// transaction and may be newer than the snapshot: so what differs is looked at once more, in a snapshot of its own.
// Cassandra has no snapshot: rows that differ are looked at again, in both places, until they agree or the time is up.

import { identText, type Catalog, type TableIdent } from '../../catalog/catalog.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { currentSource, type CurrentSource } from '../../lake/raw/current.ts';
import { formerNames } from '../../lake/raw/former-names.ts';
import type { LakeQuery } from '../../query/lake-query.ts';
import { openReadingDuckdb, type ReadingDuckdb, type ReadingDuckdbOptions } from '../../query/duckdb.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { keyOrder } from '../../sources/key-order.ts';
import type { Source, SourcePosition, SourceReading, SourceTable, SourceTableName } from '../../sources/source.ts';
import { comparedColumns, keyedRows, notComparedColumns, type MaskedColumns, masksOf } from './compared-columns.ts';
import { compareRows, type Difference, type RowsCompared } from './compare-rows.ts';
import { keyRanges, type DifferingRanges, type KeyedRow, type KeyRanges } from './key-ranges.ts';
import { lakeRows, type LakeRowsInput } from './lake-rows.ts';

export interface ReconcileInput {
  readonly ident: TableIdent;
  readonly sourceName: SourceTableName;
  readonly kind: CurrentSource;
  readonly source: Source;
  readonly catalog: Catalog;
  readonly lake: LakeQuery;
  /** Where the rows of ranges that differ are compared; it spills to its directory. */
  readonly duckdb: ReadingDuckdbOptions;
  /** Resolves when the lake has all that was committed in the source at that position; LAKE_BEHIND when not by the deadline. */
  readonly arrived: (position: SourcePosition, deadlineMs: number, signal: AbortSignal) => Promise<void>;
  /** In force: the source is compared as they make it. */
  readonly masks: MaskedColumns | null;
  readonly deadlineMs: number;
  /** Of looking again at rows that differ; default: until the deadline. */
  readonly recheckMaxMs?: number;
  readonly rangesMax: number;
  /** Differences returned with their keys. */
  readonly differencesMax: number;
}

export interface Reconciled {
  readonly source: number;
  readonly lake: number;
  readonly missing: number;
  readonly extra: number;
  readonly differing: number;
  /** The log position (`LSN 0/1A2B3C4`) or time at which the two were compared. */
  readonly at: string;
  readonly position: SourcePosition;
  readonly ranges: { readonly by: KeyRanges['by']; readonly compared: number; readonly differing: number };
  /** The first ones, by key. */
  readonly differences: readonly Difference[];
  /** Masked columns that hold no text, and so are null in the lake: not compared. */
  readonly notCompared: readonly string[];
  /** Columns whose values the lake has masked, wholly or in part. */
  readonly masked: readonly string[];
  readonly table: SourceTable;
}

/** Rows of the source in a range, to begin with. */
const rangeRows = 1_000;
/** Looked at again at most so many rows. */
const recheckMax = 10_000;
const recheckPauseMs = 1_000;

export async function reconcile(input: ReconcileInput, signal: AbortSignal): Promise<Reconciled> {
  const table = await sourceTable(input, signal);
  await using duckdb = await openReadingDuckdb(input.duckdb);
  const masks = masksOf(input.masks, table);
  const parts: Parts = { ...input, table, duckdb, masks, columns: comparedColumns(table, masks) };
  let { compared, ranges, position } = await compareRanges(parts, signal);
  const rounds = input.kind === 'postgres' ? 1 : Infinity;
  const untilMs = Math.min(input.deadlineMs, systemClock.now() + (input.recheckMaxMs ?? Infinity));
  for (let round = 0; round < rounds && compared.differences.length > 0 && systemClock.now() < untilMs; round++) {
    await systemClock.sleep(recheckPauseMs, signal);
    const again = await recheck(parts, compared, signal);
    if (again === null) break;
    ({ compared, position } = again);
  }
  const { differences, ...counts } = compared;
  return {
    ...counts,
    at: positionText(position),
    position,
    ranges,
    differences: differences.slice(0, input.differencesMax),
    notCompared: notComparedColumns(table, masks),
    masked: masks === null ? [] : [...masks.whole.keys(), ...masks.inside],
    table,
  };
}

/** Of these keys alone: at most `recheckMax`. */
export async function reconcileKeys(
  input: ReconcileInput,
  table: SourceTable,
  keys: readonly Difference['key'][],
  signal: AbortSignal,
): Promise<RowsCompared> {
  await using duckdb = await openReadingDuckdb(input.duckdb);
  const masks = masksOf(input.masks, table);
  const { compared } = await compareKeys({ ...input, table, duckdb, masks, columns: comparedColumns(table, masks) }, keys, signal);
  return compared;
}

interface Parts extends Omit<ReconcileInput, 'duckdb'> {
  readonly table: SourceTable;
  readonly duckdb: ReadingDuckdb;
  readonly columns: readonly string[];
}

interface Looked {
  readonly compared: RowsCompared;
  readonly position: SourcePosition;
}

function positionText(position: SourcePosition): string {
  const time = new Date(position.atMs).toISOString();
  return position.kind === 'postgres' ? `LSN ${position.lsn} (${time})` : time;
}

async function sourceTable({ source, ident, sourceName }: ReconcileInput, signal: AbortSignal): Promise<SourceTable> {
  const table = await source.introspect(sourceName, signal);
  if (table && table.key.length > 0) return table;
  const name = `${sourceName.namespace}.${sourceName.table}`;
  throw new LakeError(
    'CONFIG_INVALID',
    `${identText(ident)} cannot be verified: ${table ? 'its source has no primary key' : 'its source is gone'}`,
    { context: { expected: `a table ${name} with a primary key`, found: table ? 'no primary key' : 'no such table' } },
  );
}

async function compareRanges(parts: Parts, signal: AbortSignal): Promise<Looked & Pick<Reconciled, 'ranges'>> {
  const { table, kind, masks } = parts;
  await using reading = await parts.source.read(table, { kind: 'all' }, signal);
  const isKeyMasked = table.key.some((name) => masks?.whole.has(name));
  const order = kind === 'postgres' && !isKeyMasked ? keyOrder(table) : null;
  const ranges = keyRanges({ order, rangesMax: parts.rangesMax, rangeRows });
  for await (const page of sourceSide(parts, reading.pages)) page.forEach(ranges.addSource);
  await parts.arrived(reading.position, parts.deadlineMs, signal);
  for await (const page of await lakeSide(parts, reading.position, signal)) page.forEach(ranges.addLake);
  const differing = ranges.differing();
  const all = ranges.all();
  const counts = {
    by: ranges.by,
    compared: all.filter(({ source, lake }) => source.rows + lake.rows > 0).length,
    differing: differing.count,
  };
  const compared = await drillDown(parts, reading, differing, signal);
  // Rows of ranges that are equal.
  const rest = all
    .filter(({ source, lake }) => source.rows === lake.rows && source.checksum === lake.checksum)
    .reduce((sum, { source }) => sum + source.rows, 0);
  return {
    compared: { ...compared, source: compared.source + rest, lake: compared.lake + rest },
    position: reading.position,
    ranges: counts,
  };
}

/** The rows of the ranges that differ, in DuckDB: bounded memory however many they are. */
async function drillDown(parts: Parts, reading: SourceReading, differing: DifferingRanges, signal: AbortSignal): Promise<RowsCompared> {
  if (differing.count === 0) return { source: 0, lake: 0, missing: 0, extra: 0, differing: 0, differences: [] };
  const pages = reading.again(differing.keys ? { kind: 'ranges', ranges: differing.keys } : { kind: 'all' }, signal);
  const wanted = (row: KeyedRow) => differing.has(row.key);
  const sides = {
    source: filtered(sourceSide(parts, pages), wanted),
    // What Cassandra was written meanwhile may not have arrived: those keys are looked at again.
    lake: late(async () => filtered(await lakeSide(parts, reading.position, signal), wanted)),
  };
  return compareRows(parts.duckdb, parts.columns, sides, Math.max(recheckMax, parts.differencesMax), signal);
}

/** The keys that differed, read again from both sides; null when there are too many to ask for one by one. */
async function recheck(parts: Parts, before: RowsCompared, signal: AbortSignal): Promise<Looked | null> {
  if (before.missing + before.extra + before.differing > Math.min(before.differences.length, recheckMax)) return null;
  // The source cannot be asked for a masked key.
  if (parts.table.key.some((name) => parts.masks?.whole.has(name))) return null;
  const looked = await compareKeys(
    parts,
    before.differences.map(({ key }) => key),
    signal,
  );
  const { missing, extra, differing, differences } = looked.compared;
  // Rows that were equal are counted as before; of those looked at again, what has come or gone since.
  const found = (kind: Difference['kind']) => before.differences.filter((difference) => difference.kind === kind).length;
  const compared = {
    source: before.source - found('missing') - found('differing') + looked.compared.source,
    lake: before.lake - found('extra') - found('differing') + looked.compared.lake,
  };
  return { compared: { ...compared, missing, extra, differing, differences }, position: looked.position };
}

async function compareKeys(parts: Parts, wantedKeys: readonly Difference['key'][], signal: AbortSignal): Promise<Looked> {
  const keys = wantedKeys.map((key) => key.map((value) => value ?? ''));
  const wanted = new Set(keys.map((key) => JSON.stringify(key)));
  await using reading = await parts.source.read(parts.table, { kind: 'keys', keys }, signal);
  const lake = late(async () => {
    await parts.arrived(reading.position, parts.deadlineMs, signal);
    return filtered(await lakeSide(parts, reading.position, signal), (row) => wanted.has(JSON.stringify(row.key)));
  });
  const sides = { source: sourceSide(parts, reading.pages), lake };
  return { compared: await compareRows(parts.duckdb, parts.columns, sides, recheckMax, signal), position: reading.position };
}

function sourceSide({ table, masks, columns }: Parts, pages: SourceReading['pages']): AsyncGenerator<readonly KeyedRow[]> {
  return keyedRows(table, masks, columns, pages);
}

async function lakeSide(parts: Parts, position: SourcePosition, signal: AbortSignal): Promise<AsyncIterable<readonly KeyedRow[]>> {
  // After the wait, so that columns of the newest rows are there.
  const input = await lakeRowsInput(parts, parts.table, parts.columns, position, signal);
  return input === null ? noRows() : lakeRows(input, signal);
}

/** Null where nothing has landed yet. */
export async function lakeRowsInput(
  { ident, catalog, lake, kind }: Pick<ReconcileInput, 'ident' | 'catalog' | 'lake' | 'kind'>,
  table: SourceTable,
  columns: readonly string[],
  position: SourcePosition,
  signal: AbortSignal,
): Promise<LakeRowsInput | null> {
  const loaded = await catalog.loadTable(ident, signal);
  const schema = loaded && currentSchema(loaded.metadata);
  if (!schema || currentSource(schema) === null) return null;
  const relation = ident.namespace.concat(ident.name).map(quoted).join('.');
  const snapshot = position.kind === 'postgres' ? { snapshot: position.snapshot } : {};
  return { lake, relation, schema, formerNames: formerNames(loaded.metadata), kind, table, columns, ...snapshot };
}

async function* late(open: () => Promise<AsyncIterable<readonly KeyedRow[]>>): AsyncGenerator<readonly KeyedRow[]> {
  yield* await open();
}

async function* filtered(
  pages: AsyncIterable<readonly KeyedRow[]>,
  isWanted: (row: KeyedRow) => boolean,
): AsyncGenerator<readonly KeyedRow[]> {
  for await (const page of pages) yield page.filter(isWanted);
}

async function* noRows(): AsyncGenerator<readonly KeyedRow[]> {}
