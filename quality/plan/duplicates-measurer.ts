// Duplicates among raw rows without holding every value: rows are grouped by a hash of eight bytes, and only values whose
// hash occurs twice are looked at themselves. Equal values have equal hashes, so where no hash occurs twice there are no
// duplicates. What is left out here is counted by the planned pass: current rows, which would be made a second time, and
// tables where a great many values are doubled.

import type { Check } from '../check.ts';
import { judge } from '../judge.ts';
import { checkDialects } from '../measure/check-dialect.ts';
import { compileMeasure } from '../measure/compile-measure.ts';
import { countOf } from '../measure/measure-part.ts';
import { exactly, type Finding, type MeasureSession, type Measurer } from '../measurer.ts';
import { duplicateValues, failingRows } from './failing-rows.ts';
import { fromSql } from './from-sql.ts';
import { judgedCheck } from './judged-check.ts';

export const duplicatesMeasurer: Measurer = {
  name: 'duplicates',
  answers: ({ kind }) => kind === 'duplicates',
  measure: async (checks, session, signal) => {
    const findings = new Map<string, Finding>();
    for (const check of checks) {
      const finding = check.view === 'raw' ? await duplicates(check, session, signal) : null;
      if (finding) findings.set(check.id, finding);
    }
    return findings;
  },
};

/** Hashes that occur more than once and are written into the next statement. */
const suspectsMax = 1_000;

async function duplicates(check: Check, session: MeasureSession, signal: AbortSignal): Promise<Finding | null> {
  const dialect = checkDialects[session.engine.dialect];
  const judged = await judgedCheck(check, session, signal);
  if (judged.kind === 'problem') return null;
  const context = { dialect, table: session.table, view: check.view, filter: judged.filter, now: session.clock.now(), others: new Map() };
  const compiled = compileMeasure(check.measure, context);
  if (compiled.kind === 'problem' || compiled.part.failing?.kind !== 'duplicates') return null;
  const { failing } = compiled.part;
  const values = duplicateValues(failing, dialect);
  const hash = dialect.hash(values);
  if (hash === null) return null;
  const { rows, note } = judged;
  const among = [...(rows.where === null ? [] : [`(${rows.where})`]), `(${failing.among})`].join(' AND ');
  const from = (condition: string) => fromSql({ relation: rows.relation, where: condition }, []);
  const grouped = await session.engine.rows(
    `SELECT coalesce(sum(g.n), 0), min(g.h, ${suspectsMax + 1}) FILTER (WHERE g.n > 1) FROM (SELECT ${hash} AS h, count(*) AS n ${from(among)} GROUP BY 1) g`,
    signal,
  );
  const [total, suspects] = grouped.rows[0] ?? [];
  const hashes = Array.isArray(suspects) ? suspects.map(String) : [];
  if (hashes.length > suspectsMax) return null;
  const isSuspect = `${hash} IN (${hashes.join(', ')})`;
  const found = hashes.length === 0 ? 0 : await excess(`${values.join(', ')}`, from(`${among} AND ${isSuspect}`), session, signal);
  const finding = exactly(found, 'scan', countOf(total));
  if (finding.kind !== 'measured') return finding;
  const told = note === null ? finding : { ...finding, reason: note };
  if (found === 0 || judge(check, finding.measured) === 'passed') return told;
  const samples = await failingRows([{ check, failing, joins: [], suspects: isSuspect }], rows, session, signal);
  return { ...told, failing: samples.get(check.id) ?? null };
}

/** Rows beyond the first of each value. */
async function excess(values: string, from: string, { engine }: MeasureSession, signal: AbortSignal): Promise<number> {
  const { rows } = await engine.rows(`SELECT coalesce(sum(g.n - 1), 0) FROM (SELECT count(*) AS n ${from} GROUP BY ${values}) g`, signal);
  return countOf(rows[0]?.[0]);
}
