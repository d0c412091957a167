// Where the registry keeps contracts: per contract its versions, the documents as they came, what happened, and which
// tables it has. Adapters: memory-contract-store.ts, and sqlite-contract-store.ts on the catalog's one thread.
//
// Every contract has a revision that rises by one with each change; `changeContract` is the one compare-and-swap on it,
// and it is atomic: versions, documents, events and tables change together or not at all. A table belongs to one
// contract, which is decided in that same step. A resolved change is durable, as in catalog-store.ts, and errors are
// the same.

import type { ContractState } from '../../contracts/contract.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import type { PageRequest } from './catalog-store.ts';
import type { ChangeRecord } from './change-record.ts';

/** JSON-safe, as it is stored and sent: offsets are decimal text. */
export type StoredEffective =
  | { readonly kind: 'now' }
  | { readonly kind: 'time'; readonly time: EpochMs }
  | { readonly kind: 'offset'; readonly topic: string; readonly offsets: Readonly<Record<string, string>> };

export interface StoredVersion {
  readonly version: string;
  readonly state: ContractState;
  /** SHA-256 of the document, hex. */
  readonly digest: string;
  readonly documentName: string;
  readonly documentBytes: number;
  readonly format: string;
  /** Tables of this version, by name. */
  readonly tables: readonly string[];
  readonly registeredAt: EpochMs;
  /** Rank among the activated versions, from 1; null while it never was. */
  readonly activation: number | null;
  readonly activatedAt: EpochMs | null;
  readonly effective: StoredEffective | null;
}

export interface StoredContract {
  readonly id: string;
  readonly revision: number;
  /** In order of registration. */
  readonly versions: readonly StoredVersion[];
}

export type ContractAction = 'registered' | 'activated' | 'deprecated' | 'retired';

export interface ContractEvent {
  /** The contract's revision that it made; several events of one change share it. */
  readonly revision: number;
  readonly at: EpochMs;
  readonly version: string;
  readonly action: ContractAction;
  readonly from: ContractState | null;
  readonly to: ContractState;
  readonly effective: StoredEffective | null;
  /** What was decided and by what: the verdict of the comparison, or a person's reason. */
  readonly note: string | null;
}

export interface ContractChange {
  readonly id: string;
  /** What the change was decided on; null: there is no such contract yet. */
  readonly expectedRevision: number | null;
  /** New ones and ones that changed; the others stay. */
  readonly versions: readonly StoredVersion[];
  /** Of the new ones, by version. */
  readonly documents: readonly { readonly version: string; readonly text: string }[];
  readonly events: readonly ContractEvent[];
  /** All tables that the contract has from now on. */
  readonly tables: readonly string[];
}

export type ChangeOutcome =
  | { readonly kind: 'changed' }
  | { readonly kind: 'lost' }
  /** Another contract has the table. */
  | { readonly kind: 'table-taken'; readonly table: string; readonly contract: string };

export interface ContractStore {
  getContract(id: string): Promise<StoredContract | null>;
  listContracts(page: PageRequest): Promise<readonly StoredContract[]>;
  /** Null when there is no such version. */
  getDocument(id: string, version: string): Promise<string | null>;
  /** Oldest first; `after` is the number of the last event of the page before, from 1. */
  listEvents(id: string, page: { readonly after: number; readonly limit: number }): Promise<readonly ContractEvent[]>;
  /** The contract that has the table; null when none has. */
  contractOfTable(table: string): Promise<string | null>;
  /** `record`: what is told of it, written in the same transaction. */
  changeContract(change: ContractChange, record?: ChangeRecord | null): Promise<ChangeOutcome>;
}
