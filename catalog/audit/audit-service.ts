// The audit log as it is read: who changed what, newest first. It also forgets: entries of plain data commits, when their time
// is over, which it says in an entry of its own.

import type { Clock } from '../../runtime/clock.ts';
import { ok, refused, type Answer, type Page, type Paged } from '../service/answer.ts';
import type { AuditFilter, AuditStore, NumberedEntry } from '../store/audit-store.ts';

export interface AuditView extends Omit<NumberedEntry, 'at'> {
  /** ISO 8601. */
  readonly at: string;
}

export interface AuditService {
  list(filter: AuditFilter, page: Page): Promise<Answer<Paged<AuditView>>>;
  /** Entries of data commits that are older go; how many. */
  forget(keepMs: number, signal?: AbortSignal): Promise<number>;
}

const forgottenAtOnce = 5000;

export function auditService({ store, clock }: { readonly store: { readonly audit: AuditStore }; readonly clock: Clock }): AuditService {
  return {
    async list(filter, { token, size }) {
      if (token !== null && !/^[1-9]\d{0,15}$/.test(token)) return refused('invalid', 'pageToken is not one of this list');
      const before = token === null ? null : Number(token);
      const rows = await store.audit.listAudit(filter, { before, limit: size + 1 });
      const items = rows.slice(0, size).map((entry): AuditView => ({ ...entry, at: new Date(entry.at).toISOString() }));
      return ok({ items, nextToken: rows.length > size ? String(items.at(-1)?.number ?? '') : null });
    },
    async forget(keepMs, signal) {
      const until = clock.now() - keepMs;
      let forgotten = 0;
      for (let gone = forgottenAtOnce; gone === forgottenAtOnce; forgotten += gone) {
        signal?.throwIfAborted();
        gone = await store.audit.forgetCommits(until, forgottenAtOnce, clock.now(), 'foz');
      }
      return forgotten;
    },
  };
}
