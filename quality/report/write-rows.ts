// Rows of text into Parquet files on local disk, one for each day, with what a manifest says of them.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalFile } from '../../lake/iceberg/put-data-file.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { copyReport } from '../../lake/parquet/copy-report.ts';
import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { fieldIds } from '../../lake/parquet/field-ids.ts';
import { fileMetrics } from '../../lake/parquet/file-metrics.ts';
import { openReadingDuckdb, type ReadingDuckdb } from '../../query/duckdb.ts';

export interface NamedRows {
  /** Of every row, in order. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** ISO 8601 in UTC: its day is the partition. */
  readonly timeColumn: string;
}

export interface WriteRowsOptions {
  /** Files are written there; the caller removes them. */
  readonly directory: string;
  readonly memoryBytes?: number;
}

const memoryDefaultBytes = 64_000_000;
const rowGroupRows = 20_000;
/** Tables with more columns keep bounds of none but a few; these have some dozens. */
const wideColumns = 100;

/** The table's columns decide: one that it lacks is left out, one that the rows lack is null. */
export async function writeRows(
  { columns, rows, timeColumn }: NamedRows,
  metadata: TableMetadata,
  { directory, memoryBytes = memoryDefaultBytes }: WriteRowsOptions,
): Promise<readonly LocalFile[]> {
  await using duckdb = await openReadingDuckdb({ directory, memoryBytes, threads: 1 });
  await duckdb.run(`CREATE TABLE landed (${columns.map((name) => `${quoted(name)} VARCHAR`).join(', ')})`);
  await duckdb.append('landed', rows);
  const values = currentSchema(metadata).fields.map(({ name, type }) => {
    const value = columns.includes(name) ? quoted(name) : 'NULL';
    return `CAST(${value} AS ${duckdbType(type)}) AS ${quoted(name)}`;
  });
  const timeAt = columns.indexOf(timeColumn);
  const days = new Set(rows.map((row) => row[timeAt]?.slice(0, 10) ?? '').toSorted());
  const files: LocalFile[] = [];
  try {
    for (const day of days) {
      const select = `SELECT ${values.join(', ')} FROM landed WHERE substr(${quoted(timeColumn)}, 1, 10) = ${literal(day)} ORDER BY ${quoted(timeColumn)}`;
      files.push(await copyDay(duckdb, { select, days: daysOf(day), metadata, directory }));
    }
    return files;
  } catch (error) {
    await Promise.all(files.map(({ path }) => rm(path, { force: true })));
    throw error;
  }
}

/** Of an ISO date, since 1970. */
function daysOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 86_400_000;
}

interface DayRows {
  /** Its columns are the table's, its rows of one day. */
  readonly select: string;
  /** The day, since 1970-01-01. */
  readonly days: number;
  readonly metadata: TableMetadata;
  readonly directory: string;
}

async function copyDay(duckdb: ReadingDuckdb, { select, days, metadata, directory }: DayRows): Promise<LocalFile> {
  const schema = currentSchema(metadata);
  const dateField = metadata['partition-specs'].find((spec) => spec['spec-id'] === metadata['default-spec-id'])?.fields[0];
  const path = join(directory, `${randomUUID()}.parquet`);
  const options = `FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${fieldIds(schema)}, ROW_GROUP_SIZE ${rowGroupRows}, RETURN_STATS true`;
  try {
    const copied = await duckdb.all(`COPY (${select}) TO ${literal(path)} (${options})`);
    const { recordCount, fileSizeInBytes, stats } = copyReport(copied.rows[0]);
    const partition = dateField === undefined ? {} : { [dateField['field-id']]: days };
    const metrics = fileMetrics(schema, stats, { wideColumns, always: new Set() });
    return { path, dataFile: { fileFormat: 'PARQUET', partition, recordCount, fileSizeInBytes, ...metrics } };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}
