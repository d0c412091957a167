// Windows of time and which of them are alike. Windows follow each other from 1970-01-01T00:00Z on, without a gap; days and
// weeks are those of UTC, so no clock change shortens one.

import type { EpochMs } from '../../runtime/clock.ts';
import type { Season } from '../check.ts';

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
/** 1970-01-05 was a Monday. */
const mondayMs = 4 * dayMs;

/** Start of the newest window that has ended. */
export function newestClosed(now: EpochMs, windowMs: number): EpochMs {
  return Math.floor(now / windowMs) * windowMs - windowMs;
}

/** Earlier windows that are like the one at `start`, newest first, none before `earliest`, at most `max`. */
export function alikeBefore(
  start: EpochMs,
  {
    windowMs,
    season,
    earliest,
    max,
  }: { readonly windowMs: number; readonly season: Season; readonly earliest: EpochMs; readonly max: number },
): readonly EpochMs[] {
  const place = placeIn(start, season, windowMs);
  const found: EpochMs[] = [];
  for (let at = start - windowMs; at >= earliest && found.length < max; at -= windowMs)
    if (placeIn(at, season, windowMs) === place) found.push(at);
  return found;
}

/** Where a window stands in its season. */
function placeIn(start: EpochMs, season: Season, windowMs: number): number {
  const inDay = Math.floor((start % dayMs) / windowMs);
  switch (season) {
    case 'none':
      return 0;
    case 'hour-of-day':
      return inDay;
    case 'hour-of-week':
    case 'day-of-week':
      return Math.floor(((((start - mondayMs) % weekMs) + weekMs) % weekMs) / windowMs);
    case 'day-of-month':
      return new Date(start).getUTCDate() * 100_000 + inDay;
  }
}
