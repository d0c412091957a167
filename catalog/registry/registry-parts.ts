// The registry as it is served: the service and the veto over one store, with the real reader, comparison and rules.

import type { Clock } from '../../runtime/clock.ts';
import type { ContractStore } from '../store/contract-store.ts';
import type { FindConsumers } from './affected-consumers.ts';
import { commitVeto, type CommitVeto } from './commit-veto.ts';
import { findRowNotHeld } from './compare-both-ways.ts';
import { localJudge, type ContractJudge } from './contract-judge.ts';
import { judgeParts } from './judge-parts.ts';
import { registeredDocuments, type RegisteredDocuments } from './registered-documents.ts';
import { registryService, type RegistryService } from './registry-service.ts';

export interface RegistryParts {
  readonly registry: RegistryService;
  readonly veto: CommitVeto;
  readonly documents: RegisteredDocuments;
}

/** Judges in this process unless another judge is given, which stays the caller's. */
export function registryParts(
  store: ContractStore,
  clock: Clock,
  judge: ContractJudge = localJudge(judgeParts),
  consumers?: FindConsumers,
): RegistryParts {
  const { read } = judgeParts;
  const documents = registeredDocuments({ store, read });
  return {
    registry: registryService({ store, clock, read, judge, ...(consumers ? { consumers } : {}) }),
    veto: commitVeto({ store, documents, clock, findWitness: findRowNotHeld }),
    documents,
  };
}
