// Every route × every kind of asker. The routes come from the documents: Iceberg's specification, our own OpenAPI document, and
// the endpoints that /v1/config tells; who may use which is written down here, so that a new route is not open by mistake.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { roles, type Access, type Role } from '../../catalog/access/roles.ts';
import { isRecord } from '../../runtime/options.ts';
import { accessLab, type Send } from './access-lab.ts';

const readers: readonly Role[] = ['reader', 'writer', 'contract-admin', 'operator'];
const mayUse: Readonly<Record<Access, readonly Role[]>> = {
  public: roles,
  reader: readers,
  writer: ['writer', 'operator'],
  'contract-admin': ['contract-admin', 'operator'],
  operator: ['operator'],
  rules: ['operator', 'rules'],
};

const table = '/v1/{prefix}/namespaces/{namespace}/tables/{table}';
const view = '/v1/{prefix}/namespaces/{namespace}/views/{view}';

const expected: Readonly<Record<Access, readonly string[]>> = {
  public: ['GET /livez', 'GET /readyz', 'POST /v1/oauth/tokens'],
  reader: [
    'GET /v1/config',
    'GET /v1/{prefix}/namespaces',
    'GET /v1/{prefix}/namespaces/{namespace}',
    'HEAD /v1/{prefix}/namespaces/{namespace}',
    'GET /v1/{prefix}/namespaces/{namespace}/tables',
    'GET /v1/{prefix}/namespaces/{namespace}/views',
    `GET ${table}`,
    `HEAD ${table}`,
    // Whoever scans a table tells how it went.
    `POST ${table}/metrics`,
    `GET ${view}`,
    `HEAD ${view}`,
    'GET /v1/foz/contracts',
    'GET /v1/foz/contracts/{contract}',
    'GET /v1/foz/contracts/{contract}/history',
    'GET /v1/foz/contracts/{contract}/versions/{version}',
    'GET /v1/foz/contracts/{contract}/versions/{version}/document',
    'GET /v1/foz/entities',
    'GET /v1/foz/entities/{entity}',
    'GET /v1/foz/lineage',
    'GET /v1/foz/openapi.json',
    'GET /v1/foz/search',
    'GET /v1/foz/tables',
    'GET /v1/foz/tables/{table}',
    'GET /v1/foz/tables/{table}/consumers',
    'GET /v1/foz/tables/{table}/contracts',
    'GET /v1/foz/tables/{table}/history',
  ],
  writer: [
    'POST /v1/{prefix}/namespaces',
    'DELETE /v1/{prefix}/namespaces/{namespace}',
    'POST /v1/{prefix}/namespaces/{namespace}/properties',
    'POST /v1/{prefix}/namespaces/{namespace}/tables',
    'POST /v1/{prefix}/namespaces/{namespace}/register',
    'POST /v1/{prefix}/namespaces/{namespace}/register-view',
    'POST /v1/{prefix}/namespaces/{namespace}/views',
    `POST ${table}`,
    `DELETE ${table}`,
    `POST ${table}/unregister`,
    `POST ${view}`,
    `DELETE ${view}`,
    'POST /v1/{prefix}/tables/rename',
    'POST /v1/{prefix}/views/rename',
    'POST /v1/{prefix}/transactions/commit',
    'POST /api/v1/lineage',
  ],
  'contract-admin': [
    'POST /v1/foz/contracts',
    'POST /v1/foz/contracts/{contract}/versions/{version}/state',
    'POST /v1/foz/entities/{entity}',
    'DELETE /v1/foz/entities/{entity}',
  ],
  operator: ['GET /v1/foz/audit', 'GET /v1/foz/dropped-tables', 'POST /v1/foz/dropped-tables/{which}/undrop', 'GET /v1/foz/trino/rules'],
  rules: ['GET /v1/foz/trino/rules/{token}'],
};

const accesses: readonly Access[] = ['public', ...roles];
const accessOf = new Map(accesses.flatMap((access) => expected[access].map((route) => [route, access] as const)));

async function routesOf(
  send: Send,
  bearer: string,
): Promise<{ readonly told: readonly string[]; readonly own: ReadonlyMap<string, unknown> }> {
  const config: unknown = JSON.parse((await send({ method: 'GET', path: '/v1/config', bearer })).text);
  const told = isRecord(config) && Array.isArray(config['endpoints']) ? config['endpoints'].map(String) : [];
  const document: unknown = JSON.parse((await send({ method: 'GET', path: '/v1/foz/openapi.json', bearer })).text);
  const paths = isRecord(document) && isRecord(document['paths']) ? document['paths'] : {};
  return { told, own: operationsIn(paths) };
}

/** `GET /path` → operation */
function operationsIn(paths: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> {
  const methods = new Set(['get', 'head', 'post', 'put', 'delete', 'patch']);
  return new Map(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(isRecord(operations) ? operations : {})
        .filter(([method]) => methods.has(method))
        .map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    ),
  );
}

test('every route of the server is in one of the documents, with the role that is written down here', () =>
  accessLab(async ({ send, tokens }) => {
    const { told, own } = await routesOf(send, tokens.reader);
    const others = ['GET /livez', 'GET /readyz', 'POST /v1/oauth/tokens', 'GET /v1/config'];
    assert.deepEqual([...told, ...own.keys(), ...others].toSorted(), [...accessOf.keys()].toSorted());
    for (const [route, operation] of own) assert.equal(isRecord(operation) && operation['x-role'], accessOf.get(route), route);
  }));

test('the matrix: who may is let in, everybody else is told apart by 401 and 403', () =>
  accessLab(async ({ send, tokens }) => {
    const askers = [...roles, 'expired', 'revoked', 'unknown', 'nobody'] as const;
    const wrong: string[] = [];
    let cells = 0;
    for (const [route, access] of accessOf) {
      const [method = '', pattern = ''] = route.split(' ');
      for (const asker of askers) {
        const bearer = asker === 'nobody' ? undefined : tokens[asker];
        // There the token is in the path, and no header counts.
        const path = pattern
          .replace('/{prefix}', '')
          .replace('{token}', bearer ?? 'none')
          .replaceAll(/\{[\w-]+\}/g, 'x');
        const inHeader = access === 'rules' || bearer === undefined ? {} : { bearer };
        const { status } = await send({ method, path, ...inHeader, ...(method === 'POST' ? { body: '{}' } : {}) });
        const role = roles.find((one) => one === asker);
        const isOpen = access === 'public';
        const isAllowed = isOpen || (role !== undefined && mayUse[access].includes(role));
        const want = isAllowed ? 'let in' : role === undefined ? 401 : 403;
        const isRight = want === 'let in' ? ![401, 403, 429].includes(status) : status === want || (want === 401 && status === 429);
        if (!isRight) wrong.push(`${asker} ${route}: ${status}, not ${want}`);
        cells++;
      }
    }
    assert.deepEqual(wrong, []);
    assert.equal(cells, accessOf.size * askers.length);
  }));

const document = join('..', 'shared', 'vectors', 'rest-catalog-open-api.main-7f879b1.yaml');

test(
  'what the specification has and this catalog has not is closed too',
  { skip: existsSync(document) ? false : `NOT RUN: ${document} is absent` },
  () =>
    accessLab(async ({ send, tokens }) => {
      const spec: unknown = parse(readFileSync(document, 'utf8'));
      const operations = operationsIn(isRecord(spec) && isRecord(spec['paths']) ? spec['paths'] : {});
      assert.ok(operations.size > 30);
      const absent = [...operations.keys()].filter((route) => !accessOf.has(route));
      for (const route of [...absent, 'GET /', 'GET /metrics', 'GET /debug', 'PUT /v1/config', 'GET /v1/foz/', 'GET /v1/foz/tokens']) {
        const [method = '', pattern = ''] = route.split(' ');
        const path = pattern.replace('/{prefix}', '').replaceAll(/\{[\w-]+\}/g, 'x');
        assert.deepEqual(
          [
            (await send({ method, path })).status,
            (await send({ method, path, bearer: tokens.rules })).status,
            (await send({ method, path, bearer: tokens.operator })).status,
          ],
          [401, 403, 404],
          route,
        );
      }
    }),
);
