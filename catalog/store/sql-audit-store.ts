// The audit log over the operations of audit-operations.ts.

import { LakeError } from '../../runtime/errors.ts';
import { listOf, rowsOf } from './answers.ts';
import type { AuditStore, NumberedEntry } from './audit-store.ts';
import { auditActions, type AuditAction } from './change-record.ts';
import type { SqlCall } from './sql.ts';
import { readStoredJson } from './stored-json.ts';

export function sqlAuditStore(call: SqlCall): AuditStore {
  return {
    async listAudit({ subject = null, actor = null, action = null, from = null, until = null, isDataLeftOut = false }, { before, limit }) {
      const rows = await call(
        'listAudit',
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
        subject,
        actor,
        action,
        from,
        until,
        Number(isDataLeftOut),
      );
      return rowsOf(rows).map(entryOf);
    },
    async auditRevision() {
      const [number, entries] = listOf(await call('auditRevision'));
      return { number: Number(number), entries: Number(entries) };
    },
    async changesAfter(after, limit) {
      return rowsOf(await call('changesAfter', after, limit)).map(([number, subject]) => ({
        number: Number(number),
        subject: String(subject),
      }));
    },
    forgetCommits: async (until, limit, now, actor) => Number(await call('forgetCommits', until, limit, now, actor)),
  };
}

function entryOf([number, at, actor, action, subject, before, after]: readonly unknown[]): NumberedEntry {
  return {
    number: Number(number),
    at: Number(at),
    actor: String(actor),
    action: actionOf(action),
    subject: String(subject),
    before: stateOf(before),
    after: stateOf(after),
  };
}

function actionOf(text: unknown): AuditAction {
  const action = auditActions.find((known) => known === text);
  if (action) return action;
  throw new LakeError('CATALOG_REFUSED', `the audit log has the action ${String(text)}, which this program does not know: use a newer one`);
}

function stateOf(text: unknown): unknown {
  return typeof text === 'string' ? readStoredJson(text) : null;
}
