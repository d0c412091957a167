// Every answer of the catalog against the REST protocol's own OpenAPI document, when it lies beside the project
// (../shared/vectors): each endpoint that is told, what it answers when it succeeds and when it refuses.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { idSchema, idView, setProperty, withCatalogWorld, type Answered, type CatalogWorld } from '../unit/catalog-http-fixture.ts';

const folder = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url));
const file = existsSync(folder) ? readdirSync(folder).find((name) => name.startsWith('rest-catalog-open-api')) : undefined;
const skip = file === undefined ? 'not run: ../shared/vectors has no rest-catalog-open-api' : false;

type Json = Record<string, unknown>;
/** method, path, body */
type Asked = readonly [string, string, unknown?];

const view = idView('v');

const snapshot = {
  'snapshot-id': 7,
  'sequence-number': 1,
  'timestamp-ms': 1000,
  'manifest-list': 'memory://lake/x.avro',
  summary: { operation: 'append' },
  'schema-id': 0,
};

const append = [
  { action: 'add-snapshot', snapshot },
  { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshot['snapshot-id'] },
];

const named = (name: string) => ({ namespace: ['a'], name });
const renamed = (from: string, to: string) => ({ source: named(from), destination: named(to) });
const property = { updates: [setProperty('p', '1')] };
const wrong = { requirements: [{ type: 'assert-table-uuid', uuid: '11111111-9102-4097-acae-ead53542ca76' }], updates: [] };
const wrongView = { requirements: [{ type: 'assert-view-uuid', uuid: '11111111-9102-4097-acae-ead53542ca76' }], updates: [] };

/** In this order; `LOCATION` stands for the metadata file of the table that was unregistered, `VIEW` for the view's. */
const requests: readonly Asked[] = [
  ['GET', 'config'],
  ['GET', 'config?warehouse=other'],
  ['POST', 'namespaces', { namespace: ['a'], properties: { owner: 'x' } }],
  ['POST', 'namespaces', { namespace: ['a'] }],
  ['POST', 'namespaces', { namespace: [] }],
  ['POST', 'namespaces', { namespace: ['a', 'b'] }],
  ['GET', 'namespaces?pageSize=1'],
  ['GET', 'namespaces?parent=none'],
  ['GET', 'namespaces/a'],
  ['GET', 'namespaces/none'],
  ['HEAD', 'namespaces/a'],
  ['HEAD', 'namespaces/none'],
  ['POST', 'namespaces/a/properties', { updates: { p: '1' }, removals: ['none'] }],
  ['POST', 'namespaces/a/properties', { updates: { p: '1' }, removals: ['p'] }],
  ['POST', 'namespaces/none/properties', { updates: {} }],
  ['DELETE', 'namespaces/a'],
  ['DELETE', 'namespaces/a%1Fb'],
  ['DELETE', 'namespaces/none'],
  ['POST', 'namespaces/a/tables', { name: 't', schema: idSchema, 'stage-create': true }],
  ['POST', 'namespaces/a/tables', { name: 't', schema: idSchema }],
  ['POST', 'namespaces/a/tables', { name: 't', schema: idSchema }],
  ['POST', 'namespaces/none/tables', { name: 't', schema: idSchema }],
  ['GET', 'namespaces/a/tables?pageSize=1'],
  ['GET', 'namespaces/none/tables'],
  ['POST', 'namespaces/a/tables/t', { updates: append }],
  ['POST', 'namespaces/a/tables/t', wrong],
  ['POST', 'namespaces/a/tables/t', { updates: [{ action: 'unheard-of' }] }],
  ['POST', 'namespaces/a/tables/none', property],
  ['GET', 'namespaces/a/tables/t'],
  ['GET', 'namespaces/a/tables/t?snapshots=refs'],
  ['GET', 'namespaces/a/tables/none'],
  ['HEAD', 'namespaces/a/tables/t'],
  ['HEAD', 'namespaces/a/tables/none'],
  ['POST', 'namespaces/a/tables/t/metrics', {}],
  ['POST', 'transactions/commit', { 'table-changes': [{ identifier: named('t'), ...property, requirements: [] }] }],
  ['POST', 'transactions/commit', { 'table-changes': [{ identifier: named('t'), ...wrong }] }],
  ['POST', 'transactions/commit', { 'table-changes': [{ identifier: named('none'), ...property, requirements: [] }] }],
  ['POST', 'tables/rename', renamed('none', 'w')],
  ['POST', 'tables/rename', renamed('t', 'u')],
  ['POST', 'namespaces/a/tables/none/unregister'],
  ['POST', 'namespaces/a/tables/u/unregister'],
  ['POST', 'namespaces/a/register', { name: 'r', 'metadata-location': 'LOCATION' }],
  ['POST', 'namespaces/a/register', { name: 'r', 'metadata-location': 'LOCATION' }],
  ['POST', 'namespaces/none/register', { name: 'r', 'metadata-location': 'LOCATION' }],
  ['POST', 'namespaces/a/views', view],
  ['POST', 'namespaces/a/views', view],
  ['POST', 'namespaces/none/views', view],
  ['POST', 'namespaces/a/views', {}],
  ['GET', 'namespaces/a/views?pageSize=1'],
  ['GET', 'namespaces/none/views'],
  ['GET', 'namespaces/a/views/v'],
  ['GET', 'namespaces/a/views/none'],
  ['HEAD', 'namespaces/a/views/v'],
  ['HEAD', 'namespaces/a/views/none'],
  ['POST', 'namespaces/a/views/v', property],
  ['POST', 'namespaces/a/views/v', wrongView],
  ['POST', 'namespaces/a/views/none', property],
  ['POST', 'views/rename', renamed('none', 'w')],
  ['POST', 'views/rename', renamed('v', 'r')],
  ['POST', 'views/rename', renamed('v', 'w')],
  ['DELETE', 'namespaces/a/views/w'],
  ['DELETE', 'namespaces/a/views/w'],
  ['POST', 'namespaces/a/register-view', { name: 'v', 'metadata-location': 'VIEW' }],
  ['POST', 'namespaces/a/register-view', { name: 'v', 'metadata-location': 'VIEW' }],
  ['DELETE', 'namespaces/a/tables/r'],
  ['DELETE', 'namespaces/a/tables/r'],
];

test('every answer is what the protocol says it is, and every endpoint that is told succeeds and refuses so', { skip }, () =>
  withCatalogWorld(async (world) => {
    const { operationOf, conform } = described();
    const seen = new Set<string>();
    const locations = new Map<string, unknown>();
    for (const [method, path, body] of requests) {
      const answered = await world.call(method, path, filledIn(body, locations));
      const location = answered.body['metadata-location'];
      if (path.endsWith('/unregister') && location !== undefined) locations.set('LOCATION', location);
      if (path.endsWith('/views/v') && location !== undefined) locations.set('VIEW', location);
      const operation = operationOf(method, path);
      conform(operation, answered, `${method} ${path}`);
      seen.add(`${operation} ${answered.status < 300 ? 'done' : 'refused'}`);
    }
    for (const endpoint of await endpointsOf(world)) {
      const [method = '', path = ''] = endpoint.split(' ');
      const operation = operationOf(method, path.replace('/v1/{prefix}/', ''));
      assert.ok(seen.has(`${operation} done`), `${endpoint} was seen to succeed`);
      // Reports are taken whatever they are.
      if (operation !== 'reportMetrics') assert.ok(seen.has(`${operation} refused`), `${endpoint} was seen to refuse`);
    }
  }),
);

function filledIn(body: unknown, locations: ReadonlyMap<string, unknown>): unknown {
  if (body === undefined) return undefined;
  return JSON.parse(JSON.stringify(body), (_name, value: unknown) => locations.get(String(value)) ?? value);
}

async function endpointsOf({ ok }: CatalogWorld): Promise<readonly string[]> {
  return (await ok('GET', 'config'))['endpoints'] as readonly string[];
}

interface Described {
  operationOf(method: string, path: string): string;
  conform(operationId: string, answered: Answered, what: string): void;
}

function described(): Described {
  const document: { readonly paths: Record<string, Record<string, Json>>; readonly components: Json } = parse(
    readFileSync(`${folder}${file}`, 'utf8'),
  );
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => ['get', 'head', 'post', 'delete'].includes(method))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'protocol');
  return {
    operationOf(method, path) {
      const parts = `/v1/${path.split('?', 1)[0]}`.split('/');
      const found = operations.find((candidate) => {
        const wanted = candidate.path.replace('/{prefix}', '').split('/');
        const isSame = wanted.length === parts.length && wanted.every((part, index) => part.startsWith('{') || part === parts[index]);
        return candidate.method === method && isSame;
      });
      assert.ok(found, `${method} ${path} is not in the protocol`);
      return String(found.operation['operationId']);
    },
    conform(operationId, { status, body }, what) {
      const found = operations.find(({ operation }) => operation['operationId'] === operationId);
      const responses = (found?.operation['responses'] ?? {}) as Record<string, Json>;
      const response = responses[String(status)];
      assert.ok(response, `${what} answered ${status}, which ${operationId} does not describe: ${JSON.stringify(body)}`);
      const reference = response['$ref'];
      const place =
        typeof reference === 'string' ? reference : `#/paths/${pointer(found?.path)}/${found?.method.toLowerCase()}/responses/${status}`;
      const content = typeof reference === 'string' ? componentOf(document.components, reference) : response;
      // The document describes bodies of refusals under HEAD as well, which has none.
      if (content['content'] === undefined || found?.method === 'HEAD') return assert.deepEqual(body, {}, what);
      // Some refusals are described as the error alone; their own examples, and every client, have it under `error`.
      const schema = status >= 400 ? '#/components/schemas/IcebergErrorResponse' : `${place}/content/${pointer('application/json')}/schema`;
      const isValid = ajv.validate({ $ref: `protocol${schema}` }, body);
      assert.ok(isValid, `${what} ${status}: ${ajv.errorsText()} ${JSON.stringify(body).slice(0, 600)}`);
    },
  };
}

function pointer(text: string | undefined): string {
  return encodeURIComponent((text ?? '').replaceAll('~', '~0').replaceAll('/', '~1'));
}

function componentOf(components: Json, reference: string): Json {
  const [kind = '', name = ''] = reference.replace('#/components/', '').split('/');
  return (components[kind] as Record<string, Json>)[name] ?? {};
}
