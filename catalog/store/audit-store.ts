// The audit log: who changed what, from what to what. Entries are written with the change itself (change-record.ts) and
// never changed. Only plain data commits are forgotten, when their time is over; that leaves an entry of its own.

import type { EpochMs } from '../../runtime/clock.ts';
import type { AuditEntry } from './change-record.ts';

export interface NumberedEntry extends AuditEntry {
  readonly number: number;
}

/** Absent: any. */
export interface AuditFilter {
  /** With everything in it: `raw` is `raw.users` as well. */
  readonly subject?: string | null;
  readonly actor?: string | null;
  /** With everything of its kind: `table` is `table.drop` as well. */
  readonly action?: string | null;
  readonly from?: EpochMs | null;
  readonly until?: EpochMs | null;
  /** Without plain data commits. */
  readonly isDataLeftOut?: boolean;
}

/** Two that are equal: nothing but rows has changed in between. */
export interface AuditRevision {
  readonly number: number;
  readonly entries: number;
}

export interface AuditStore {
  /** Newest first; `before` is the number of the last entry of the page before, null for the first. */
  listAudit(filter: AuditFilter, page: { readonly before: number | null; readonly limit: number }): Promise<readonly NumberedEntry[]>;
  auditRevision(): Promise<AuditRevision>;
  /** What changed otherwise than by rows, behind a number; oldest first. */
  changesAfter(number: number, limit: number): Promise<readonly Pick<NumberedEntry, 'number' | 'subject'>[]>;
  /** Data commits before `until`, the oldest first, at most so many; how many went. */
  forgetCommits(until: EpochMs, limit: number, now: EpochMs, actor: string): Promise<number>;
}
