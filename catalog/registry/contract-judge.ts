// Who reads documents that nobody trusts yet and compares contracts: work of seconds in the worst case. In a thread with
// limits of time and memory wherever documents are registered (thread-judge.ts), in this process for who only reads what is
// registered, and for tests (`localJudge`).

import type { Contract } from '../../contracts/contract.ts';
import type { ContractReading } from '../../contracts/document/read-contract.ts';
import type { CompareBothWays, VersionComparison, EnforcementProblems, ReadContract } from './registry-ports.ts';

export interface ContractJudge extends AsyncDisposable {
  /** `file` is only named in problems. */
  read(text: string, file: string): Promise<ContractReading>;
  /** Why it cannot be enforced; empty when it can. */
  enforcementProblems(contract: Contract): Promise<readonly string[]>;
  /** What was given up is unknown. */
  compare(older: Contract, newer: Contract): Promise<VersionComparison>;
}

export interface JudgeParts {
  readonly read: ReadContract;
  readonly compare: CompareBothWays;
  readonly enforcementProblems: EnforcementProblems;
}

export function localJudge({ read, compare, enforcementProblems }: JudgeParts): ContractJudge {
  return {
    read: async (text, file) => read(text, file),
    enforcementProblems: async (contract) => enforcementProblems(contract),
    compare: async (older, newer) => compare(older, newer),
    async [Symbol.asyncDispose]() {
      // Nothing of its own.
    },
  };
}
