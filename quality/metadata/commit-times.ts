// Ages and gaps of commits, from the snapshots that the table still knows: the last hour's, and one an hour of the week
// before (lake/iceberg/expire.ts). Between two that are kept others may have been, so a gap over expired ones is a bound.

import { sameLong, type Snapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { ancestry } from '../../lake/raw/offset-chain.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import { exactly, type Finding } from '../measurer.ts';

/** Seconds since the newest commit that brought rows. */
export function commitAge(metadata: TableMetadata, now: EpochMs): Finding {
  const newest = onMain(metadata).snapshots.find(addsRows);
  if (newest) return exactly((now - newest['timestamp-ms']) / 1000, 'metadata');
  return { kind: 'unknown', reason: 'no commit with rows is among the snapshots that the table still has' };
}

/** Longest time without a commit that brought rows, within the last `overMs`; in seconds. */
export function longestGap(metadata: TableMetadata, now: EpochMs, overMs: number): Finding {
  const from = now - overMs;
  const { snapshots, isWhole } = onMain(metadata);
  const tagged = Object.values(metadata.refs)
    .filter((ref) => ref.type === 'tag')
    .flatMap((ref) => metadata.snapshots.filter((snapshot) => sameLong(snapshot['snapshot-id'], ref['snapshot-id'])));
  const times = [...snapshots, ...tagged]
    .filter(addsRows)
    .map((snapshot) => snapshot['timestamp-ms'])
    .filter((time) => time <= now)
    .toSorted((a, b) => a - b);
  const [oldest] = times;
  if (oldest === undefined) return { kind: 'unknown', reason: 'no commit with rows is among the snapshots that the table still has' };
  const inside = times.filter((time) => time > from);
  const before = times.findLast((time) => time <= from);
  // A table younger than the window has no gap before its first commit.
  const start = before !== undefined ? from : isWhole ? oldest : from;
  const gaps = [start, ...inside, now].map((time, i, all) => time - (all[i - 1] ?? time));
  const value = Math.max(0, ...gaps) / 1000;
  const oldestKept = snapshots.at(-1)?.['timestamp-ms'] ?? now;
  const isExact = isWhole || oldestKept <= from;
  return {
    kind: 'measured',
    measured: { value, text: null, total: null, exactness: isExact ? 'exact' : 'upper', by: 'metadata' },
    failing: null,
    keys: [],
    reason: null,
  };
}

function addsRows({ summary }: Snapshot): boolean {
  return summary.operation === 'append' && Number(summary['added-records'] ?? 0) > 0;
}

/** Newest first. `isWhole`: back to the table's first one. */
function onMain(metadata: TableMetadata): { readonly snapshots: readonly Snapshot[]; readonly isWhole: boolean } {
  const snapshots: Snapshot[] = [];
  for (const step of ancestry(metadata)) {
    if (step.kind === 'snapshot') snapshots.push(step.snapshot);
    else return { snapshots, isWhole: step.kind !== 'expired' };
  }
  return { snapshots, isWhole: true };
}
