// When a partition of time is over: of tables partitioned by day or hour, as raw tables are. Others have no end.

import type { EpochMs } from '../../runtime/clock.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { specById } from '../../lake/iceberg/partition.ts';
import type { ScanFile } from '../../lake/iceberg/scan.ts';

const lengths: Readonly<Record<string, number>> = { hour: 3_600_000, day: 86_400_000 };

/** First moment that is no longer in the file's partition; null where its partition does not say. */
export function partitionEnd({ specId, file }: Pick<ScanFile, 'specId' | 'file'>, metadata: TableMetadata): EpochMs | null {
  for (const { transform, 'field-id': id } of specById(metadata, specId).fields) {
    const [length, value] = [lengths[transform], file.partition[id]];
    if (length !== undefined && typeof value === 'number') return (value + 1) * length;
  }
  return null;
}
