// Columns whose values are never shown: what the contract in force says is personal data or not open to most, of them or of any
// part of them. What only an entity of the catalog declares is not asked: contracts are all that checks know of the catalog.

import type { ContractInForce } from '../../catalog/contracts.ts';
import { saidOfColumns } from '../../contracts/said-of-columns.ts';
import { isOpenClassification, isClassified } from '../../contracts/classified.ts';

export function personalColumns(contract: ContractInForce | null): ReadonlySet<string> {
  if (contract === null) return new Set();
  const { body, columns } = contract.table;
  const said = saidOfColumns(body);
  const own = new Map(columns.map((column) => [column.name, column]));
  const isKept = (name: string): boolean => {
    const column = own.get(name);
    if (column !== undefined && (isClassified(column) || column.mask !== null)) return true;
    const { pii, classifications } = said.of(name);
    return pii.length > 0 || classifications.some((one) => !isOpenClassification(one));
  };
  return new Set([...new Set([...own.keys(), ...said.names])].filter(isKept));
}

/** Columns of the log that carry values of the source. */
export const carriers: ReadonlySet<string> = new Set([
  'before',
  'after',
  '_log_key',
  '_rescued',
  '_violations',
  '_headers',
  'message',
  'value',
]);
