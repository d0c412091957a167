// Cron expressions as times in UTC, computed and not waited for: from one instant to the next, the same on every machine
// and in every time zone, so a run that was missed can be told. node-cron reads and judges expressions: five fields, or six
// with seconds first; names of months and days; `L`, `15W`, `5#2`; @hourly … Where both day fields are given, both must
// match. Its own timers are not used: they follow the process's clock and remember nothing.

import { createTask, validateDetailed } from 'node-cron';
import type { EpochMs } from '../../runtime/clock.ts';

export interface CronTimes {
  readonly expression: string;
  /** The first time after `from`, without it; null when there is none in the next forty years. */
  next(from: EpochMs): EpochMs | null;
}

export type CronOutcome = { readonly kind: 'cron'; readonly times: CronTimes } | { readonly kind: 'problem'; readonly message: string };

const dayMs = 86_400_000;
const daysAheadMax = 40 * 366;

export function readCron(expression: string): CronOutcome {
  const { valid, fields, errors } = validateDetailed(expression);
  if (!valid || !fields) {
    const [first] = errors;
    const where = first === undefined || first.field === 'expression' ? '' : ` (${first.field})`;
    return { kind: 'problem', message: `${JSON.stringify(expression)} is no cron expression${where}: ${first?.message ?? 'unreadable'}` };
  }
  const offsets = offsetsInDay(fields.hour, fields.minute, fields.second);
  const times = { expression, next: nextTime(offsets, dayJudge(expression, offsets[0] ?? 0)) };
  // Every calendar there is comes by within forty years.
  if (times.next(Date.UTC(2000, 0, 1)) === null)
    return { kind: 'problem', message: `${JSON.stringify(expression)} matches no day: both its day fields must match` };
  return { kind: 'cron', times };
}

/** Milliseconds since midnight, ascending. */
function offsetsInDay(hours: readonly number[], minutes: readonly number[], seconds: readonly number[]): readonly number[] {
  const [atSeconds, atMinutes] = [sorted(seconds), sorted(minutes)];
  return sorted(hours).flatMap((hour) =>
    atMinutes.flatMap((minute) => atSeconds.map((second) => ((hour * 60 + minute) * 60 + second) * 1000)),
  );
}

function sorted(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Whether a day is meant: asked of node-cron at a time of day that is. The last answers are kept. */
function dayJudge(expression: string, offset: number): (midnight: EpochMs) => boolean {
  const task = createTask(expression, () => undefined, { timezone: 'UTC' });
  // It only matches from here on; destroyed, it leaves the library's list of tasks.
  void task.destroy();
  let known = { midnight: Number.NaN, isMeant: false };
  return (midnight) => {
    if (known.midnight !== midnight) known = { midnight, isMeant: task.match(new Date(midnight + offset)) };
    return known.isMeant;
  };
}

function nextTime(offsets: readonly number[], isMeant: (midnight: EpochMs) => boolean): (from: EpochMs) => EpochMs | null {
  return (from) => {
    const today = Math.floor(from / dayMs) * dayMs;
    for (let day = 0; day <= daysAheadMax; day++) {
      const midnight = today + day * dayMs;
      if (!isMeant(midnight)) continue;
      const offset = day === 0 ? firstAbove(offsets, from - midnight) : offsets[0];
      if (offset !== undefined) return midnight + offset;
    }
    return null;
  };
}

/** Of an ascending list. */
function firstAbove(offsets: readonly number[], least: number): number | undefined {
  let [low, high] = [0, offsets.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle] ?? 0) > least) high = middle;
    else low = middle + 1;
  }
  return offsets[low];
}
