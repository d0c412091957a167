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
import { openReadingDuckdb } from '../../query/duckdb.ts';

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
  const schema = currentSchema(metadata);
  const values = schema.fields.map(({ name, type }) => {
    const value = columns.includes(name) ? quoted(name) : 'NULL';
    return `CAST(${value} AS ${duckdbType(type)}) AS ${quoted(name)}`;
  });
  const dateField = metadata['partition-specs'].find((spec) => spec['spec-id'] === metadata['default-spec-id'])?.fields[0];
  const timeAt = columns.indexOf(timeColumn);
  const days = new Set(rows.map((row) => row[timeAt]?.slice(0, 10) ?? '').toSorted());
  const files: LocalFile[] = [];
  for (const day of days) {
    const path = join(directory, `${randomUUID()}.parquet`);
    const select = `SELECT ${values.join(', ')} FROM landed WHERE substr(${quoted(timeColumn)}, 1, 10) = ${literal(day)} ORDER BY ${quoted(timeColumn)}`;
    const options = `FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${fieldIds(schema)}, ROW_GROUP_SIZE ${rowGroupRows}, RETURN_STATS true`;
    try {
      const copied = await duckdb.all(`COPY (${select}) TO ${literal(path)} (${options})`);
      const { recordCount, fileSizeInBytes, stats } = copyReport(copied.rows[0]);
      const partition = dateField === undefined ? {} : { [dateField['field-id']]: Date.parse(`${day}T00:00:00Z`) / 86_400_000 };
      const metrics = fileMetrics(schema, stats, { wideColumns, always: new Set() });
      files.push({ path, dataFile: { fileFormat: 'PARQUET', partition, recordCount, fileSizeInBytes, ...metrics } });
    } catch (error) {
      await Promise.all([...files.map((file) => file.path), path].map((file) => rm(file, { force: true })));
      throw error;
    }
  }
  return files;
}
