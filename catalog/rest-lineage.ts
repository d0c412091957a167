// The lineage port over HTTP.

import { isListOf, isRecord, isString } from '../lake/iceberg/read-metadata.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Lineage } from './lineage.ts';
import type { LineageView } from './lineage/lineage-views.ts';
import { isConsumers } from './registry/view-guards.ts';
import { answerOf } from './rest-answer.ts';
import { restExchange, type BearerToken, type RestHttpOptions, type RestRequest } from './rest-http.ts';
import type { Answer } from './service/answer.ts';

export interface RestLineageOptions {
  /** Base address, as `http://127.0.0.1:8181`. */
  readonly uri: string;
  readonly token?: BearerToken;
  readonly requestTimeoutMs?: number;
}

/** Asked on the side, by commands whose answer does not depend on it. */
const requestTimeoutDefaultMs = 5_000;
const columnsLengthMax = 4_000;
const responseBytesMax = 64 * 1024 * 1024;

export function restLineage({ uri, token, requestTimeoutMs = requestTimeoutDefaultMs }: RestLineageOptions): Lineage {
  const http: RestHttpOptions = { token, requestTimeoutMs, responseBytesMax };
  const base = uri.replace(/\/+$/, '');
  const exchange = async (request: RestRequest, signal?: AbortSignal): Promise<Answer<unknown>> =>
    answerOf(request, await restExchange(http, request, signal));
  return {
    async record(events, signal) {
      const answer = await exchange({ method: 'POST', url: `${base}/api/v1/lineage`, body: events, isWrite: true }, signal);
      return answer.kind === 'refused' ? answer : { kind: 'ok', value: { events: events.length } };
    },
    async view({ dataset, direction, depth }, signal) {
      const query = new URLSearchParams({ dataset, direction, depth: String(depth) });
      const answer = await exchange({ method: 'GET', url: `${base}/v1/foz/lineage?${query.toString()}`, isWrite: false }, signal);
      if (answer.kind === 'refused') return answer;
      if (!isLineageView(answer.value)) throw malformed('lineage');
      return { kind: 'ok', value: answer.value };
    },
    async consumersOf(table, columns, signal) {
      const names = columns?.join(',') ?? '';
      // Too long for an address, or not to be told apart in one: asked for the whole table, which names no fewer.
      const isAll = columns === null || names.length > columnsLengthMax || columns.some((name) => name.includes(','));
      const query = isAll ? '' : `?${new URLSearchParams({ columns: names }).toString()}`;
      const url = `${base}/v1/foz/tables/${encodeURIComponent(table)}/consumers${query}`;
      const answer = await exchange({ method: 'GET', url, isWrite: false }, signal);
      if (answer.kind === 'ok' && isConsumers(answer.value)) return answer.value;
      throw malformed('consumers');
    },
    async [Symbol.asyncDispose]() {
      // Connections are pooled by the runtime and end by themselves.
    },
  };
}

function isLineageView(value: unknown): value is LineageView {
  return (
    isRecord(value) &&
    isListOf(hasTexts(['id', 'namespace', 'name']))(value['datasets']) &&
    isListOf(hasTexts(['id', 'namespace', 'name']))(value['jobs']) &&
    isListOf(hasTexts(['from', 'to', 'lastSeen']))(value['edges']) &&
    typeof value['isTruncated'] === 'boolean'
  );
}

function hasTexts(names: readonly string[]): (item: unknown) => item is object {
  return (item): item is object => isRecord(item) && names.every((name) => isString(item[name]));
}

function malformed(what: string): LakeError {
  return new LakeError('CATALOG_REFUSED', `the catalog's answer about ${what} is not one of a lineage`);
}
