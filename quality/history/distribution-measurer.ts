// The measurer of distributions: how far the values of a column in the newest closed window are from those of the windows
// before, as the population stability index (PSI) over bins that the windows before define: quantiles of numbers, the
// most frequent values of anything else; nulls are a bin of their own. Chance alone makes the index positive, the more so
// the fewer rows there are: what chance makes of it on average is taken off, so that small tables raise no false alarm.

import { literal } from '../../lake/parquet/duckdb-type.ts';
import type { Check, Measure } from '../check.ts';
import { plainText } from '../measure/check-dialect.ts';
import { columnPlace, type ColumnPlace } from '../measure/column-place.ts';
import { rowAlias, together } from '../measure/measure-part.ts';
import { numberKind } from '../measure/valid-condition.ts';
import type { Finding, Measurer, MeasureSession } from '../measurer.ts';
import { fromSql } from '../plan/from-sql.ts';
import { newestClosed } from './seasons.ts';
import { oldestRow, windowedRows, type WindowedRows } from './windowed-rows.ts';

type Distribution = Extract<Measure, { kind: 'distribution' }>;

/** Fewer rows say nothing of a distribution. */
const rowsMin = { now: 200, before: 500 };

export const distributionMeasurer: Measurer = {
  name: 'distribution',
  answers: ({ kind }) => kind === 'distribution',
  measure: async (checks, session, signal) => {
    const found = new Map<string, Finding>();
    for (const check of checks)
      if (check.measure.kind === 'distribution') found.set(check.id, await distribution(check, check.measure, session, signal));
    return found;
  },
};

async function distribution(check: Check, measure: Distribution, session: MeasureSession, signal: AbortSignal): Promise<Finding> {
  const rows = await windowedRows(check, measure, session, signal);
  if ('problem' in rows) return { kind: 'error', reason: rows.problem };
  const place = columnPlace(session.table.schema, check.view, measure.column, rowAlias);
  if (place.kind === 'problem') return { kind: 'error', reason: place.reason };
  const { windowMs, last } = measure;
  const start = newestClosed(session.clock.now(), windowMs);
  const oldest = await oldestRow({ ...rows, filter: null }, session, signal);
  if (oldest === null || oldest > start - last * windowMs)
    return { kind: 'learning', measured: null, reason: `${last} whole windows before the newest have not passed yet` };
  const spans: Spans = {
    now: rows.within(start, start + windowMs),
    before: rows.within(start - last * windowMs, start),
    speaks: place.place.speaks,
  };
  const bin = await binOf(place.place, measure.bins, rows, spans, session, signal);
  const counts = await countsOf(bin, rows, spans, session, signal);
  const [now, before] = [total(counts, 'now'), total(counts, 'before')];
  if (now < rowsMin.now || before < rowsMin.before)
    return { kind: 'learning', measured: null, reason: `${now} rows in the window and ${before} before it: too few to compare` };
  const value = Math.round(stabilityIndex(counts) * 10_000) / 10_000;
  return {
    kind: 'measured',
    measured: { value, text: null, total: now, exactness: 'exact', by: 'history' },
    failing: null,
    keys: [],
    reason: `the window from ${new Date(start).toISOString()} has ${now} rows, the ${last} before have ${before}; stability index ${value}`,
  };
}

interface Spans {
  readonly now: string;
  readonly before: string;
  readonly speaks: string | null;
}

/** SQL of the number of the bin that a row's value falls into. */
async function binOf(
  place: ColumnPlace,
  bins: number,
  { rows, filter, dialect }: WindowedRows,
  spans: Spans,
  { engine }: MeasureSession,
  signal: AbortSignal,
): Promise<string> {
  const kind = numberKind(place.type);
  const from = fromSql({ ...rows, where: together(rows.where, filter, spans.before, spans.speaks, `${place.sql} IS NOT NULL`) }, []);
  const nulls = `WHEN ${place.sql} IS NULL THEN -1`;
  if (kind === null || kind === 'text') {
    const text = plainText(place.sql, place.type, dialect);
    const frequent = `SELECT g.v FROM (SELECT ${text} AS v, count(*) AS n ${from} GROUP BY 1) g ORDER BY g.n DESC, g.v LIMIT ${bins - 1}`;
    const { rows: values } = await engine.rows(frequent, signal);
    const cases = values.map(([value], i) => `WHEN ${text} = ${literal(String(value))} THEN ${i}`);
    return `CASE ${[nulls, ...cases].join(' ')} ELSE ${values.length} END`;
  }
  const tiles = `SELECT b.tile, CAST(max(b.v) AS varchar) FROM (SELECT ${place.sql} AS v, ntile(${bins}) OVER (ORDER BY ${place.sql}) AS tile ${from}) b GROUP BY b.tile ORDER BY b.tile`;
  const { rows: edges } = await engine.rows(tiles, signal);
  const type = dialect.lake.typeName(String(place.type));
  // Without the last: what lies above all that was there before belongs to it.
  const cases = [...new Set(edges.slice(0, -1).map(([, edge]) => String(edge)))].map(
    (edge, i) => `WHEN ${place.sql} <= CAST(${literal(edge)} AS ${type}) THEN ${i}`,
  );
  return `CASE ${[nulls, ...cases].join(' ')} ELSE ${cases.length} END`;
}

interface BinCount {
  readonly now: number;
  readonly before: number;
}

async function countsOf(
  bin: string,
  { rows, filter }: WindowedRows,
  spans: Spans,
  { engine }: MeasureSession,
  signal: AbortSignal,
): Promise<readonly BinCount[]> {
  const where = together(rows.where, filter, spans.speaks, `(${spans.now}) OR (${spans.before})`);
  const isNow = `CASE WHEN ${spans.now} THEN 1 ELSE 0 END`;
  const counted = `SELECT ${bin} AS bin, ${isNow} AS is_now ${fromSql({ ...rows, where }, [])}`;
  const { rows: found } = await engine.rows(
    `SELECT c.bin, sum(c.is_now), count(*) FROM (${counted}) c GROUP BY c.bin ORDER BY c.bin`,
    signal,
  );
  return found.map(([, now, all]) => ({ now: Number(now), before: Number(all) - Number(now) }));
}

function total(counts: readonly BinCount[], which: keyof BinCount): number {
  return counts.reduce((sum, count) => sum + count[which], 0);
}

/** Half a row is added to each bin, so that an empty one weighs much and not infinitely. */
export function stabilityIndex(counts: readonly BinCount[]): number {
  const [now, before] = [total(counts, 'now'), total(counts, 'before')];
  const share = (count: number, all: number) => (count + 0.5) / (all + counts.length / 2);
  const index = counts.reduce((sum, bin) => {
    const [p, q] = [share(bin.now, now), share(bin.before, before)];
    return sum + (p - q) * Math.log(p / q);
  }, 0);
  return Math.max(0, index - (counts.length - 1) * (1 / now + 1 / before));
}
