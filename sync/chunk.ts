// A chunk: the records of one table between two files. It knows which offsets of which log partitions it took, so that
// its file and its span of the chain can only move together; chunks of one table are contiguous by construction.

import type { OffsetSpan } from '../lake/raw/offset-chain.ts';
import { assert } from '../runtime/errors.ts';
import type { EpochMs } from '../runtime/clock.ts';
import type { OpenBatch } from './decode/decoder.ts';

export interface Chunk {
  readonly batch: OpenBatch;
  readonly openedAt: EpochMs;
  /** By log partition. */
  readonly spans: Map<number, { from: bigint; to: bigint }>;
  /** Records delivered to this chunk: must equal the rows written (I8). */
  records: number;
  /** Buffer space to give back when the chunk is written or dropped. */
  reservedBytes: number;
}

export function openChunk(batch: OpenBatch, now: EpochMs): Chunk {
  return { batch, openedAt: now, spans: new Map(), records: 0, reservedBytes: 0 };
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
