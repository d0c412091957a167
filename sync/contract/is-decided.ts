// Whether what a contract stopped may go on: the violations were accepted (`foz resume TABLE --accept-violations`), or
// another version judges the row now.

import type { LoadedTable } from '../../catalog/catalog.ts';
import { acceptedProperty, parseAccepted } from '../../lake/raw/accepted-violations.ts';
import type { Halt } from '../halt.ts';
import type { TableContracts } from './table-contracts.ts';

/** True for every halt that no contract caused: those are looked at elsewhere. */
export function isDecided(
  halt: Halt,
  topic: string,
  topicId: string,
  { metadata }: LoadedTable,
  contracts: TableContracts | null,
): boolean {
  if (!halt.contract) return true;
  const { digest, partition, offset, logTime } = halt.contract;
  const accepted = parseAccepted(metadata.properties[acceptedProperty]).get(topicId)?.get(partition);
  if (halt.code === 'CONTRACT_VIOLATED' && accepted !== undefined && offset < accepted) return true;
  return contracts?.at({ topic, partition, offset, logTime })?.digest !== digest;
}
