// Below which offsets no commit can name a data file any more: what the table has taken, by log partition (I2).

import type { TableMetadata } from '../iceberg/metadata.ts';
import { readChain } from './offset-chain.ts';

/**
 * Of several topics the lowest: a file does not say from which one its rows are. A partition that one of them has not begun is
 * left out: the first commit of it may begin anywhere. Empty where the chain is broken or absent.
 */
export function lowestNext(metadata: TableMetadata): ReadonlyMap<number, bigint> {
  const state = readChain(metadata);
  const topics = state.kind === 'valid' ? [...state.chain.next.values()] : [];
  const lowest = new Map<number, bigint>();
  for (const [partition, first] of topics[0] ?? []) {
    const nexts = topics.flatMap((partitions) => partitions.get(partition) ?? []);
    if (nexts.length === topics.length)
      lowest.set(
        partition,
        nexts.reduce((least, next) => (next < least ? next : least), first),
      );
  }
  return lowest;
}
