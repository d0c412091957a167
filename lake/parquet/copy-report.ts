// What DuckDB reports of the one file that a `COPY … (RETURN_STATS true)` wrote.

import { assert } from '../../runtime/errors.ts';
import type { ReportedStats } from './file-metrics.ts';

export interface CopyReport {
  readonly recordCount: number;
  readonly fileSizeInBytes: number;
  readonly stats: ReportedStats;
}

/** filename, count, file_size_bytes, footer_size_bytes, column_statistics, partition_keys; maps as lists of key and value. */
export function copyReport(row: readonly unknown[] | undefined): CopyReport {
  assert(row, 'COPY reported no file');
  const columns = entriesOf(row[4]).map(([path, column]): [string, ReadonlyMap<string, string>] => [
    path,
    new Map(entriesOf(column).map(([name, value]): [string, string] => [name, String(value)])),
  ]);
  return { recordCount: Number(row[1]), fileSizeInBytes: Number(row[2]), stats: new Map(columns) };
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown): (readonly [string, unknown])[] =>
    typeof entry === 'object' && entry !== null && 'key' in entry && 'value' in entry ? [[String(entry.key), entry.value]] : [],
  );
}
