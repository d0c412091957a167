// What is written with every change: entries of the audit log and the reply kept for a request that comes again.

import { isRecord } from '../../runtime/options.ts';
import { auditInsert } from './audit-operations.ts';
import type { ChangeRecord } from './change-record.ts';
import { replyInsert } from './reply-operations.ts';
import { insertSql, type SqlInsert, type SqlTransaction, type SqlValue } from './sql.ts';
import { readStoredJson } from './stored-json.ts';

/** A record as an operation's parameter. */
export function recordText(record: ChangeRecord | null | undefined): string | null {
  return record === null || record === undefined || (record.audit.length === 0 && record.reply === null) ? null : JSON.stringify(record);
}

/** The rows of a record that came as a parameter. */
export function recordInserts(text: SqlValue): readonly SqlInsert[] {
  const record = recordIn(text);
  if (record === null) return [];
  return [...record.audit.map(auditInsert), ...(record.reply === null ? [] : [replyInsert(record.reply)])];
}

/** The record of a change that finds out itself what was before. */
export function recordOfFound(text: SqlValue, before: Readonly<Record<string, SqlValue>>): string | null {
  const record = recordIn(text);
  return recordText(record && { ...record, audit: record.audit.map((entry) => ({ ...entry, before })) });
}

export async function writeRecord({ change }: SqlTransaction, text: SqlValue): Promise<void> {
  for (const insert of recordInserts(text)) {
    await change(
      insertSql(insert, (placeholders) => `VALUES (${placeholders})`),
      ...Object.values(insert.values),
    );
  }
}

/** Whether a database's message of a broken uniqueness is about the key of a reply. */
export function isKeyTaken(message: string): boolean {
  return /\breplies(\.key\b|_pkey\b)/.test(message);
}

function recordIn(text: SqlValue): ChangeRecord | null {
  if (text === null) return null;
  const record: unknown = readStoredJson(String(text));
  if (isChangeRecord(record)) return record;
  throw new Error('a change was given something else than a record of it');
}

function isChangeRecord(value: unknown): value is ChangeRecord {
  return (
    isRecord(value) &&
    Array.isArray(value['audit']) &&
    value['audit'].every(isRecord) &&
    (value['reply'] === null || isRecord(value['reply']))
  );
}
