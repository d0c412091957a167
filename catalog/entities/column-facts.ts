// What a column means and how careful one has to be with it: the contract in force says it, what was declared of the entity
// adds to that or overrides it. Nothing is guessed: a column that nobody spoke of has no classification.

import type { Contract, ContractTable, Mask } from '../../contracts/contract.ts';
import { saidOfColumns } from '../../contracts/said-of-columns.ts';
import { isOpenClassification } from '../../contracts/classified.ts';
import type { DeclaredColumn, StoredEntity } from '../store/entity-store.ts';

export interface ColumnFacts {
  /** As the row has it: `email`, whatever struct of the raw table it is in. */
  readonly column: string;
  readonly description: string | null;
  readonly classification: string | null;
  /** What personal data it is; null: none is known. */
  readonly pii: string | null;
  /** How it is masked before it reaches the lake; null: not at all. */
  readonly mask: Mask['kind'] | null;
  readonly tags: readonly string[];
  /** Where any of it comes from something declared, not from the contract alone. */
  readonly isDeclared: boolean;
}

/** Overrides a contract that says there is some. */
export const none = 'none';

/**
 * Columns of the contract in its order, then those that were only declared. Names that differ in case alone stay apart here: whoever
 * brings them to a table's columns takes the strictest of them.
 */
export function columnFacts(table: ContractTable | null, entity: StoredEntity | null): readonly ColumnFacts[] {
  const declared = new Map(Object.entries(entity?.columns ?? {}));
  const said = saidOfColumns(table?.body ?? true);
  const known = (table?.columns ?? []).map((column): ColumnFacts => {
    const own = declared.get(column.name);
    const { name, description, mask, tags } = column;
    const parts = said.of(name);
    const pii = column.pii ?? parts.pii[0] ?? null;
    const classification = parts.classifications.find((one) => !isOpenClassification(one)) ?? column.classification;
    return merged({ column: name, description, classification, pii, mask: mask?.kind ?? null, tags, isDeclared: false }, own);
  });
  const names = new Set(known.map(({ column }) => column));
  const added = [...declared].filter(([column]) => !names.has(column)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const nothing = { description: null, classification: null, pii: null, mask: null, tags: [], isDeclared: false };
  return [...known, ...added.map(([column, own]) => merged({ column, ...nothing }, own))];
}

export function tableOf(contract: Contract | null, name: string): ContractTable | null {
  return contract?.tables.find((table) => table.name === name) ?? null;
}

function merged(facts: ColumnFacts, own: DeclaredColumn | undefined): ColumnFacts {
  if (!own) return facts;
  return {
    ...facts,
    description: own.description ?? facts.description,
    classification: word(own.classification, facts.classification),
    pii: word(own.pii, facts.pii),
    tags: [...new Set([...facts.tags, ...own.tags])],
    isDeclared: true,
  };
}

function word(declared: string | null, said: string | null): string | null {
  if (declared === null) return said;
  return declared === none ? null : declared;
}
