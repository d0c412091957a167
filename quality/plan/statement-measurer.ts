// Checks that are a statement of people's own: its rows are the failing ones, or its one value is the measure. Judged
// first (guard/), then run as it stands over the pinned relations; rows are counted by the engine, a few are shown.

import type { Check } from '../check.ts';
import { judge } from '../judge.ts';
import { figure } from '../measure/figure-measure.ts';
import { countOf, rowAlias } from '../measure/measure-part.ts';
import { exactly, type Finding, type MeasureSession, type Measurer } from '../measurer.ts';
import { judgeExpression, judgeStatement, type JudgedSql } from '../guard/judged-sql.ts';
import type { FailingRows } from '../result.ts';
import { fromSql } from './from-sql.ts';
import { scopeRows } from './scope-rows.ts';
import { maskedOutput } from './shown-output.ts';
import { maskedText } from './shown-columns.ts';

export const statementMeasurer: Measurer = {
  name: 'statement',
  answers: ({ kind }) => kind === 'sql',
  measure: async (checks, session, signal) => {
    const findings = new Map<string, Finding>();
    for (const check of checks) {
      const finding = await measureStatement(check, session, signal);
      if (finding) findings.set(check.id, finding);
    }
    return findings;
  },
};

async function measureStatement(check: Check, session: MeasureSession, signal: AbortSignal): Promise<Finding | null> {
  const { measure } = check;
  if (measure.kind !== 'sql') return null;
  const scoped = scopeRows(check, session);
  if (scoped.kind === 'problem') return { kind: 'error', reason: scoped.reason };
  const context = { engine: session.engine, table: session.table, view: check.view, rows: scoped.relation };
  const filter = check.filter === null ? null : await judgeExpression(check.filter, context, signal);
  if (filter?.kind === 'problem') return { kind: 'error', reason: `its filter: ${filter.reason}` };
  const conditions = [...(scoped.where === null ? [] : [scoped.where]), ...(filter === null ? [] : [`(${filter.text})`])];
  const rows = { relation: scoped.relation, where: conditions.length === 0 ? null : conditions.join(' AND ') };
  // What `${table}` stands for: the rows of the scope that pass the filter.
  const checked = rows.where === null ? rows.relation : `(SELECT ${rowAlias}.* ${fromSql(rows, [])})`;
  const judged = await judgeStatement(measure.sql, { ...context, rows: checked }, signal);
  if (judged.kind === 'problem') return { kind: 'error', reason: judged.reason };
  if (measure.result === 'value') return oneValue(judged, session, signal);
  const needsTotal = [check.fail, check.warn].some((threshold) => threshold?.unit === 'percent');
  const total = needsTotal ? await count(`SELECT count(*) ${fromSql(rows, [])}`, session, signal) : null;
  const finding = exactly(await count(`SELECT count(*) FROM (\n${judged.text}\n) q`, session, signal), 'scan', total);
  if (finding.kind !== 'measured' || finding.measured.value === 0 || check.samplesMax === 0 || judge(check, finding.measured) === 'passed')
    return finding;
  return { ...finding, failing: await sample(judged, check, session, signal) };
}

async function count(sql: string, { engine }: MeasureSession, signal: AbortSignal): Promise<number> {
  const { rows } = await engine.rows(sql, signal);
  return countOf(rows[0]?.[0]);
}

async function oneValue(judged: JudgedSql, { engine }: MeasureSession, signal: AbortSignal): Promise<Finding> {
  const { columns, rows } = await engine.rows(`SELECT * FROM (\n${judged.text}\n) q LIMIT 2`, signal);
  if (columns.length !== 1 || rows.length > 1)
    return {
      kind: 'error',
      reason: `the statement gave ${rows.length > 1 ? 'several rows' : `${columns.length} columns`}: expected one value`,
    };
  const [[value] = []] = rows;
  if (value === null || value === undefined) return { kind: 'unknown', reason: 'the statement gave no value' };
  const number = typeof value === 'boolean' ? Number(value) : value;
  const finding = figure(number, null);
  return finding.kind === 'measured'
    ? { ...finding, measured: { ...finding.measured, total: null } }
    : { kind: 'error', reason: `the statement gave ${String(value).slice(0, 40)}: expected a number` };
}

async function sample(judged: JudgedSql, check: Check, session: MeasureSession, signal: AbortSignal): Promise<FailingRows> {
  const { columns, rows } = await session.engine.rows(`SELECT * FROM (\n${judged.text}\n) q LIMIT ${check.samplesMax}`, signal);
  const masked = maskedOutput(judged.tree, columns, session.table.name, session.contract);
  return {
    columns,
    rows: rows.map((row) =>
      row.map((value, i) => (value === null || value === undefined ? null : masked[i] === true ? maskedText : textOf(value))),
    ),
    masked: columns.filter((_, i) => masked[i] === true),
    query: session.engine.dialect === 'duckdb' && check.scope === 'all' ? judged.text : null,
  };
}

const shownCharactersMax = 200;

function textOf(value: unknown): string {
  const text =
    typeof value === 'object'
      ? JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
      : String(value);
  return text.slice(0, shownCharactersMax);
}
