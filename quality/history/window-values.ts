// What a measure was in past windows: from the history that earlier looks left, and for windows that none of them saw, from
// the rows, all windows in one pass. A window that has ended is measured once and kept: it costs no scan again.

import { createHash } from 'node:crypto';
import type { EpochMs } from '../../runtime/clock.ts';
import type { Check, Measure } from '../check.ts';
import { compileMeasure, isOfOnePass } from '../measure/compile-measure.ts';
import { together, type MeasurePart } from '../measure/measure-part.ts';
import type { MeasureSession } from '../measurer.ts';
import { fromSql } from '../plan/from-sql.ts';
import { quantileOfRows } from '../plan/quantile-measurer.ts';
import type { WindowedRows } from './windowed-rows.ts';

/** Windows of one statement: each is a few aggregates. */
const windowsAtOnce = 60;
/** Points of a series that are looked through. */
const pointsMax = 5_000;

export interface WindowsAsked {
  readonly check: Check;
  readonly windowMs: number;
  /** Starts, in any order. */
  readonly windows: readonly EpochMs[];
}

/** By start; a window without any value (an average of no rows) is left out. Throws what the engine throws. */
export async function windowValues(
  asked: WindowsAsked,
  rows: WindowedRows,
  session: MeasureSession,
  signal: AbortSignal,
): Promise<ReadonlyMap<EpochMs, number> | { readonly problem: string }> {
  const { check, windowMs, windows } = asked;
  const series = seriesOf(check, windowMs);
  const kept = new Map((await session.store.history(series, { before: null, limit: pointsMax })).map(({ at, value }) => [at, value]));
  const missing = windows.filter((start) => !kept.has(start)).toSorted((a, b) => a - b);
  for (let at = 0; at < missing.length; at += windowsAtOnce) {
    const found = await measured(missing.slice(at, at + windowsAtOnce), windowMs, check, rows, session, signal);
    if ('problem' in found) return found;
    await session.store.addHistory(
      series,
      [...found.values].map(([start, value]) => ({ at: start, value })),
    );
    for (const [start, value] of found.values) kept.set(start, value);
  }
  return new Map(windows.flatMap((start) => (kept.has(start) ? [[start, kept.get(start) ?? 0] as const] : [])));
}

type Values = { readonly values: ReadonlyMap<EpochMs, number> } | { readonly problem: string };

async function measured(
  windows: readonly EpochMs[],
  windowMs: number,
  check: Check,
  rows: WindowedRows,
  session: MeasureSession,
  signal: AbortSignal,
): Promise<Values> {
  const { measure } = rows;
  const context = (start: EpochMs) => ({
    dialect: rows.dialect,
    table: session.table,
    view: check.view,
    filter: together(rows.filter, rows.within(start, start + windowMs)),
    now: session.clock.now(),
    others: new Map(),
  });
  if (!isOfOnePass(measure)) return quantiles(windows, measure, rows, (start) => context(start), session, signal);
  const parts: MeasurePart[] = [];
  for (const start of windows) {
    const compiled = compileMeasure(measure, context(start));
    if (compiled.kind === 'problem') return { problem: compiled.reason };
    parts.push(compiled.part);
  }
  const aggregates = [...new Set(parts.flatMap((part) => part.aggregates))];
  const range = rows.within(windows[0] ?? 0, (windows.at(-1) ?? 0) + windowMs);
  const columns = aggregates.map((aggregate, i) => `${aggregate} AS a${i}`).join(',\n  ');
  const from = fromSql({ ...rows.rows, where: together(rows.rows.where, range) }, []);
  const answer = await session.engine.rows(`SELECT ${columns}\n${from}`, signal);
  const places = new Map(aggregates.map((aggregate, i) => [aggregate, answer.rows[0]?.[i] ?? null]));
  const values = new Map<EpochMs, number>();
  for (const [i, part] of parts.entries()) {
    const finding = part.finding(part.aggregates.map((aggregate) => places.get(aggregate) ?? null));
    const start = windows[i];
    if (finding.kind === 'measured' && start !== undefined) values.set(start, finding.measured.value);
  }
  return { values };
}

async function quantiles(
  windows: readonly EpochMs[],
  measure: Measure,
  rows: WindowedRows,
  context: (start: EpochMs) => Parameters<typeof quantileOfRows>[2],
  session: MeasureSession,
  signal: AbortSignal,
): Promise<Values> {
  const values = new Map<EpochMs, number>();
  for (const start of windows) {
    const finding = await quantileOfRows(measure, rows.rows, context(start), session, signal);
    if (finding === null || finding.kind === 'error')
      return { problem: finding?.reason ?? `${measure.kind} is not measured window by window` };
    if (finding.kind === 'measured') values.set(start, finding.measured.value);
  }
  return { values };
}

/** Values of another measure, filter or window are another series: they do not compare. */
export function seriesOf({ id, view, filter, measure }: Check, windowMs: number): string {
  const of = 'of' in measure ? measure.of : null;
  return `${id} ${createHash('sha256')
    .update(JSON.stringify([view, filter, of, windowMs]))
    .digest('hex')
    .slice(0, 16)}`;
}
