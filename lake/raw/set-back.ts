// Whether a pointer that goes from one metadata of a table to another takes its offsets back. A sweep deletes what was
// uploaded below the table's next offsets, and lists up to its last sequence number, because no commit can name them any more
// (I4): that holds only while neither goes back but by a decision, which `rereads` counts and waiting workers see.

import type { TableMetadata } from '../iceberg/metadata.ts';
import { nextOffset, writtenChain } from './offset-chain.ts';

/** What goes back, in words; null where nothing does, or `current` has no chain. */
export function setBack(current: TableMetadata, next: TableMetadata): string | null {
  const [was, becomes] = [writtenChain(current), writtenChain(next)];
  if (was === null) return null;
  if (becomes === null) return 'it has no offset chain that can be read';
  if (becomes.rereads > was.rereads) return null;
  if (becomes.rereads < was.rereads) return `decisions have set offsets back ${was.rereads} times, there ${becomes.rereads} times`;
  for (const [topicId, partitions] of was.next) {
    for (const [partition, offset] of partitions) {
      const there = nextOffset(becomes, topicId, partition);
      if (there === undefined || there < offset)
        return `the next offset of topic ${topicId} partition ${partition} is ${offset}, there ${there ?? 'none'}`;
    }
  }
  const [last, lastThere] = [current['last-sequence-number'], next['last-sequence-number']];
  return BigInt(lastThere) < BigInt(last) ? `the last sequence number is ${last}, there ${lastThere}` : null;
}
