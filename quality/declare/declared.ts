// What declarations come to, wherever they stand: checks to run, what is declared and cannot be run (told with its reason,
// never as a pass), and what is wrong with the documents.

import type { ContractProblem } from '../../contracts/document/contract-problem.ts';
import type { Check, Dimension, Origin, Severity } from '../check.ts';

export interface Declared {
  readonly checks: readonly Check[];
  readonly notExecuted: readonly NotExecuted[];
  /** Every service level of the contracts, executed or not. */
  readonly serviceLevels: readonly DeclaredLevel[];
  readonly problems: readonly DeclarationProblem[];
}

/** With file, line, column and mend; `problemText` of contracts/document/contract-problem.ts writes it. */
export type DeclarationProblem = ContractProblem;

/** A quality rule or service level that nothing here measures. */
export interface NotExecuted {
  /** `<table>.<name>`, as a check would have. */
  readonly id: string;
  readonly table: string;
  readonly name: string;
  /** What it says: its description, or the rule in short. */
  readonly description: string;
  /** Why it is not executed, and what would be: one sentence. */
  readonly reason: string;
  readonly severity: Severity;
  readonly dimension: Dimension | null;
  readonly origin: Origin;
}

/** One service level about one table. */
export interface DeclaredLevel {
  readonly table: string;
  /** As the standard calls it: `freshness`, `latency`, `generalAvailability` … */
  readonly property: string;
  /** `60 s`. */
  readonly value: string;
  readonly element: string | null;
  readonly description: string | null;
  readonly driver: string | null;
  /** The check that measures it; null: see the reason. */
  readonly checkId: string | null;
  readonly reason: string | null;
  readonly origin: Origin;
}

export const nothingDeclared: Declared = { checks: [], notExecuted: [], serviceLevels: [], problems: [] };
