// A report in the shape that datacontract-cli writes (Run and its checks), so that what reads those reads ours: its words for
// results, with the exact outcome beside them. What was not measured is `unknown` there, never passed.

import type { CheckResult, Outcome } from '../result.ts';
import type { NotExecuted } from '../declare/declared.ts';
import { measureText } from '../declare/measure-text.ts';
import { measuredColumns } from '../measured-columns.ts';
import { sqlOf } from './check-facts.ts';
import type { Report } from './report.ts';

export type RunResult = 'passed' | 'warning' | 'failed' | 'error' | 'unknown';

export interface RunJson {
  readonly runId: string;
  /** Null where the checks are of no contract, or of several. */
  readonly dataContractId: string | null;
  readonly dataContractVersion: string | null;
  readonly timestampStart: string;
  readonly timestampEnd: string;
  readonly result: RunResult;
  readonly checks: readonly Readonly<Record<string, unknown>>[];
}

export function runJson(report: Report): RunJson {
  const { id, startedAt, endedAt, results, notExecuted } = report;
  const contracts = new Map([...results.map(({ check }) => check.origin), ...notExecuted.map(({ origin }) => origin)].map(contractEntry));
  const [contract] = contracts.size === 1 ? contracts.values() : [];
  return {
    runId: id,
    dataContractId: contract?.id ?? null,
    dataContractVersion: contract?.version ?? null,
    timestampStart: new Date(startedAt).toISOString(),
    timestampEnd: new Date(endedAt).toISOString(),
    result: worst([...results.map(({ outcome }) => resultOf(outcome)), ...notExecuted.map((): RunResult => 'unknown')]),
    checks: [...results.map(checkJson), ...notExecuted.map(notExecutedJson)],
  };
}

function contractEntry({ contract }: NotExecuted['origin']): readonly [string, NotExecuted['origin']['contract']] {
  return [contract === null ? '' : `${contract.id} ${contract.version}`, contract];
}

function resultOf(outcome: Outcome): RunResult {
  return outcome === 'skipped' || outcome === 'learning' ? 'unknown' : outcome;
}

const fromWorst: readonly RunResult[] = ['error', 'failed', 'warning', 'unknown', 'passed'];

function worst(results: readonly RunResult[]): RunResult {
  return fromWorst.find((result) => results.includes(result)) ?? 'unknown';
}

function checkJson(result: CheckResult): Readonly<Record<string, unknown>> {
  const { check, outcome, reason, measured, expected, snapshotId, startedAt, durationMs, failing } = result;
  const { id, name, table, measure, dimension, severity, tags, engine, description, origin } = check;
  const [column, ...more] = measuredColumns(measure);
  const sql = sqlOf(measure);
  return {
    id,
    key: id,
    category: measure.kind === 'schema' ? 'schema' : origin.contract !== null && name.startsWith('sla-') ? 'servicelevel' : 'quality',
    type: measure.kind === 'cdc' ? measure.of : measure.kind,
    name: description ?? measureText(measure),
    model: table,
    field: more.length === 0 ? (column ?? null) : null,
    qualityId: name,
    tags,
    engine,
    language: sql === null ? null : 'sql',
    implementation: sql,
    result: resultOf(outcome),
    outcome,
    reason,
    severity,
    dimension,
    diagnostics: { ...measured, expected, snapshotId, startedAt: new Date(startedAt).toISOString(), durationMs },
    failedSamples: failing === null ? [] : failing.rows.map((row) => Object.fromEntries(failing.columns.map((key, at) => [key, row[at]]))),
    declaredIn: origin,
  };
}

function notExecutedJson(rule: NotExecuted): Readonly<Record<string, unknown>> {
  const { id, table, name, description, reason, severity, dimension, origin } = rule;
  const silent = { field: null, tags: [], engine: null, language: null, implementation: null, diagnostics: { expected: null } };
  const said = { name: description, model: table, qualityId: name, reason, severity, dimension, declaredIn: origin };
  return {
    id,
    key: id,
    category: 'quality',
    type: 'custom',
    ...said,
    ...silent,
    result: 'unknown',
    outcome: 'not executed',
    failedSamples: [],
  };
}
