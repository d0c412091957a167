// Which offsets a data file of a raw table holds, by its footer alone: two small reads of the object. The footer is laid at
// the end of an otherwise empty local file of the same length, where DuckDB looks for it.

import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { literal } from '../lake/parquet/duckdb-type.ts';
import type { ObjectHead, ObjectStore } from '../lake/store/object-store.ts';
import { LakeError } from '../runtime/errors.ts';
import type { ReadingDuckdb } from './duckdb.ts';

/** Rows of log partitions [first, last], none above offset `max`. */
export interface OffsetRange {
  readonly firstPartition: number;
  readonly lastPartition: number;
  readonly max: bigint;
}

const tailBytes = 65_536;
const footerBytesMax = 64 << 20;

/** One range a row group; null where the file does not say. `directory`: a folder that `duckdb` may read. */
export async function footerOffsets(
  object: ObjectHead,
  parts: { readonly store: ObjectStore; readonly duckdb: ReadingDuckdb; readonly directory: string },
  signal?: AbortSignal,
): Promise<readonly OffsetRange[] | null> {
  const footer = await footerOf(object, parts.store, signal);
  if (footer === null) return null;
  const path = join(parts.directory, `footer-${randomUUID()}.parquet`);
  try {
    const file = await open(path, 'w');
    try {
      await file.truncate(object.bytes);
      await file.write(footer, 0, footer.length, object.bytes - footer.length);
    } finally {
      await file.close();
    }
    return await rangesIn(path, parts.duckdb, signal);
  } finally {
    await rm(path, { force: true });
  }
}

/** Null for what is no Parquet file. */
async function footerOf({ key, bytes }: ObjectHead, store: ObjectStore, signal?: AbortSignal): Promise<Uint8Array | null> {
  if (bytes < 12) return null;
  const tail = await store.get(key, { start: Math.max(0, bytes - tailBytes), end: bytes }, signal);
  if (Buffer.from(tail.slice(-4)).toString('latin1') !== 'PAR1') return null;
  const length = new DataView(tail.buffer, tail.byteOffset, tail.byteLength).getUint32(tail.byteLength - 8, true) + 8;
  if (length > bytes || length > footerBytesMax) return null;
  return length <= tail.length ? tail.slice(-length) : store.get(key, { start: bytes - length, end: bytes }, signal);
}

const figure = (name: string, column: string): string => `max(CASE WHEN path_in_schema = ${literal(column)} THEN ${name} END)`;

async function rangesIn(path: string, duckdb: ReadingDuckdb, signal?: AbortSignal): Promise<readonly OffsetRange[] | null> {
  const sql = `SELECT ${figure('stats_min_value', '_log_partition')}, ${figure('stats_max_value', '_log_partition')}, ${figure('stats_max_value', '_log_offset')} FROM parquet_metadata(${literal(path)}) GROUP BY row_group_id`;
  try {
    const { rows } = await duckdb.all(sql, signal);
    const ranges = rows.map(([first, last, max]) =>
      [first, last, max].every((value) => /^\d+$/.test(String(value)))
        ? { firstPartition: Number(first), lastPartition: Number(last), max: BigInt(String(max)) }
        : null,
    );
    return ranges.length > 0 && ranges.every((range) => range !== null) ? ranges : null;
  } catch (error) {
    // A footer that cannot be read says nothing.
    if (error instanceof LakeError && error.code === 'QUERY_INVALID') return null;
    throw error;
  }
}
