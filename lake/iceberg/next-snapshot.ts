// What every new snapshot on main has in common: id, parent, sequence number, time, schema.

import type { EpochMs } from '../../runtime/clock.ts';
import { randomInt, type Random } from '../../runtime/random.ts';
import { mainSnapshot, type Long, type Snapshot, type TableMetadata } from './metadata.ts';

export type SnapshotIdentity = Omit<Snapshot, 'manifest-list' | 'summary'>;

/** The snapshot that would follow main's head in exactly this metadata. */
export function nextSnapshot(metadata: TableMetadata, snapshotId: number, now: EpochMs): SnapshotIdentity {
  const parent = mainSnapshot(metadata);
  return {
    'snapshot-id': snapshotId,
    ...(parent ? { 'parent-snapshot-id': parent['snapshot-id'] } : {}),
    'sequence-number': nextSequenceNumber(metadata),
    // Readers refuse a history that goes back in time, whatever the writers' clocks say.
    'timestamp-ms': Math.max(now, metadata['last-updated-ms']),
    'schema-id': metadata['current-schema-id'],
  };
}

/** Uniform in [1, 2^53): every JSON parser keeps it exact. */
export function newSnapshotId(random: Random): number {
  return Math.max(1, randomInt(random, 2 ** 26) * 2 ** 27 + randomInt(random, 2 ** 27));
}

function nextSequenceNumber(metadata: TableMetadata): Long {
  const next = BigInt(metadata['last-sequence-number']) + 1n;
  return next <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(next) : next;
}
