// The planned pass: all checks of a table whose figures come of its rows, in one SELECT for each view and scope. Equal
// aggregates are computed once, references are joined once, and memory is the engine's bound: counts and sums hold
// nothing, distinct values spill to disk. Rows are shown only for what failed, in one more pass for all of it.

import type { Check } from '../check.ts';
import type { PinnedTable } from '../engine.ts';
import { judge } from '../judge.ts';
import { checkDialects } from '../measure/check-dialect.ts';
import { compileMeasure, isOfOnePass } from '../measure/compile-measure.ts';
import type { MeasurePart, ShownColumn } from '../measure/measure-part.ts';
import type { Finding, MeasureSession, Measurer } from '../measurer.ts';
import { failingRows, type Failed } from './failing-rows.ts';
import { fromSql, type RowsOf } from './from-sql.ts';
import { judgedCheck } from './judged-check.ts';

export const scanMeasurer: Measurer = {
  name: 'scan',
  answers: isOfOnePass,
  measure: async (checks, session, signal) => {
    const findings = new Map<string, Finding>();
    const passes = await planPasses(checks, session, findings, signal);
    for (const pass of passes) await runPass(pass, session, findings, signal);
    return findings;
  },
};

interface Planned {
  readonly check: Check;
  readonly part: MeasurePart;
  readonly named: readonly ShownColumn[];
  readonly note: string | null;
}

interface Pass {
  readonly rows: RowsOf;
  readonly planned: Planned[];
}

/** Checks over the same rows share a pass. What cannot be planned is found to be in error at once. */
async function planPasses(
  checks: readonly Check[],
  session: MeasureSession,
  findings: Map<string, Finding>,
  signal: AbortSignal,
): Promise<readonly Pass[]> {
  const passes = new Map<string, Pass>();
  const others = await pinOthers(checks, session, signal);
  const dialect = checkDialects[session.engine.dialect];
  for (const check of checks.map(asMeasured)) {
    const judged = await judgedCheck(check, session, signal);
    if (judged.kind === 'problem') {
      findings.set(check.id, { kind: 'error', reason: judged.reason });
      continue;
    }
    const { filter, rows, named, note } = judged;
    const context = { dialect, table: session.table, view: check.view, filter, now: session.clock.now(), others };
    const compiled = compileMeasure(judged.check.measure, context);
    if (compiled.kind === 'problem') {
      findings.set(check.id, { kind: 'error', reason: compiled.reason });
      continue;
    }
    const key = JSON.stringify([check.view, rows]);
    const pass = passes.get(key) ?? { rows, planned: [] };
    passes.set(key, pass);
    pass.planned.push({ check, part: compiled.part, named, note });
  }
  return [...passes.values()];
}

/** When rows arrived, and when the source last changed anything, only raw rows say. */
function asMeasured(check: Check): Check {
  const { measure } = check;
  const isOfRaw = (measure.kind === 'retention' && measure.column === null) || (measure.kind === 'freshness' && measure.by === 'change');
  return isOfRaw && check.filter === null ? { ...check, view: 'raw' } : check;
}

async function pinOthers(
  checks: readonly Check[],
  { engine }: MeasureSession,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PinnedTable | null>> {
  const others = new Map<string, PinnedTable | null>();
  for (const { measure } of checks) {
    if (measure.kind === 'relationship' && !others.has(measure.to.table))
      others.set(measure.to.table, await engine.pin(measure.to.table, signal));
  }
  return others;
}

async function runPass(
  { rows, planned }: Pass,
  session: MeasureSession,
  findings: Map<string, Finding>,
  signal: AbortSignal,
): Promise<void> {
  const aggregates = [...new Set(planned.flatMap(({ part }) => part.aggregates))];
  const columns = aggregates.map((aggregate, i) => `${aggregate} AS a${i}`);
  const sql = `SELECT ${columns.join(',\n  ')}\n${fromSql(
    rows,
    planned.flatMap(({ part }) => part.joins),
  )}`;
  const answer = await session.engine.rows(sql, signal);
  const values = new Map(aggregates.map((aggregate, i) => [aggregate, answer.rows[0]?.[i] ?? null]));
  const failed: Failed[] = [];
  for (const { check, part, named, note } of planned) {
    const finding = part.finding(part.aggregates.map((aggregate) => values.get(aggregate) ?? null));
    const isMeasured = finding.kind === 'measured';
    findings.set(check.id, isMeasured && note !== null ? { ...finding, reason: note } : finding);
    if (!isMeasured || part.failing === null || finding.measured.value === 0 || judge(check, finding.measured) === 'passed') continue;
    const failing = named.length === 0 || part.failing.kind === 'duplicates' ? part.failing : { ...part.failing, shows: named };
    failed.push({ check, failing, joins: part.joins });
  }
  const samples = await failingRows(failed, rows, session, signal);
  for (const [id, failing] of samples) {
    const finding = findings.get(id);
    if (finding?.kind === 'measured') findings.set(id, { ...finding, failing });
  }
}
