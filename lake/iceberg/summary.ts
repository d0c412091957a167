// The counters of a snapshot summary: what this snapshot added, and running totals taken from its parent's summary.
// Spec: https://iceberg.apache.org/spec/#optional-snapshot-summary-fields

import type { ManifestFileEntry } from './manifest.ts';
import type { PartitionValue } from './partition.ts';

export type Summary = Readonly<Record<string, string>>;

/** Summary of an append of data files. `own` keys come first and cannot displace a counter. */
export function appendSummary(files: readonly ManifestFileEntry[], previous: Summary | undefined, own: Summary): Summary {
  const records = files.reduce((sum, file) => sum + file.recordCount, 0);
  const bytes = files.reduce((sum, file) => sum + file.fileSizeInBytes, 0);
  const partitions = new Set(files.map((file) => JSON.stringify(Object.values(file.partition).map(partitionText))));
  return {
    ...own,
    operation: 'append',
    ...(files.length === 0
      ? {}
      : { 'added-data-files': String(files.length), 'added-records': String(records), 'added-files-size': String(bytes) }),
    'changed-partition-count': String(partitions.size),
    ...totals(previous, { 'total-records': records, 'total-files-size': bytes, 'total-data-files': files.length }),
  };
}

/** Totals after a snapshot that added so much; those a parent of another writer lacks stay unknown. */
export function totals(previous: Summary | undefined, added: Readonly<Record<string, number>>): Summary {
  return Object.fromEntries(
    totalKeys.flatMap((key) => {
      const before = previous ? previous[key] : '0';
      return before !== undefined && /^\d+$/.test(before) ? [[key, String(BigInt(before) + BigInt(added[key] ?? 0))]] : [];
    }),
  );
}

const totalKeys = [
  'total-records',
  'total-files-size',
  'total-data-files',
  'total-delete-files',
  'total-position-deletes',
  'total-equality-deletes',
];

function partitionText(value: PartitionValue): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : `${typeof value} ${String(value)}`;
}
