// Logins of an identity provider: what it signed for this catalog is taken, everything else is refused, and nothing that a
// token says decides how it is checked.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import test, { type TestContext } from 'node:test';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import {
  identityProvider,
  type IdentityProvider,
  type IdentityProviderSettings,
  type Login,
} from '../../catalog/access/identity-provider.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';

const now = Date.parse('2026-11-21T10:00:00Z');
const seconds = now / 1000;
const audience = 'foz-catalog';

interface Provider {
  readonly issuer: string;
  readonly publicPem: string;
  readonly standing: IdentityProvider;
  sign(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, string>>): Promise<string>;
  login(token: string, settings?: Partial<IdentityProviderSettings>): Promise<Login | string>;
  /** Requests that came for the keys. */
  asked(): readonly string[];
  /** From now on it answers as `answer` does. */
  answerBy(answer: RequestListener): void;
  pass(ms: number): void;
}

const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
const stranger = await generateKeyPair('RS256');
const curve = await generateKeyPair('ES256');

async function provider(t: TestContext, given?: RequestListener): Promise<Provider> {
  let answer = given;
  let passed = 0;
  const asked: string[] = [];
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', use: 'sig' };
  let issuer = '';
  const server = createServer((request, reply) => {
    asked.push(request.url ?? '');
    if (answer) return answer(request, reply);
    if (request.url === '/.well-known/openid-configuration') reply.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    else reply.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const settings: IdentityProviderSettings = {
    issuer,
    audience,
    algorithms: ['RS256', 'ES256'],
    nameClaim: 'sub',
    rolesClaim: 'realm.roles',
    roles: [
      { claim: 'engineers', role: 'writer' },
      { claim: 'stewards', role: 'contract-admin' },
    ],
  };
  const clock = { now: () => now + passed, sleep: async () => undefined };
  const standing = identityProvider(settings, clock);
  return {
    issuer,
    publicPem: await exportSPKI(publicKey),
    standing,
    asked: () => asked,
    answerBy: (by) => void (answer = by),
    pass: (ms) => void (passed += ms),
    sign: (claims = {}, header = {}) =>
      new SignJWT({ ...claimsOf(issuer), ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(privateKey),
    login: (token, changed) => (changed ? identityProvider({ ...settings, ...changed }, clock) : standing).login(token),
  };
}

function claimsOf(issuer: string): JWTPayload {
  return { iss: issuer, aud: audience, sub: 'ana', exp: seconds + 600, iat: seconds, realm: { roles: ['engineers', 'singers'] } };
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const none = 'The token is not one of this catalog’s identity provider';

test('a token that the provider signed for this catalog: its claims are roles, its subject is the name', async (t) => {
  const { sign, login, asked } = await provider(t);
  assert.deepEqual(await login(await sign()), { name: 'oidc:ana', roles: ['writer'], expiresAt: now + 600_000 });
  assert.deepEqual(await login(await sign({ aud: ['other', audience], realm: { roles: 'stewards' } })), {
    name: 'oidc:ana',
    roles: ['contract-admin'],
    expiresAt: now + 600_000,
  });
  const nobody = await login(await sign({ realm: undefined, __proto__: { roles: ['engineers'] } }));
  assert.deepEqual(typeof nobody === 'string' ? nobody : nobody.roles, []);
  assert.deepEqual(asked(), ['/.well-known/openid-configuration', '/keys']);
});

test('expired, too early, of another issuer or audience, without an end or a name: refused', async (t) => {
  const { sign, login } = await provider(t);
  assert.equal(await login(await sign({ exp: seconds - 31 })), 'The token has expired');
  assert.equal(await login(await sign({ nbf: seconds + 60 })), 'The token’s nbf is not what this catalog asks for');
  assert.equal(await login(await sign({ iss: 'https://elsewhere.example' })), 'The token’s iss is not what this catalog asks for');
  assert.equal(await login(await sign({ aud: 'other' })), 'The token’s aud is not what this catalog asks for');
  assert.equal(await login(await sign({ aud: undefined })), 'The token’s aud is not what this catalog asks for');
  assert.equal(await login(await sign({ exp: undefined })), 'The token’s exp is not what this catalog asks for');
  assert.equal(await login(await sign({ sub: '' })), 'The token’s sub names nobody');
});

test('no signature, another’s key, the public key as a shared secret, a key of the token’s own, an algorithm not configured: refused', async (t) => {
  const { sign, login, issuer, publicPem } = await provider(t);
  const claims = claimsOf(issuer);
  const head = (header: object) => `${encoded(header)}.${encoded(claims)}`;
  for (const alg of ['none', 'None', 'NONE', '']) assert.equal(await login(`${head({ alg })}.`), none, alg);
  for (const secret of [publicPem, publicPem.trim(), Buffer.from(publicPem)]) {
    const text = head({ alg: 'HS256', kid: 'one' });
    assert.equal(await login(`${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`), none);
  }
  const signed = (key: CryptoKey, header: Readonly<Record<string, unknown>>) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(key);
  assert.equal(await login(await signed(stranger.privateKey, { kid: 'one' })), none);
  assert.equal(await login(await signed(stranger.privateKey, { kid: 'two' })), none);
  assert.equal(await login(await signed(stranger.privateKey, { jwk: await exportJWK(stranger.publicKey) })), none);
  assert.equal(await login(await signed(stranger.privateKey, { kid: 'one', jku: 'http://127.0.0.1:1/keys' })), none);
  assert.equal(await login(await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(curve.privateKey)), none);
  assert.equal(await login(await sign(), { algorithms: ['ES256'] }), none);
  const [header = '', body = '', signature = ''] = (await sign()).split('.');
  const forged = encoded({ ...claims, realm: { roles: ['stewards'] } });
  for (const token of [
    `${header}.${forged}.${signature}`,
    `${header}.${body}.`,
    `${header}.${body}`,
    'a.b.c',
    '',
    '..',
    `${'a'.repeat(8_000)}.b.c`,
  ])
    assert.equal(await login(token), none, token.slice(0, 20));
  assert.match(String(await login('x'.repeat(8_193))), /longer than 8192/);
});

test('keys that cannot be had: an error that says so, and no call for each bad token', async (t) => {
  const away = await provider(t, (_request, reply) => reply.writeHead(500).end());
  const unreachable = { code: 'IDENTITY_UNREACHABLE', retry: 'backoff' };
  for (let i = 0; i < 5; i++) await assert.rejects(away.login(await away.sign()), unreachable);
  assert.equal(away.asked().length, 1);
  const elsewhere = await provider(t, (_request, reply) =>
    reply.end(JSON.stringify({ issuer: 'http://127.0.0.1:1', jwks_uri: 'http://127.0.0.1:1/k' })),
  );
  await assert.rejects(elsewhere.login(await elsewhere.sign()), unreachable);
  const led = await provider(t, (_request, reply) => reply.writeHead(302, { location: 'http://127.0.0.1:1/' }).end());
  await assert.rejects(led.login(await led.sign()), unreachable);
  const flood = await provider(t, (_request, reply) => reply.end('x'.repeat(300_000)));
  await assert.rejects(flood.login(await flood.sign()), { ...unreachable, message: /more than 262144 bytes/ });
});

test('unknown key ids do not make the catalog call on and on', async (t) => {
  const { sign, login, asked } = await provider(t);
  await login(await sign());
  for (let i = 0; i < 20; i++) await login(await sign({}, { kid: `k${i}` }));
  assert.ok(asked().length <= 3, asked().join(' '));
});

test('an unknown key id while the provider is away does not cost the keys that are there', async (t) => {
  const { sign, login, asked, answerBy, pass } = await provider(t);
  t.mock.timers.enable({ apis: ['Date'], now });
  const known = await login(await sign());
  assert.equal(typeof known, 'object');
  answerBy((_request, reply) => reply.writeHead(503).end());
  t.mock.timers.tick(31_000);
  pass(31_000);
  const unknown = await sign({}, { kid: 'unheard' });
  await assert.rejects(login(unknown), { code: 'IDENTITY_UNREACHABLE' });
  assert.deepEqual(await login(await sign()), known);
  const tried = asked().length;
  pass(29_000);
  await assert.rejects(login(unknown), { code: 'IDENTITY_UNREACHABLE' });
  assert.equal(asked().length, tried, 'it rests for half a minute');
  pass(2_000);
  await assert.rejects(login(unknown), { code: 'IDENTITY_UNREACHABLE' });
  assert.equal(asked().length, tried + 2, 'for the keys, and whether they are elsewhere');
});

test('keys that have moved are found without a new start, by what the provider says of itself', async (t) => {
  const { sign, login, answerBy, pass, issuer } = await provider(t);
  t.mock.timers.enable({ apis: ['Date'], now });
  await login(await sign());
  const jwk = { ...(await exportJWK(publicKey)), kid: 'two', use: 'sig' };
  answerBy((request, reply) => {
    if (request.url === '/.well-known/openid-configuration') reply.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/new-keys` }));
    else if (request.url === '/new-keys') reply.end(JSON.stringify({ keys: [jwk] }));
    else reply.writeHead(404).end();
  });
  t.mock.timers.tick(31_000);
  pass(31_000);
  assert.equal(typeof (await login(await sign({}, { kid: 'two' }))), 'object');
});

test('what is no JSON is no keys: nobody is refused for it, and it is not asked for by every login', async (t) => {
  const { sign, login, asked, answerBy, issuer } = await provider(t);
  answerBy((request, reply) => {
    if (request.url === '/.well-known/openid-configuration') reply.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    else reply.end('<html>down for maintenance</html>');
  });
  for (let i = 0; i < 3; i++) await assert.rejects(login(await sign()), { code: 'IDENTITY_UNREACHABLE' });
  assert.deepEqual(asked(), ['/.well-known/openid-configuration', '/keys']);
});

test('keys come over TLS or from this machine', () => {
  const settings = { audience, algorithms: ['RS256'] as const, nameClaim: 'sub', rolesClaim: 'roles', roles: [] };
  const clock = { now: () => now, sleep: async () => undefined };
  for (const issuer of ['http://login.example', 'file:///etc/keys', 'ftp://login.example', 'http://127.0.0.1.example/', 'http://[::2]/'])
    assert.throws(() => identityProvider({ ...settings, issuer }, clock), { code: 'CONFIG_INVALID' }, issuer);
  assert.throws(() => identityProvider({ ...settings, issuer: 'https://login.example', jwksUri: 'http://169.254.169.254/' }, clock), {
    code: 'CONFIG_INVALID',
  });
});

test('a login is a bearer token like any other: its roles count, its name is in the audit log, bad ones get 401', async (t) => {
  const { sign, standing } = await provider(t);
  await using store = memoryCatalogStore();
  const clock = { now: () => now, sleep: async () => undefined };
  const served = await serveCatalog({ port: 0, store, objectStore: memoryStore('lake'), identity: standing, clock });
  t.after(() => served.close());
  const create = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify({ namespace: ['sales'] }) };
    return (await fetch(`${served.url}/v1/namespaces`, init)).status;
  };
  assert.equal(await create(await sign({ realm: { roles: ['singers'] } })), 403);
  assert.equal(await create(await sign({ realm: { roles: ['stewards'] } })), 403);
  for (const bad of [{ exp: seconds - 60 }, { aud: 'other' }, { iss: 'https://elsewhere.example' }])
    assert.equal(await create(await sign(bad)), 401);
  assert.equal(await create(await sign()), 200);
  const everything = { subject: null, actor: null, action: null, from: null, until: null };
  const entries = await store.audit.listAudit(everything, { before: null, limit: 10 });
  assert.deepEqual(
    entries.map(({ actor, action, subject }) => [actor, action, subject]),
    [['oidc:ana', 'namespace.create', 'sales']],
  );
});
