// What of a batch continues a log partition: the source it was read from must be the one that is being read (I6), and no
// record may be missing in between (I7).

import { retentionGap, sourceReplaced, type Halt } from './halt.ts';
import type { LogBatch } from './log/log.ts';

/** `ahead`: a stale fetch from before a seek. */
export type NewRecords =
  | { readonly kind: 'new'; readonly first: number }
  | { readonly kind: 'ahead' }
  | { readonly kind: 'halt'; readonly halt: Halt };

/** @param reading `expected`: the next offset to take; the batch ends after it. */
export function newRecords(
  { topic, partition, topicId, logStart, fromOffset, records }: LogBatch,
  reading: { readonly table: string; readonly topicId: string; readonly expected: bigint },
): NewRecords {
  const { table, expected } = reading;
  const where = `topic ${topic} partition ${partition}`;
  if (topicId !== reading.topicId) {
    const what = `${where} was re-created: its id was ${reading.topicId}, it is ${topicId}`;
    return { kind: 'halt', halt: sourceReplaced(table, what) };
  }
  if (logStart > expected) return { kind: 'halt', halt: retentionGap(table, where, expected, logStart) };
  if (fromOffset > expected) return { kind: 'ahead' };
  let first = 0;
  while (first < records.count && (records.offsets[first] ?? 0n) < expected) first++;
  return { kind: 'new', first };
}
