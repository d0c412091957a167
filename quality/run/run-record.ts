// A run as the store keeps it: enough to go on with it after the process that ran it died.

import type { StoredRun } from '../../catalog/store/quality-store.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Outcome } from '../result.ts';

export interface Run {
  readonly id: string;
  readonly trigger: 'schedule' | 'command';
  readonly startedAt: EpochMs;
  /** By check id: when it was due. */
  readonly slots: ReadonlyMap<string, EpochMs>;
  /** Snapshot of each table read, by `namespace.name`. */
  readonly pins: ReadonlyMap<string, string | null>;
}

export interface RunEnd {
  readonly endedAt: EpochMs;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
}

export function storedRun(run: Run, end: RunEnd | null): StoredRun {
  const { id, trigger, startedAt, slots, pins } = run;
  const record = {
    trigger,
    slots: Object.fromEntries(slots),
    pins: Object.fromEntries(pins),
    ...(end === null ? {} : { outcomes: end.outcomes }),
  };
  return { id, startedAt, endedAt: end?.endedAt ?? null, record: JSON.stringify(record) };
}

/** Null for a record that cannot be read. */
export function runOfRecord(stored: StoredRun): Run | null {
  const value: unknown = JSON.parse(stored.record);
  if (!isRecord(value) || !isRecord(value['slots']) || !isRecord(value['pins'])) return null;
  const { trigger, slots, pins } = value;
  if (trigger !== 'schedule' && trigger !== 'command') return null;
  return {
    id: stored.id,
    trigger,
    startedAt: stored.startedAt,
    slots: new Map(Object.entries(slots).flatMap(([check, slot]) => (typeof slot === 'number' ? [[check, slot] as const] : []))),
    pins: new Map(Object.entries(pins).map(([table, pin]) => [table, typeof pin === 'string' ? pin : null])),
  };
}
