// Requests that a writer's token does not excuse: foreign places, names that mean something elsewhere, properties that are the
// catalog's own, bodies made to break the reader. Each is refused, and afterwards everything is as it was.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import test from 'node:test';
import { isRecord } from '../../runtime/options.ts';
import { accessLab, type AccessLab, type RawRequest } from './access-lab.ts';

const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: false, type: 'long' }] };
const tables = '/v1/namespaces/sales/tables';
const orders = `${tables}/orders`;
const deep = 1_000_000;

type Hostile = readonly [what: string, request: Omit<RawRequest, 'body'> & { readonly body?: unknown }, status: number, message?: RegExp];

const create = (body: object): Hostile[1] => ({ method: 'POST', path: tables, body: { name: 'evil', schema, ...body } });
const commit = (...updates: readonly object[]): Hostile[1] => ({ method: 'POST', path: orders, body: { requirements: [], updates } });
const set = (updates: Readonly<Record<string, string>>) => commit({ action: 'set-properties', updates });
const register = (location: string): Hostile[1] => ({
  method: 'POST',
  path: '/v1/namespaces/sales/register',
  body: { name: 'evil', 'metadata-location': location },
});
const namespace = (...levels: readonly string[]): Hostile[1] => ({ method: 'POST', path: '/v1/namespaces', body: { namespace: levels } });
const version = {
  'version-id': 1,
  'timestamp-ms': 1,
  'schema-id': 0,
  summary: {},
  representations: [{ type: 'sql', sql: 'SELECT 1', dialect: 'trino' }],
  'default-namespace': ['sales'],
};

const protoCommit = '{"requirements":[],"updates":[{"action":"set-properties","updates":{"__proto__":{"owner":"eve"}}}]}';

const hostile: readonly Hostile[] = [
  ['a table in another bucket', create({ location: 's3://others/orders' }), 400, /location/i],
  ['a table on the disk', create({ location: 'file:///etc/cron.d' }), 400, /location/i],
  ['a table beside the warehouse, by its name', create({ location: 'memory://lake-evil/orders' }), 400, /location/i],
  ['a table above its place, by ..', create({ location: 'memory://lake/sales/../../others' }), 400, /location/i],
  ['a table above its place, by %2e%2e', create({ location: 'memory://lake/sales/%2e%2e/%2e%2e/others' }), 400, /location/i],
  ['the warehouse itself', create({ location: 'memory://lake' }), 400, /location/i],
  ['the place of another table', create({ location: 'memory://lake/taken/inside' }), 400, /location/i],
  ['a staged table in another bucket', create({ location: 's3://others/orders', 'stage-create': true }), 400, /location/i],
  ['a move to another bucket', commit({ action: 'set-location', location: 's3://others/orders' }), 400, /location/i],
  ['data files elsewhere', set({ 'write.data.path': 's3://others/data' }), 400, /write\.data\.path/],
  ['metadata files elsewhere', set({ 'write.metadata.path': 'file:///etc' }), 400, /write\.metadata\.path/],
  ['data files elsewhere, by the old name', set({ 'write.folder-storage.path': 's3://others/data' }), 400, /write\.folder-storage\.path/],
  ['data files elsewhere, spread', set({ 'write.object-storage.path': 's3://others/data' }), 400, /write\.object-storage\.path/],
  ['data files elsewhere from the start', create({ properties: { 'write.data.path': 's3://others/data' } }), 400, /write\.data\.path/],
  ['metadata of another bucket', register('s3://others/metadata/1.metadata.json'), 400, /location/i],
  ['a file of the disk as metadata', register('file:///etc/passwd'), 400, /location/i],
  ['metadata above the warehouse', register('memory://lake/sales/../../others/1.metadata.json'), 400, /location/i],
  ['metadata from the network', register('http://169.254.169.254/latest/meta-data'), 400, /location/i],
  [
    'a transaction that moves a table',
    {
      method: 'POST',
      path: '/v1/transactions/commit',
      body: {
        'table-changes': [
          {
            identifier: { namespace: ['sales'], name: 'orders' },
            requirements: [],
            updates: [{ action: 'set-location', location: 's3://others/x' }],
          },
        ],
      },
    },
    400,
    /location/i,
  ],
  [
    'a view in another bucket',
    {
      method: 'POST',
      path: '/v1/namespaces/sales/views',
      body: { name: 'evil', schema, 'view-version': version, properties: {}, location: 's3://o/v' },
    },
    400,
    /location/i,
  ],
  [
    'a namespace whose tables would lie elsewhere',
    { method: 'POST', path: '/v1/namespaces', body: { namespace: ['evil'], properties: { location: 's3://o' } } },
    400,
  ],
  [
    'the same by its properties',
    { method: 'POST', path: '/v1/namespaces/sales/properties', body: { updates: { location: 's3://o' } } },
    400,
  ],
  ['a table called *', create({ name: '*' }), 400],
  ['a table called ..', create({ name: '..' }), 400],
  ['a table with a folder in its name', create({ name: '../orders' }), 400],
  ['a table with a level in its name', create({ name: 'a\u001fb' }), 400],
  ['a table with a NUL in its name', create({ name: 'a\u0000b' }), 400],
  ['a table with a line in its name', create({ name: 'a\nb' }), 400],
  [
    'a table called __proto__ by a path',
    { method: 'POST', path: `${tables}/%2e%2e`, body: { requirements: [{ type: 'assert-create' }], updates: [] } },
    400,
  ],
  ['a namespace called *', namespace('*'), 400],
  ['a namespace called ..', namespace('..'), 400],
  ['a namespace with a level in its name', namespace('a\u001fb'), 400],
  ['a namespace without a name', namespace(''), 400],
  [
    'a rename to *',
    {
      method: 'POST',
      path: '/v1/tables/rename',
      body: { source: { namespace: ['sales'], name: 'orders' }, destination: { namespace: ['sales'], name: '*' } },
    },
    400,
  ],
  [
    'the offset chain of a table, made up',
    set({ 'foz.next': '{"commitId":"mine"}' }),
    409,
    /foz\.next may only change together with a snapshot/,
  ],
  ['a prototype for properties', { method: 'POST', path: orders, body: protoCommit }, 400, /__proto__ is not allowed/],
  [
    'a prototype for a request',
    { method: 'POST', path: tables, body: '{"name":"evil","__proto__":{"stage-create":true}}' },
    400,
    /__proto__/,
  ],
  ['a table called %2e%2e', create({ name: '%2e%2e' }), 400],
  ['a table that Trino would take for a side of another', create({ name: 'orders$files' }), 400],
  ['a namespace with a level in its name, encoded', namespace('a%1fb'), 400],
  ['JSON a million levels deep', { method: 'POST', path: tables, body: `${'['.repeat(deep)}${']'.repeat(deep)}` }, 400, /deep|depth|nest/i],
  [
    'the same within a commit',
    { method: 'POST', path: orders, body: `{"requirements":[],"updates":${'[{"a":'.repeat(deep)}1${'}]'.repeat(deep)}}` },
    400,
    /deep|depth|nest/i,
  ],
  ['a body of 17 MB', { method: 'POST', path: tables, body: `{"name":"${'x'.repeat(17 * 1024 * 1024)}"}` }, 413],
  [
    'a body that says it is packed',
    { method: 'POST', path: tables, body: gzipSync('{"name":"evil"}'), headers: { 'content-encoding': 'gzip' } },
    400,
  ],
  [
    'a body that is no JSON, by its type',
    { method: 'POST', path: tables, body: '{"name":"evil"}', headers: { 'content-type': 'text/plain' } },
    415,
  ],
  ['half a body', { method: 'POST', path: tables, body: '{"name":"evil","schema":' }, 400],
  [
    'a form for JSON',
    { method: 'POST', path: tables, body: 'name=evil', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    415,
  ],
  ['JSON for the form', { method: 'POST', path: '/v1/oauth/tokens', body: '{"grant_type":"client_credentials"}' }, 415],
  [
    'a form without end',
    {
      method: 'POST',
      path: '/v1/oauth/tokens',
      body: `a=${'x'.repeat(40_000)}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    413,
  ],
  [
    'a form that says a thing twice',
    {
      method: 'POST',
      path: '/v1/oauth/tokens',
      body: 'grant_type=a&grant_type=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    400,
  ],
  ['a method in disguise', { method: 'GET', path: orders, headers: { 'x-http-method-override': 'DELETE' } }, 200],
  ['a path up to another', { method: 'DELETE', path: '/v1/foz/../namespaces/sales' }, 404],
  ['a path up to another, encoded', { method: 'DELETE', path: '/v1/foz/%2e%2e/namespaces/sales' }, 404],
  ['a path with half an escape', { method: 'DELETE', path: '/v1/namespaces/%E0%A4%A' }, 400],
];

/** All there is: names, pointers, properties, objects. */
async function everything({ store, objectStore }: AccessLab): Promise<string> {
  const objects: string[] = [];
  for await (const { key } of objectStore.list('')) objects.push(key);
  return JSON.stringify([
    await store.listNamespaces([], { after: null, limit: 100 }),
    await store.allRelations({ after: null, limit: 100 }),
    objects.toSorted(),
  ]);
}

test(`${hostile.length} hostile requests with a writer’s token are refused, and nothing is changed`, () =>
  accessLab(async (lab) => {
    const { send, tokens } = lab;
    const done = async (path: string, body: object) => {
      const answer = await send({ method: 'POST', path, body: JSON.stringify(body), bearer: tokens.writer });
      assert.equal(answer.status, 200, answer.text);
    };
    await done('/v1/namespaces', { namespace: ['sales'] });
    await done(tables, { name: 'orders', schema });
    await done(tables, { name: 'taken', schema, location: 'memory://lake/taken' });
    const before = await everything(lab);
    const wrong: string[] = [];
    for (const [what, { body, ...request }, status, message] of hostile) {
      const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      const answer = await send({ ...request, bearer: tokens.writer, ...(text === undefined ? {} : { body: text }) });
      const isTold = message === undefined || message.test(answer.text);
      if (answer.status !== status || !isTold) wrong.push(`${what}: ${answer.status} ${answer.text.slice(0, 200)}`);
      if (answer.status >= 400 && answer.status !== 404 && !isErrorBody(answer.text))
        wrong.push(`${what}: no error body: ${answer.text.slice(0, 100)}`);
      if ((await everything(lab)) !== before) wrong.push(`${what}: something was changed`);
    }
    assert.deepEqual(wrong, []);
    const still = await send({ method: 'GET', path: orders, bearer: tokens.writer });
    assert.equal(still.status, 200);
  }));

function isErrorBody(text: string): boolean {
  const body: unknown = JSON.parse(text);
  return isRecord(body) && body['error'] !== undefined;
}

test('a body is not read before it is known who sent it', () =>
  accessLab(async ({ send }) => {
    const body = `{"name":"${'x'.repeat(17 * 1024 * 1024)}"}`;
    assert.equal((await send({ method: 'POST', path: tables, body })).status, 401);
    assert.equal((await send({ method: 'POST', path: tables, body: '[' })).status, 401);
  }));
