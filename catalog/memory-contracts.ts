// The registry's port in this process: the service that answers over HTTP, called directly over the store it is given.

import type { Contract } from '../contracts/contract.ts';
import { LakeError } from '../runtime/errors.ts';
import type { ContractRegistry } from './contract-registry.ts';
import type { ContractInForce } from './contracts.ts';
import { effectiveFromBody } from './registry/effective.ts';
import type { InForceView, VersionDocument } from './registry/contract-views.ts';
import type { RegistryService } from './registry/registry-service.ts';
import type { Answer, Page, Paged } from './service/answer.ts';

const pageSize = 1000;

/** The store behind the service stays open: it is the caller's. */
export function memoryContracts(registry: RegistryService): ContractRegistry {
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
    register: (request) => registry.register(request),
    changeState: (id, version, request) => registry.changeState(id, version, request),
    list: () => everyPage((page) => registry.list(page)),
    get: (id) => registry.get(id),
    history: (id) => everyPage((page) => registry.history(id, page)),
    show: (id, version) => registry.show(id, version),
    async [Symbol.asyncDispose]() {
      // Nothing of its own.
    },
  };
}

/** Throws CATALOG_REFUSED when the registry's answer does not fit itself. */
export function contractInForce(
  view: InForceView,
  text: VersionDocument['document'],
  contract: Contract,
  tableName: string,
): ContractInForce {
  const table = contract.tables.find(({ name }) => name === tableName);
  const { state, effective, activatedAt, digest, documentName } = view;
  if (!table || !effective || activatedAt === null || state === 'draft' || state === 'retired')
    throw new LakeError(
      'CATALOG_REFUSED',
      `contract ${view.id} ${view.version} is not in force for ${tableName}, though the catalog says so`,
    );
  const document = { name: documentName, text };
  return { contract, table, document, digest, state, effective: effectiveFromBody(effective), activatedAt: Date.parse(activatedAt) };
}

export async function everyPage<T>(list: (page: Page) => Promise<Answer<Paged<T>>>): Promise<Answer<readonly T[]>> {
  const items: T[] = [];
  for (let token: string | null = null; ;) {
    const page: Answer<Paged<T>> = await list({ token, size: pageSize });
    if (page.kind === 'refused') return page;
    items.push(...page.value.items);
    token = page.value.nextToken;
    if (token === null) return { kind: 'ok', value: items };
  }
}

function valueOf<T>(answer: Answer<T>): T {
  if (answer.kind === 'ok') return answer.value;
  throw new LakeError('CATALOG_REFUSED', answer.message, { context: { reason: answer.reason } });
}
