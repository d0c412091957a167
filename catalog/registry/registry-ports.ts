// What the registry asks of the rest: to read a document, to compare two contracts, to say which rules cannot be
// enforced. Functions, so that its own decisions are tested without them; registry-parts.ts names the real ones.

import type { Contract } from '../../contracts/contract.ts';
import type { ContractReading } from '../../contracts/document/read-contract.ts';
import type { JsonValue } from '../../contracts/json-schema.ts';
import type { VersionStep } from './semantic-version.ts';

/** `file` is only named in problems. */
export type ReadContract = (text: string, file: string) => ContractReading;

/** backward: the newer accepts all that the older does; forward: the older accepts all that the newer does. */
export type Direction = 'backward' | 'forward';

export type Verdict = boolean | 'unknown';

export interface ContractDifference {
  /** Name of the kind of difference, such as `REQUIRED_ATTRIBUTE_ADDED`. */
  readonly type: string;
  readonly table: string;
  /** JSON Pointer into the table's schema, or a column's name. */
  readonly path: string;
  readonly message: string;
  /** The version that it takes, at least. */
  readonly step: VersionStep;
  readonly breaks: readonly Direction[];
}

/** A row that one of the two accepts and the other does not. */
export interface ContractWitness {
  readonly table: string;
  readonly direction: Direction;
  readonly acceptedBy: string;
  readonly rejectedBy: string;
  readonly row: JsonValue;
  /** What the rejecting side says. */
  readonly reason: string | null;
}

export interface VersionComparison {
  readonly backward: Verdict;
  readonly forward: Verdict;
  readonly differences: readonly ContractDifference[];
  readonly witnesses: readonly ContractWitness[];
}

export type CompareBothWays = (older: Contract, newer: Contract) => VersionComparison;

/** Why a contract cannot be enforced, each with the place and the keyword; empty when it can. */
export type EnforcementProblems = (contract: Contract) => readonly string[];
