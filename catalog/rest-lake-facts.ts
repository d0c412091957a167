// Facts of the lake over HTTP.

import { isListOf, isRecord, isString } from '../lake/iceberg/read-metadata.ts';
import { LakeError } from '../runtime/errors.ts';
import type { AuditView } from './audit/audit-service.ts';
import type { EntityView } from './entities/entity-view.ts';
import type { LakeFacts } from './lake-facts.ts';
import { everyPage } from './registry/client-answers.ts';
import { answerOf } from './rest-answer.ts';
import { restExchange, type BearerToken, type RestHttpOptions, type RestRequest } from './rest-http.ts';
import type { SearchAnswer } from './search/search-service.ts';
import { ok, type Answer, type Page, type Paged } from './service/answer.ts';
import type { TableDetail, TableHistory } from './tables/table-facts-service.ts';
import type { TableSummary } from './tables/table-summary.ts';

export interface RestLakeFactsOptions {
  /** Base address, as `http://127.0.0.1:8181`; `/v1/foz/…` is added. */
  readonly uri: string;
  readonly token?: BearerToken;
  readonly requestTimeoutMs?: number;
}

/** The figures of a large table are read when they are asked for. */
const requestTimeoutDefaultMs = 60_000;
const responseBytesMax = 64 * 1024 * 1024;
const entriesAtOnce = 1000;

export function restLakeFacts({ uri, token, requestTimeoutMs = requestTimeoutDefaultMs }: RestLakeFactsOptions): LakeFacts {
  const http: RestHttpOptions = { token, requestTimeoutMs, responseBytesMax };
  const base = `${uri.replace(/\/+$/, '')}/v1/foz`;
  const ask = async <T>(request: Omit<RestRequest, 'isWrite'>, read: Read<T>, signal?: AbortSignal): Promise<Answer<T>> => {
    const whole = { ...request, url: `${base}/${request.url}`, isWrite: request.method !== 'GET' };
    const response = await restExchange(http, whole, signal);
    const answer = answerOf(whole, response);
    if (answer.kind === 'refused') return answer;
    if (read(answer.value)) return ok(answer.value);
    throw new LakeError('CATALOG_REFUSED', `the catalog's answer to ${whole.method} ${whole.url} is not one of the registry`);
  };
  const get = <T>(path: string, read: Read<T>, signal?: AbortSignal) => ask({ method: 'GET', url: path }, read, signal);
  const paged = async <T>(
    path: string,
    query: Query,
    name: string,
    isItem: Read<T>,
    page: Page,
    signal?: AbortSignal,
  ): Promise<Answer<Paged<T>>> => {
    const given = { ...query, pageSize: String(page.size), pageToken: page.token };
    const answer = await get(`${path}?${queryText(given)}`, isPageOf(name, isItem), signal);
    if (answer.kind === 'refused') return answer;
    const { [name]: items, 'next-page-token': next } = answer.value;
    return ok({ items: isListOf(isItem)(items) ? items : [], nextToken: isString(next) ? next : null });
  };
  return {
    entities: (signal) => everyPage((page) => paged('entities', {}, 'entities', isEntity, page, signal)),
    entity: (name, signal) => get(entityPath(name), isEntity, signal),
    declare: (name, said, signal) => ask({ method: 'POST', url: entityPath(name), body: said }, isEntity, signal),
    async removeEntity(name, signal) {
      const answer = await ask({ method: 'DELETE', url: entityPath(name) }, isRecord, signal);
      return answer.kind === 'refused' ? answer : ok(null);
    },
    tables: (namespace, signal) => everyPage((page) => paged('tables', { namespace }, 'tables', isSummary, page, signal)),
    table: (name, signal) => get(tablePath(name), isDetail, signal),
    history: (table, snapshotsMax, signal) => get(`${tablePath(table)}/history?snapshots=${snapshotsMax}`, isHistory, signal),
    search: (query, kind, limit, signal) => get(`search?${queryText({ query, kind, limit: String(limit) })}`, isSearchAnswer, signal),
    async audit({ from, until, isDataLeftOut, ...filter }, limit, signal) {
      const times = { from: timeText(from), until: timeText(until) };
      const page = { token: null, size: Math.min(limit, entriesAtOnce) };
      const answer = await paged(
        'audit',
        { ...filter, ...times, data: isDataLeftOut === true ? 'false' : null },
        'entries',
        isEntry,
        page,
        signal,
      );
      return answer.kind === 'refused' ? answer : ok(answer.value.items);
    },
    async [Symbol.asyncDispose]() {
      // Connections are pooled by the runtime and end by themselves.
    },
  };
}

type Read<T> = (body: unknown) => body is T;
type Query = Readonly<Record<string, string | null | undefined>>;
type PageBody = Readonly<Record<string, unknown>>;

function entityPath(name: string): string {
  return `entities/${encodeURIComponent(name)}`;
}

function tablePath(name: string): string {
  return `tables/${encodeURIComponent(name)}`;
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return new URLSearchParams(given).toString();
}

function timeText(time: number | null | undefined): string | null {
  return time === null || time === undefined ? null : new Date(time).toISOString();
}

function isPageOf<T>(name: string, isItem: Read<T>): Read<PageBody> {
  return (body): body is PageBody => isRecord(body) && isListOf(isItem)(body[name]);
}

/** What the outline has is looked at; the rest is as the catalog's own OpenAPI document says. */
function isEntity(value: unknown): value is EntityView {
  return isRecord(value) && isString(value['name']) && isListOf(isRecord)(value['tables']) && isListOf(isRecord)(value['columns']);
}

function isSummary(value: unknown): value is TableSummary {
  return isRecord(value) && isString(value['table']) && isString(value['entity']) && isListOf(isString)(value['tags']);
}

function isDetail(value: unknown): value is TableDetail {
  return (
    isSummary(value) && isRecord(value) && isListOf(isRecord)(value['columns']) && isRecord(value['refs']) && isRecord(value['lineage'])
  );
}

function isHistory(value: unknown): value is TableHistory {
  return isRecord(value) && isListOf(isRecord)(value['snapshots']) && isListOf(isRecord)(value['schemas']);
}

function isSearchAnswer(value: unknown): value is SearchAnswer {
  return isRecord(value) && isListOf(isRecord)(value['found']) && typeof value['total'] === 'number';
}

function isEntry(value: unknown): value is AuditView {
  return isRecord(value) && ['at', 'actor', 'action', 'subject'].every((name) => isString(value[name]));
}
