// Raw tables written without a worker: real Parquet files and Iceberg commits of rows that a SELECT gives, with an offset
// chain, so that tests and benchmarks say exactly which rows there are.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '../../catalog/catalog.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { prepareAppend } from '../../lake/iceberg/append.ts';
import { currentSchema, mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { newSnapshotId } from '../../lake/iceberg/next-snapshot.ts';
import type { IcebergType, Schema, StructField, StructType } from '../../lake/iceberg/schema.ts';
import { copyReport } from '../../lake/parquet/copy-report.ts';
import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { fieldIds } from '../../lake/parquet/field-ids.ts';
import { fileMetrics } from '../../lake/parquet/file-metrics.ts';
import { chainProperty, chainText, extendChain, readChain, recordsOf, spansText, summaryKeys } from '../../lake/raw/offset-chain.ts';
import { rawPartitionSpec, rawSchema } from '../../lake/raw/raw-schema.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { openReadingDuckdb, type ReadingDuckdb } from '../../query/duckdb.ts';
import { systemClock } from '../../runtime/clock.ts';
import { seededRandom } from '../../runtime/random.ts';

export interface TableColumns {
  readonly name: string;
  readonly source: 'postgres' | 'cassandra';
  readonly columns: readonly (readonly [name: string, type: IcebergType])[];
}

export interface LakeTables extends AsyncDisposable {
  readonly directory: string;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  create(table: TableColumns): Promise<void>;
  /**
   * One commit of one file. The SELECT gives `o` (offset), `key` (JSON text), `op`, `changed_at` and `after` with the table's
   * columns; of Cassandra the columns alone, each touched unless it is null. Returns the snapshot id.
   */
  append(table: string, select: string, options?: AppendOptions): Promise<string>;
}

export interface AppendOptions {
  readonly partition?: number;
  readonly day?: string;
  readonly now?: number;
}

export async function lakeTables(parts: { readonly catalog?: Catalog; readonly store?: ObjectStore } = {}): Promise<LakeTables> {
  const directory = await mkdtemp(join(tmpdir(), 'foz-tables-'));
  const store = parts.store ?? filesystemStore({ root: join(directory, 'lake') });
  const catalog = parts.catalog ?? memoryCatalog({ objectStore: store, clock: { ...systemClock, now: () => startedAt } });
  await mkdir(join(directory, 'write'), { recursive: true });
  const writer = await openReadingDuckdb({ directory: join(directory, 'write'), memoryBytes: 400_000_000, threads: 2 });
  await catalog.ensureNamespace(['raw']);
  const sources = new Map<string, TableColumns>();
  return {
    directory,
    catalog,
    store,
    create: async (table) => {
      sources.set(table.name, table);
      const schema: Schema = { type: 'struct', 'schema-id': 0, fields: [...rawSchema.fields, ...envelopeFields(table)] };
      const created = await catalog.createTable({ namespace: ['raw'], name: table.name }, { schema, partitionSpec: rawPartitionSpec });
      if (created.kind !== 'committed') throw new Error(created.message);
    },
    append: async (name, select, options = {}) => {
      const table = sources.get(name);
      if (!table) throw new Error(`no table ${name}`);
      return appendFile({ directory, catalog, store, writer }, table, select, options);
    },
    [Symbol.asyncDispose]: async () => {
      await writer[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function envelopeFields({ source, columns }: TableColumns): readonly StructField[] {
  let id = 100;
  const field = (name: string, type: IcebergType): StructField => ({ id: id++, name, required: false, type });
  const common = [field('ts_us', 'long'), field('snapshot', 'string')];
  const of = source === 'postgres' ? [...common, field('lsn', 'long')] : [...common, field('keyspace', 'string')];
  const cell = (type: IcebergType) => structOf([field('value', type), field('deletion_ts', 'long'), field('set', 'boolean')]);
  const after = columns.map(([name, type]) => field(name, source === 'postgres' ? type : cell(type)));
  return [field('source', structOf(of)), field('after', structOf(after))];
}

interface Writing {
  readonly directory: string;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly writer: ReadingDuckdb;
}

const random = seededRandom(11);

/** Tables are made then, so that commits may have any time after it. */
const startedAt = Date.parse('2026-11-01T00:00:00Z');

async function appendFile(
  { directory, catalog, store, writer }: Writing,
  table: TableColumns,
  select: string,
  { partition = 0, day = '2026-11-20', now = Date.parse('2026-11-21T10:00:00Z') }: AppendOptions,
): Promise<string> {
  const ident = { namespace: ['raw'], name: table.name };
  const loaded = await catalog.loadTable(ident);
  if (!loaded) throw new Error(`no table ${table.name}`);
  const { metadata } = loaded;
  const schema = currentSchema(metadata);
  const commitId = `c${Math.trunc(random.next() * 2 ** 40).toString(36)}`;
  const path = join(directory, 'write', `${commitId}.parquet`);
  const rows = rowsSelect(table, schema, select, partition, day);
  const copied = await writer.all(
    `COPY (${rows}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${fieldIds(schema)}, ROW_GROUP_SIZE 122880, RETURN_STATS true)`,
  );
  const report = copyReport(copied.rows[0]);
  const key = `raw/${table.name}/data/${commitId}.parquet`;
  await store.putFile(key, path);
  await rm(path);
  const { rows: ends } = await writer.all(`SELECT max(o) + 1 FROM (${select})`);
  const state = readChain(metadata);
  const chain = state.kind === 'valid' ? state.chain : null;
  const from = chain?.next.get('topic-1')?.get(partition) ?? 0n;
  const spans = [{ topicId: 'topic-1', partition, from, to: BigInt(String(ends[0]?.[0] ?? 0)) }];
  const file = {
    filePath: `${store.root}/${key}`,
    fileFormat: 'PARQUET' as const,
    partition: { [metadata['partition-specs'][0]?.fields[0]?.['field-id'] ?? 1000]: Date.parse(`${day}T00:00:00Z`) / 86_400_000 },
    recordCount: report.recordCount,
    fileSizeInBytes: report.fileSizeInBytes,
    ...fileMetrics(schema, report.stats, { wideColumns: 100, always: new Set() }),
  };
  const prepared = await prepareAppend({
    metadata,
    store,
    files: [file],
    commitId,
    now,
    snapshotId: newSnapshotId(random),
    summary: { [summaryKeys.commitId]: commitId, [summaryKeys.clusterId]: 'cluster-1', [summaryKeys.offsets]: spansText(spans) },
  });
  const next = extendChain(chain, spans, commitId, 'cluster-1', recordsOf(prepared.snapshot.summary));
  const committed = await catalog.commitTable(ident, {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null },
    ],
    updates: [
      { action: 'add-snapshot', snapshot: prepared.snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': prepared.snapshot['snapshot-id'] },
      { action: 'set-properties', updates: { [chainProperty]: chainText(next) } },
    ],
  });
  if (committed.kind !== 'committed') throw new Error(committed.message);
  return String(prepared.snapshot['snapshot-id']);
}

function rowsSelect({ source, columns }: TableColumns, schema: Schema, select: string, partition: number, day: string): string {
  const after = columns.map(([name, type]) =>
    source === 'postgres' ? `${quoted(name)} := e.after.${quoted(name)}::${duckdbType(type)}` : `${quoted(name)} := ${cellOf(name, type)}`,
  );
  const origin = source === 'postgres' ? `lsn := 1000 + o` : `keyspace := 'rides'`;
  const values: Readonly<Record<string, string>> = {
    _log_partition: `${partition}`,
    _log_offset: 'o',
    _log_time: `TIMESTAMPTZ '${day} 12:00:00+00' + INTERVAL (o % 3600) SECOND`,
    _log_key: 'encode("key")',
    op: 'op',
    changed_at: 'changed_at',
    source: `struct_pack(ts_us := epoch_us(changed_at), snapshot := 'false', ${origin})`,
    after: `CASE WHEN e.after IS NOT NULL THEN struct_pack(${after.join(', ')}) END`,
  };
  const list = schema.fields.map(({ name, type }) => `CAST(${values[name] ?? 'NULL'} AS ${duckdbType(type)}) AS ${quoted(name)}`);
  return `SELECT ${list.join(', ')} FROM (${select}) e`;
}

function cellOf(name: string, type: IcebergType): string {
  const value = `e.after.${quoted(name)}`;
  return `CASE WHEN ${value} IS NOT NULL THEN {value: ${value}::${duckdbType(type)}, deletion_ts: NULL::BIGINT, "set": true} END`;
}

function structOf(fields: readonly StructField[]): StructType {
  return { type: 'struct', fields };
}
