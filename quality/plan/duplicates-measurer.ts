// Duplicates among raw rows without holding every value: rows are grouped by a hash of eight bytes, and only values whose
// hash occurs twice are looked at themselves. Equal values have equal hashes, so where no hash occurs twice there are no
// duplicates. What is left out here is counted by the planned pass: current rows, which would be made a second time, and
// tables where a great many values are doubled.

import type { Check } from '../check.ts';
import { judge } from '../judge.ts';
import { checkDialects } from '../measure/check-dialect.ts';
import { compileMeasure } from '../measure/compile-measure.ts';
import { countOf, rowAlias } from '../measure/measure-part.ts';
import { exactly, type Finding, type MeasureSession, type Measurer } from '../measurer.ts';
import { duplicateValues, sampleOf, statementFor } from './failing-rows.ts';
import { fromSql } from './from-sql.ts';
import { judgedCheck } from './judged-check.ts';
import { shownColumns } from './shown-columns.ts';

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
  if (hashes.length === 0) return told(exactly(0, 'scan', countOf(total)), note);
  const shown = shownColumns(failing.shows, { ...session, view: check.view, dialect });
  const sql = suspectRows(values, shown.texts, from(`${among} AND ${hash} IN (${hashes.join(', ')})`), check.samplesMax);
  const { rows: answer } = await session.engine.rows(sql, signal);
  const finding = told(exactly(countOf(answer[0]?.at(-1)), 'scan', countOf(total)), note);
  if (finding.kind !== 'measured' || check.samplesMax === 0 || judge(check, finding.measured) === 'passed') return finding;
  const sample = answer.map((row) => row.slice(0, -1));
  return { ...finding, failing: sampleOf(shown, sample, statementFor({ rows, failing, shown, joins: [], dialect })) };
}

/** Rows beyond the first of each value, the first of them; behind each row how many there are. */
function suspectRows(values: readonly string[], texts: readonly string[], from: string, samplesMax: number): string {
  const names = values.map((_, i) => `_d${i}`).join(', ');
  return `WITH _suspects AS (
  SELECT ${[...values.map((value, i) => `${value} AS _d${i}`), ...texts.map((text, i) => `${text} AS c${i}`)].join(', ')},
    ${rowAlias}._log_partition AS _p, ${rowAlias}._log_offset AS _o
  ${from}),
_numbered AS (SELECT *, row_number() OVER (PARTITION BY ${names} ORDER BY _p, _o) AS _n FROM _suspects)
SELECT ${[...texts.map((_, i) => `c${i}`), 'count(*) OVER ()'].join(', ')} FROM _numbered
WHERE _n > 1 ORDER BY ${names}, _p, _o LIMIT ${Math.max(1, samplesMax)}`;
}

function told(finding: Finding, note: string | null): Finding {
  return finding.kind === 'measured' && note !== null ? { ...finding, reason: note } : finding;
}
