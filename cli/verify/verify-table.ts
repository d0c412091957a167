// Does the lake hold what the source holds? The current rows of a table are compared with the source's, row by row and
// value by value, in canonical text.
// PostgreSQL: the source is read in one snapshot; then we wait until the slot has been confirmed beyond that snapshot's
// log position (so every change is in the topic) and the table has passed the topic's end. Of the lake only what that
// snapshot sees is compared: exact while writes go on.
// Cassandra has no snapshot: rows that differ are looked at again, in both places, until they agree or the time is up.

import { identText, type Catalog } from '../../catalog/catalog.ts';
import { currentSource, type CurrentSource } from '../../lake/raw/current.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { formerNames } from '../../lake/raw/former-names.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Source, SourceColumn, SourceReading, SourceRow, SourceTable } from '../../sources/source.ts';
import { isMasked, type ColumnMasks } from '../../sync/contract/column-masks.ts';
import { maskText } from '../../sync/contract/mask-value.ts';
import type { Log } from '../../sync/log/log.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { LoadedConfig } from '../config.ts';
import { openReadingDuckdb, type ReadingDuckdb } from '../../query/duckdb.ts';
import type { LakeQuery } from '../../query/lake-query.ts';
import { pathIn } from '../settings.ts';
import { openSource } from '../wire.ts';
import { caughtUp } from './catch-up.ts';
import { compareRows, type Finding, type KeyedRow, type RowsCompared } from './compare-rows.ts';
import { lakeRows } from './lake-rows.ts';
import { slotConfirmed } from './slot.ts';

export interface VerifyInput {
  readonly target: TableTarget;
  readonly loaded: LoadedConfig;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly log: Log;
  readonly lake: LakeQuery;
  /** How long to wait for the lake to catch up, and for rows of a changing Cassandra table to agree. */
  readonly waitMs?: number;
  readonly samplesMax?: number;
  /** In force: the source is compared as the masks make it. */
  readonly masks?: ColumnMasks | null;
  /** Default: the database that foz.yaml names. */
  readonly openSource?: (kind: CurrentSource) => Source;
}

export interface Verified {
  readonly table: string;
  readonly source: number;
  readonly lake: number;
  readonly missing: number;
  readonly extra: number;
  readonly differing: number;
  /** The log position (`LSN 0/1A2B3C4`) or time at which the two were compared. */
  readonly at: string;
  readonly samples: readonly Finding[];
  /** Masked columns that hold no text, and so are null in the lake: not compared. */
  readonly notCompared?: readonly string[];
}

/** Looked at again at most so many rows of a table without snapshots. */
const recheckMax = 10_000;
const recheckPauseMs = 1_000;

export async function verifyTable(input: VerifyInput, signal: AbortSignal): Promise<Verified> {
  const { target, loaded, lake } = input;
  const deadlineMs = systemClock.now() + (input.waitMs ?? 60_000);
  const schema = await lake.schemaOf(target.ident.name, signal);
  const kind = (schema && currentSource(schema)) ?? configuredSource(loaded, target);
  await using source = input.openSource?.(kind) ?? openSource(loaded, kind);
  const table = await sourceTable(source, target, signal);
  await using duckdb = await openReadingDuckdb({
    directory: pathIn(loaded, loaded.config.query.cacheDir),
    memoryBytes: loaded.config.query.memory,
    threads: loaded.config.query.threads,
  });
  const parts: Parts = { ...input, kind, table, duckdb, deadlineMs, samplesMax: input.samplesMax ?? 20 };
  const { compared, at } = kind === 'postgres' ? await verifyPostgres(parts, source, signal) : await verifyCassandra(parts, source, signal);
  const { findings, ...counts } = compared;
  const notCompared = table.columns.filter((column) => !isComparable(column, input.masks ?? null)).map((column) => column.name);
  const left = notCompared.length === 0 ? {} : { notCompared };
  return { table: identText(target.ident), ...counts, at, samples: findings.slice(0, parts.samplesMax), ...left };
}

interface Parts extends VerifyInput {
  readonly kind: CurrentSource;
  readonly table: SourceTable;
  readonly duckdb: ReadingDuckdb;
  readonly deadlineMs: number;
  readonly samplesMax: number;
}

interface Outcome {
  readonly compared: RowsCompared;
  readonly at: string;
}

/** Of a table without change events so far: which database its topic belongs to, by the connector's prefix. */
function configuredSource({ config }: LoadedConfig, target: TableTarget): CurrentSource {
  const prefix = target.topic.split('.')[0];
  if (config.connectors.cassandra?.topicPrefix === prefix) return 'cassandra';
  if (config.connectors.postgres?.topicPrefix === prefix) return 'postgres';
  throw new LakeError('CONFIG_INVALID', `${identText(target.ident)} cannot be verified: no source is known for topic ${target.topic}`, {
    context: { expected: 'a topic of one of the connectors', found: target.topic },
  });
}

/** Topics are `prefix.schema.table` and `prefix.keyspace.table`. */
async function sourceTable(source: Source, target: TableTarget, signal: AbortSignal): Promise<SourceTable> {
  const [, namespace = '', ...rest] = target.topic.split('.');
  const name = { namespace, table: rest.join('.') };
  const table = await source.introspect(name, signal);
  if (table && table.key.length > 0) return table;
  throw new LakeError(
    'CONFIG_INVALID',
    `${identText(target.ident)} cannot be verified: ${table ? 'its source has no primary key' : 'its source is gone'}`,
    {
      context: {
        expected: `a table ${name.namespace}.${name.table} with a primary key`,
        found: table ? 'no primary key' : 'no such table',
      },
    },
  );
}

async function verifyPostgres(parts: Parts, source: Source, signal: AbortSignal): Promise<Outcome> {
  const columns = comparedColumns(parts);
  await using reading = await source.read(parts.table, { kind: 'all' }, signal);
  const { position } = reading;
  if (position.kind !== 'postgres') throw new LakeError('INTERNAL', `a PostgreSQL reading says it is ${position.kind}`);
  await slotConfirmed(parts.loaded, position.lsn, parts.deadlineMs, signal);
  await caughtUp(parts, parts.deadlineMs, signal);
  const compared = await compareRows(
    parts.duckdb,
    columns,
    { source: keyedRows(parts, columns, reading.pages), lake: await lakeSide(parts, columns, position.snapshot, signal) },
    parts.samplesMax,
    signal,
  );
  return { compared, at: `LSN ${position.lsn} (${new Date(position.atMs).toISOString()})` };
}

async function verifyCassandra(parts: Parts, source: Source, signal: AbortSignal): Promise<Outcome> {
  const columns = comparedColumns(parts);
  await using reading = await source.read(parts.table, { kind: 'all' }, signal);
  const rows = keyedRows(parts, columns, reading.pages);
  // The lake is read after the source has been: what was written before this moment is on its way at the latest.
  const lake = lateRows(async () => {
    await agentQuiet(parts, signal);
    return lakeSide(parts, columns, undefined, signal);
  });
  let compared = await compareRows(parts.duckdb, columns, { source: rows, lake }, recheckMax, signal);
  let atMs = reading.position.atMs;
  while (compared.findings.length > 0 && systemClock.now() < parts.deadlineMs) {
    await systemClock.sleep(recheckPauseMs, signal);
    const again = await recheck(parts, source, columns, compared, signal);
    if (again === null) break;
    compared = again.compared;
    atMs = again.atMs;
  }
  return { compared, at: new Date(atMs).toISOString() };
}

/** The keys that differed, read again from both sides; null when there are too many to ask for one by one. */
async function recheck(
  parts: Parts,
  source: Source,
  columns: readonly string[],
  before: RowsCompared,
  signal: AbortSignal,
): Promise<{ readonly compared: RowsCompared; readonly atMs: number } | null> {
  if (before.missing + before.extra + before.differing > before.findings.length) return null;
  // The source cannot be asked for a masked key.
  if (parts.table.key.some((name) => parts.masks?.byColumn.has(name))) return null;
  const keys = before.findings.map(({ key }) => key.map((value) => value ?? ''));
  const wanted = new Set(keys.map((key) => JSON.stringify(key)));
  await using reading = await source.read(parts.table, { kind: 'keys', keys }, signal);
  const rows = keyedRows(parts, columns, reading.pages);
  const lake = lateRows(async () => {
    await agentQuiet(parts, signal);
    return onlyKeys(await lakeSide(parts, columns, undefined, signal), wanted);
  });
  const compared = await compareRows(parts.duckdb, columns, { source: rows, lake }, recheckMax, signal);
  const { missing, extra, differing, findings } = compared;
  // Rows that were equal are counted as before; of those looked at again, what has come or gone since.
  const found = (kind: Finding['kind']) => before.findings.filter((finding) => finding.kind === kind).length;
  const total = {
    source: before.source - found('missing') - found('differing') + compared.source,
    lake: before.lake - found('extra') - found('differing') + compared.lake,
  };
  return { compared: { ...total, missing, extra, differing, findings }, atMs: reading.position.atMs };
}

/** The agent says nothing of its progress: the topic is taken as complete when its end stood still for a while. */
async function agentQuiet(parts: Parts, signal: AbortSignal): Promise<void> {
  const ends = async () =>
    JSON.stringify([...(await parts.log.offsets(parts.target.topic, signal))].map(([p, { highWatermark }]) => [p, String(highWatermark)]));
  const [source] = await parts.log.describe([parts.target.topic], signal);
  if (!source) return;
  for (let before = await ends(); systemClock.now() < parts.deadlineMs;) {
    await systemClock.sleep(recheckPauseMs, signal);
    const now = await ends();
    if (now === before) break;
    before = now;
  }
  await caughtUp(parts, parts.deadlineMs, signal);
}

async function lakeSide(
  parts: Parts,
  columns: readonly string[],
  snapshot: Parameters<typeof lakeRows>[0]['snapshot'],
  signal: AbortSignal,
): Promise<AsyncIterable<readonly KeyedRow[]>> {
  const { target, lake, kind, table } = parts;
  // After the wait, so that columns of the newest rows are there.
  const loaded = await parts.catalog.loadTable(target.ident, signal);
  const schema = loaded && currentSchema(loaded.metadata);
  if (!schema || currentSource(schema) === null) return noRows();
  const names = formerNames(loaded.metadata);
  const relation = target.ident.namespace.concat(target.ident.name).map(quoted).join('.');
  return lakeRows(
    { lake, relation, schema, formerNames: names, kind, table, columns, ...(snapshot === undefined ? {} : { snapshot }) },
    signal,
  );
}

/** Generated columns are in snapshots but not in later events. */
function comparedColumns({ table, masks }: Parts): readonly string[] {
  return table.columns
    .filter((column) => !column.isGenerated && column.role !== 'static' && isComparable(column, masks ?? null))
    .map((column) => column.name);
}

const textTypes: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'citext', 'ascii', 'enum', 'name']);

function isComparable({ name, type }: SourceColumn, masks: ColumnMasks | null): boolean {
  return !isMasked(masks, name) || (!masks?.inside.has(name) && textTypes.has(type.name));
}

async function* keyedRows(
  { table, masks }: Parts,
  columns: readonly string[],
  pages: SourceReading['pages'],
): AsyncGenerator<readonly KeyedRow[]> {
  const places = new Map(table.columns.map((column, i) => [column.name, i]));
  const pick = (row: SourceRow, names: readonly string[]) =>
    names.map((name) => {
      const value = row.values[places.get(name) ?? -1] ?? null;
      const mask = masks?.byColumn.get(name);
      return mask && value !== null ? maskText(mask, value) : value;
    });
  for await (const page of pages) yield page.map((row) => ({ key: pick(row, table.key), values: pick(row, columns) }));
}

async function* lateRows(open: () => Promise<AsyncIterable<readonly KeyedRow[]>>): AsyncGenerator<readonly KeyedRow[]> {
  yield* await open();
}

async function* onlyKeys(pages: AsyncIterable<readonly KeyedRow[]>, wanted: ReadonlySet<string>): AsyncGenerator<readonly KeyedRow[]> {
  for await (const page of pages) yield page.filter((row) => wanted.has(JSON.stringify(row.key)));
}

async function* noRows(): AsyncGenerator<readonly KeyedRow[]> {}
