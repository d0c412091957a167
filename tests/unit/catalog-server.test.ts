// The REST protocol as other clients speak it: paths, status codes, error bodies and the members they read.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import test from 'node:test';
import { serveCatalog, type ServeCatalogOptions } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { parseJson } from '../../lake/iceberg/json.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { createPromMetrics } from '../../runtime/prom-metrics.ts';

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  /** Untyped on purpose: this is what a foreign client sees. */
  readonly body: Record<string, unknown>;
}

type Call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

async function withCatalog(run: (call: Call) => Promise<void>, options: Partial<ServeCatalogOptions> = {}): Promise<void> {
  const server = await serveCatalog({ port: 0, store: memoryCatalogStore(), objectStore: memoryStore('lake'), ...options });
  const call: Call = async (method, path, body, headers) => {
    const init = { method, headers: { 'content-type': 'application/json', ...headers }, body: textOf(body) };
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    const parsed = text.startsWith('{') ? parseJson(text) : {};
    return { status: response.status, type: response.headers.get('content-type'), text, body: parsed as Record<string, unknown> };
  };
  try {
    await run(call);
  } finally {
    await server.close();
  }
}

function textOf(body: unknown): string | null {
  if (body === undefined) return null;
  return typeof body === 'string' ? body : JSON.stringify(body);
}

const error = (message: string | RegExp, type: string, code: number) => (answer: Answer) => {
  const found = answer.body['error'] as Record<string, unknown>;
  assert.equal(answer.status, code);
  assert.match(answer.type ?? '', /^application\/json/);
  assert.equal(found['type'], type);
  assert.equal(found['code'], code);
  if (typeof message === 'string') assert.equal(found['message'], message);
  else assert.match(String(found['message']), message);
};

const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: false, type: 'long' }] };
const orders = '/v1/namespaces/sales/tables/orders';

const append = (id: string, sequence: number, parent: string) =>
  `{"requirements":[],"updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":${id},${parent}"sequence-number":${sequence},"timestamp-ms":1,"manifest-list":"memory://lake/x","summary":{"operation":"append"},"schema-id":0}},{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":${id}}]}`;

const set = (value: string) => ({ updates: [{ action: 'set-properties', updates: { value } }] });

const invalid = (caught: unknown) => caught instanceof LakeError && caught.code === 'CONFIG_INVALID';

test('namespaces: create, head, get, list by parent and page, drop; nested ones with %1F', () =>
  withCatalog(async (call) => {
    const created = await call('POST', '/v1/namespaces', { namespace: ['sales'], properties: { owner: 'x' } });
    assert.deepEqual(created.body, { namespace: ['sales'], properties: { owner: 'x', location: 'memory://lake/sales' } });
    error('Namespace already exists: sales', 'AlreadyExistsException', 409)(await call('POST', '/v1/namespaces', { namespace: ['sales'] }));
    await call('POST', '/v1/namespaces', { namespace: ['sales', 'eu'] });
    await call('POST', '/v1/namespaces', { namespace: ['sales', 'us'] });
    assert.equal((await call('HEAD', '/v1/namespaces/sales%1Feu')).status, 204);
    assert.equal((await call('HEAD', '/v1/namespaces/nope')).status, 404);
    assert.deepEqual((await call('GET', '/v1/namespaces/sales%1Feu')).body, {
      namespace: ['sales', 'eu'],
      properties: { location: 'memory://lake/sales/eu' },
    });
    error('Namespace does not exist: nope', 'NoSuchNamespaceException', 404)(await call('GET', '/v1/namespaces/nope'));
    assert.deepEqual((await call('GET', '/v1/namespaces?pageToken=')).body, { namespaces: [['sales']], 'next-page-token': null });
    const first = await call('GET', '/v1/namespaces?parent=sales&pageSize=1');
    assert.deepEqual(first.body, { namespaces: [['sales', 'eu']], 'next-page-token': 'eu' });
    const second = await call('GET', '/v1/namespaces?parent=sales&pageSize=1&pageToken=eu');
    assert.deepEqual(second.body, { namespaces: [['sales', 'us']], 'next-page-token': null });
    error('Namespace does not exist: nope', 'NoSuchNamespaceException', 404)(await call('GET', '/v1/namespaces?parent=nope'));
    error('Namespace is not empty: sales', 'NamespaceNotEmptyException', 409)(await call('DELETE', '/v1/namespaces/sales'));
    assert.equal((await call('DELETE', '/v1/namespaces/sales%1Feu')).status, 204);
    error('Namespace does not exist: sales.eu', 'NoSuchNamespaceException', 404)(await call('DELETE', '/v1/namespaces/sales%1Feu'));
    error(/must be 1 to 128 letters/, 'BadRequestException', 400)(await call('POST', '/v1/namespaces', { namespace: ['a/b'] }));
    error(
      /outside the warehouse/,
      'BadRequestException',
      400,
    )(await call('POST', '/v1/namespaces', { namespace: ['x'], properties: { location: 's3://elsewhere' } }));
  }));

test('create-table as engines do it: stage, report metrics, then commit with assert-create and the ids of the staged schema', () =>
  withCatalog(async (call) => {
    await call('POST', '/v1/namespaces', { namespace: ['sales'] });
    error('Table does not exist: sales.orders', 'NoSuchTableException', 404)(await call('GET', `${orders}?snapshots=all`));
    const request = {
      name: 'orders',
      location: 'memory://lake/sales/orders-9200fccd',
      schema,
      'partition-spec': { 'spec-id': 0, fields: [{ name: 'id', transform: 'identity', 'source-id': 1 }] },
      'write-order': { 'order-id': 0, fields: [] },
      properties: { 'format-version': '2', 'write.format.default': 'PARQUET' },
      'stage-create': true,
    };
    const staged = await call('POST', '/v1/namespaces/sales/tables', request);
    assert.deepEqual(Object.keys(staged.body).sort(), ['config', 'metadata']);
    const metadata = staged.body['metadata'] as Record<string, unknown>;
    assert.deepEqual(metadata['properties'], { 'write.format.default': 'PARQUET' });
    assert.deepEqual(metadata['partition-specs'], [
      { 'spec-id': 0, fields: [{ name: 'id', transform: 'identity', 'source-id': 1, 'field-id': 1000 }] },
    ]);
    assert.equal((await call('HEAD', orders)).status, 404, 'nothing is stored yet');
    assert.equal((await call('POST', `${orders}/metrics`, { 'report-type': 'commit-report', 'snapshot-id': 1 })).status, 204);
    const commit = {
      requirements: [{ type: 'assert-create' }],
      updates: [
        { action: 'assign-uuid', uuid: metadata['table-uuid'] },
        { action: 'upgrade-format-version', 'format-version': 2 },
        { action: 'add-schema', schema, 'last-column-id': 1 },
        { action: 'set-current-schema', 'schema-id': -1 },
        { action: 'add-spec', spec: { 'spec-id': 0, fields: [] } },
        { action: 'set-default-spec', 'spec-id': -1 },
        { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
        { action: 'set-default-sort-order', 'sort-order-id': -1 },
        { action: 'set-location', location: metadata['location'] },
        { action: 'set-properties', updates: { a: '1', b: '' } },
        { action: 'remove-properties', removals: ['b'] },
      ],
    };
    const created = await call('POST', orders, commit);
    assert.equal(created.status, 200);
    assert.match(
      String(created.body['metadata-location']),
      /^memory:\/\/lake\/sales\/orders-9200fccd\/metadata\/00000-[0-9a-f-]{36}\.metadata\.json$/,
    );
    const again = await call('POST', orders, commit);
    error(/already exists/, 'CommitFailedException', 409)(again);
    error('Table already exists: sales.orders', 'AlreadyExistsException', 409)(await call('POST', '/v1/namespaces/sales/tables', request));
    const listed = await call('GET', '/v1/namespaces/sales/tables?pageToken=');
    assert.deepEqual(listed.body, { identifiers: [{ namespace: ['sales'], name: 'orders' }], 'next-page-token': null });
    assert.equal((await call('HEAD', orders)).status, 204);
    error('Namespace is not empty: sales', 'NamespaceNotEmptyException', 409)(await call('DELETE', '/v1/namespaces/sales'));
    assert.equal((await call('DELETE', `${orders}?purgeRequested=true`)).status, 204);
    error('Table does not exist: sales.orders', 'NoSuchTableException', 404)(await call('DELETE', orders));
  }));

test('snapshot ids travel as bare 64-bit integers; snapshots=refs leaves out what no ref names', () =>
  withCatalog(async (call) => {
    await call('POST', '/v1/namespaces', { namespace: ['sales'] });
    await call('POST', '/v1/namespaces/sales/tables', { name: 'orders', schema });
    await call('POST', orders, append('1769332764841532388', 1, ''));
    await call('POST', orders, append('8269702249027976535', 2, '"parent-snapshot-id":1769332764841532388,'));
    const all = await call('GET', `${orders}?snapshots=all`);
    assert.match(all.text, /"snapshot-id":1769332764841532388,/);
    assert.match(all.text, /"current-snapshot-id":8269702249027976535,/);
    const refs = await call('GET', `${orders}?snapshots=refs`);
    assert.doesNotMatch(refs.text, /"snapshot-id":1769332764841532388,"sequence-number"/);
    assert.match(refs.text, /"snapshot-id":8269702249027976535,"parent-snapshot-id":1769332764841532388/);
    const noChange = await call('POST', orders, { requirements: [], updates: [] });
    assert.equal(noChange.body['metadata-location'], all.body['metadata-location'], 'a commit without updates moves nothing');
  }));

test('what the catalog does not know or cannot read is a 400 with the name of it', () =>
  withCatalog(async (call) => {
    await call('POST', '/v1/namespaces', { namespace: ['sales'] });
    await call('POST', '/v1/namespaces/sales/tables', { name: 'orders', schema });
    const bad = (message: RegExp) => error(message, 'BadRequestException', 400);
    bad(/unknown update levitate/)(await call('POST', orders, { requirements: [], updates: [{ action: 'levitate' }] }));
    bad(/unknown requirement assert-mood/)(await call('POST', orders, { requirements: [{ type: 'assert-mood' }], updates: [] }));
    bad(/set-properties is malformed/)(await call('POST', orders, { updates: [{ action: 'set-properties', updates: { a: 1 } }] }));
    bad(/set-current-schema: unknown schema id 4/)(
      await call('POST', orders, { updates: [{ action: 'set-current-schema', 'schema-id': 4 }] }),
    );
    bad(/JSON/)(await call('POST', orders, '{"requirements":['));
    bad(/must be a JSON object/)(await call('POST', orders, '[]'));
    bad(/must be a JSON object/)(await call('POST', orders));
    bad(/__proto__/)(await call('POST', orders, '{"__proto__":{}}'));
    bad(/nested deeper than 200/)(await call('POST', orders, `{"a":${'['.repeat(100_000)}`));
    bad(/schema is missing/)(await call('POST', '/v1/namespaces/sales/tables', { name: 'x' }));
    bad(/the commit names table other/)(await call('POST', orders, { identifier: { namespace: ['sales'], name: 'other' }, updates: [] }));
    bad(/pageSize/)(await call('GET', '/v1/namespaces?pageSize=none'));
    bad(/pageToken must be given once/)(await call('GET', '/v1/namespaces?pageToken=a&pageToken=b'));
    error(/Unsupported Media Type/, 'RESTException', 415)(await call('POST', orders, '{}', { 'content-type': 'text/plain' }));
  }));

test('a body above the limit is refused with 413, a timestamp far ahead of the clock with 400', () =>
  withCatalog(
    async (call) => {
      await call('POST', '/v1/namespaces', { namespace: ['sales'] });
      await call('POST', '/v1/namespaces/sales/tables', { name: 'orders', schema });
      assert.equal((await call('POST', orders, { updates: [], padding: 'x'.repeat(3000) })).status, 413);
      const snapshot = {
        'snapshot-id': 1,
        'sequence-number': 1,
        'timestamp-ms': Date.now() + 3_600_000,
        'manifest-list': 'm',
        summary: {},
      };
      error(/too far ahead/, 'BadRequestException', 400)(await call('POST', orders, { updates: [{ action: 'add-snapshot', snapshot }] }));
    },
    { bodyBytesMax: 2000 },
  ));

test('I5: an unknown swap is 500 CommitStateUnknown; an object store that is away is 503, and nothing moved', async () => {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  let fault: 'none' | 'swap' | 'put' = 'none';
  const flakyStore: typeof store = {
    ...store,
    async swapRelation(...given) {
      const outcome = await store.swapRelation(...given);
      if (fault === 'swap') throw new LakeError('CATALOG_OUTCOME_UNKNOWN', 'the store died');
      return outcome;
    },
  };
  const flakyObjects: typeof objectStore = {
    ...objectStore,
    async put(key, body, options) {
      if (fault === 'put') throw new LakeError('STORE_UNREACHABLE', 'no answer');
      return objectStore.put(key, body, options);
    },
  };
  await withCatalog(
    async (call) => {
      await call('POST', '/v1/namespaces', { namespace: ['sales'] });
      await call('POST', '/v1/namespaces/sales/tables', { name: 'orders', schema });
      fault = 'put';
      error(/no answer/, 'ServiceUnavailableException', 503)(await call('POST', orders, set('a')));
      fault = 'swap';
      error(/the store died/, 'CommitStateUnknownException', 500)(await call('POST', orders, set('b')));
      fault = 'none';
      const loaded = await call('GET', orders);
      assert.deepEqual(
        (loaded.body['metadata'] as Record<string, unknown>)['properties'],
        { value: 'b' },
        'it had happened, and its file was kept',
      );
    },
    { store: flakyStore, objectStore: flakyObjects },
  );
});

const answering = (code: 'STORE_UNREACHABLE' | 'STORE_REFUSED') => ({
  ...memoryStore('lake'),
  head: () => Promise.reject(new LakeError(code, 'no')),
});

test('livez needs nothing; readyz says when the database or the object store is away', async () => {
  const store = memoryCatalogStore();
  const away = { ...store, getNamespace: () => Promise.reject(new LakeError('CATALOG_REFUSED', 'the store is closed')) };
  await withCatalog(
    async (call) => {
      assert.equal((await call('GET', '/livez')).status, 200);
      const ready = await call('GET', '/readyz');
      assert.deepEqual([ready.status, ready.body], [503, { status: 'unavailable', reason: 'a store does not answer' }]);
    },
    { store: away },
  );
  await withCatalog(async (call) => assert.equal((await call('GET', '/readyz')).status, 503), {
    objectStore: answering('STORE_UNREACHABLE'),
  });
  // S3 says so of an absent key where listing is not allowed.
  await withCatalog(async (call) => assert.equal((await call('GET', '/readyz')).status, 200), { objectStore: answering('STORE_REFUSED') });
  await withCatalog(async (call) => assert.equal((await call('GET', '/readyz')).status, 200));
});

test('requests are counted by the template of their route where metrics are asked for', async () => {
  const metrics = createPromMetrics({ version: 'test' });
  await withCatalog(
    async (call) => {
      await call('GET', '/v1/namespaces/secret');
      const { text } = await call('GET', '/metrics');
      assert.match(text, /foz_http_requests_total\{route="GET \/v1\/namespaces\/:namespace",code="404"\} 1\n/);
      assert.doesNotMatch(text, /secret/);
    },
    { metrics },
  );
  await withCatalog(async (call) => assert.equal((await call('GET', '/metrics')).status, 404));
});

test('on loopback a request by another host name is refused: a web page could have sent it', async () => {
  const server = await serveCatalog({ port: 0, store: memoryCatalogStore(), objectStore: memoryStore('lake') });
  const { port } = new URL(server.url);
  const statusFor = async (host: string) => {
    const request = get({ port, host: '127.0.0.1', path: '/v1/config', headers: { host } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  assert.equal(await statusFor(`evil.example:${port}`), 403);
  assert.equal(await statusFor(`127.0.0.1:${port}`), 200);
  assert.equal(await statusFor(`localhost:${port}`), 200);
  assert.equal(await statusFor('[::1]'), 200);
  await server.close();
});

test('a port in use and a warehouse outside the object store are configuration errors', async () => {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const first = await serveCatalog({ port: 0, store, objectStore });
  const port = Number(new URL(first.url).port);
  await assert.rejects(serveCatalog({ port, store, objectStore }), invalid);
  await assert.rejects(serveCatalog({ port: 0, store, objectStore, warehouse: 's3://other' }), invalid);
  assert.equal(new URL(first.url).hostname, '127.0.0.1');
  await first.close();
});
