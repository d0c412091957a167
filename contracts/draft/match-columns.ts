// Which column of the source is which of the contract. Names decide, as long as they are there; a column whose name is gone
// is looked for by its number, which a rename keeps. Where all numbers are the same and names stand at others, names were
// exchanged, and the numbers decide. (After a restore from a dump, numbers are counted anew: then they are not all the
// same, and names decide.) Cassandra has no numbers, but renames key columns only: those are known by their place.

import type { SourceColumn, SourceTable } from '../../sources/source.ts';
import type { ContractColumn } from '../contract.ts';

export interface ColumnMatch {
  readonly contract: ContractColumn;
  /** Null: the source has it no more. */
  readonly source: SourceColumn | null;
}

export interface ColumnMatches {
  readonly known: readonly ColumnMatch[];
  /** Of the source, not in the contract. */
  readonly added: readonly SourceColumn[];
}

export function matchColumns(columns: readonly ContractColumn[], source: SourceTable): ColumnMatches {
  const byNumber = new Map(
    source.columns.flatMap((column) => (column.number === undefined ? [] : [[String(column.number), column] as const])),
  );
  const byName = new Map(source.columns.map((column) => [column.name, column]));
  const isSameNumbers =
    columns.length === source.columns.length &&
    byNumber.size === columns.length &&
    columns.every(({ id }) => id !== null && byNumber.has(id));
  const named = new Set(columns.map(({ name }) => name));
  const known = columns.map((contract): ColumnMatch => {
    const numbered = contract.id === null ? undefined : byNumber.get(contract.id);
    if (isSameNumbers && numbered) return { contract, source: numbered };
    const sameName = byName.get(contract.name);
    if (sameName) return { contract, source: sameName };
    if (numbered && !named.has(numbered.name)) return { contract, source: numbered };
    return { contract, source: keyColumnAt(contract, source, named) };
  });
  const taken = new Set(known.map((match) => match.source));
  return { known, added: source.columns.filter((column) => !taken.has(column)) };
}

function keyColumnAt({ keyPosition }: ContractColumn, source: SourceTable, named: ReadonlySet<string>): SourceColumn | null {
  if (keyPosition === null) return null;
  const found = source.columns.find((column) => column.name === source.key[keyPosition - 1]);
  return found && found.number === undefined && !named.has(found.name) ? found : null;
}
