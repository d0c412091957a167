// The contract version that judges, masks and types the rows of one batch: pinned in its plan, so that no row is judged
// by two. Plain data, because a batch may be written in a child process.

import type { ContractTable, ViolationPolicy } from '../../contracts/contract.ts';
import type { EpochMs } from '../../runtime/clock.ts';

export interface PinnedContract {
  readonly id: string;
  readonly version: string;
  /** Of the document: versions are told apart by it. */
  readonly digest: string;
  /** Where a column says nothing else. */
  readonly policy: ViolationPolicy;
  readonly table: ContractTable;
  /** Keys of `hmac` masks, by their id. */
  readonly maskKeys: ReadonlyMap<string, Uint8Array>;
}

/** What a batch's rows were found to be by their contract. */
export interface Judged {
  readonly contract: { readonly id: string; readonly version: string };
  readonly rows: number;
  /** Rows with at least one violation. */
  readonly violating: number;
  readonly quarantined: number;
  /** Violations by `property rule`, the most frequent ones. */
  readonly byRule: ReadonlyMap<string, number>;
  /** Masked columns with their masks: `{"email":"hmac k1"}` as entries. */
  readonly masked: ReadonlyMap<string, string>;
  /** Columns that the contract does not know, masked as one of its own that is absent: `{"mail":"hmac k1 as email"}`. */
  readonly standIns: ReadonlyMap<string, string>;
  /** By log partition, the first row that breaks a rule of policy halt and was not accepted. */
  readonly halting: readonly HaltingRow[];
}

export interface HaltingRow {
  readonly partition: number;
  readonly offset: bigint;
  readonly logTime: EpochMs;
  readonly property: string;
  readonly rule: string;
  readonly message: string;
}
