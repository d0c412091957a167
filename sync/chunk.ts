// A chunk: the records of one table between two files. It knows which offsets of which log partitions it took, so that
// its file and its span of the chain can only move together; chunks of one table are contiguous by construction.

import type { OffsetSpan } from '../lake/raw/offset-chain.ts';
import { assert } from '../runtime/errors.ts';
import type { EpochMs } from '../runtime/clock.ts';
import type { PinnedContract } from './contract/pinned-contract.ts';
import type { OpenBatch } from './decode/decoder.ts';
import type { RecordBlock } from './log/record-block.ts';

export interface Chunk {
  readonly batch: OpenBatch;
  readonly openedAt: EpochMs;
  /** What judges its rows: one version for all of them. Null: none does. */
  contract: PinnedContract | null;
  /** By log partition. */
  readonly spans: Map<number, { from: bigint; to: bigint }>;
  /** Records delivered to this chunk: must equal the rows written (I8). */
  records: number;
  /** Buffer space to give back when the chunk is written or dropped. */
  reservedBytes: number;
}

export function openChunk(batch: OpenBatch, now: EpochMs): Chunk {
  return { batch, openedAt: now, contract: null, spans: new Map(), records: 0, reservedBytes: 0 };
}

/** Extends the chunk's span of a partition from its current end (or `from`) to `to`. */
export function coverSpan(chunk: Chunk, partition: number, from: bigint, to: bigint): void {
  const span = chunk.spans.get(partition);
  if (!span) {
    chunk.spans.set(partition, { from, to });
    return;
  }
  assert(span.to === from, `partition ${partition}: a batch from ${from} does not continue the chunk, which ends at ${span.to}`);
  span.to = to;
}

/** How many records from `from` on fit and belong together: at least one. */
export function sliceOf(
  records: RecordBlock,
  from: number,
  room: { readonly rows: number; readonly bytes: number },
  belongs: (record: number) => boolean,
): { readonly to: number; readonly bytes: number } {
  let to = from;
  let bytes = 0;
  // The chunk may be full while another partition's batch is about to seal it.
  while (to < records.count && (to === from || to - from < room.rows)) {
    const size = Math.max(0, records.keyLength[to] ?? 0) + Math.max(0, records.valueLength[to] ?? 0);
    if (to > from && (bytes + size > room.bytes || !belongs(to))) break;
    bytes += size;
    to++;
  }
  return { to, bytes };
}

/** Joins contiguous chunk spans, oldest first, into the spans of one commit. */
export function joinSpans(
  topicId: string,
  chunks: readonly { readonly spans: ReadonlyMap<number, { from: bigint; to: bigint }> }[],
): readonly OffsetSpan[] {
  const joined = new Map<number, { from: bigint; to: bigint }>();
  for (const chunk of chunks) {
    for (const [partition, span] of chunk.spans) {
      const before = joined.get(partition);
      if (!before) {
        joined.set(partition, { ...span });
        continue;
      }
      assert(before.to === span.from, `partition ${partition}: chunks leave a hole between ${before.to} and ${span.from}`);
      before.to = span.to;
    }
  }
  return [...joined].map(([partition, span]) => ({ topicId, partition, ...span })).filter((span) => span.to > span.from);
}
