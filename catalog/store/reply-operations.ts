// Replies to requests with an Idempotency-Key, in a catalog store.

import type { IdempotentReply } from './change-record.ts';
import type { SqlInsert, SqlOperations } from './sql.ts';

export const replyMigration = `
  CREATE TABLE replies (
    key TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    reply TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX replies_by_expiry ON replies (expires_at);
`;

/** With the change it answers for: fails where the key is taken. */
export function replyInsert({ key, digest, expiresAt, reply }: IdempotentReply): SqlInsert {
  return { table: 'replies', values: { key, digest, expires_at: expiresAt, reply: JSON.stringify(reply) } };
}

export const replyOperations: SqlOperations = {
  reads: {
    findReply: (sql, key = '') => sql.row('SELECT digest, expires_at, reply FROM replies WHERE key = ?', key),
  },
  steps: {
    addReply: (sql, key = '', digest = '', expiresAt = 0, reply = '') =>
      sql.change(
        'INSERT INTO replies (key, digest, expires_at, reply) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING',
        key,
        digest,
        expiresAt,
        reply,
      ),
    forgetReplies: (sql, now = 0, limit = 0) =>
      sql.change(
        'DELETE FROM replies WHERE key IN (SELECT key FROM replies WHERE expires_at <= ? ORDER BY expires_at, key LIMIT ?)',
        now,
        limit,
      ),
  },
  transactions: {},
};
