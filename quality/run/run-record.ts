// A run as the store keeps it: enough to go on with it after the process that ran it died.

import type { StoredRun } from '../../catalog/store/quality-store.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Outcome } from '../result.ts';

export interface Run {
  readonly id: string;
  /** By the clock, after commits, or by hand. */
  readonly trigger: 'cron' | 'commit' | 'command';
  readonly startedAt: EpochMs;
  /** By check id: when it was due. */
  readonly slots: ReadonlyMap<string, EpochMs>;
  /** Snapshot of each table read, by `namespace.name`. */
  readonly pins: ReadonlyMap<string, string | null>;
  /** Absent: it was never interrupted. */
  readonly recovery?: Recovery;
}

/**
 * A run whose process died goes on one check at a time, and writes down which: so a check that kills its process is known
 * when it has done so too often, and is not tried for ever.
 */
export interface Recovery {
  /** How often a process died while only this check was measured, by check id. */
  readonly deaths: ReadonlyMap<string, number>;
  /** What is measured now. */
  readonly measuring: string | null;
}

export interface RunEnd {
  readonly endedAt: EpochMs;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
}

export function storedRun(run: Run, end: RunEnd | null): StoredRun {
  const { id, trigger, startedAt, slots, pins, recovery } = run;
  const record = {
    trigger,
    slots: Object.fromEntries(slots),
    pins: Object.fromEntries(pins),
    ...(recovery === undefined ? {} : { recovery: { deaths: Object.fromEntries(recovery.deaths), measuring: recovery.measuring } }),
    ...(end === null ? {} : { outcomes: end.outcomes }),
  };
  return { id, startedAt, endedAt: end?.endedAt ?? null, record: JSON.stringify(record) };
}

/** Null for a record that cannot be read. */
export function runOfRecord(stored: StoredRun): Run | null {
  const value: unknown = JSON.parse(stored.record);
  if (!isRecord(value) || !isRecord(value['slots']) || !isRecord(value['pins'])) return null;
  const { trigger, slots, pins } = value;
  if (trigger !== 'cron' && trigger !== 'commit' && trigger !== 'command') return null;
  return {
    id: stored.id,
    trigger,
    startedAt: stored.startedAt,
    slots: numbers(slots),
    pins: new Map(Object.entries(pins).map(([table, pin]) => [table, typeof pin === 'string' ? pin : null])),
    ...(isRecord(value['recovery']) ? { recovery: recoveryOf(value['recovery']) } : {}),
  };
}

/** The run as it goes on after its process died. */
export function interrupted(run: Run): Run {
  const { deaths, measuring } = run.recovery ?? { deaths: new Map<string, number>(), measuring: null };
  const counted = measuring === null ? deaths : new Map([...deaths, [measuring, (deaths.get(measuring) ?? 0) + 1] as const]);
  return { ...run, recovery: { deaths: counted, measuring: null } };
}

function recoveryOf({ deaths, measuring }: Readonly<Record<string, unknown>>): Recovery {
  return { deaths: numbers(isRecord(deaths) ? deaths : {}), measuring: typeof measuring === 'string' ? measuring : null };
}

function numbers(record: Readonly<Record<string, unknown>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(record).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value] as const] : [])));
}
