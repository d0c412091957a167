// The registry's port over HTTP. Documents never change, so each is fetched once: asking which versions are in force is one
// small exchange.

import type { Contract } from '../contracts/contract.ts';
import { readContract } from '../contracts/document/read-contract.ts';
import { isListOf, isRecord, isString } from '../lake/iceberg/read-metadata.ts';
import { LakeError } from '../runtime/errors.ts';
import type { ContractRegistry } from './contract-registry.ts';
import type { ContractInForce } from './contracts.ts';
import { contractInForce, everyPage, valueOf } from './registry/client-answers.ts';
import type { ContractView, EventView, InForceView } from './registry/contract-views.ts';
import { effectiveBody } from './registry/effective.ts';
import { contractCache } from './registry/registered-documents.ts';
import type { Registered } from './registry/registry-service.ts';
import { isContractView, isEventView, isInForceView, isRegistered, isVersionView } from './registry/view-guards.ts';
import { answerOf } from './rest-answer.ts';
import { restExchange, type BearerToken, type RestHttpOptions, type RestRequest } from './rest-http.ts';
import type { Answer, Paged } from './service/answer.ts';

export interface RestContractsOptions {
  /** Base address, as `http://127.0.0.1:8181`; `/v1/foz/…` is added. */
  readonly uri: string;
  /** Sent as a bearer token. */
  readonly token?: BearerToken;
  readonly requestTimeoutMs?: number;
}

const requestTimeoutDefaultMs = 30_000;
/** A document of 2 MiB, escaped, with what was read from it. */
const responseBytesMax = 64 * 1024 * 1024;
/** Documents kept as text. */
const documentsMax = 64;

export function restContracts(options: RestContractsOptions): ContractRegistry {
  const { token, requestTimeoutMs = requestTimeoutDefaultMs } = options;
  const http: RestHttpOptions = { token, requestTimeoutMs, responseBytesMax };
  const base = `${options.uri.replace(/\/+$/, '')}/v1/foz`;
  const exchange: Exchange = (method, path, body, signal) => {
    const url = `${base}/${path}`;
    return exchanged(http, { method, url, body, isWrite: method !== 'GET' }, signal);
  };
  const contracts = contractCache((text, file) => readContract(text, file));
  const texts = new Map<string, string>();

  const textOf = async (view: InForceView, signal?: AbortSignal): Promise<string> => {
    const known = texts.get(view.digest);
    if (known !== undefined) return known;
    const path = `contracts/${encodeURIComponent(view.id)}/versions/${encodeURIComponent(view.version)}`;
    const text = documentIn(valueOf(await exchange('GET', path, undefined, signal)), path);
    const [oldest] = texts.keys();
    if (texts.size >= documentsMax && oldest !== undefined) texts.delete(oldest);
    texts.set(view.digest, text);
    return text;
  };
  const contractOf = (view: InForceView, text: string): Contract =>
    contracts.read(text, view.digest, `${view.id}@${view.version}`, view.documentName);

  const contractsInForce: ContractRegistry['contractsInForce'] = async (table, signal) => {
    const path = `tables/${encodeURIComponent(table.name)}/contracts`;
    const request: RestRequest = { method: 'GET', url: `${base}/${path}`, isWrite: false };
    const response = await restExchange(http, request, signal);
    // Another catalog, without a registry: no table has a contract there.
    if (response.status === 404) return [];
    const body = valueOf(answerOf(request, response));
    const views = memberOf(body, 'contracts');
    if (!isListOf(isInForceView)(views)) throw malformed(path);
    const found: ContractInForce[] = [];
    for (const view of views) {
      const text = await textOf(view, signal);
      found.push(contractInForce(view, text, contractOf(view, text), table.name));
    }
    return found;
  };

  return {
    contractsInForce,
    activeContract: async (table, signal) => (await contractsInForce(table, signal)).at(-1) ?? null,
    async register({ activate, isUnknownAccepted, expectedRevision, note, ...rest }, signal) {
      const body = {
        ...rest,
        ...changeBody({ isUnknownAccepted, expectedRevision, note }),
        ...(activate === null ? {} : { activate: effectiveBody(activate) }),
      };
      return checked<Registered>(await exchange('POST', 'contracts', body, signal), isRegistered, 'contracts');
    },
    async changeState(id, version, { to, effective, ...rest }, signal) {
      const path = `contracts/${encodeURIComponent(id)}/versions/${encodeURIComponent(version)}/state`;
      const body = { to, ...changeBody(rest), ...(effective === null ? {} : { effective: effectiveBody(effective) }) };
      return checked<ContractView>(await exchange('POST', path, body, signal), isContractView, path);
    },
    list: (signal) =>
      everyPage(async ({ token: after, size }) => {
        const path = `contracts?${pageQuery(after, size)}`;
        return paged<ContractView>(await exchange('GET', path, undefined, signal), 'contracts', isContractView, path);
      }),
    async get(id, signal) {
      const path = `contracts/${encodeURIComponent(id)}`;
      return checked<ContractView>(await exchange('GET', path, undefined, signal), isContractView, path);
    },
    history: (id, signal) =>
      everyPage(async ({ token: after, size }) => {
        const path = `contracts/${encodeURIComponent(id)}/history?${pageQuery(after, size)}`;
        return paged<EventView>(await exchange('GET', path, undefined, signal), 'events', isEventView, path);
      }),
    async show(id, version, signal) {
      const path = `contracts/${encodeURIComponent(id)}/versions/${encodeURIComponent(version)}`;
      const answer = await exchange('GET', path, undefined, signal);
      if (answer.kind === 'refused') return answer;
      const view = answer.value;
      if (!isInForceView(view) || !isVersionView(view)) throw malformed(path);
      const document = documentIn(view, path);
      return { kind: 'ok', value: { ...view, document, contract: contractOf(view, document) } };
    },
    async [Symbol.asyncDispose]() {
      // Connections are pooled by the runtime and end by themselves.
    },
  };
}

type Exchange = (method: 'GET' | 'POST', path: string, body?: unknown, signal?: AbortSignal) => Promise<Answer<unknown>>;

async function exchanged(http: RestHttpOptions, request: RestRequest, signal?: AbortSignal): Promise<Answer<unknown>> {
  return answerOf(request, await restExchange(http, request, signal));
}

/** The reason by the error's type; what no registry of ours says is thrown. */

interface ChangeFields {
  readonly note: string | null;
  readonly isUnknownAccepted: boolean;
  readonly expectedRevision: number | null;
}

function changeBody({ note, isUnknownAccepted, expectedRevision }: ChangeFields): Readonly<Record<string, unknown>> {
  return {
    ...(note === null ? {} : { note }),
    ...(isUnknownAccepted ? { acceptUnknown: true } : {}),
    ...(expectedRevision === null ? {} : { expectedRevision }),
  };
}

function pageQuery(after: string | null, size: number): string {
  return new URLSearchParams({ pageSize: String(size), ...(after === null ? {} : { pageToken: after }) }).toString();
}

function checked<T>(answer: Answer<unknown>, isValue: (value: unknown) => value is T, path: string): Answer<T> {
  if (answer.kind === 'refused') return answer;
  if (!isValue(answer.value)) throw malformed(path);
  return { kind: 'ok', value: answer.value };
}

function paged<T>(answer: Answer<unknown>, name: string, isItem: (value: unknown) => value is T, path: string): Answer<Paged<T>> {
  if (answer.kind === 'refused') return answer;
  const [items, nextToken] = [memberOf(answer.value, name), memberOf(answer.value, 'next-page-token')];
  if (!isListOf(isItem)(items) || !(nextToken === null || isString(nextToken))) throw malformed(path);
  return { kind: 'ok', value: { items, nextToken } };
}

function documentIn(body: unknown, path: string): string {
  const document = memberOf(body, 'document');
  if (!isString(document)) throw malformed(path);
  return document;
}

function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function malformed(path: string): LakeError {
  return new LakeError('CATALOG_REFUSED', `the catalog's answer to ${path} is not one of a contract registry`, { context: { path } });
}
