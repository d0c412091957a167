// The guard before all routes: deny by default, and nothing of a refused request is read.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fastify, type FastifyInstance } from 'fastify';
import type { Authenticate } from '../../catalog/access/authenticate.ts';
import { isRole } from '../../catalog/access/roles.ts';
import { contextOf, guardRoutes, may } from '../../catalog/server/guard.ts';

/** Knows everybody by the role they name. */
const byRole: Authenticate = async ({ bearer }) => {
  if (bearer === 'flood') return { kind: 'limited', retryAfterSeconds: 7 };
  if (bearer === null || !isRole(bearer)) return { kind: 'refused', reason: 'unknown token' };
  return { kind: 'principal', principal: { actor: `a ${bearer}`, roles: [bearer] } };
};

function guarded(): FastifyInstance {
  const app = fastify();
  guardRoutes(app, byRole);
  app.get('/public', may('public'), async (request) => contextOf(request));
  app.post('/write', may('writer'), async (request) => contextOf(request));
  return app;
}

const write = (authorization: string) => ({ method: 'POST' as const, url: '/write', headers: { authorization } });

test('a route that does not say who may use it cannot be registered', () => {
  const app = guarded();
  assert.throws(() => app.get('/forgotten', async () => ''), /GET \/forgotten does not say who may use it/);
});

test('without a credential: 401 with the way in, also where there is no route', async () => {
  const app = guarded();
  for (const url of ['/write', '/nowhere', '/write/']) {
    const answer = await app.inject({ method: 'POST', url });
    assert.equal(answer.statusCode, 401, url);
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="foz"');
    assert.deepEqual(answer.json(), { error: { message: 'unknown token', type: 'NotAuthorizedException', code: 401 } });
  }
  assert.deepEqual((await app.inject('/public')).json(), { actor: 'anonymous', idempotency: null });
});

test('a role that does not suffice: 403 with the role that does; then who asks is known to the handler', async () => {
  const app = guarded();
  const call = (bearer: string, url = '/write') => app.inject({ method: 'POST', url, headers: { authorization: `Bearer ${bearer}` } });
  const refused = await call('reader');
  assert.equal(refused.statusCode, 403);
  assert.equal(refused.json().error.message, 'a reader (reader) may not POST /write: it needs the role writer');
  assert.deepEqual((await call('writer')).json(), { actor: 'a writer', idempotency: null });
  assert.equal((await call('reader', '/nowhere')).statusCode, 404);
  assert.equal((await call('rules', '/nowhere')).statusCode, 403);
});

test('too many failures: 429 with the pause; malformed headers are no credential', async () => {
  const app = guarded();
  const flood = await app.inject(write('Bearer flood'));
  assert.equal(flood.statusCode, 429);
  assert.equal(flood.headers['retry-after'], '7');
  for (const text of ['writer', 'Basic writer', 'Bearer', 'Bearer ', 'Bearer  writer', 'Bearer writer x'])
    assert.equal((await app.inject(write(text))).statusCode, 401, text);
  assert.equal((await app.inject(write('bearer writer'))).statusCode, 200);
});
