// What is due when, as a pure function of what is remembered: for a cron, the next time it is due; for `commit`, the
// snapshots seen last, and from when on others may be looked at; a check that says something else now is due at once. A time
// that passed while nobody looked is still due, once, however often it passed.

import type { EpochMs } from '../../runtime/clock.ts';
import type { Check } from '../check.ts';
import { definitionDigest } from '../run/result-key.ts';
import { readCron, type CronTimes } from './cron.ts';

/** Of one check. */
export type Remembered =
  | { readonly kind: 'cron'; readonly expression: string; readonly dueAt: EpochMs }
  | { readonly kind: 'commit'; readonly head: string | null; readonly notBefore: EpochMs; readonly definition?: string };

export interface Scheduled {
  /** By check id: the time it was due. */
  readonly due: ReadonlyMap<string, EpochMs>;
  /** When to look again at the latest; null: nothing is planned. */
  readonly nextAt: EpochMs | null;
  /** Entries that are new or told anew: to be remembered now. */
  readonly planned: ReadonlyMap<string, Remembered>;
}

export interface ScheduleView {
  readonly checks: readonly Check[];
  readonly remembered: ReadonlyMap<string, Remembered>;
  /** What a check would see now, of its table and of others it reads; null where there is nothing, or it is not known. */
  readonly headOf: (check: Check) => string | null;
  readonly cron: (expression: string) => CronTimes | null;
}

export function scheduled({ checks, remembered, headOf, cron }: ScheduleView, now: EpochMs): Scheduled {
  const due = new Map<string, EpochMs>();
  const planned = new Map<string, Remembered>();
  const later: EpochMs[] = [];
  for (const check of checks) {
    const { id, when } = check;
    const before = remembered.get(id);
    if (when.kind === 'cron') {
      const known = before?.kind === 'cron' && before.expression === when.expression ? before : null;
      const dueAt = known ? known.dueAt : (cron(when.expression)?.next(now) ?? null);
      if (dueAt === null) continue;
      if (!known) planned.set(id, { kind: 'cron', expression: when.expression, dueAt });
      if (dueAt <= now) due.set(id, dueAt);
      else later.push(dueAt);
    }
    if (when.kind === 'commit') {
      const head = headOf(check);
      const known = before?.kind === 'commit' && before.definition === definitionDigest(check) ? before : null;
      if (head === null || known?.head === head) continue;
      // A clock that was put back does not silence a check.
      const isFar = known !== null && known.notBefore - now > Math.max(when.atMostEveryMs, retryMs);
      const allowedAt = known === null || isFar ? now : known.notBefore;
      if (allowedAt <= now) due.set(id, now);
      else later.push(allowedAt);
    }
  }
  return { due, planned, nextAt: later.length === 0 ? null : Math.min(...later) };
}

/** How soon a check that could not be measured after a commit is tried again without another one. */
const retryMs = 60_000;

/** What to remember of a check that ran as of `now`; `head`: what it saw, null where it could not be measured. */
export function afterRun(check: Check, now: EpochMs, head: string | null, cron: ScheduleView['cron']): Remembered | null {
  const { when } = check;
  if (when.kind === 'command') return null;
  if (when.kind === 'commit') {
    const pauseMs = head === null ? Math.max(retryMs, when.atMostEveryMs) : when.atMostEveryMs;
    return { kind: 'commit', head, notBefore: now + pauseMs, definition: definitionDigest(check) };
  }
  const dueAt = cron(when.expression)?.next(now) ?? null;
  return dueAt === null ? null : { kind: 'cron', expression: when.expression, dueAt };
}

/** Of a check's tables, its own first: null where that has no snapshot, or one of them is not known. */
export function headText(tables: readonly string[], snapshotOf: (table: string) => string | null | undefined): string | null {
  const ids = tables.map(snapshotOf);
  if (ids[0] === null || ids.includes(undefined)) return null;
  return ids.map((id) => id ?? 'none').join('+');
}

/** Expressions read once; null for one that is none. */
export function cronReader(): ScheduleView['cron'] {
  const known = new Map<string, CronTimes | null>();
  return (expression) => {
    const before = known.get(expression);
    if (before !== undefined) return before;
    const outcome = readCron(expression);
    const times = outcome.kind === 'cron' ? outcome.times : null;
    known.set(expression, times);
    return times;
  };
}
