// Quantiles, exactly: the smallest value that at least this share of the values does not pass (nearest rank). No engine
// gives that in one pass within bounded memory, so there are two statements: how many values, then the one at its rank,
// by a sort that spills to disk.

import type { Check } from '../check.ts';
import { checkDialects } from '../measure/check-dialect.ts';
import { figure, numbersOf } from '../measure/figure-measure.ts';
import { countOf, findColumn } from '../measure/measure-part.ts';
import { numberKind } from '../measure/valid-condition.ts';
import type { Finding, MeasureSession, Measurer } from '../measurer.ts';
import { fromSql } from './from-sql.ts';
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
  const { measure } = check;
  if (measure.kind !== 'aggregate' || typeof measure.of !== 'object') return null;
  const judged = await judgedCheck(check, session, signal);
  if (judged.kind === 'problem') return { kind: 'error', reason: judged.reason };
  const dialect = checkDialects[session.engine.dialect];
  const context = { dialect, table: session.table, view: check.view, filter: judged.filter, now: session.clock.now(), others: new Map() };
  const found = findColumn(measure.column, context);
  if (found.kind === 'problem') return { kind: 'error', reason: found.reason };
  const { place } = found;
  const kind = numberKind(place.type);
  if (kind === null) return { kind: 'error', reason: `${measure.column} holds no numbers: it has no quantile` };
  const { value, among } = numbersOf(place, context);
  const where = judged.rows.where === null ? among : `(${judged.rows.where}) AND ${among}`;
  const from = fromSql({ relation: judged.rows.relation, where }, []);
  const counted = await session.engine.rows(`SELECT count(*) ${from}`, signal);
  const rows = countOf(counted.rows[0]?.[0]);
  if (rows === 0) return { kind: 'unknown', reason: `no row has a ${measure.column}` };
  const rank = Math.min(rows, Math.max(1, Math.ceil(measure.of.quantile * rows)));
  const shown = kind === 'decimal' ? `CAST(q.v AS varchar)` : 'q.v';
  const offset = `OFFSET ${rank - 1}`;
  const one = dialect.name === 'trino' ? `${offset} ROWS LIMIT 1` : `LIMIT 1 ${offset}`;
  const ranked = await session.engine.rows(`SELECT ${shown} FROM (SELECT ${value} AS v ${from}) q ORDER BY q.v ${one}`, signal);
  return figure(ranked.rows[0]?.[0], rows);
}
