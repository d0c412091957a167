// What the manifests of one snapshot say of a table: rows, files, and per column how many nulls and between which values.
// No data file is read. A figure is given only where every file has it: one file without it and nothing is known.

import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { planScan, type ScanFile } from '../../lake/iceberg/scan.ts';
import { valueOfBytes, type SingleValue } from '../../lake/iceberg/value-bytes.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';

export interface TableStatistics {
  /** Rows in data files; fewer are left where `hasDeletes`. */
  readonly rows: number;
  readonly files: readonly ScanFile[];
  /** Delete files of other writers: every figure is then of more rows than the table has. */
  readonly hasDeletes: boolean;
}

export async function tableStatistics(metadata: TableMetadata, store: ObjectStore, signal?: AbortSignal): Promise<TableStatistics> {
  const { files, deleteFiles } = await planScan({ metadata, store, deletes: 'report' }, signal);
  return { files, rows: files.reduce((sum, { file }) => sum + file.recordCount, 0), hasDeletes: deleteFiles.length > 0 };
}

/** Rows in which the column is null; null: not known. */
export function nullsOf({ files }: TableStatistics, fieldId: number): number | null {
  let nulls = 0;
  for (const { file } of files) {
    const own = file.nullValueCounts?.get(fieldId);
    if (own === undefined) return null;
    nulls += own;
  }
  return nulls;
}

/** Number or bigint, by the type; null: not known, or the column holds no value at all. */
export function extremeOf({ files }: TableStatistics, fieldId: number, type: string, which: 'min' | 'max'): number | bigint | null {
  let extreme: number | bigint | null = null;
  for (const { file } of files) {
    const bytes = (which === 'min' ? file.lowerBounds : file.upperBounds)?.get(fieldId);
    if (bytes === undefined) {
      if (isAllNull(file.valueCounts?.get(fieldId), file.nullValueCounts?.get(fieldId))) continue;
      return null;
    }
    const value = numberOf(valueOfBytes(type, bytes));
    if (value === null) return null;
    if (extreme === null || (which === 'min' ? value < extreme : value > extreme)) extreme = value;
  }
  return extreme;
}

function isAllNull(values: number | undefined, nulls: number | undefined): boolean {
  return values !== undefined && values === nulls;
}

function numberOf(value: SingleValue | null): number | bigint | null {
  return typeof value === 'number' || typeof value === 'bigint' ? value : null;
}
