// The registry as it is served: the service and the veto over one store, with the real reader, comparison and rules.

import { readContract } from '../../contracts/document/read-contract.ts';
import { compileRules } from '../../contracts/rules/compile-rules.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ContractStore } from '../store/contract-store.ts';
import { commitVeto, type CommitVeto } from './commit-veto.ts';
import { compareContracts, findRowNotHeld } from './compare-contracts.ts';
import { registeredDocuments } from './registered-documents.ts';
import type { EnforcementProblems } from './registry-ports.ts';
import { registryService, type RegistryService } from './registry-service.ts';

export interface RegistryParts {
  readonly registry: RegistryService;
  readonly veto: CommitVeto;
}

export function registryParts(store: ContractStore, clock: Clock): RegistryParts {
  const documents = registeredDocuments({ store, read: readContract });
  return {
    registry: registryService({ store, clock, read: readContract, compare: compareContracts, enforcementProblems }),
    veto: commitVeto({ store, documents, clock, findWitness: findRowNotHeld }),
  };
}

const enforcementProblems: EnforcementProblems = ({ tables, policy }) =>
  tables.flatMap(({ name, body }) =>
    compileRules(body, { policy }).refused.map(({ pointer, keyword, reason }) => `${name}${pointer} (${keyword}): ${reason}`),
  );
