// Data files, looked into for a key and written without it: fetched into a folder of this run, which goes with it, and
// read as the table's columns are today. A rewritten file is compared with what it stands for before anyone may name it:
// the rows that stay, all of them, each as it was.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestFileEntry } from '../../lake/iceberg/manifest.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { LocalFile } from '../../lake/iceberg/put-data-file.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { keyMembers, type KeyMembers } from '../../lake/raw/erased.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { keyHeaders } from '../../sync/contract/enforced-columns.ts';
import { openReadingDuckdb, type ReadingDuckdb } from '../../query/duckdb.ts';
import { openFileCache, type CachedObject, type FileCache } from '../../query/file-cache.ts';
import { hasRenames, type FileNames } from '../../query/renamed-columns.ts';
import { provenCopy } from '../../query/proven-copy.ts';
import { rowsOfFiles } from '../../query/table-files.ts';
import type { HeldKey } from './held-key.ts';
import { holdsSql } from './key-sql.ts';

export interface ScannerOptions {
  /** Of this run alone: removed with it. */
  readonly directory: string;
  readonly memoryBytes: number;
  readonly threads: number;
  /** Files kept between looking and writing. */
  readonly cacheBytesMax: number;
}

export interface FileScan {
  /** Rows that hold a key, by the key's place in the list; a row of two counts for the first. */
  readonly rows: readonly number[];
  readonly total: number;
  /** Keys that rows of these keys had before or got after: as their headers say. */
  readonly links: readonly KeyMembers[];
}

export interface FileScanner extends AsyncDisposable {
  scan(metadata: TableMetadata, file: CachedObject, keys: readonly HeldKey[], signal?: AbortSignal): Promise<FileScan>;
  /** The first record key of the file; null where no row has one. */
  sampleKey(metadata: TableMetadata, file: CachedObject, signal?: AbortSignal): Promise<Uint8Array | null>;
  /** Whether every row lies below these offsets, by log partition; a row that has none does not. */
  isBelow(metadata: TableMetadata, file: CachedObject, next: ReadonlyMap<number, bigint>, signal?: AbortSignal): Promise<boolean>;
  /** To be uploaded and removed by the caller. Null where no row is left. */
  rewrite(metadata: TableMetadata, file: ManifestFileEntry, keys: readonly HeldKey[], signal?: AbortSignal): Promise<LocalFile | null>;
}

export async function openFileScanner(store: ObjectStore, options: ScannerOptions): Promise<FileScanner> {
  const { directory } = options;
  await mkdir(join(directory, 'out'), { recursive: true });
  const cache = await openFileCache(store, { directory, bytesMax: options.cacheBytesMax });
  const duckdb = await openReadingDuckdb(options);
  const open = { cache, duckdb, directory };
  return {
    scan: (metadata, file, keys, signal) => reading(open, metadata, file, (rows) => scan(duckdb, metadata, rows, keys, signal), signal),
    sampleKey: (metadata, file, signal) =>
      reading(
        open,
        metadata,
        file,
        async (rows) => {
          const found = await duckdb.all(`SELECT _log_key FROM (${rows}) WHERE _log_key IS NOT NULL LIMIT 1`, signal);
          const key = found.rows[0]?.[0];
          return key instanceof Uint8Array ? key : null;
        },
        signal,
      ),
    isBelow: (metadata, file, next, signal) =>
      reading(
        open,
        metadata,
        file,
        async (rows) => {
          const ends = [...next].map(([partition, offset]) => `WHEN ${partition} THEN ${offset}`).join(' ');
          const end = ends === '' ? '0' : `CASE _log_partition ${ends} ELSE 0 END`;
          const found = await duckdb.all(`SELECT count(*) FROM (${rows}) WHERE NOT coalesce(_log_offset < ${end}, false)`, signal);
          return Number(found.rows[0]?.[0]) === 0;
        },
        signal,
      ),
    rewrite: (metadata, file, keys, signal) =>
      reading(
        open,
        metadata,
        { location: file.filePath, bytes: file.fileSizeInBytes },
        (rows) => rewrite(open, metadata, file, rows, keys, signal),
        signal,
      ),
    [Symbol.asyncDispose]: async () => {
      await duckdb[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Open {
  readonly cache: FileCache;
  readonly duckdb: ReadingDuckdb;
  readonly directory: string;
}

async function reading<T>(
  { cache, duckdb }: Open,
  metadata: TableMetadata,
  file: CachedObject,
  work: (rows: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const paths = await cache.hold([file], signal);
  try {
    const names = hasRenames(metadata) ? await namesIn(duckdb, paths[0] ?? '') : null;
    const { columns, from } = rowsOfFiles(currentSchema(metadata), { paths, names });
    return await work(`SELECT ${columns.join(', ')} FROM ${from}`);
  } finally {
    await cache.release();
  }
}

async function namesIn(duckdb: ReadingDuckdb, path: string): Promise<FileNames> {
  const { rows } = await duckdb.all(`SELECT field_id, name FROM parquet_schema(${literal(path)}) WHERE field_id IS NOT NULL`);
  return new Map(rows.map(([id, name]) => [Number(id), String(name)]));
}

async function scan(
  duckdb: ReadingDuckdb,
  metadata: TableMetadata,
  rows: string,
  keys: readonly HeldKey[],
  signal: AbortSignal | undefined,
): Promise<FileScan> {
  const schema = currentSchema(metadata);
  const which = `CASE ${keys.map((key, i) => `WHEN ${holdsSql(schema, [key])} THEN ${i}`).join(' ')} END`;
  const counted = await duckdb.all(`SELECT which, count(*) FROM (SELECT ${which} AS which FROM (${rows})) GROUP BY which`, signal);
  const counts = new Map(counted.rows.map(([place, count]) => [place === null ? -1 : Number(place), Number(count)]));
  const held = keys.map((_, i) => counts.get(i) ?? 0);
  const sum = held.reduce((total, count) => total + count, 0);
  const headers = `SELECT DISTINCT h."value" FROM (SELECT unnest(_headers) AS h FROM (${rows}) WHERE ${holdsSql(schema, keys)}) WHERE h."key" IN (${keyHeaders.map(literal).join(', ')})`;
  const links = sum === 0 ? [] : (await duckdb.all(headers, signal)).rows;
  return {
    rows: held,
    total: sum + (counts.get(-1) ?? 0),
    links: links.flatMap(([value]) => {
      const members = value instanceof Uint8Array ? keyMembers(value) : null;
      return members ? [members] : [];
    }),
  };
}

async function rewrite(
  { duckdb, directory }: Open,
  metadata: TableMetadata,
  file: ManifestFileEntry,
  rows: string,
  keys: readonly HeldKey[],
  signal: AbortSignal | undefined,
): Promise<LocalFile | null> {
  const schema = currentSchema(metadata);
  const select = `SELECT * FROM (${rows}) WHERE NOT (${holdsSql(schema, keys)})`;
  return provenCopy(duckdb, { select, schema, from: [file], directory: join(directory, 'out') }, signal);
}
