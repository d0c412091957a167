// Tokens of the catalog: what opens it, how an access token is had for one, and what ends both.

import assert from 'node:assert/strict';
import test from 'node:test';
import { accessControl, type AccessControl } from '../../catalog/access/access-control.ts';
import type { Authenticated } from '../../catalog/access/authenticate.ts';
import { keepConfiguredTokens } from '../../catalog/access/configured-tokens.ts';
import type { IdentityProvider } from '../../catalog/access/identity-provider.ts';
import type { Role } from '../../catalog/access/roles.ts';
import { newTokenText, tokenDigest } from '../../catalog/access/token-text.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { silentLogger } from '../../runtime/log.ts';
import { secret } from '../../runtime/secret.ts';

const hour = 3_600_000;

interface Lab {
  readonly access: AccessControl;
  readonly store: CatalogStore;
  pass(ms: number): void;
  token(name: string, roles: readonly Role[], lifeMs?: number): Promise<string>;
  /** Actor and roles, or how it was refused. */
  who(bearer: string | null, address?: string): Promise<string>;
  grant(form: Readonly<Record<string, string>>, basic?: { id: string; secret: string }): ReturnType<AccessControl['grant']>;
}

async function lab(run: (lab: Lab) => Promise<void>, options: { isClosed?: boolean; identity?: IdentityProvider } = {}): Promise<void> {
  await using store = await memoryCatalogStore();
  let now = Date.parse('2026-11-21T10:00:00Z');
  const clock = { now: () => now, sleep: async () => undefined };
  const { isClosed = false, identity = null } = options;
  const access = accessControl({ tokens: store.tokens, identity, isClosed, clock, logger: silentLogger });
  await run({
    access,
    store,
    pass: (ms) => void (now += ms),
    async token(name, roles, lifeMs) {
      const text = newTokenText();
      const expiresAt = lifeMs === undefined ? null : now + lifeMs;
      await store.tokens.createToken({ digest: tokenDigest(text), name, roles, createdAt: now, expiresAt }, 'foz');
      now += 2_000;
      return text;
    },
    who: async (bearer, address = '10.0.0.1') => told(await access.authenticate({ bearer, address })),
    grant: (form, basic) => access.grant({ form: new Map(Object.entries(form)), basic: basic ?? null }, '10.0.0.2'),
  });
}

function told(found: Authenticated): string {
  if (found.kind === 'principal') return `${found.principal.actor}: ${found.principal.roles.join(' ')}`;
  return found.kind === 'limited' ? `wait ${found.retryAfterSeconds} s` : `refused: ${found.reason}`;
}

const issued = async (grant: ReturnType<AccessControl['grant']>): Promise<string> => {
  const outcome = await grant;
  assert.equal(outcome.kind, 'issued', JSON.stringify(outcome));
  return outcome.kind === 'issued' ? outcome.token : '';
};

const exchange = (token: string) => ({
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: token,
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
});

const row = (digest: string, expiresAt: number) => ({
  digest,
  issuedFor: null,
  name: 'spark',
  roles: ['reader'] as const,
  expiresAt,
  until: null,
});

const unknown = 'refused: The token is unknown, expired or revoked';

test('a catalog is open until its first token, and closed for good from then on', () =>
  lab(async ({ who, token, store, pass }) => {
    assert.equal(await who(null), 'anonymous: operator');
    assert.equal(await who('None'), 'anonymous: operator');
    const text = await token('admin', ['operator']);
    assert.equal(await who(null), 'refused: This catalog asks for a bearer token');
    assert.equal(await who(text), 'admin: operator');
    assert.equal(await who(newTokenText()), unknown);
    await store.tokens.revokeTokens('admin', 1, 'foz');
    pass(2_000);
    assert.equal(await who(null), 'refused: This catalog asks for a bearer token');
    assert.equal(await who(text), unknown);
  }));

test('beyond loopback it never is open', () =>
  lab(async ({ who }) => assert.equal(await who(null), 'refused: This catalog asks for a bearer token'), { isClosed: true }));

test('only the digest of a token is kept; a revoked or expired one ends within a second, and what was issued for it', () =>
  lab(async ({ who, token, store, pass, grant }) => {
    const text = await token('spark', ['writer']);
    const short = await token('night', ['reader'], hour);
    const access = await issued(grant({ grant_type: 'client_credentials', client_id: 'spark', client_secret: text }));
    const rows = JSON.stringify(await store.tokens.listTokens({ after: null, limit: 10 }));
    assert.ok(!rows.includes(text) && rows.includes(tokenDigest(text)));
    assert.equal(await who(access), 'spark: writer');
    assert.deepEqual(await store.tokens.revokeTokens(tokenDigest(text).slice(0, 12), 1, 'foz'), [tokenDigest(text)]);
    pass(1_001);
    assert.deepEqual([await who(text), await who(access), await who(short)], [unknown, unknown, 'night: reader']);
    pass(hour);
    assert.equal(await who(short), unknown);
    assert.deepEqual(await store.tokens.revokeTokens('spark', 1, 'foz'), []);
  }));

test('one of two tokens of a name takes over from the other', () =>
  lab(async ({ who, token, store, pass }) => {
    const [old, next] = [await token('spark', ['writer']), await token('spark', ['reader'])];
    await store.tokens.revokeTokens(tokenDigest(old).slice(0, 8), 1, 'foz');
    pass(2_000);
    assert.deepEqual([await who(old), await who(next)], [unknown, 'spark: reader']);
  }));

test('creating and revoking are in the audit log, without the token', () =>
  lab(async ({ token, store }) => {
    const text = await token('spark', ['writer']);
    await store.tokens.revokeTokens('spark', 5, 'alice');
    const entries = await store.audit.listAudit(
      { subject: null, actor: null, action: null, from: null, until: null },
      { before: null, limit: 10 },
    );
    const id = tokenDigest(text).slice(0, 12);
    assert.deepEqual(
      entries
        .map(({ actor, action, subject, before, after }) => ({ actor, action, subject, before, after }))
        .toSorted((a, b) => (a.action < b.action ? -1 : 1)),
      [
        { actor: 'foz', action: 'token.create', subject: 'spark', before: null, after: { id, roles: ['writer'], expiresAt: null } },
        { actor: 'alice', action: 'token.revoke', subject: 'spark', before: { id }, after: null },
      ],
    );
    assert.ok(!JSON.stringify(entries).includes(text));
  }));

test('client credentials: an hour, never beyond the token itself; a wrong id, secret or an access token as secret is refused', () =>
  lab(async ({ who, token, grant, pass }) => {
    const text = await token('spark', ['writer'], hour / 2);
    const client = { grant_type: 'client_credentials', client_id: 'spark', client_secret: text };
    const outcome = await grant(client);
    assert.ok(outcome.kind === 'issued' && outcome.lifeSeconds <= 1_800 && outcome.lifeSeconds > 1_700);
    assert.equal(await who(await issued(grant({ ...client, client_id: '' }))), 'spark: writer');
    assert.equal(await who(await issued(grant({ grant_type: 'client_credentials' }, { id: 'spark', secret: text }))), 'spark: writer');
    const access = await issued(grant(client));
    for (const bad of [{ client_id: 'trino' }, { client_secret: newTokenText() }, { client_secret: access }, { client_secret: '' }]) {
      const refusal = await grant({ ...client, ...bad });
      assert.ok(refusal.kind === 'error' && refusal.error === 'invalid_client' && refusal.status === 401, JSON.stringify(refusal));
    }
    const twice = await grant(client, { id: 'spark', secret: text });
    assert.ok(twice.kind === 'error' && twice.error === 'invalid_request');
    const password = await grant({ grant_type: 'password' });
    assert.ok(password.kind === 'error' && password.error === 'unsupported_grant_type');
    pass(hour / 2);
    assert.equal(await who(access), unknown);
  }));

test('a scope narrows to roles that the holder has; words of other systems say nothing', () =>
  lab(async ({ who, token, grant }) => {
    const client = { grant_type: 'client_credentials', client_secret: await token('admin', ['operator']) };
    assert.equal(await who(await issued(grant({ ...client, scope: 'catalog' }))), 'admin: operator');
    const narrow = await issued(grant({ ...client, scope: 'reader catalog' }));
    assert.equal(await who(narrow), 'admin: reader');
    assert.equal(await who(await issued(grant(exchange(narrow)))), 'admin: reader');
    const wider = await grant({ ...exchange(narrow), scope: 'operator' });
    assert.ok(wider.kind === 'error' && wider.error === 'invalid_scope');
  }));

test('an access token is renewed by exchange while it lives, and by the client’s credentials afterwards', () =>
  lab(async ({ who, token, grant, pass }) => {
    const text = await token('spark', ['writer']);
    const first = await issued(grant({ grant_type: 'client_credentials', client_secret: text }));
    pass(hour - 1_000);
    const second = await issued(grant(exchange(first)));
    pass(hour / 2);
    assert.deepEqual([await who(first), await who(second)], [unknown, 'spark: writer']);
    const expired = await grant(exchange(first));
    assert.ok(expired.kind === 'error' && expired.error === 'invalid_grant');
    const again = await issued(grant(exchange(first), { id: 'spark', secret: text }));
    assert.equal(await who(again), 'spark: writer');
  }));

test('a login elsewhere may be exchanged, but not lengthened', () => {
  const identity: IdentityProvider = {
    login: async (jwt) => (jwt === 'a.b.c' ? { name: 'oidc:ana', roles: ['reader'], expiresAt: Date.parse('2026-11-21T10:10:00Z') } : 'no'),
  };
  return lab(
    async ({ who, grant, pass }) => {
      assert.deepEqual(
        [await who('a.b.c'), await who('x.y.z'), await who(null)].map((text) => text.split(':')[0]),
        ['oidc', 'refused', 'refused'],
      );
      const outcome = await grant(exchange('a.b.c'));
      assert.ok(outcome.kind === 'issued' && outcome.lifeSeconds === 600);
      const token = await issued(grant(exchange('a.b.c')));
      assert.equal(await who(token), 'oidc:ana: reader');
      pass(9 * 60_000);
      assert.ok((await grant(exchange(token))).kind === 'issued');
      pass(61_000);
      assert.equal(await who(token), unknown);
    },
    { identity },
  );
});

test('failed logins of an address are slowed down; who logs in rightly never is, not even there', () =>
  lab(async ({ who, token, grant, pass }) => {
    const text = await token('spark', ['writer']);
    for (let i = 0; i < 30; i++) assert.equal(await who(newTokenText()), unknown);
    assert.match(await who(newTokenText()), /^wait \d s$/);
    assert.equal(await who(text), 'spark: writer');
    assert.equal(await who(null), 'refused: This catalog asks for a bearer token');
    assert.equal(await who(newTokenText(), '10.0.0.9'), unknown);
    pass(60_000);
    assert.equal(await who(newTokenText()), unknown);
    const guess = () => grant({ grant_type: 'client_credentials', client_secret: newTokenText() });
    for (let i = 0; i < 30; i++) assert.equal((await guess()).kind, 'error');
    assert.equal((await guess()).kind, 'limited');
    assert.equal((await grant({ grant_type: 'client_credentials', client_secret: text })).kind, 'issued');
  }));

test('of one holder as many access tokens live as are allowed; expired ones are forgotten', () =>
  lab(async ({ store }) => {
    for (const [i, digest] of ['a', 'b', 'c'].entries()) await store.tokens.issueToken(row(digest, 100 + i), 1, 2);
    const alive = async (now: number) =>
      Promise.all(['a', 'b', 'c'].map(async (digest) => (await store.tokens.findToken(digest, now)) !== null));
    assert.deepEqual(await alive(1), [false, true, true]);
    assert.deepEqual(await alive(101), [false, false, true]);
  }));

test('when a token was last used is kept, to the minute', () =>
  lab(async ({ store, token, who, pass }) => {
    const text = await token('spark', ['writer']);
    const usedAt = async () => (await store.tokens.listTokens({ after: null, limit: 1 }))[0]?.usedAt ?? null;
    assert.equal(await usedAt(), null);
    await who(text);
    const first = await usedAt();
    assert.ok(first !== null);
    pass(30_000);
    await who(text);
    assert.equal(await usedAt(), first);
    pass(31_000);
    await who(text);
    assert.equal(await usedAt(), first + 61_000);
  }));

test('tokens of the configuration are the store’s: made once, revoked for good, long enough', () =>
  lab(async ({ store, who, pass }) => {
    const clock = { now: () => 5, sleep: async () => undefined };
    const text = 'a'.repeat(64);
    const configured = [{ name: 'trino', roles: ['writer'] as const, token: secret(text) }];
    for (let start = 0; start < 3; start++) await keepConfiguredTokens(store.tokens, configured, clock);
    pass(2_000);
    assert.equal(await who(text), 'trino: writer');
    assert.equal((await store.tokens.listTokens({ after: null, limit: 10 })).length, 1);
    await store.tokens.revokeTokens('trino', 6, 'foz');
    await keepConfiguredTokens(store.tokens, configured, clock);
    pass(2_000);
    assert.equal(await who(text), unknown);
    for (const weak of ['short', 'with spaces and long enough to be one', `${'a'.repeat(40)}.b.c`])
      await assert.rejects(keepConfiguredTokens(store.tokens, [{ name: 'x', roles: ['reader'], token: secret(weak) }], clock), {
        code: 'CONFIG_INVALID',
      });
    const named = { name: 'deadbeef', roles: ['reader'], token: secret(text) } as const;
    await assert.rejects(keepConfiguredTokens(store.tokens, [named], clock), { code: 'CONFIG_INVALID', message: /id of another/ });
  }));
