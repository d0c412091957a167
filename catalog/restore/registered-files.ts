// Files that somebody registered a table or view from, and when: an older file on purpose perhaps, which a restore that brings
// pointers forward must not undo. The audit log says so with the very file, whatever the table was named then or is now.

import type { EpochMs } from '../../runtime/clock.ts';
import { isRecord } from '../../runtime/options.ts';
import type { AuditStore } from '../store/audit-store.ts';
import type { AuditAction } from '../store/change-record.ts';

/** Who a restore's own entries are by; those say nothing of what anybody wants. */
export const restoreActor = 'foz catalog restore';

const actions: readonly AuditAction[] = ['table.register', 'view.register'];
const pageRows = 1_000;

/** By metadata location, the last time. */
export async function registeredFiles(audit: Pick<AuditStore, 'listAudit'>): Promise<ReadonlyMap<string, EpochMs>> {
  const found = new Map<string, EpochMs>();
  for (const action of actions) {
    for (let before: number | null = null; ;) {
      const page: Awaited<ReturnType<AuditStore['listAudit']>> = await audit.listAudit({ action }, { before, limit: pageRows });
      for (const { at, actor, after } of page) {
        const location = isRecord(after) ? after['metadataLocation'] : null;
        if (actor === restoreActor || typeof location !== 'string') continue;
        found.set(location, Math.max(at, found.get(location) ?? at));
      }
      before = page.at(-1)?.number ?? null;
      if (page.length < pageRows) break;
    }
  }
  return found;
}
