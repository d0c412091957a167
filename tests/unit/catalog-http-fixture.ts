// A catalog that is served over stores in memory, and the requests of a foreign client.

import assert from 'node:assert/strict';
import { serveCatalog, type ServeCatalogOptions } from '../../catalog/serve.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { parseJson, stringifyJson } from '../../lake/iceberg/json.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';

export interface Answered {
  readonly status: number;
  /** Untyped on purpose: this is what a foreign client sees. */
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export interface CatalogWorld {
  readonly url: string;
  readonly store: CatalogStore;
  /** The warehouse, `memory://lake`. */
  readonly lake: ObjectStore;
  /** Allowed beside it, `memory://other/shared`. */
  readonly other: ObjectStore;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** The same, where only success will do. */
  ok(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
}

export async function withCatalogWorld(run: (world: CatalogWorld) => Promise<void>, options: Partial<ServeCatalogOptions> = {}) {
  const [lake, other] = [memoryStore('lake'), memoryStore('other')];
  const store = options.store ?? memoryCatalogStore();
  const allowed = [{ prefix: 'memory://other/shared', store: other }];
  const server = await serveCatalog({ port: 0, store, objectStore: lake, allowed, ...options });
  const call: CatalogWorld['call'] = async (method, path, body, others) => {
    const headers = { 'content-type': 'application/json', ...others };
    const response = await fetch(`${server.url}/v1/${path}`, { method, headers, body: body === undefined ? null : stringifyJson(body) });
    const text = await response.text();
    const parsed = (text === '' ? {} : parseJson(text)) as Record<string, unknown>;
    return { status: response.status, body: parsed, headers: response.headers };
  };
  const ok: CatalogWorld['ok'] = async (method, path, body) => {
    const { status, body: answer } = await call(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${stringifyJson(answer)}`);
    return answer;
  };
  try {
    await run({ url: server.url, store, lake, other, call, ok });
  } finally {
    await server.close();
  }
}

/** Asserts a refusal by its status, type and what its message says. */
export function assertRefused(answered: Answered, status: number, type: string, message: RegExp): void {
  const error = answered.body['error'] as Record<string, unknown> | undefined;
  assert.deepEqual([answered.status, error?.['type'], error?.['code']], [status, type, status], stringifyJson(answered.body));
  assert.match(String(error?.['message']), message);
}

export async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const object of store.list(prefix)) keys.push(object.key);
  return keys;
}

export const idSchema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: false, type: 'long' }] } as const;

/** What makes a view over that schema. */
export const idView = (name: string) => ({
  name,
  schema: idSchema,
  'view-version': {
    'version-id': 1,
    'timestamp-ms': 1,
    'schema-id': 0,
    summary: {},
    representations: [{ type: 'sql', dialect: 'trino', sql: 'SELECT 1 id' }],
    'default-namespace': ['a'],
  },
  properties: {},
});

export const setProperty = (name: string, value: string) => ({ action: 'set-properties', updates: { [name]: value } });
