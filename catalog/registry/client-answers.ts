// What both adapters of the registry's port make of answers: versions in force with their contracts, lists of all pages.

import type { Contract } from '../../contracts/contract.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { ContractInForce } from '../contracts.ts';
import type { Answer, Page, Paged } from '../service/answer.ts';
import type { InForceView, VersionDocument } from './contract-views.ts';
import { effectiveFromBody } from './effective.ts';

const pageSize = 1000;

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

export function valueOf<T>(answer: Answer<T>): T {
  if (answer.kind === 'ok') return answer.value;
  throw new LakeError('CATALOG_REFUSED', answer.message, { context: { reason: answer.reason } });
}
