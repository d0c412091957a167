// The registry as a client changes it: what `foz contract register|list|show|history|deprecate` need, on top of what the
// worker reads (contracts.ts). Refusals are answers with their reason; CATALOG_UNREACHABLE and CATALOG_OUTCOME_UNKNOWN are
// thrown, as of the catalog: after an unknown outcome, look at the history before trying again.

import type { ContractView, EventView, VersionDocument } from './registry/contract-views.ts';
import type { Registered, RegisterRequest, StateRequest } from './registry/registry-service.ts';
import type { Contracts } from './contracts.ts';
import type { Answer } from './service/answer.ts';

export interface ContractRegistry extends Contracts {
  /** Idempotent: the same document again is `unchanged`. */
  register(request: RegisterRequest, signal?: AbortSignal): Promise<Answer<Registered>>;
  /** Idempotent: a version that is in the state stays in it. */
  changeState(id: string, version: string, request: StateRequest, signal?: AbortSignal): Promise<Answer<ContractView>>;
  /** All of them, by id. */
  list(signal?: AbortSignal): Promise<Answer<readonly ContractView[]>>;
  get(id: string, signal?: AbortSignal): Promise<Answer<ContractView>>;
  /** All of it, oldest first. */
  history(id: string, signal?: AbortSignal): Promise<Answer<readonly EventView[]>>;
  /** `version`: a version, `latest` or `active`. */
  show(id: string, version: string, signal?: AbortSignal): Promise<Answer<VersionDocument>>;
}
