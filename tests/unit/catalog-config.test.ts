// What `/v1/config` tells is so: each endpoint it names answers, each other one of the specification does not exist.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';

const vectors = join(import.meta.dirname, '../../../shared/vectors');
const specification = existsSync(vectors) ? readdirSync(vectors).find((name) => name.startsWith('rest-catalog-open-api')) : undefined;

interface Config {
  readonly defaults: object;
  readonly overrides: object;
  readonly endpoints: readonly string[];
}

type Ask = (method: string, path: string) => Promise<{ readonly status: number; readonly text: string }>;

async function withCatalog(run: (ask: Ask) => Promise<void>): Promise<void> {
  const server = await serveCatalog({ port: 0, store: memoryCatalogStore(), objectStore: memoryStore('lake') });
  try {
    await run(async (method, path) => {
      const response = await fetch(`${server.url}${path}`, { method });
      return { status: response.status, text: await response.text() };
    });
  } finally {
    await server.close();
  }
}

async function configOf(ask: Ask): Promise<Config> {
  return JSON.parse((await ask('GET', '/v1/config')).text);
}

/** An endpoint as it is asked of this catalog, which has no prefix. */
function requestOf(endpoint: string): readonly [string, string] {
  const [method = '', path = ''] = endpoint.split(' ');
  return [method, path.replace('/{prefix}', '').replaceAll(/\{[a-z-]+\}/g, 'x')];
}

test('config names the whole protocol for namespaces, tables and views, its separator and how long a key lives', () =>
  withCatalog(async (ask) => {
    const { endpoints, ...rest } = await configOf(ask);
    assert.deepEqual(rest, { defaults: {}, overrides: { 'namespace-separator': '%1F' }, 'idempotency-key-lifetime': 'PT30M' });
    const namespace = '/v1/{prefix}/namespaces/{namespace}';
    assert.deepEqual(
      endpoints.toSorted(),
      [
        'GET /v1/{prefix}/namespaces',
        'POST /v1/{prefix}/namespaces',
        ...['DELETE', 'GET', 'HEAD'].map((method) => `${method} ${namespace}`),
        `POST ${namespace}/properties`,
        `POST ${namespace}/register`,
        `POST ${namespace}/register-view`,
        ...['GET', 'POST'].map((method) => `${method} ${namespace}/tables`),
        ...['DELETE', 'GET', 'HEAD', 'POST'].map((method) => `${method} ${namespace}/tables/{table}`),
        `POST ${namespace}/tables/{table}/metrics`,
        `POST ${namespace}/tables/{table}/unregister`,
        ...['GET', 'POST'].map((method) => `${method} ${namespace}/views`),
        ...['DELETE', 'GET', 'HEAD', 'POST'].map((method) => `${method} ${namespace}/views/{view}`),
        'POST /v1/{prefix}/tables/rename',
        'POST /v1/{prefix}/transactions/commit',
        'POST /v1/{prefix}/views/rename',
      ].toSorted(),
    );
  }));

test('it has one warehouse, asked for with or without a slash at its end', () =>
  withCatalog(async (ask) => {
    for (const warehouse of ['', 'memory%3A%2F%2Flake', 'memory%3A%2F%2Flake%2F'])
      assert.equal((await ask('GET', `/v1/config?warehouse=${warehouse}`)).status, 200, warehouse);
    const other = await ask('GET', '/v1/config?warehouse=s3%3A%2F%2Fother');
    assert.equal(other.status, 404);
    assert.deepEqual(JSON.parse(other.text).error, {
      message: 'Warehouse does not exist: s3://other; this catalog has memory://lake',
      type: 'NoSuchWarehouseException',
      code: 404,
    });
  }));

test('every endpoint that is told answers, if only that the thing is not there', () =>
  withCatalog(async (ask) => {
    for (const endpoint of (await configOf(ask)).endpoints) {
      const [method, path] = requestOf(endpoint);
      const { status, text } = await ask(method, path);
      assert.ok([200, 204, 400, 404].includes(status), `${endpoint}: ${status} ${text}`);
      assert.doesNotMatch(text, /No such endpoint/, endpoint);
    }
  }));

const why = specification === undefined ? 'the OpenAPI document is not in ../shared/vectors' : false;
test('every endpoint of the specification that is not told does not exist; what is told is in the specification', { skip: why }, () =>
  withCatalog(async (ask) => {
    const document: { paths: Record<string, Record<string, unknown>> } = parse(readFileSync(join(vectors, specification ?? ''), 'utf8'));
    const specified = Object.entries(document.paths).flatMap(([path, operations]) =>
      ['get', 'head', 'post', 'put', 'delete'].filter((method) => method in operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const told = new Set((await configOf(ask)).endpoints);
    for (const endpoint of told) assert.ok(specified.includes(endpoint), `${endpoint} is not in the specification`);
    for (const endpoint of specified.filter((name) => !told.has(name) && name.includes('{prefix}'))) {
      const [method, path] = requestOf(endpoint);
      const { status, text } = await ask(method, path);
      assert.equal(status, 404, endpoint);
      assert.match(text, /No such endpoint/, endpoint);
    }
  }),
);
