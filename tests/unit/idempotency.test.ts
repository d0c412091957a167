// Requests that come again under their Idempotency-Key: one effect and one answer, whoever is faster.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fastify, type FastifyInstance } from 'fastify';
import type { Authenticate } from '../../catalog/access/authenticate.ts';
import { contextOf, guardRoutes, may } from '../../catalog/server/guard.ts';
import { idempotentRequests, lifetimeText, type IdempotencyOptions } from '../../catalog/server/idempotency.ts';
import { answerRelation, sendError, sendJson, type ServedFile } from '../../catalog/server/reply.ts';
import { thrownError } from '../../catalog/server/rest-error.ts';
import { loadedAnswer } from '../../catalog/service/loaded-answer.ts';
import { doneReply, recordOf } from '../../catalog/service/request-context.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';

const key = '017F22E2-79B0-7CC3-98C4-DC0C0C07398F';
const lifetimeMs = 30 * 60_000;

const byName: Authenticate = async ({ bearer }) => ({
  kind: 'principal',
  principal: { actor: bearer ?? 'anonymous', roles: ['operator'] },
});

const served = (location: string, text: string): ServedFile => ({ location, answer: loadedAnswer(location, [text]).answer });

interface World {
  readonly app: FastifyInstance;
  readonly store: CatalogStore;
  /** Handlers that ran, by path. */
  readonly ran: string[];
  /** Handlers wait here when it is set. */
  gate: Promise<void>;
  now: number;
  file: ServedFile;
}

/** Namespaces by name: `fail` fails, `refuse` is refused, everything else is created with its record. */
function world(store: CatalogStore = memoryCatalogStore(), over: Partial<IdempotencyOptions> = {}): World {
  const app = fastify();
  const it: World = {
    app,
    store,
    ran: [],
    gate: Promise.resolve(),
    now: 1000,
    file: served('memory://lake/2.metadata.json', '{}'),
  };
  guardRoutes(app, byName);
  const clock = { now: () => it.now, sleep: () => Promise.resolve() };
  const answered = async () => ({ kind: 'ok' as const, value: it.file });
  const idempotency = idempotentRequests(app, { replies: store.replies, clock, logger: silentLogger, lifetimeMs, answered, ...over });
  app.setErrorHandler((error, request, reply) => idempotency.answerTaken(error, request, reply) ?? sendError(reply, thrownError(error)));
  app.post('/v1/namespaces/:namespace', may('writer'), async (request, reply) => {
    it.ran.push(request.url);
    await it.gate;
    const { namespace } = request.params as { namespace: string };
    if (namespace === 'fail') throw new LakeError('CATALOG_OUTCOME_UNKNOWN', 'lost');
    if (namespace === 'refuse') throw new SyntaxError('not like this');
    const body = JSON.stringify({ namespace, run: it.ran.length });
    const record = recordOf(contextOf(request), [], { kind: 'body', status: 200, body });
    const outcome = await store.insertNamespace({ namespace: [namespace], properties: {} }, record);
    if (outcome === 'inserted') return sendJson(reply, 200, body);
    return sendError(reply, { status: 409, type: 'AlreadyExistsException', message: `run ${it.ran.length}` });
  });
  app.delete('/v1/namespaces/:namespace', may('writer'), async (request, reply) => {
    it.ran.push(request.url);
    const { namespace } = request.params as { namespace: string };
    const outcome = await store.deleteNamespace([namespace], recordOf(contextOf(request), [], doneReply));
    return outcome === 'deleted' ? reply.code(204).send() : reply.code(404).send('{}');
  });
  app.post('/v1/namespaces/:namespace/tables/:table', may('writer'), async (request, reply) => {
    it.ran.push(request.url);
    const value = served('memory://lake/1.metadata.json', '{"table":1}');
    return answerRelation(request, reply, { kind: 'table', ident: { namespace: ['a'], name: 't' }, answer: { kind: 'ok', value } });
  });
  app.get('/v1/namespaces/:namespace', may('reader'), async (_request, reply) => sendJson(reply, 200, `{"run":${it.ran.push('get')}}`));
  app.post('/v1/foz/thing', may('writer'), async (_request, reply) => sendJson(reply, 200, `{"run":${it.ran.push('foz')}}`));
  return it;
}

async function away(): Promise<never> {
  throw new LakeError('CATALOG_UNREACHABLE', 'away');
}

interface Ask {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly key?: string;
  readonly payload?: object;
  readonly by?: string;
}

async function ask({ app }: World, url: string, { method = 'POST', key: asked = key, payload, by = 'ana' }: Ask = {}) {
  const headers = { 'idempotency-key': asked, authorization: `Bearer ${by}` };
  const { statusCode, body, headers: answered } = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
  return { status: statusCode, body, type: answered['content-type'], etag: answered['etag'] };
}

test('a change is made once: its key gets the first answer again, in another process over the same store too', async () => {
  const first = world();
  const answer = await ask(first, '/v1/namespaces/a', { payload: { x: 1 } });
  assert.deepEqual([answer.status, answer.body], [200, '{"namespace":"a","run":1}']);
  assert.deepEqual(await ask(first, '/v1/namespaces/a', { payload: { x: 1 }, key: key.toLowerCase() }), answer);
  const second = world(first.store);
  assert.deepEqual(await ask(second, '/v1/namespaces/a', { payload: { x: 1 } }), answer);
  assert.deepEqual([first.ran, second.ran], [['/v1/namespaces/a'], []]);
  const other = await ask(first, '/v1/namespaces/a', { payload: { x: 1 }, key: key.replace('0', '1') });
  assert.equal(other.status, 409, 'under its own key it is another request');
});

test('an answer without a body comes again without one', async () => {
  const it = world();
  await it.store.insertNamespace({ namespace: ['a'], properties: {} });
  for (const time of ['first', 'again']) {
    const answer = await ask(it, '/v1/namespaces/a', { method: 'DELETE' });
    assert.deepEqual([answer.status, answer.body, answer.type], [204, '', undefined], time);
  }
  assert.equal(it.ran.length, 1);
});

test('a key belongs to one request: another path, body, method or asker is refused with 422 and does nothing', async () => {
  const it = world();
  await ask(it, '/v1/namespaces/a', { payload: { x: 1 } });
  const others: readonly (readonly [string, Ask])[] = [
    ['/v1/namespaces/b', { payload: { x: 1 } }],
    ['/v1/namespaces/a?purge=true', { payload: { x: 1 } }],
    ['/v1/namespaces/a', { payload: { x: 2 } }],
    ['/v1/namespaces/a', {}],
    ['/v1/namespaces/a', { method: 'DELETE' }],
    ['/v1/namespaces/a', { payload: { x: 1 }, by: 'bob' }],
  ];
  for (const [url, request] of others) {
    const answer = await ask(it, url, request);
    assert.equal(answer.status, 422, JSON.stringify([url, request]));
    assert.equal(JSON.parse(answer.body).error.type, 'UnprocessableEntityException');
  }
  assert.equal(it.ran.length, 1);
  assert.equal((await ask(it, '/v1/namespaces/a', { payload: { x: 1 } })).status, 200, 'and the key still answers its own');
});

test('a final refusal stays; a failure does not, and is tried again', async () => {
  const it = world();
  for (const time of ['first', 'again']) assert.equal((await ask(it, '/v1/namespaces/refuse')).status, 400, time);
  assert.equal(it.ran.length, 1);
  const other = key.replace('0', '2');
  for (const time of ['first', 'again']) assert.equal((await ask(it, '/v1/namespaces/fail', { key: other })).status, 500, time);
  assert.equal(it.ran.length, 3);
});

test('of two that run side by side, one changes something and both answer what it answered', async () => {
  const it = world();
  const { promise, resolve: open } = Promise.withResolvers<void>();
  it.gate = promise;
  const both = [ask(it, '/v1/namespaces/a'), ask(it, '/v1/namespaces/a')];
  while (it.ran.length < 2) await new Promise((resolve) => setImmediate(resolve));
  open();
  const [one, two] = await Promise.all(both);
  assert.equal(one?.status, 200);
  assert.deepEqual(one, two);
});

test('a refusal that was answered first stays the answer: the change that was still on its way changes nothing', async () => {
  const it = world();
  const { promise, resolve: open } = Promise.withResolvers<void>();
  it.gate = promise;
  const slow = ask(it, '/v1/namespaces/a');
  while (it.ran.length < 1) await new Promise((resolve) => setImmediate(resolve));
  // The same request in another process, refused for a reason that passes.
  const refused = world(it.store);
  refused.gate = Promise.reject(new SyntaxError('not now'));
  const first = await ask(refused, '/v1/namespaces/a');
  assert.equal(first.status, 400);
  open();
  assert.deepEqual(await slow, first);
  assert.equal(await it.store.getNamespace(['a']), null);
});

test('a table is answered from the file that its change wrote, or as it is by now, under its ETag', async () => {
  const it = world();
  const first = await ask(it, '/v1/namespaces/a/tables/t');
  assert.equal(first.body, '{"metadata-location":"memory://lake/1.metadata.json","metadata":{"table":1},"config":{}}');
  assert.match(String(first.etag), /^"[\w-]{43}"$/);
  it.file = served('memory://lake/1.metadata.json', '{"table":1}');
  assert.deepEqual(await ask(it, '/v1/namespaces/a/tables/t'), first);
  it.file = served('memory://lake/9.metadata.json', '{"table":9}');
  const newer = await ask(it, '/v1/namespaces/a/tables/t');
  assert.equal(newer.body, '{"metadata-location":"memory://lake/9.metadata.json","metadata":{"table":9},"config":{}}');
  assert.notEqual(newer.etag, first.etag);
  assert.equal(it.ran.length, 1);
});

test('keys are for changes of the lake: reads and the registry answer afresh, a malformed key is refused', async () => {
  const it = world();
  for (const run of [1, 2]) assert.equal((await ask(it, '/v1/namespaces/a', { method: 'GET' })).body, `{"run":${run}}`);
  for (const run of [3, 4]) assert.equal((await ask(it, '/v1/foz/thing')).body, `{"run":${run}}`);
  for (const malformed of ['', 'x', `${key}0`, `${key}, ${key}`]) {
    const answer = await ask(it, '/v1/namespaces/a', { key: malformed });
    assert.equal(answer.status, 400, malformed);
    assert.match(answer.body, /Idempotency-Key must be one UUID/);
  }
  assert.equal(it.ran.length, 4);
});

test('a reply is forgotten after its lifetime, which is told as an ISO 8601 duration', async () => {
  const it = world();
  await ask(it, '/v1/namespaces/a');
  it.now += lifetimeMs - 1;
  await ask(it, '/v1/namespaces/b', { key: key.replace('0', '1') });
  assert.equal((await ask(it, '/v1/namespaces/a')).status, 200);
  it.now += lifetimeMs;
  await ask(it, '/v1/namespaces/c', { key: key.replace('0', '2') });
  assert.equal((await ask(it, '/v1/namespaces/a')).status, 409, 'the key is new, and the namespace is there');
  assert.deepEqual([lifetimeText(lifetimeMs), lifetimeText(90_000), lifetimeText(60_000)], ['PT30M', 'PT90S', 'PT1M']);
});

test('a store that cannot keep the reply of what is done already does not turn it into a failure', async () => {
  const store = memoryCatalogStore();
  const it = world(store, { replies: { ...store.replies, addReply: away } });
  assert.equal((await ask(it, '/v1/namespaces/a')).status, 200);
  assert.equal((await ask(it, '/v1/namespaces/a')).status, 200);
  assert.equal(it.ran.length, 1, 'its own transaction kept it');
});
