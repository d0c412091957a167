// The registry as other programs speak it: every route is in the OpenAPI document, every answer matches the schema that is
// published for it, and what a request may not be is refused before anything is looked at.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { contractSchemas } from '../../catalog/server/contract-schemas.ts';
import { documentText, narrower, smallRegistry, type SmallContract } from './contract-registry-fixture.ts';
import { conform, openApi, withServer as serve, type Answer, type Call, type Served } from './registry-http-fixture.ts';

function withServer(run: (served: Served) => Promise<void>): Promise<void> {
  return serve(run, (store) => smallRegistry({ store: store.contracts }).registry);
}

const document = (given: SmallContract = {}) => ({ document: documentText(given), documentName: 'users.json' });

const lineageEvent = (table: string) => ({
  eventType: 'COMPLETE',
  eventTime: new Date().toISOString(),
  producer: 'https://example.org/etl',
  schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
  run: { runId: '01939f5e-0000-7000-8000-000000000001' },
  job: { namespace: 'etl', name: 'mails' },
  inputs: [{ namespace: 'trino://trino:8080', name: `foz.raw.${table}` }],
  outputs: [
    {
      namespace: 'trino://trino:8080',
      name: 'foz.mart.mails',
      facets: {
        columnLineage: {
          fields: { address: { inputFields: [{ namespace: 'trino://trino:8080', name: `foz.raw.${table}`, field: 'after.email' }] } },
        },
      },
    },
  ],
});

/** From the tree that the server prints: `│   └── /:contract (GET)`. */
function routesOf(app: FastifyInstance): string[] {
  const path: string[] = [];
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const match = /^([│├└─ ]*)(\S+) \(([A-Z, ]+)\)$/.exec(line);
      if (!match) return [];
      const [, indent = '', part = '', methods = ''] = match;
      path.splice(indent.length / 4 - 1, Infinity, part);
      return methods.split(', ').map((method) => `${method} ${path.join('').replaceAll(/:(\w+)/g, '{$1}')}`);
    });
}

test('every route under /v1/foz and the one of OpenLineage is in the OpenAPI document, and nothing else', () =>
  withServer(async ({ call, app }) => {
    const { paths } = await openApi(call);
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(described.toSorted(), [
      'DELETE /v1/foz/entities/{entity}',
      'GET /v1/foz/audit',
      'GET /v1/foz/contracts',
      'GET /v1/foz/contracts/{contract}',
      'GET /v1/foz/contracts/{contract}/history',
      'GET /v1/foz/contracts/{contract}/versions/{version}',
      'GET /v1/foz/contracts/{contract}/versions/{version}/document',
      'GET /v1/foz/dropped-tables',
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
      'GET /v1/foz/trino/rules',
      'GET /v1/foz/trino/rules/{token}',
      'POST /api/v1/lineage',
      'POST /v1/foz/contracts',
      'POST /v1/foz/contracts/{contract}/versions/{version}/state',
      'POST /v1/foz/dropped-tables/{which}/undrop',
      'POST /v1/foz/entities/{entity}',
    ]);
    assert.deepEqual(
      described.toSorted(),
      routesOf(app)
        .filter((route) => route.includes(' /v1/foz/') || route.includes(' /api/'))
        .toSorted(),
    );
  }));

test('the OpenAPI document is complete: unique operations, errors described, components that exist, no route without a schema', () =>
  withServer(async ({ call }) => {
    const { paths, components } = await openApi(call);
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    const text = JSON.stringify({ paths, components });
    const names = Object.keys((components as { schemas: object }).schemas);
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) assert.ok(names.includes(name), name);
    assert.ok(names.includes('RegisterContract') && names.includes('ContractHistory') && names.includes('Error'));
    for (const [path, methods] of Object.entries(paths)) {
      for (const { operationId, responses } of Object.values(methods)) {
        const expected = path.endsWith('openapi.json') ? ['200'] : ['200', '400', '500', '503'];
        for (const status of expected) assert.ok(responses[status], `${operationId} ${status}`);
      }
    }
  }));

test('every answer, good or bad, matches the schema that is published for it', () =>
  withServer(async ({ call }) => {
    const { paths, components } = await openApi(call);
    const check = conform(paths, components);
    const said = new Set<string>();
    const expecting = async (status: number, operationId: string, ...parameters: Parameters<Call>): Promise<Answer> => {
      const answer = await call(...parameters);
      assert.equal(answer.status, status, answer.text);
      check(operationId, answer);
      said.add(operationId);
      return answer;
    };
    const offsets = { kind: 'offset', topic: 'foz.public.users', offsets: { '0': '12', '3': '9223372036854775807' } };
    await expecting(200, 'registerContract', 'POST', 'contracts', { ...document(), activate: offsets, note: 'first' });
    await expecting(200, 'registerContract', 'POST', 'contracts', {
      ...document({ version: '1.0.1' }),
      expectedRevision: 1,
      acceptUnknown: false,
    });
    await expecting(409, 'registerContract', 'POST', 'contracts', document({ version: '2.0.0', tables: narrower }));
    await expecting(409, 'registerContract', 'POST', 'contracts', { ...document({ version: '1.0.2' }), expectedRevision: 1 });
    await expecting(400, 'registerContract', 'POST', 'contracts', { document: 'nothing', documentName: 'a.json' });
    await expecting(200, 'listContracts', 'GET', 'contracts?pageSize=1');
    await expecting(200, 'getContract', 'GET', 'contracts/users');
    await expecting(404, 'getContract', 'GET', 'contracts/people');
    await expecting(200, 'getContractVersion', 'GET', 'contracts/users/versions/active');
    await expecting(404, 'getContractVersion', 'GET', 'contracts/users/versions/7.0.0');
    const bytes = await expecting(200, 'getContractDocument', 'GET', 'contracts/users/versions/1.0.0/document');
    assert.equal(bytes.text, documentText());
    await expecting(404, 'getContractDocument', 'GET', 'contracts/users/versions/7.0.0/document');
    const time = { kind: 'time', time: '2026-12-01T00:00:00+01:00' };
    const activated = await expecting(200, 'changeContractState', 'POST', 'contracts/users/versions/1.0.1/state', {
      to: 'active',
      effective: time,
    });
    assert.equal(activated.body['inForce'], '1.0.1');
    await expecting(409, 'changeContractState', 'POST', 'contracts/users/versions/1.0.1/state', { to: 'retired' });
    await expecting(404, 'changeContractState', 'POST', 'contracts/users/versions/4.0.0/state', { to: 'retired' });
    await expecting(400, 'changeContractState', 'POST', 'contracts/users/versions/1.0.0/state', { to: 'draft' });
    const history = await expecting(200, 'getContractHistory', 'GET', 'contracts/users/history?pageSize=2&pageToken=1');
    assert.deepEqual([(history.body['events'] as unknown[]).length, history.body['next-page-token']], [2, '3']);
    await expecting(200, 'getContractsInForce', 'GET', 'tables/users/contracts');
    await expecting(200, 'getContractsInForce', 'GET', 'tables/nothing/contracts');
    await expecting(200, 'recordLineage', 'POST', '/api/v1/lineage', lineageEvent('users'));
    await expecting(400, 'recordLineage', 'POST', '/api/v1/lineage', [
      lineageEvent('users'),
      { ...lineageEvent('users'), eventTime: 'now' },
    ]);
    await expecting(200, 'getLineage', 'GET', 'lineage?dataset=users&direction=downstream&depth=2');
    await expecting(400, 'getLineage', 'GET', 'lineage?dataset=users&depth=21');
    await expecting(404, 'getLineage', 'GET', 'lineage?dataset=nothing');
    const read = await expecting(200, 'getConsumers', 'GET', 'tables/users/consumers?columns=email');
    assert.equal((read.body['consumers'] as unknown[]).length, 1);
    await expecting(200, 'getOpenApi', 'GET', 'openapi.json');
    // Entities, facts of tables, search and the audit log have a test of their own.
    const others = /^\/v1\/foz\/(entities|search|audit|tables$|tables\/\{table\}(\/history)?$)/;
    const own = Object.entries(paths).flatMap(([path, methods]) => (others.test(path) ? [] : Object.keys(methods)));
    await expecting(200, 'listDroppedTables', 'GET', 'dropped-tables');
    await expecting(404, 'undropTable', 'POST', 'dropped-tables/nothing/undrop', {});
    await expecting(200, 'getTrinoRules', 'GET', 'trino/rules');
    await expecting(200, 'fetchTrinoRules', 'GET', 'trino/rules/any');
    assert.equal(said.size, own.length);
  }));

test('an answer that says more than its schema would be noticed', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  assert.equal(ajv.validate(contractSchemas.contracts, { contracts: [], 'next-page-token': null }), true);
  assert.equal(ajv.validate(contractSchemas.contracts, { contracts: [], 'next-page-token': null, more: 1 }), false);
});

const bad: readonly [what: string, method: 'GET' | 'POST', path: string, body: unknown, message: RegExp][] = [
  ['a body that is no object', 'POST', 'contracts', '[]', /must be object/],
  ['no body', 'POST', 'contracts', undefined, /must be object/],
  ['no document', 'POST', 'contracts', { documentName: 'a' }, /'document'/],
  ['an empty document', 'POST', 'contracts', { document: '', documentName: 'a' }, /document/],
  ['a document that is no text', 'POST', 'contracts', { document: 1, documentName: 'a' }, /document must be string/],
  ['a key that is not known', 'POST', 'contracts', { ...document(), force: true }, /additional properties/],
  ['a name with a folder', 'POST', 'contracts', { ...document(), documentName: '../users.json' }, /documentName must match/],
  ['a name with a line in it', 'POST', 'contracts', { ...document(), documentName: 'a\nb' }, /documentName must match/],
  ['a note without end', 'POST', 'contracts', { ...document(), note: 'n'.repeat(1001) }, /note/],
  ['an effect of no kind', 'POST', 'contracts', { ...document(), activate: { kind: 'later' } }, /activate/],
  ['an effect at no time', 'POST', 'contracts', { ...document(), activate: { kind: 'time', time: 'tomorrow' } }, /activate/],
  [
    'an effect at a time without a zone',
    'POST',
    'contracts',
    { ...document(), activate: { kind: 'time', time: '2026-12-01T00:00:00' } },
    /activate/,
  ],
  [
    'an offset that is a number',
    'POST',
    'contracts',
    { ...document(), activate: { kind: 'offset', topic: 't', offsets: { '0': 1 } } },
    /activate/,
  ],
  [
    'an offset beyond 64 bits',
    'POST',
    'contracts',
    { ...document(), activate: { kind: 'offset', topic: 't', offsets: { '0': '9223372036854775808' } } },
    /64 bits/,
  ],
  [
    'a partition that is none',
    'POST',
    'contracts',
    { ...document(), activate: { kind: 'offset', topic: 't', offsets: { '-1': '1' } } },
    /activate/,
  ],
  [
    'a topic that is none',
    'POST',
    'contracts',
    { ...document(), activate: { kind: 'offset', topic: 'a b', offsets: { '0': '1' } } },
    /activate/,
  ],
  ['a revision as text', 'POST', 'contracts', { ...document(), expectedRevision: '1' }, /expectedRevision must be integer/],
  ['a truth as text', 'POST', 'contracts', { ...document(), acceptUnknown: 'true' }, /acceptUnknown must be boolean/],
  ['a contract that is no name', 'GET', 'contracts/Users', undefined, /contract must match/],
  ['a contract of 129 characters', 'GET', `contracts/${'a'.repeat(129)}`, undefined, /contract must match/],
  ['a version that is none', 'GET', 'contracts/users/versions/newest', undefined, /version/],
  ['a table that is no name', 'GET', 'tables/a%2Fb/contracts', undefined, /table must match/],
  ['a page without end', 'GET', 'contracts?pageSize=10000', undefined, /pageSize must match/],
  ['a page of nothing', 'GET', 'contracts?pageSize=0', undefined, /pageSize must match/],
  ['two pages at once', 'GET', 'contracts?pageToken=a&pageToken=b', undefined, /pageToken must be string/],
  ['a query that is not known', 'GET', 'contracts?all=1', undefined, /additional properties/],
  ['a page token that is none', 'GET', 'contracts/users/history?pageToken=x', undefined, /pageToken/],
];

test('a request that its schema does not allow is refused with 400 and the reason', () =>
  withServer(async ({ call }) => {
    await call('POST', 'contracts', document());
    for (const [what, method, path, body, message] of bad) {
      const answer = await call(method, path, body);
      assert.equal(answer.status, 400, `${what}: ${answer.text}`);
      const error = answer.body['error'] as Record<string, unknown>;
      assert.equal(error['type'], 'BadRequestException', what);
      assert.match(String(error['message']), message, what);
    }
  }));

test('a document beyond the limit is refused, by its schema or by the size of the request', () =>
  withServer(async ({ call }) => {
    const beyond = await call('POST', 'contracts', { document: 'x'.repeat(2 * 1024 * 1024 + 1), documentName: 'a' });
    assert.deepEqual([beyond.status, (beyond.body['error'] as Record<string, unknown>)['type']], [400, 'BadRequestException']);
    const far = await call('POST', 'contracts', { document: 'x'.repeat(17 * 1024 * 1024), documentName: 'a' });
    assert.equal(far.status, 413);
  }));
