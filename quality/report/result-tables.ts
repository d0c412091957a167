// The tables of the lake that results are appended to: what analysts read in Trino, Spark or `foz query`. One row a result,
// without the rows and keys that a check found: those may be personal, and stay in the quality store.

import type { PartitionSpec } from '../../lake/iceberg/metadata.ts';
import type { Schema, StructField } from '../../lake/iceberg/schema.ts';
import type { Check } from '../check.ts';
import { measureText } from '../declare/measure-text.ts';
import { measureUnit } from '../measure-unit.ts';
import type { CheckResult } from '../result.ts';
import { measuredColumns } from '../measured-columns.ts';

export const resultsNamespace = 'foz';

/** Of every table here. */
export const timeColumn = 'measured_at';

export interface ResultTable {
  readonly name: string;
  readonly schema: Schema;
  readonly partitionSpec: PartitionSpec;
  /** Values as text, in the order of the columns; null: the result is not for this table. */
  rowOf(result: CheckResult, key: string): readonly (string | null)[] | null;
}

type Column = readonly [name: string, type: 'string' | 'long' | 'double' | 'timestamptz', doc: string];

const resultColumns: readonly Column[] = [
  ['result_key', 'string', 'unique: the check, what it says, and the snapshot or time it is of'],
  [timeColumn, 'timestamptz', 'when measuring began'],
  ['run_id', 'string', 'run that measured it'],
  ['check_id', 'string', 'table.name'],
  ['table_name', 'string', 'table that is checked'],
  ['column_names', 'string', 'columns it is about, by comma; null: the whole table'],
  ['measure', 'string', 'what is measured, in words'],
  ['kind', 'string', 'kind of measure: nulls, duplicates, freshness …'],
  ['dimension', 'string', 'of the Open Data Contract Standard'],
  ['severity', 'string', 'info, warning, error'],
  ['outcome', 'string', 'passed, warning, failed; learning, skipped, unknown, error: not judged'],
  ['value', 'double', 'what was measured; null: nothing was'],
  ['value_text', 'string', 'the exact text of a value that a double does not hold'],
  ['unit', 'string', 'unit of the value'],
  ['total', 'long', 'rows looked at'],
  ['exactness', 'string', 'exact; upper, lower: the value is a bound'],
  ['measured_by', 'string', 'metadata, chain, scan, history, service'],
  ['expected', 'string', 'what had to hold'],
  ['reason', 'string', 'what was found, or why nothing was measured'],
  ['snapshot_id', 'string', 'snapshot measured; null: not of a snapshot'],
  ['duration_ms', 'long', 'time that measuring took'],
  ['declared_in', 'string', 'document, with its line'],
  ['contract_id', 'string', 'contract that declares it'],
  ['contract_version', 'string', 'version of that contract'],
  ['owner', 'string', 'who looks after it'],
];

export const resultsTable: ResultTable = {
  ...tableOf('quality_results', resultColumns),
  rowOf: (result, key) => {
    const { check, measured, outcome, runId, snapshotId, startedAt, durationMs, expected, reason } = result;
    const { id, table, measure, dimension, severity, origin, owner } = check;
    const columns = measuredColumns(measure);
    return [
      key,
      new Date(startedAt).toISOString(),
      runId,
      id,
      table,
      columns.length === 0 ? null : columns.join(','),
      measureText(measure),
      kindOf(check),
      dimension,
      severity,
      outcome,
      number(measured?.value),
      measured?.text ?? null,
      measureUnit(measure),
      whole(measured?.total),
      measured?.exactness ?? null,
      measured?.by ?? null,
      expected,
      reason,
      snapshotId,
      whole(durationMs),
      origin.line === null ? origin.document : `${origin.document}:${origin.line}`,
      origin.contract?.id ?? null,
      origin.contract?.version ?? null,
      owner,
    ];
  },
};

const freshnessColumns: readonly Column[] = [
  ['result_key', 'string', 'as in quality_results'],
  [timeColumn, 'timestamptz', 'when it was measured'],
  ['table_name', 'string', 'table'],
  ['check_id', 'string', 'check that measured it'],
  ['kind', 'string', 'freshness, latency, frequency, retention, sourceLag, retentionHeadroom'],
  ['column_names', 'string', 'column whose newest value counts; null: commits or source changes'],
  ['seconds', 'double', 'what was measured'],
  ['limit_seconds', 'double', 'what it must not pass, where the check says one'],
  ['outcome', 'string', 'as in quality_results'],
  ['snapshot_id', 'string', 'snapshot measured'],
  ['contract_id', 'string', 'contract that promises it'],
];

/** Everything that is measured in seconds: how old, how late, how seldom. */
export const freshnessTable: ResultTable = {
  ...tableOf('freshness', freshnessColumns),
  rowOf: ({ check, measured, outcome, snapshotId, startedAt }, key) => {
    const { id, table, measure, origin, fail } = check;
    if (measured === null || measureUnit(measure) !== 'seconds') return null;
    const limit = fail !== null && ['lessOrEqual', 'less'].includes(fail.operator) ? fail.values[0] : undefined;
    const columns = measuredColumns(measure);
    return [
      key,
      new Date(startedAt).toISOString(),
      table,
      id,
      kindOf(check),
      columns.length === 0 ? null : columns.join(','),
      number(measured.value),
      number(limit),
      outcome,
      snapshotId,
      origin.contract?.id ?? null,
    ];
  },
};

function kindOf({ measure }: Pick<Check, 'measure'>): string {
  return measure.kind === 'cdc' ? measure.of : measure.kind;
}

function number(value: number | undefined): string | null {
  return value === undefined || !Number.isFinite(value) ? null : String(value);
}

function whole(value: number | null | undefined): string | null {
  return value === undefined || value === null || !Number.isFinite(value) ? null : String(Math.round(value));
}

/** Partitioned by the day they were measured on. */
function tableOf(name: string, columns: readonly Column[]): Pick<ResultTable, 'name' | 'schema' | 'partitionSpec'> {
  const fields = columns.map(([column, type, doc], at): StructField => ({ id: at + 1, name: column, required: false, type, doc }));
  const source = fields.find((field) => field.name === timeColumn)?.id ?? 0;
  return {
    name,
    schema: { type: 'struct', 'schema-id': 0, fields },
    partitionSpec: { 'spec-id': 0, fields: [{ 'source-id': source, 'field-id': 1000, name: 'date', transform: 'day' }] },
  };
}
