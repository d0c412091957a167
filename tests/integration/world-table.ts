// A raw table as a bystander sees it: the files its metadata names, their rows read by hyparquet and by DuckDB, and the
// proof that every record of the topic is exactly one row which rebuilds it.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { LoadedTable } from '../../catalog/catalog.ts';
import { tableProgress } from '../../cli/demo/progress-of-tables.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { isRebuilt, rebuildRecord, type RawRow } from '../../lake/raw/rebuild.ts';
import { parseShapes, shapesProperty } from '../../lake/raw/shapes-property.ts';
import { keyOf } from '../../lake/store/object-store.ts';
import { isRecord } from '../../runtime/options.ts';
import type { TableTarget } from '../../sync/table.ts';
import { until } from './stack-processes.ts';
import { readLog, type LogRecord } from './world-log.ts';
import type { World } from './world.ts';

export async function loadedTable(world: World, target: TableTarget): Promise<LoadedTable> {
  const loaded = await world.readers.catalog.loadTable(target.ident);
  assert.ok(loaded, `table ${target.ident.name} exists`);
  return loaded;
}

/** Local copies of the data files that the table's head names. */
export async function committedCopies(world: World, target: TableTarget): Promise<readonly string[]> {
  const { store } = world.readers;
  const { metadata } = await loadedTable(world, target);
  const { files } = await planScan({ metadata, store });
  const folder = join(world.dir, 'copies', target.ident.name);
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const { file } of files) {
    const key = keyOf(store, file.filePath);
    assert.ok(key !== null, file.filePath);
    const path = join(folder, basename(key));
    if (!existsSync(path)) await store.getFile(key, path);
    paths.push(path);
  }
  return paths;
}

/** By hyparquet. */
export async function rowsOf(paths: readonly string[]): Promise<readonly RawRow[]> {
  const rows: RawRow[] = [];
  for (const path of paths) {
    const file = await asyncBufferFromFile(path);
    for (const row of await parquetReadObjects({ file, compressors, utf8: false })) rows.push(row);
  }
  return rows;
}

/** By DuckDB, the whole of each file. */
export async function duckRowsOf(paths: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const rows: Readonly<Record<string, unknown>>[] = [];
    for (const path of paths) {
      const reader = await connection.runAndReadAll(`FROM read_parquet('${path}')`);
      for (const row of reader.getRowObjectsJS()) rows.push(row);
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/**
 * One text per row, sorted by where it stood in the log, so that two readers can be compared. Nulls are left out. `text`:
 * bytes as UTF-8 text, for a reader that takes every binary for text.
 */
export function rowTexts(rows: readonly Readonly<Record<string, unknown>>[], bytes: 'hex' | 'text' = 'hex'): readonly string[] {
  return rows
    .map((row) => ({
      partition: Number(row['_log_partition']),
      offset: Number(row['_log_offset']),
      text: JSON.stringify(plain(row, bytes)),
    }))
    .toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
    .map(({ text }) => text);
}

function plain(value: unknown, bytes: 'hex' | 'text'): unknown {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return bytes === 'text' ? Buffer.from(value).toString() : `0x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map((item: unknown) => plain(item, bytes) ?? null);
  if (!isRecord(value)) return value ?? undefined;
  const entries = Object.entries(value).map(([key, held]) => [key, plain(held, bytes)] as const);
  return Object.fromEntries(entries.filter(([, held]) => held !== undefined && held !== null).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export async function untilCaughtUp(world: World, target: TableTarget, maxMs = 120_000): Promise<void> {
  await until(`${target.ident.name} holds all of ${target.topic}`, maxMs, async () => {
    const progress = await tableProgress(target, world.readers).catch(() => null);
    return progress !== null && progress.next > 0 && progress.remaining === 0 ? true : null;
  });
}

export interface Proof {
  readonly records: readonly LogRecord[];
  /** By `partition:offset`. */
  readonly rows: ReadonlyMap<string, RawRow>;
  /** By reason. */
  readonly rescued: ReadonlyMap<string, number>;
}

export function positionOf({ partition, offset }: { readonly partition: number; readonly offset: bigint }): string {
  return `${partition}:${offset}`;
}

/** Every record of the topic is exactly one row, and the row rebuilds its key, value and headers (I8). */
export async function prove(world: World, target: TableTarget): Promise<Proof> {
  const [records, { metadata }] = await Promise.all([readLog(world, target.topic), loadedTable(world, target)]);
  const shapes = new Map(parseShapes(metadata.properties[shapesProperty]).map((shape) => [shape.number, shape]));
  const rows = new Map<string, RawRow>();
  const doubled: string[] = [];
  for (const row of await rowsOf(await committedCopies(world, target))) {
    const at = `${Number(row['_log_partition'])}:${String(row['_log_offset'])}`;
    if (rows.has(at)) doubled.push(at);
    rows.set(at, row);
  }
  assert.deepEqual(doubled, [], 'rows that are there twice');
  const lost = records.filter((record) => !rows.has(positionOf(record))).map(positionOf);
  assert.deepEqual(lost, [], 'records without a row');
  assert.equal(rows.size, records.length, 'rows without a record');
  const rescued = new Map<string, number>();
  for (const record of records) {
    const row = rows.get(positionOf(record));
    assert.ok(row);
    const rebuilt = rebuildRecord(row, shapes);
    const where = `${target.topic} ${positionOf(record)}`;
    assert.equal(Buffer.from(rebuilt.key ?? '').compare(record.key ?? Buffer.alloc(0)), 0, `${where}: key`);
    assert.equal(rebuilt.key === null, record.key === null, `${where}: key`);
    assert.ok(isRebuilt(rebuilt.value, record.value), `${where}: ${record.value?.toString().slice(0, 300)}`);
    const headers = rebuilt.headers.map(({ key, value }) => ({ key, value: Buffer.from(value ?? '') }));
    assert.deepEqual(
      headers.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
      record.headers,
      `${where}: headers`,
    );
    const held = row['_rescued'];
    if (isRecord(held)) rescued.set(String(held['reason']), (rescued.get(String(held['reason'])) ?? 0) + 1);
  }
  return { records, rows, rescued };
}
