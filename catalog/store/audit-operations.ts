// What a store does for the audit log: entries are added and read. Nothing changes one, and only plain data commits are
// ever forgotten, which leaves an entry of its own.

import type { AuditEntry } from './change-record.ts';
import type { SqlTransaction } from './sql.ts';

/** AUTOINCREMENT: a number is not given again when the newest entries are gone. */
export const auditMigration = `
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before_text TEXT NOT NULL,
    after_text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_action ON audit (action, number);
  CREATE INDEX audit_by_subject ON audit (subject, number);
`;

/** In the transaction of the change that it tells. */
export async function insertAudit(sql: SqlTransaction, entry: AuditEntry): Promise<void> {
  const { at, actor, action, subject, before, after } = entry;
  await sql.change(
    'INSERT INTO audit (at, actor, action, subject, before_text, after_text) VALUES (?, ?, ?, ?, ?, ?)',
    at,
    actor,
    action,
    subject,
    JSON.stringify(before ?? null),
    JSON.stringify(after ?? null),
  );
}
