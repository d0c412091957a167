// The contract port of the catalog, as the worker and the command line see it: which contract judges a table's rows,
// and from where on. Adapters: rest-contracts.ts (the registry over HTTP), memory-contracts.ts (the same service called
// directly, for the embedded catalog and for tests).
//
// A table has at most one contract, of which several versions can be in force at once: the newest that was activated
// and those before it, because `effective` may lie ahead of what has been read. A row is judged by the newest version
// whose effect has reached it (`contractAt`), so by exactly one.

import type { Contract, ContractState, ContractTable } from '../contracts/contract.ts';
import type { EpochMs } from '../runtime/clock.ts';
import type { TableIdent } from './catalog.ts';

/** From where on a version judges rows. */
export type Effective =
  /** From the next batch that begins after it is seen. */
  | { readonly kind: 'now' }
  /** Rows whose log time is this or later. */
  | { readonly kind: 'time'; readonly time: EpochMs }
  /** Rows at or above the offset of their log partition; in a partition not named: every row. */
  | { readonly kind: 'offset'; readonly topic: string; readonly offsets: ReadonlyMap<number, bigint> };

/** The document as it was registered, byte for byte (UTF-8). */
export interface ContractDocument {
  /** File name, for messages. */
  readonly name: string;
  readonly text: string;
}

export interface ContractInForce {
  readonly contract: Contract;
  /** The one of the contract's tables that was asked for. */
  readonly table: ContractTable;
  readonly document: ContractDocument;
  /** SHA-256 of the document, hex: what two versions are told apart by. */
  readonly digest: string;
  /** Of the registry; what the document says of its state does not decide. */
  readonly state: Exclude<ContractState, 'draft' | 'retired'>;
  readonly effective: Effective;
  readonly activatedAt: EpochMs;
}

/** Where a row stands in the log. */
export interface LogPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly logTime: EpochMs;
}

/** Errors: CATALOG_UNREACHABLE (keep what was known, ask again), CATALOG_REFUSED (a document of it cannot be read). */
export interface Contracts extends AsyncDisposable {
  /** Versions in force for a table, oldest first, the newest last; empty when no contract has it. Always asks, never a cache. */
  contractsInForce(table: TableIdent, signal?: AbortSignal): Promise<readonly ContractInForce[]>;
  /** The newest of them, whether or not its effect has begun; null when there is none. */
  activeContract(table: TableIdent, signal?: AbortSignal): Promise<ContractInForce | null>;
}

/** The version that judges a row at `place`; null before the first one's effect. `inForce` oldest first. */
export function contractAt(inForce: readonly ContractInForce[], place: LogPlace): ContractInForce | null {
  return inForce.findLast(({ effective }) => hasEffect(effective, place)) ?? null;
}

export function hasEffect(effective: Effective, place: LogPlace): boolean {
  switch (effective.kind) {
    case 'now':
      return true;
    case 'time':
      return place.logTime >= effective.time;
    case 'offset': {
      // A topic that is not the one named was made later, or earlier: the version was written for the other.
      if (effective.topic !== place.topic) return true;
      const from = effective.offsets.get(place.partition);
      return from === undefined || place.offset >= from;
    }
  }
}
