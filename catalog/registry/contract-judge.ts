// Who reads documents that nobody trusts yet and compares contracts: work of seconds in the worst case. In this process for
// a command that waits for it anyway and for tests (`localJudge`), in a thread with a time limit for a catalog that serves
// commits meanwhile (thread-judge.ts).

import type { Contract } from '../../contracts/contract.ts';
import type { ContractReading } from '../../contracts/document/read-contract.ts';
import type { CompareContracts, ContractComparison, EnforcementProblems, ReadContract } from './registry-ports.ts';

export interface ContractJudge extends AsyncDisposable {
  /** `file` is only named in problems. */
  read(text: string, file: string): Promise<ContractReading>;
  /** Why it cannot be enforced; empty when it can. */
  enforcementProblems(contract: Contract): Promise<readonly string[]>;
  /** What was given up is unknown. */
  compare(older: Contract, newer: Contract): Promise<ContractComparison>;
}

export interface JudgeParts {
  readonly read: ReadContract;
  readonly compare: CompareContracts;
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
