// Tokens in a catalog store.

import { insertAudit } from './audit-operations.ts';
import type { AuditEntry } from './change-record.ts';
import type { SqlOperations, SqlValue } from './sql.ts';
import { tokenIdLength } from './token-store.ts';

export const tokenMigration = `
  CREATE TABLE tokens (
    digest TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    used_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_by_name ON tokens (name);
  CREATE TABLE access_tokens (
    digest TEXT NOT NULL PRIMARY KEY,
    issued_for TEXT,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    until_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);
  CREATE INDEX access_tokens_by_name ON access_tokens (name, expires_at);
`;

export const tokenOperations: SqlOperations = {
  reads: {
    hasTokens: (sql) => sql.row('SELECT digest FROM tokens LIMIT 1'),
    findToken: (sql, digest = '', now = 0) =>
      sql.row(
        `SELECT digest, name, roles, expires_at, expires_at FROM tokens
          WHERE digest = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
          UNION ALL
         SELECT a.issued_for, a.name, a.roles, a.expires_at, a.until_at FROM access_tokens a LEFT JOIN tokens t ON t.digest = a.issued_for
          WHERE a.digest = ? AND a.expires_at > ?
            AND (a.issued_for IS NULL OR (t.digest IS NOT NULL AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)))`,
        digest,
        now,
        digest,
        now,
        now,
      ),
    listTokens: (sql, after = '', limit = 0) =>
      sql.rows(
        'SELECT digest, name, roles, created_at, expires_at, revoked_at, used_at FROM tokens WHERE digest > ? ORDER BY digest LIMIT ?',
        after,
        limit,
      ),
  },
  steps: {
    async publishedRules(sql, name = '', at = 0, before = null, after = '') {
      const digests = { before: before === null ? null : { sha256: before }, after: { sha256: after } };
      await insertAudit(sql, { ...entryOf(at, name, name), action: 'rules.publish', ...digests });
    },
    usedToken: (sql, digest = '', at = 0) => sql.change('UPDATE tokens SET used_at = ? WHERE digest = ?', at, digest),
  },
  transactions: {
    async createToken(sql, digest = '', name = '', roles = '', createdAt = 0, expiresAt = null, actor = '') {
      const created = await sql.change(
        'INSERT INTO tokens (digest, name, roles, created_at, expires_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING',
        digest,
        name,
        roles,
        createdAt,
        expiresAt,
      );
      if (created === 0) return false;
      const after = { id: idOf(digest), roles: String(roles).split(' '), expiresAt };
      await insertAudit(sql, { ...entryOf(createdAt, actor, name), action: 'token.create', before: null, after });
      return true;
    },
    /** `from` and `before` bound the digests. */
    async revokeTokens(sql, name = '', from = '', before = '', at = 0, actor = '') {
      const revoked = await sql.rows(
        'SELECT digest, name FROM tokens WHERE (name = ? OR (digest >= ? AND digest < ?)) AND revoked_at IS NULL ORDER BY digest',
        name,
        from,
        before,
      );
      const byDigits = revoked.filter(([, of]) => of !== name).length;
      if (byDigits > 1 || (byDigits === 1 && revoked.length > 1)) return 'ambiguous';
      for (const [digest = '', of = ''] of revoked) {
        await sql.change('UPDATE tokens SET revoked_at = ? WHERE digest = ?', at, digest);
        await sql.change('DELETE FROM access_tokens WHERE issued_for = ?', digest);
        await insertAudit(sql, { ...entryOf(at, actor, of), action: 'token.revoke', before: { id: idOf(digest) }, after: null });
      }
      return revoked.map(([digest]) => digest);
    },
    async issueToken(sql, digest = '', issuedFor = null, name = '', roles = '', expiresAt = 0, until = null, now = 0, limit = 0) {
      await sql.change('DELETE FROM access_tokens WHERE expires_at <= ?', now);
      await sql.change(
        `DELETE FROM access_tokens WHERE digest IN
          (SELECT digest FROM access_tokens WHERE name = ? ORDER BY expires_at DESC, digest LIMIT 100 OFFSET ?)`,
        name,
        Number(limit) - 1,
      );
      await sql.change(
        'INSERT INTO access_tokens (digest, issued_for, name, roles, expires_at, until_at) VALUES (?, ?, ?, ?, ?, ?)',
        digest,
        issuedFor,
        name,
        roles,
        expiresAt,
        until,
      );
    },
  },
};

function entryOf(at: SqlValue, actor: SqlValue, subject: SqlValue): Pick<AuditEntry, 'at' | 'actor' | 'subject'> {
  return { at: Number(at), actor: String(actor), subject: String(subject) };
}

function idOf(digest: SqlValue): string {
  return String(digest).slice(0, tokenIdLength);
}
