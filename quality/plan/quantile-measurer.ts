// Quantiles, exactly: the smallest value that at least this share of the values does not pass (nearest rank). No engine
// gives that in one pass within bounded memory, so there are two statements: how many values, then the one at its rank,
// by a sort that spills to disk.

import type { Check, Measure } from '../check.ts';
import { checkDialects } from '../measure/check-dialect.ts';
import { figure, numbersOf } from '../measure/figure-measure.ts';
import { countOf, findColumn, type MeasureContext } from '../measure/measure-part.ts';
import { numberKind } from '../measure/valid-condition.ts';
import type { Finding, MeasureSession, Measurer } from '../measurer.ts';
import { fromSql, type RowsOf } from './from-sql.ts';
import { judgedCheck } from './judged-check.ts';

export const quantileMeasurer: Measurer = {
  name: 'quantile',
  answers: (measure) => measure.kind === 'aggregate' && typeof measure.of === 'object',
  measure: async (checks, session, signal) => {
    const findings = new Map<string, Finding>();
    for (const check of checks) {
      const finding = await quantile(check, session, signal);
      if (finding) findings.set(check.id, finding);
    }
    return findings;
  },
};

async function quantile(check: Check, session: MeasureSession, signal: AbortSignal): Promise<Finding | null> {
  const judged = await judgedCheck(check, session, signal);
  if (judged.kind === 'problem') return { kind: 'error', reason: judged.reason };
  const dialect = checkDialects[session.engine.dialect];
  const context = { dialect, table: session.table, view: check.view, filter: judged.filter, now: session.clock.now(), others: new Map() };
  return quantileOfRows(check.measure, judged.rows, context, session, signal);
}

/** Null for any other measure. */
export async function quantileOfRows(
  measure: Measure,
  rows: RowsOf,
  context: MeasureContext,
  session: MeasureSession,
  signal: AbortSignal,
): Promise<Finding | null> {
  if (measure.kind !== 'aggregate' || typeof measure.of !== 'object') return null;
  const { dialect } = context;
  const found = findColumn(measure.column, context);
  if (found.kind === 'problem') return { kind: 'error', reason: found.reason };
  const { place } = found;
  const kind = numberKind(place.type);
  if (kind === null) return { kind: 'error', reason: `${measure.column} holds no numbers: it has no quantile` };
  const { value, among } = numbersOf(place, context);
  const where = rows.where === null ? among : `(${rows.where}) AND ${among}`;
  const from = fromSql({ relation: rows.relation, where }, []);
  const counted = await session.engine.rows(`SELECT count(*) ${from}`, signal);
  const count = countOf(counted.rows[0]?.[0]);
  if (count === 0) return { kind: 'unknown', reason: `no row has a ${measure.column}` };
  const rank = Math.min(count, Math.max(1, Math.ceil(measure.of.quantile * count)));
  const shown = kind === 'decimal' ? `CAST(q.v AS varchar)` : 'q.v';
  const offset = `OFFSET ${rank - 1}`;
  const one = dialect.name === 'trino' ? `${offset} ROWS LIMIT 1` : `LIMIT 1 ${offset}`;
  const ranked = await session.engine.rows(`SELECT ${shown} FROM (SELECT ${value} AS v ${from}) q ORDER BY q.v ${one}`, signal);
  return figure(ranked.rows[0]?.[0], count);
}
