// The measurer of what is judged by its own past: the newest window that has ended against those like it before. Windows of
// before the table's first whole one say nothing and are not counted as empty; until there are enough, the outcome is
// `learning`, never a pass.

import type { EpochMs } from '../../runtime/clock.ts';
import { countsRows, type Check, type Measure, type Season } from '../check.ts';
import type { Finding, Measurer, MeasureSession } from '../measurer.ts';
import { alikeBefore, newestClosed } from './seasons.ts';
import { surprise } from './surprise.ts';
import { oldestRow, windowedRows, type WindowedRows } from './windowed-rows.ts';
import { windowValues } from './window-values.ts';

type Judged = Extract<Measure, { kind: 'anomaly' | 'changeOverTime' }>;

/** Fewer windows than these say nothing of what is usual. */
const pastMin: Readonly<Record<Season, number>> = { none: 10, 'hour-of-day': 7, 'hour-of-week': 6, 'day-of-week': 6, 'day-of-month': 6 };
/** More say nothing more, and what was usual years ago is not usual now. */
const pastMax = 60;

export const historyMeasurer: Measurer = {
  name: 'history',
  answers: ({ kind }) => kind === 'anomaly' || kind === 'changeOverTime',
  measure: async (checks, session, signal) => {
    const found = new Map<string, Finding>();
    for (const check of checks) {
      const { measure } = check;
      if (measure.kind !== 'anomaly' && measure.kind !== 'changeOverTime') continue;
      found.set(check.id, await judgedByPast(check, measure, session, signal));
    }
    return found;
  },
};

async function judgedByPast(check: Check, measure: Judged, session: MeasureSession, signal: AbortSignal): Promise<Finding> {
  const rows = await windowedRows(check, measure.of, session, signal);
  if ('problem' in rows) return { kind: 'error', reason: rows.problem };
  const { windowMs } = measure;
  const newest = newestClosed(session.clock.now(), windowMs);
  const oldest = await oldestRow({ ...rows, filter: null }, session, signal);
  if (oldest === null) return { kind: 'learning', measured: null, reason: 'the table has no rows yet' };
  // The window in which the first row came is not whole.
  const earliest = Math.ceil(oldest / windowMs) * windowMs;
  const past = pastOf(measure, newest, earliest);
  const least = measure.kind === 'anomaly' ? pastMin[measure.season] : measure.last;
  const values = await valuesOf(check, measure, newest, past, rows, session, signal);
  if ('problem' in values) return { kind: 'error', reason: values.problem };
  const { now, before } = values;
  if (newest < earliest || before.length < least) {
    const reason = `${before.length} of ${least} windows of ${spanText(windowMs)} have passed that it could be compared with`;
    return { kind: 'learning', measured: null, reason };
  }
  if (now === undefined) return { kind: 'unknown', reason: `the window from ${iso(newest)} has no value: there was nothing to measure` };
  return measure.kind === 'anomaly' ? anomaly(measure, newest, now, before) : change(measure, newest, now, before);
}

function pastOf(measure: Judged, newest: EpochMs, earliest: EpochMs): readonly EpochMs[] {
  const { windowMs } = measure;
  const [season, max] = measure.kind === 'anomaly' ? ([measure.season, pastMax] as const) : (['none', measure.last] as const);
  return alikeBefore(newest, { windowMs, season, earliest, max });
}

async function valuesOf(
  check: Check,
  { windowMs }: Judged,
  newest: EpochMs,
  past: readonly EpochMs[],
  rows: WindowedRows,
  session: MeasureSession,
  signal: AbortSignal,
): Promise<{ readonly now: number | undefined; readonly before: readonly number[] } | { readonly problem: string }> {
  const values = await windowValues({ check, windowMs, windows: [newest, ...past] }, rows, session, signal);
  if ('problem' in values) return values;
  const before = past.flatMap((start) => {
    const value = values.get(start);
    return value === undefined ? [] : [value];
  });
  return { now: values.get(newest), before };
}

function anomaly(measure: Extract<Judged, { kind: 'anomaly' }>, start: EpochMs, now: number, before: readonly number[]): Finding {
  const { score, usual, deviation } = surprise(now, before, countsRows(measure.of));
  const rounded = Math.round(score * 100) / 100;
  return byHistory(
    rounded,
    `${now} in the window from ${iso(start)}; usual is ${short(usual)} ± ${short(deviation)} (${before.length} windows like it): ${rounded} deviations off`,
  );
}

function change(measure: Extract<Judged, { kind: 'changeOverTime' }>, start: EpochMs, now: number, before: readonly number[]): Finding {
  const average = before.reduce((sum, one) => sum + one, 0) / before.length;
  if (average === 0) return { kind: 'unknown', reason: `the ${before.length} windows before are 0 on average: there is no ratio to it` };
  const ratio = now / average;
  return byHistory(ratio, `${now} in the window from ${iso(start)}, ${short(average)} on average in the ${measure.last} before`);
}

function byHistory(value: number, reason: string): Finding {
  return {
    kind: 'measured',
    measured: { value, text: null, total: null, exactness: 'exact', by: 'history' },
    failing: null,
    keys: [],
    reason,
  };
}

function iso(ms: EpochMs): string {
  return new Date(ms).toISOString();
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function spanText(ms: number): string {
  const hours = ms / 3_600_000;
  return hours % 24 === 0 ? `${hours / 24} d` : hours >= 1 ? `${hours} h` : `${ms / 60_000} min`;
}
