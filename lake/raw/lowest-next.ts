// Below which offsets no commit can name a data file any more: what the table has taken, by log partition (I2).

import type { TableMetadata } from '../iceberg/metadata.ts';
import { readChain } from './offset-chain.ts';

/** Of several topics the lowest: a file does not say from which one its rows are. Empty where the chain is broken or absent. */
export function lowestNext(metadata: TableMetadata): ReadonlyMap<number, bigint> {
  const state = readChain(metadata);
  const lowest = new Map<number, bigint>();
  for (const partitions of state.kind === 'valid' ? state.chain.next.values() : []) {
    for (const [partition, next] of partitions) {
      const known = lowest.get(partition);
      lowest.set(partition, known === undefined || next < known ? next : known);
    }
  }
  return lowest;
}
