// What every catalog store promises of tokens: found by their digest while they are valid, ended with what was issued for
// them, and each change in the audit log.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AccessToken, NewToken } from '../../catalog/store/token-store.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const digest = (first: string) => first.padEnd(64, '0');
const token = (first: string, given: Partial<NewToken> = {}): NewToken => ({
  digest: digest(first),
  name: `of ${first}`,
  roles: ['reader', 'contract-admin'],
  createdAt: 10,
  expiresAt: null,
  ...given,
});
const access = (first: string, given: Partial<AccessToken> = {}): AccessToken => ({
  digest: digest(first),
  issuedFor: digest('a1'),
  name: 'of a1',
  roles: ['reader'],
  expiresAt: 100,
  until: null,
  ...given,
});
const all = { after: null, limit: 100 };

export function tokenStoreSuite(world: StoreWorld): void {
  test(`${world.name}: a token is found until it expires; there is one from the first on, whatever becomes of it`, () =>
    withStore(world, async ({ tokens }) => {
      assert.equal(await tokens.hasTokens(), false);
      assert.equal(await tokens.createToken(token('a1', { expiresAt: 50 }), 'ada'), true);
      assert.equal(await tokens.createToken(token('a1', { name: 'other', roles: ['operator'] }), 'eve'), false);
      const found = { digest: digest('a1'), name: 'of a1', roles: ['reader', 'contract-admin'], expiresAt: 50, until: 50 };
      assert.deepEqual(await tokens.findToken(digest('a1'), 49), found);
      assert.equal(await tokens.findToken(digest('a1'), 50), null);
      assert.equal(await tokens.findToken(digest('a2'), 1), null);
      await tokens.revokeTokens('of a1', 20, 'ada');
      assert.equal(await tokens.findToken(digest('a1'), 21), null);
      assert.equal(await tokens.hasTokens(), true);
    }));

  test(`${world.name}: a word that is a name of one and the digits of another, or the digits of two, revokes none`, () =>
    withStore(world, async ({ tokens }) => {
      await tokens.createToken(token('b1', { name: 'a1b2c3d4' }), 'ada');
      await tokens.createToken(token('a1b2c3d4e', { name: 'spark' }), 'ada');
      assert.equal(await tokens.revokeTokens('a1b2c3d4', 20, 'ada'), 'ambiguous');
      await tokens.createToken(token('c1c2c3c4e', { name: 'trino' }), 'ada');
      await tokens.createToken(token('c1c2c3c4f', { name: 'trino' }), 'ada');
      assert.equal(await tokens.revokeTokens('c1c2c3c4', 20, 'ada'), 'ambiguous');
      assert.ok((await tokens.listTokens(all)).every(({ revokedAt }) => revokedAt === null));
      assert.deepEqual(await tokens.revokeTokens(digest('b1').slice(0, 12), 21, 'ada'), [digest('b1')]);
      assert.deepEqual(await tokens.revokeTokens('a1b2c3d4', 22, 'ada'), [digest('a1b2c3d4e')], 'what is revoked is in nobody’s way');
      await tokens.createToken(token('d1d2d3d4e', { name: 'd1d2d3d4' }), 'ada');
      assert.deepEqual(await tokens.revokeTokens('d1d2d3d4', 23, 'ada'), [digest('d1d2d3d4e')], 'both of one token');
    }));

  test(`${world.name}: revoked by name or by the first digits, once, with what was issued`, () =>
    withStore(world, async ({ tokens, audit }) => {
      for (const first of ['a1b2c3d4e', 'a1b2c3d4f', 'b1']) await tokens.createToken(token(first, { name: 'spark' }), 'ada');
      await tokens.createToken(token('c1', { name: 'trino' }), 'ada');
      await tokens.issueToken(access('d1', { issuedFor: digest('a1b2c3d4e') }), 11, 10);
      await tokens.issueToken(access('d2', { issuedFor: digest('c1') }), 11, 10);
      assert.deepEqual(await tokens.revokeTokens('a1b2c3d', 20, 'ada'), [], 'seven digits are a name');
      assert.deepEqual(await tokens.revokeTokens('a1b2c3d4e', 20, 'ada'), [digest('a1b2c3d4e')]);
      assert.equal(await tokens.findToken(digest('d1'), 21), null);
      assert.deepEqual(await tokens.revokeTokens('spark', 21, 'bob'), [digest('a1b2c3d4f'), digest('b1')]);
      assert.deepEqual(await tokens.revokeTokens('spark', 22, 'bob'), []);
      assert.equal((await tokens.findToken(digest('d2'), 21))?.digest, digest('c1'));
      await tokens.issueToken(access('d3', { issuedFor: digest('b1') }), 21, 10);
      assert.equal(await tokens.findToken(digest('d3'), 22), null, 'issued while its token was being revoked');
      const states = await tokens.listTokens(all);
      assert.deepEqual(
        states.map(({ name, revokedAt }) => [name, revokedAt]),
        [
          ['spark', 20],
          ['spark', 21],
          ['spark', 21],
          ['trino', null],
        ],
      );
      const filter = { subject: 'spark', actor: 'bob', action: null, from: null, until: null };
      const entries = await audit.listAudit(filter, { before: null, limit: 10 });
      assert.deepEqual(
        entries.map(({ action, before }) => [action, before]).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
        [
          ['token.revoke', { id: digest('a1b2c3d4f').slice(0, 12) }],
          ['token.revoke', { id: digest('b1').slice(0, 12) }],
        ],
      );
    }));

  test(`${world.name}: what is issued ends with its time, its token’s time, and by number; nothing else needs a token behind it`, () =>
    withStore(world, async ({ tokens }) => {
      await tokens.createToken(token('a1', { expiresAt: 60 }), 'ada');
      await tokens.issueToken(access('d1', { until: 60 }), 11, 2);
      await tokens.issueToken(access('e1', { issuedFor: null, name: 'oidc:ana', until: 200 }), 11, 2);
      assert.deepEqual(await tokens.findToken(digest('d1'), 59), {
        digest: digest('a1'),
        name: 'of a1',
        roles: ['reader'],
        expiresAt: 100,
        until: 60,
      });
      assert.equal(await tokens.findToken(digest('d1'), 60), null, 'its token has expired');
      assert.equal((await tokens.findToken(digest('e1'), 99))?.digest, null);
      assert.equal(await tokens.findToken(digest('e1'), 100), null);
      for (const first of ['d2', 'd3']) await tokens.issueToken(access(first, { expiresAt: 101 }), 12, 2);
      const alive = await Promise.all(['d1', 'd2', 'd3'].map(async (first) => (await tokens.findToken(digest(first), 20)) !== null));
      assert.deepEqual(alive, [false, true, true]);
    }));

  test(`${world.name}: pages by digest, times of use, and published rules on record`, () =>
    withStore(world, async ({ tokens, audit }) => {
      for (const first of ['b', 'a', 'c']) await tokens.createToken(token(first), 'ada');
      const page = await tokens.listTokens({ after: digest('a'), limit: 1 });
      assert.deepEqual(page, [{ ...token('b'), revokedAt: null, usedAt: null }]);
      await tokens.usedToken(digest('b'), 77);
      assert.equal((await tokens.listTokens({ after: digest('a'), limit: 1 }))[0]?.usedAt, 77);
      await tokens.publishedRules('trino', 80, null, 'x1');
      const filter = { subject: 'trino', actor: null, action: 'rules.publish', from: null, until: null };
      const [entry] = await audit.listAudit(filter, { before: null, limit: 10 });
      assert.deepEqual([entry?.at, entry?.actor, entry?.before, entry?.after], [80, 'trino', null, { sha256: 'x1' }]);
    }));
}
