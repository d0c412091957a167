// The registry's port in this process: the service that answers over HTTP, called directly over the store it is given.

import type { ContractRegistry } from './contract-registry.ts';
import type { ContractInForce } from './contracts.ts';
import { contractInForce, everyPage, valueOf } from './registry/client-answers.ts';
import type { RegistryService } from './registry/registry-service.ts';
import { ownContext, type RequestContext } from './service/request-context.ts';

/** The store behind the service stays open: it is the caller's. `actor`: who changes contracts, for the audit log. */
export function memoryContracts(registry: RegistryService, actor?: string): ContractRegistry {
  const context: RequestContext = actor === undefined ? ownContext : { ...ownContext, actor };
  const contractsInForce: ContractRegistry['contractsInForce'] = async (table) => {
    const views = valueOf(await registry.inForce(table.name));
    const found: ContractInForce[] = [];
    for (const view of views) {
      const { contract, document } = valueOf(await registry.show(view.id, view.version));
      found.push(contractInForce(view, document, contract, table.name));
    }
    return found;
  };
  return {
    contractsInForce,
    activeContract: async (table) => (await contractsInForce(table)).at(-1) ?? null,
    register: (request) => registry.register(request, context),
    changeState: (id, version, request) => registry.changeState(id, version, request, context),
    list: () => everyPage((page) => registry.list(page)),
    get: (id) => registry.get(id),
    history: (id) => everyPage((page) => registry.history(id, page)),
    show: (id, version) => registry.show(id, version),
    async [Symbol.asyncDispose]() {
      // Nothing of its own.
    },
  };
}
