// What the database does for the audit log: entries are added, with the change that they tell, and read. Nothing changes one,
// and only those of plain data commits are ever forgotten, which leaves an entry of its own.

import { assert } from '../../runtime/errors.ts';
import type { AuditAction, AuditEntry } from './change-record.ts';
import {
  insertSql,
  type Migration,
  type SqlInsert,
  type SqlOperations,
  type SqlReader,
  type SqlTransaction,
  type SqlValue,
} from './sql.ts';

/** Numbers rise in the order of writing within a process; another process may see a lower one later than a higher one. */
export const auditMigration = `
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    state_before TEXT,
    state_after TEXT
  ) STRICT;
  CREATE INDEX audit_by_action ON audit (action, at);
  CREATE INDEX audit_by_subject ON audit (subject, number);
  CREATE INDEX audit_changes ON audit (number) WHERE action <> 'table.commit';
`;

/** The database itself refuses to change an entry, and to delete one that is not a plain data commit. */
export const auditGuardMigration: Migration = {
  sqlite: `
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit WHEN OLD.action <> 'table.commit'
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  `,
  postgres: `
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
    CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit FOR EACH ROW WHEN (OLD.action <> 'table.commit')
      EXECUTE FUNCTION audit_is_append_only();
  `,
};

/** The only action whose entries are ever forgotten. */
const forgottenAction: AuditAction = 'table.commit';
/** Written out, not a parameter: so that the index of the others is used. */
const isChange = `action <> '${forgottenAction}'`;

/** With the change that it tells. */
export function auditInsert({ at, actor, action, subject, before, after }: AuditEntry): SqlInsert {
  const values = { at, actor, action, subject, state_before: jsonOrNull(before), state_after: jsonOrNull(after) };
  return { table: 'audit', values };
}

export async function insertAudit({ change }: SqlTransaction, entry: AuditEntry): Promise<void> {
  const insert = auditInsert(entry);
  await change(
    insertSql(insert, (placeholders) => `VALUES (${placeholders})`),
    ...Object.values(insert.values),
  );
}

const entryColumns = 'number, at, actor, action, subject, state_before, state_after';

export const auditOperations: SqlOperations = {
  reads: {
    /** Newest first. `before`: a number, or one beyond all. Lists are JSON texts; an absent filter is null. */
    listAudit: listEntries,
    /** Newest entry that is no plain data commit, and how many there are: it tells whether anything but rows has changed. */
    auditRevision: (sql) => sql.row(`SELECT coalesce(max(number), 0), count(*) FROM audit WHERE ${isChange}`),
    changesAfter: (sql, after = 0, limit = 0) =>
      sql.rows(`SELECT number, subject FROM audit WHERE number > ? AND ${isChange} ORDER BY number LIMIT ?`, after, limit),
  },
  steps: {},
  transactions: {
    /** Of the data commits before `until` the oldest `limit`, with an entry that says so. How many. */
    async forgetCommits(sql, until = 0, limit = 0, now = 0, actor = '') {
      const gone = await sql.change(
        'DELETE FROM audit WHERE number IN (SELECT number FROM audit WHERE action = ? AND at < ? ORDER BY at LIMIT ?)',
        forgottenAction,
        until,
        limit,
      );
      const told: AuditEntry = {
        at: Number(now),
        actor: String(actor),
        action: 'audit.forget',
        subject: forgottenAction,
        before: { entries: gone },
        after: { keptSince: new Date(Number(until)).toISOString() },
      };
      if (gone > 0) await insertAudit(sql, told);
      return gone;
    },
  },
};

function listEntries(
  sql: SqlReader,
  before: SqlValue = 0,
  limit: SqlValue = 0,
  subject: SqlValue = null,
  actor: SqlValue = null,
  action: SqlValue = null,
  from: SqlValue = null,
  until: SqlValue = null,
  isDataLeftOut: SqlValue = 0,
): Promise<unknown> {
  const filters: (readonly [string, readonly SqlValue[]])[] = [['number < ?', [before]]];
  // A name means what it is about and what lies in it: `raw` is `raw.users` as well.
  if (subject !== null) filters.push(['(subject = ? OR (subject >= ? AND subject < ?))', [subject, `${subject}.`, `${subject}/`]]);
  if (actor !== null) filters.push(['actor = ?', [actor]]);
  if (action !== null) filters.push(['(action = ? OR (action >= ? AND action < ?))', [action, `${action}.`, `${action}/`]]);
  if (from !== null) filters.push(['at >= ?', [from]]);
  if (until !== null) filters.push(['at < ?', [until]]);
  if (isDataLeftOut === 1) filters.push([isChange, []]);
  const where = filters.map(([text]) => text).join(' AND ');
  assert(typeof limit === 'number', 'listAudit needs a limit');
  return sql.rows(
    `SELECT ${entryColumns} FROM audit WHERE ${where} ORDER BY number DESC LIMIT ?`,
    ...filters.flatMap(([, values]) => values),
    limit,
  );
}

function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
