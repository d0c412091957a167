// Contracts for tests of the registry: a document is the JSON of a few members, read without the real reader, so that what
// is tested are the registry's own decisions.

import assert from 'node:assert/strict';
import { memoryContracts } from '../../catalog/memory-contracts.ts';
import { localJudge } from '../../catalog/registry/contract-judge.ts';
import { compareBothWays } from '../../catalog/registry/compare-both-ways.ts';
import type { CompareBothWays, ReadContract } from '../../catalog/registry/registry-ports.ts';
import { registryService, type RegisterRequest, type RegistryService } from '../../catalog/registry/registry-service.ts';
import type { Answer, RefusalReason } from '../../catalog/service/answer.ts';
import type { ContractStore, StoredEffective } from '../../catalog/store/contract-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { CompatibilityMode, Contract, ContractColumn, ContractTable } from '../../contracts/contract.ts';
import type { JsonObject } from '../../contracts/json-schema.ts';
import { systemClock, type Clock } from '../../runtime/clock.ts';

export type Properties = Readonly<Record<string, JsonObject>>;

export interface SmallContract {
  readonly id?: string;
  readonly version?: string;
  readonly compatibility?: CompatibilityMode;
  readonly required?: readonly string[];
  /** table → column → schema */
  readonly tables?: Readonly<Record<string, Properties>>;
}

export const users: Properties = {
  id: { type: 'integer', 'x-physicalType': 'bigint', 'x-primaryKey': 1, 'x-id': '1' },
  email: { type: ['string', 'null'], 'x-physicalType': 'text', 'x-id': '2' },
  balance: { type: ['number', 'null'], 'x-physicalType': 'numeric(12,2)', 'x-id': '3' },
};

export function documentText(given: SmallContract = {}): string {
  return JSON.stringify({ id: 'users', version: '1.0.0', compatibility: 'backward', required: ['id'], tables: { users }, ...given });
}

export const readSmall: ReadContract = (text, file) => {
  const problem = (message: string) => ({ rule: 'r', severity: 'error', file, line: 1, column: 2, path: '', message, mend: 'm' }) as const;
  if (!text.startsWith('{')) return { kind: 'problems', problems: [problem('no object')] };
  const small = JSON.parse(text) as Required<SmallContract>;
  const tables = Object.entries(small.tables).map(([name, properties]) => tableOf(name, properties, small.required));
  const rest = { name: null, description: null, domain: null, owner: null, tags: [], serviceLevels: [], rest: {} };
  const { id, version, compatibility } = small;
  const contract: Contract = { ...rest, id, version, compatibility, state: 'draft', policy: 'flag', tables };
  return { kind: 'contract', contract, format: 'odcs', warnings: [] };
};

function tableOf(name: string, properties: Properties, required: readonly string[]): ContractTable {
  const columns = Object.entries(properties).map(([column, schema]): ContractColumn => ({
    name: column,
    id: typeof schema['x-id'] === 'string' ? schema['x-id'] : null,
    physicalType: String(schema['x-physicalType']),
    keyPosition: typeof schema['x-primaryKey'] === 'number' ? schema['x-primaryKey'] : null,
    isRequired: required.includes(column),
    isUnique: false,
    description: null,
    classification: null,
    pii: null,
    mask: null,
    tags: [],
  }));
  const body = { type: 'object', 'x-database': 'postgres', properties, required: required.filter((column) => column in properties) };
  return { name, physicalName: null, description: null, body, columns, tags: [], quality: [] };
}

export interface RegistryFixture {
  readonly registry: RegistryService;
  readonly store: ContractStore;
  readonly client: ReturnType<typeof memoryContracts>;
}

export interface RegistryOptions {
  readonly clock?: Clock;
  readonly store?: ContractStore;
  readonly compare?: CompareBothWays;
}

const enforcementProblems = (contract: Contract): string[] =>
  JSON.stringify(contract).includes('$data') ? ['users/properties ($data)'] : [];

export function smallRegistry({
  clock = systemClock,
  store = memoryCatalogStore().contracts,
  compare = compareBothWays,
}: RegistryOptions = {}): RegistryFixture {
  const registry = registryService({ store, clock, read: readSmall, judge: localJudge({ read: readSmall, compare, enforcementProblems }) });
  return { registry, store, client: memoryContracts(registry) };
}

export function request(document: SmallContract | string = {}, given: Partial<RegisterRequest> = {}): RegisterRequest {
  const text = typeof document === 'string' ? document : documentText(document);
  const rest = { documentName: 'users.json', activate: null, note: null, isUnknownAccepted: false, expectedRevision: null };
  return { document: text, ...rest, ...given };
}

export const now = { kind: 'now' } as const;

export function value<T>(answer: Answer<T>): T {
  assert.equal(answer.kind, 'ok', answer.kind === 'refused' ? answer.message : '');
  return (answer as Extract<Answer<T>, { kind: 'ok' }>).value;
}

export function refusal(answer: Answer<unknown>, reason: RefusalReason, message: RegExp): Readonly<Record<string, unknown>> {
  assert.ok(answer.kind === 'refused', JSON.stringify(answer));
  assert.equal(answer.reason, reason, answer.message);
  assert.match(answer.message, message);
  return answer.detail ?? {};
}

export const activate = async ({ registry }: RegistryFixture, document: SmallContract, effective: StoredEffective = now) =>
  value(await registry.register(request(document, { activate: effective })));

export const changeTo = (to: 'active' | 'deprecated' | 'retired') => ({
  to,
  effective: null,
  note: null,
  isUnknownAccepted: false,
  expectedRevision: null,
});

export const without = (name: string) => ({ users: Object.fromEntries(Object.entries(users).filter(([column]) => column !== name)) });
export const withColumn = { users: { ...users, city: { type: ['string', 'null'], 'x-physicalType': 'text' } } };
export const narrower = { users: { ...users, email: { type: ['string', 'null'], maxLength: 5, 'x-physicalType': 'text' } } };
export const described = { users: { ...users, email: { ...users['email'], description: 'where we write to' } } };
