// Access over HTTP: the token endpoint as Iceberg's clients speak to it, the catalog's own client, Trino's address for the
// rules, and where a catalog does not listen without knowing who asks.

import assert from 'node:assert/strict';
import test from 'node:test';
import { identityProvider } from '../../catalog/access/identity-provider.ts';
import { tokenDigest } from '../../catalog/access/token-text.ts';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createRedactor } from '../../runtime/redact.ts';
import { oauthToken } from '../../cli/oauth-token.ts';
import { secret } from '../../runtime/secret.ts';
import { accessLab, type Send } from './access-lab.ts';

const form = (fields: Readonly<Record<string, string>>) => ({
  method: 'POST',
  path: '/v1/oauth/tokens',
  body: new URLSearchParams(fields).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});

async function granted(send: Send, fields: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const answer = await send(form(fields));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['cache-control'], 'no-store');
  return JSON.parse(answer.text) as Record<string, unknown>;
}

test('the token endpoint answers as clients read it, in success and in failure', () =>
  accessLab(async ({ send, tokens }) => {
    const client = { grant_type: 'client_credentials', client_id: 'writer', client_secret: tokens.writer, scope: 'catalog' };
    const { access_token: access, ...rest } = await granted(send, client);
    assert.deepEqual(rest, {
      token_type: 'bearer',
      expires_in: 3600,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'writer',
    });
    const renewed = await granted(send, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: String(access),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'catalog',
    });
    for (const bearer of [String(access), String(renewed['access_token'])])
      assert.equal((await send({ method: 'GET', path: '/v1/config', bearer })).status, 200);
    const refused = await send(form({ ...client, client_secret: tokens.unknown }));
    assert.equal(refused.status, 401);
    assert.deepEqual(JSON.parse(refused.text), {
      error: 'invalid_client',
      error_description: 'The client’s id or secret is wrong, expired or revoked',
    });
    assert.equal((await send(form({ grant_type: 'password' }))).status, 400);
    assert.equal((await send({ method: 'POST', path: '/v1/oauth/tokens' })).status, 400);
  }));

test('the catalog’s own client logs in with a token, or with client credentials', () =>
  accessLab(async ({ url, tokens }) => {
    const errors = { unreachable: 'CATALOG_UNREACHABLE', refused: 'CATALOG_REFUSED' } as const;
    const oauth = (text: string) =>
      oauthToken({ tokenEndpoint: `${url}/v1/oauth/tokens`, clientId: 'writer', clientSecret: secret(text) }, systemClock, errors);
    for (const token of [tokens.writer, oauth(tokens.writer)]) {
      await using catalog = restCatalog({ uri: url, token });
      await catalog.ensureNamespace(['sales']);
      assert.deepEqual(await catalog.listTables(['sales']), []);
    }
    for (const token of [undefined, tokens.revoked, oauth(tokens.revoked)]) {
      await using catalog = restCatalog({ uri: url, ...(token === undefined ? {} : { token }) });
      await assert.rejects(catalog.listTables(['sales']), { code: 'CATALOG_REFUSED', message: /401|refused/ });
    }
    await using reader = restCatalog({ uri: url, token: tokens.reader });
    await assert.rejects(reader.ensureNamespace(['other']), { code: 'CATALOG_REFUSED', message: /needs the role writer/ });
  }));

test('Trino’s address of the rules: by its token alone, each new text on record, gone when the token is', () =>
  accessLab(async ({ send, tokens, store }) => {
    const path = `/v1/foz/trino/rules/${tokens.rules}`;
    const rules = await send({ method: 'GET', path });
    assert.equal(rules.status, 200);
    assert.deepEqual(Object.keys(JSON.parse(rules.text) as object), ['schemas', 'tables', 'functions', 'procedures']);
    assert.equal((await send({ method: 'GET', path })).status, 200);
    const everything = { subject: null, actor: null, action: 'rules.publish', from: null, until: null };
    const entries = await store.audit.listAudit(everything, { before: null, limit: 10 });
    assert.deepEqual(
      entries.map(({ actor, subject, before, after }) => ({ actor, subject, before, after })),
      [{ actor: 'rules', subject: 'rules', before: null, after: { sha256: tokenDigest(rules.text) } }],
    );
    assert.equal((await send({ method: 'GET', path: '/v1/config', bearer: tokens.rules })).status, 403);
    assert.equal((await send({ method: 'GET', path: `/v1/foz/trino/rules/${tokens.reader}` })).status, 403);
    assert.equal((await send({ method: 'GET', path: `/v1/foz/trino/rules/x`, bearer: tokens.operator })).status, 401);
    await store.tokens.revokeTokens('rules', 3, 'foz');
    await systemClock.sleep(1_050);
    assert.equal((await send({ method: 'GET', path })).status, 401);
  }));

test('beyond loopback a catalog does not listen before it knows whom to let in; then it lets nobody else in', async () => {
  await using store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const open = { port: 0, host: '0.0.0.0', store, objectStore };
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org'])
    await assert.rejects(serveCatalog({ ...open, host }), {
      code: 'CONFIG_INVALID',
      message: new RegExp(`${host}:0 and answer everyone`),
      context: {
        expected: 'a token in its store, or an identity provider (catalog.auth.oidc), before it listens beyond 127.0.0.1',
        found: 'neither',
        next: 'foz catalog token create admin --role operator',
      },
    });
});

test('with an identity provider configured an empty store is closed too', async () => {
  await using store = memoryCatalogStore();
  const settings = {
    issuer: 'http://127.0.0.1:1',
    audience: 'foz',
    algorithms: ['RS256'] as const,
    nameClaim: 'sub',
    rolesClaim: 'roles',
    roles: [],
  };
  const served = await serveCatalog({
    port: 0,
    store,
    objectStore: memoryStore('lake'),
    identity: identityProvider(settings, systemClock),
  });
  try {
    assert.equal((await fetch(`${served.url}/livez`)).status, 200);
    assert.equal((await fetch(`${served.url}/v1/config`)).status, 401);
    const away = await fetch(`${served.url}/v1/config`, { headers: { authorization: 'Bearer a.b.c' } });
    assert.ok([401, 503].includes(away.status));
  } finally {
    await served.close();
  }
});

test('where a login is required an empty store is closed on loopback too', async () => {
  await using store = memoryCatalogStore();
  const served = await serveCatalog({ port: 0, store, objectStore: memoryStore('lake'), isLoginRequired: true });
  try {
    assert.equal((await fetch(`${served.url}/v1/config`)).status, 401);
  } finally {
    await served.close();
  }
});

test('a token is redacted wherever it turns up in a log', () =>
  accessLab(async ({ tokens }) => {
    const redactor = createRedactor();
    const line = redactor.value({ path: `/v1/foz/trino/rules/${tokens.rules}`, message: `Bearer ${tokens.writer}` });
    assert.deepEqual(line, { path: '/v1/foz/trino/rules/[redacted]', message: 'Bearer [redacted]' });
  }));
