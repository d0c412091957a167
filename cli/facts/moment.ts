// A moment as a person gives it: a time, or how long before now.

import { timePattern } from '../../catalog/registry/effective.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { EpochMs } from '../../runtime/clock.ts';

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function momentOf(text: string): EpochMs {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return systemClock.now() - Number(count) * (unitsMs[unit] ?? 0);
  const time = timePattern.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new RangeError('a time as 2026-11-21T10:00:00Z, or a span back from now as 90m, 24h or 7d');
  return time;
}
