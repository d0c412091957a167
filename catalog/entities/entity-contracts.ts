// The contract of an entity or a table: which one has it, and what its version in force says.

import type { Contract } from '../../contracts/contract.ts';
import { inForce, tablesHeld } from '../registry/in-force.ts';
import type { RegisteredDocuments } from '../registry/registered-documents.ts';
import type { ContractStore, StoredContract } from '../store/contract-store.ts';

export interface ContractParts {
  readonly store: { readonly contracts: ContractStore };
  readonly documents: RegisteredDocuments;
}

const pageRows = 1000;

export interface TableContract {
  readonly stored: StoredContract | null;
  /** The version in force; null: none is. */
  readonly contract: Contract | null;
}

export async function contractOf(options: ContractParts, table: string): Promise<TableContract> {
  const { contracts } = options.store;
  const id = await contracts.contractOfTable(table);
  return opened(options, id === null ? null : await contracts.getContract(id));
}

async function opened({ documents }: ContractParts, stored: StoredContract | null): Promise<TableContract> {
  const [version] = stored ? inForce(stored.versions) : [];
  return { stored, contract: stored && version ? (await documents.open(stored.id, version)).contract : null };
}

/** For many tables: all contracts are read once, and each is opened once. */
export async function everyContract(options: ContractParts): Promise<(table: string) => Promise<TableContract>> {
  const byTable = new Map<string, StoredContract>();
  const found = new Map<string, Promise<TableContract>>();
  for (let after: string | null = null; ;) {
    const page: readonly StoredContract[] = await options.store.contracts.listContracts({ after, limit: pageRows });
    for (const stored of page) for (const table of tablesHeld(stored.versions)) byTable.set(table, stored);
    after = page.at(-1)?.id ?? null;
    if (page.length < pageRows) break;
  }
  return (table) => {
    const stored = byTable.get(table) ?? null;
    const known = found.get(stored?.id ?? '') ?? opened(options, stored);
    found.set(stored?.id ?? '', known);
    return known;
  };
}
