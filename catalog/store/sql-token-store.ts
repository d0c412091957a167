// The token store over the operations of token-operations.ts, whatever database runs them.

import { isRole, type Role } from '../access/roles.ts';
import type { SqlCall } from './sql.ts';
import { tokenIdPattern, type TokenStore } from './token-store.ts';

/** No digest is as high. */
const noDigest = 'g';

export function sqlTokenStore(call: SqlCall): TokenStore {
  return {
    hasTokens: async () => (await call('hasTokens')) !== null,
    async findToken(digest, now) {
      const found = await call('findToken', digest, now);
      if (!Array.isArray(found)) return null;
      const [holder, name, roles, expiresAt, until] = listOf(found);
      return {
        digest: holder === null ? null : String(holder),
        name: String(name),
        roles: rolesOf(roles),
        expiresAt: timeOf(expiresAt),
        until: timeOf(until),
      };
    },
    async listTokens({ after, limit }) {
      const found = listOf(await call('listTokens', after ?? '', limit)).map(listOf);
      return found.map(([digest, name, roles, createdAt, expiresAt, revokedAt, usedAt]) => ({
        digest: String(digest),
        name: String(name),
        roles: rolesOf(roles),
        createdAt: Number(createdAt),
        expiresAt: timeOf(expiresAt),
        revokedAt: timeOf(revokedAt),
        usedAt: timeOf(usedAt),
      }));
    },
    async createToken({ digest, name, roles, createdAt, expiresAt }, actor) {
      return (await call('createToken', digest, name, roles.join(' '), createdAt, expiresAt, actor)) === true;
    },
    async revokeTokens(which, at, actor) {
      const [from, before] = tokenIdPattern.test(which) ? [which, `${which}${noDigest}`] : [noDigest, noDigest];
      const revoked = await call('revokeTokens', which, from, before, at, actor);
      return revoked === 'ambiguous' ? revoked : listOf(revoked).map(String);
    },
    async issueToken({ digest, issuedFor, name, roles, expiresAt, until }, now, limit) {
      await call('issueToken', digest, issuedFor, name, roles.join(' '), expiresAt, until, now, limit);
    },
    async usedToken(digest, at) {
      await call('usedToken', digest, at);
    },
    async publishedRules(name, at, before, after) {
      await call('publishedRules', name, at, before, after);
    },
  };
}

/** A role of a newer version opens nothing here. */
function rolesOf(value: unknown): readonly Role[] {
  return String(value).split(' ').filter(isRole);
}

function timeOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
