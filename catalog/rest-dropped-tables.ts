// Dropped tables over HTTP.

import { isListOf, isRecord, isString } from '../lake/iceberg/read-metadata.ts';
import { LakeError } from '../runtime/errors.ts';
import type { DroppedTables, DroppedTableView } from './dropped-tables.ts';
import { everyPage } from './registry/client-answers.ts';
import { answerOf } from './rest-answer.ts';
import { restExchange, type BearerToken, type RestHttpOptions } from './rest-http.ts';
import { ok, type Answer } from './service/answer.ts';

export interface RestDroppedTablesOptions {
  /** Base address, as `http://127.0.0.1:8181`; `/v1/foz/…` is added. */
  readonly uri: string;
  readonly token?: BearerToken;
  readonly requestTimeoutMs?: number;
}

const requestTimeoutDefaultMs = 30_000;
const responseBytesMax = 16 * 1024 * 1024;

export function restDroppedTables({ uri, token, requestTimeoutMs = requestTimeoutDefaultMs }: RestDroppedTablesOptions): DroppedTables {
  const http: RestHttpOptions = { token, requestTimeoutMs, responseBytesMax };
  const base = `${uri.replace(/\/+$/, '')}/v1/foz/dropped-tables`;
  const ask = async (request: { method: 'GET' | 'POST'; url: string; body?: unknown }, signal?: AbortSignal): Promise<Answer<Body>> => {
    const whole = { ...request, isWrite: request.method === 'POST' };
    const answer = answerOf(whole, await restExchange(http, whole, signal));
    if (answer.kind === 'refused') return answer;
    if (isRecord(answer.value)) return ok(answer.value);
    throw new LakeError('CATALOG_REFUSED', `the catalog's answer to ${whole.method} ${whole.url} is not one of dropped tables`);
  };
  return {
    list: (signal) =>
      everyPage(async ({ size, token: after }) => {
        const query = new URLSearchParams({ pageSize: String(size), ...(after === null ? {} : { pageToken: after }) });
        const answer = await ask({ method: 'GET', url: `${base}?${query.toString()}` }, signal);
        if (answer.kind === 'refused') return answer;
        const { tables, 'next-page-token': next } = answer.value;
        return ok({ items: isListOf(isView)(tables) ? tables : [], nextToken: isString(next) ? next : null });
      }),
    async undrop(which, as, signal) {
      const body = as === null ? {} : { as };
      const answer = await ask({ method: 'POST', url: `${base}/${encodeURIComponent(which)}/undrop`, body }, signal);
      return answer.kind === 'refused' ? answer : ok({ name: String(answer.value['name']) });
    },
    async [Symbol.asyncDispose]() {
      // Connections are pooled by the runtime and end by themselves.
    },
  };
}

type Body = Readonly<Record<string, unknown>>;

function isView(value: unknown): value is DroppedTableView {
  return isRecord(value) && ['uuid', 'name', 'droppedAt', 'keepUntil'].every((name) => isString(value[name]));
}
