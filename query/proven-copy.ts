// Rows that are in the lake into a new file of it, which is compared with them before anyone may name it: as many, and each
// as it was. For what writes data files again: an erasure without some rows, a compaction in another order.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataFile } from '../lake/iceberg/data-file.ts';
import type { ManifestFileEntry } from '../lake/iceberg/manifest.ts';
import type { LocalFile } from '../lake/iceberg/put-data-file.ts';
import type { Schema } from '../lake/iceberg/schema.ts';
import { copyReport } from '../lake/parquet/copy-report.ts';
import { literal, quoted } from '../lake/parquet/duckdb-type.ts';
import { fieldIds } from '../lake/parquet/field-ids.ts';
import { fileMetrics, leavesOf } from '../lake/parquet/file-metrics.ts';
import { assert, LakeError } from '../runtime/errors.ts';
import type { ReadingDuckdb } from './duckdb.ts';
import { rowsOfFiles } from './table-files.ts';

export interface CopiedRows {
  /** A SELECT of the schema's columns, which gives the same rows when it is asked again. */
  readonly select: string;
  /** Top-level columns; none: as they come. */
  readonly orderBy?: readonly string[];
  readonly schema: Schema;
  /** Files of one partition that these rows stood in: what a planner knows of them it shall know of the new one. */
  readonly from: readonly ManifestFileEntry[];
  /** The file goes there, under a name of its own. */
  readonly directory: string;
}

/** Values of one row group, over all leaf columns: bounds the writer's memory on wide tables. */
const rowGroupValuesMax = 4_000_000;
/** DuckDB takes a dictionary's full size at once for every column. */
const dictionariesBytesMax = 64_000_000;
const dictionaryBytesMax = 1_048_576;

/** Null where there are no rows. Throws INTERNAL where the file does not hold the rows that were copied; it is removed then. */
export async function provenCopy(duckdb: ReadingDuckdb, rows: CopiedRows, signal?: AbortSignal): Promise<LocalFile | null> {
  const { select, orderBy = [], schema, from } = rows;
  const leaves = leavesOf(schema);
  const path = join(rows.directory, `${randomUUID()}.parquet`);
  const groupRows = Math.max(2048, Math.floor(rowGroupValuesMax / leaves.length));
  const dictionaryBytes = Math.min(dictionaryBytesMax, Math.floor(dictionariesBytesMax / leaves.length));
  const sorted = orderBy.length === 0 ? '' : ` ORDER BY ${orderBy.map(quoted).join(', ')}`;
  const options = `FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${fieldIds(schema)}, ROW_GROUP_SIZE ${groupRows}, STRING_DICTIONARY_PAGE_SIZE_LIMIT ${dictionaryBytes}, RETURN_STATS true`;
  try {
    const copied = await duckdb.all(`COPY (${select}${sorted}) TO ${literal(path)} (${options})`, signal);
    const { recordCount, fileSizeInBytes, stats } = copyReport(copied.rows[0]);
    if (recordCount === 0) {
      await rm(path, { force: true });
      return null;
    }
    const written = rowsOfFiles(schema, { paths: [path], names: null });
    const before = await rowsDigest(duckdb, select, signal);
    const after = await rowsDigest(duckdb, `SELECT ${written.columns.join(', ')} FROM ${written.from}`, signal);
    if (before !== after)
      throw new LakeError('INTERNAL', `${from[0]?.filePath} was not rewritten as it stood: its rows are not those of the new file`, {
        context: { expected: before, found: after },
      });
    const known = new Set(from.flatMap((file) => [...(file.valueCounts?.keys() ?? []), ...(file.columnSizes?.keys() ?? [])]));
    const always = new Set(leaves.filter(({ id }) => known.has(id)).map(({ dotted }) => dotted));
    const metrics = fileMetrics(schema, stats, { wideColumns: 0, always });
    return { path, dataFile: { fileFormat: 'PARQUET', partition: partitionOf(from), recordCount, fileSizeInBytes, ...metrics } };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** The same for the same rows in any order: how many, and two sums over a hash of each. */
async function rowsDigest(duckdb: ReadingDuckdb, select: string, signal: AbortSignal | undefined): Promise<string> {
  const found = await duckdb.all(`SELECT count(*), bit_xor(hash(t)), sum(CAST(hash(t) AS HUGEINT)) FROM (${select}) t`, signal);
  return (found.rows[0] ?? []).map(String).join(' ');
}

function partitionOf([first]: readonly ManifestFileEntry[]): DataFile['partition'] {
  return Object.fromEntries(
    Object.entries(first?.partition ?? {}).map(([id, value]): [string, number | null] => {
      assert(value === null || typeof value === 'number', `${first?.filePath} is not in a partition of dates or numbers`);
      return [id, value];
    }),
  );
}
