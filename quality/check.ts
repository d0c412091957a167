// A check as everything else uses it, wherever it was declared: in a contract (ODCS quality rules and service levels) or
// in a file of quality/. It says which rows, what is measured on them, and which values are right. Pure data: declare/
// makes it, plan/ decides how it is measured, run/ does so, report/ and alert/ tell people.

export interface Check {
  /** `<table>.<name>`, unique in a deployment; results, history and alerts hang on it, so it stays when a threshold changes. */
  readonly id: string;
  /** Matches `checkNamePattern`. */
  readonly name: string;
  /** Name in the lake: `users`. */
  readonly table: string;
  /** What is measured: rows as they landed, or one row a key. */
  readonly view: 'raw' | 'current';
  readonly measure: Measure;
  /** SQL condition on rows of the view; null: all rows. */
  readonly filter: string | null;
  /** What must hold, else the check failed. Null: nothing can fail it. */
  readonly fail: Threshold | null;
  /** What must hold, else it warns. */
  readonly warn: Threshold | null;
  readonly severity: Severity;
  readonly dimension: Dimension | null;
  /** `new`: only rows of offsets, or keys changed, since the last checked snapshot. */
  readonly scope: 'all' | 'new';
  readonly when: When;
  /** Failing rows shown, at most. */
  readonly samplesMax: number;
  readonly engine: 'duckdb' | 'trino';
  /** For people; null: told from the measure. */
  readonly description: string | null;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly origin: Origin;
}

export const checkNamePattern = /^[a-z0-9][a-z0-9_-]{0,99}$/;

export type Severity = 'info' | 'warning' | 'error';

/** ODCS' words. */
export type Dimension = 'accuracy' | 'completeness' | 'conformity' | 'consistency' | 'coverage' | 'timeliness' | 'uniqueness';

/** Cron expressions are in UTC. `commit`: after each commit of the table, at most once in `atMostEveryMs`. */
export type When =
  | { readonly kind: 'cron'; readonly expression: string }
  | { readonly kind: 'commit'; readonly atMostEveryMs: number }
  | { readonly kind: 'command' };

/** Where it is declared, for messages and annotations. */
export interface Origin {
  readonly document: string;
  /** From 1; null where the document has no lines (a contract in the registry). */
  readonly line: number | null;
  readonly contract: { readonly id: string; readonly version: string } | null;
}

export type ThresholdOperator = 'equal' | 'notEqual' | 'greater' | 'greaterOrEqual' | 'less' | 'lessOrEqual' | 'between' | 'notBetween';

/** `between` includes both ends. `percent` is of the rows considered; `value` is in the measure's own unit (measure-unit.ts). */
export interface Threshold {
  readonly operator: ThresholdOperator;
  readonly values: readonly number[];
  readonly unit: 'value' | 'percent';
}

export type Measure =
  // Counts of rows.
  | { readonly kind: 'rowCount' }
  | { readonly kind: 'nulls'; readonly column: string }
  /** Nulls and values that stand for nothing: '', 'n/a' … */
  | { readonly kind: 'missing'; readonly column: string; readonly values: readonly Scalar[] }
  | { readonly kind: 'invalid'; readonly column: string; readonly valid: Valid }
  /** Rows beyond the first of each value (of the columns together); rows with a null in them are not counted. */
  | { readonly kind: 'duplicates'; readonly columns: readonly string[] }
  /** Rows whose values (none null) have no row in the other table's current view. */
  | {
      readonly kind: 'relationship';
      readonly columns: readonly string[];
      readonly to: { readonly table: string; readonly columns: readonly string[] };
    }
  /** Rows where the condition is false; null is not false, as in SQL's CHECK. */
  | { readonly kind: 'expression'; readonly sql: string }
  /** A statement whose rows are the failing ones (`failedRows`), or whose one value is the measure (`value`). */
  | { readonly kind: 'sql'; readonly sql: string; readonly result: 'failedRows' | 'value' }
  // Figures of a column.
  | { readonly kind: 'distinct'; readonly column: string }
  | { readonly kind: 'aggregate'; readonly column: string; readonly of: Aggregate }
  // Time, in seconds.
  /** Now − the newest commit, or newest source change, or newest value of a column. */
  | { readonly kind: 'freshness'; readonly by: 'commit' | 'change' | { readonly column: string } }
  /** From source commit to lake commit, as a quantile over the rows of the last `overMs`. */
  | { readonly kind: 'latency'; readonly quantile: number; readonly overMs: number }
  /** Age of the oldest row, by `column` or by arrival. */
  | { readonly kind: 'retention'; readonly column: string | null }
  /** Longest gap between commits with rows in the last `overMs`. */
  | { readonly kind: 'frequency'; readonly overMs: number }
  // Against history.
  /** Whether the newest closed window of a measure is what its own past makes likely; the past never includes it. */
  | { readonly kind: 'anomaly'; readonly of: Measure; readonly windowMs: number; readonly season: Season; readonly sensitivity: number }
  /** The newest window against the average of the `last` windows before it, as a ratio. */
  | { readonly kind: 'changeOverTime'; readonly of: Measure; readonly windowMs: number; readonly last: number }
  /** How far a column's distribution in the newest window is from the windows before it: PSI over quantile or category bins. */
  | { readonly kind: 'distribution'; readonly column: string; readonly windowMs: number; readonly last: number; readonly bins: number }
  /** Keys whose sum or count within a window passes `limit`: raised within seconds of the commit. */
  | {
      readonly kind: 'windowLimit';
      readonly keys: readonly string[];
      readonly of: { readonly kind: 'count' } | { readonly kind: 'sum'; readonly column: string };
      readonly time: string;
      readonly windowMs: number;
      readonly limit: number;
    }
  // Shape.
  /** Differences between the table's columns and the contract in force. */
  | { readonly kind: 'schema' }
  // Of the pipeline (cdc/): most need no scan.
  | { readonly kind: 'cdc'; readonly of: CdcMeasure };

export type Aggregate = 'min' | 'max' | 'average' | 'sum' | 'stddev' | 'variance' | { readonly quantile: number };

/** `none`: the value before; others compare with the same place of earlier cycles. Windows are in UTC. */
export type Season = 'none' | 'hour-of-day' | 'hour-of-week' | 'day-of-week' | 'day-of-month';

export type Scalar = string | number | boolean;

/** Nulls are neither valid nor invalid. */
export type Valid =
  | { readonly kind: 'values'; readonly values: readonly Scalar[] }
  | { readonly kind: 'notValues'; readonly values: readonly Scalar[] }
  /** RE2, anchored nowhere. */
  | { readonly kind: 'pattern'; readonly pattern: string }
  /** A JSON Schema format: email, uuid, date … (contracts/formats.ts). */
  | { readonly kind: 'format'; readonly format: string }
  | { readonly kind: 'range'; readonly min: number | string | null; readonly max: number | string | null }
  | { readonly kind: 'length'; readonly min: number | null; readonly max: number | null };

export type CdcMeasure =
  /** Offsets that no commit covers, and offsets in two commits; by the chain, without a scan. */
  | 'offsetGaps'
  | 'offsetDuplicates'
  /** Keys that the source no longer has and the current view still shows. */
  | 'deletePropagation'
  | 'rescuedRows'
  | 'violatingRows'
  /** Seconds: age of the oldest record of the log that is not in the table; 0 when it holds all of them. */
  | 'sourceLag'
  /** Records of the log not yet in the table. */
  | 'logLag'
  /** WAL bytes that the slot holds back; percent is of max_slot_wal_keep_size, where there is one. */
  | 'slotRetainedWal'
  /** Seconds until the log's retention reaches what is not yet in the table; all of it when the table holds everything. */
  | 'retentionHeadroom'
  /** Connectors and tasks that do not run. */
  | 'connectorsDown'
  | 'smallFiles'
  /** Objects under the table that no metadata names, older than a day. */
  | 'orphanObjects'
  /** Rows that the source and the lake do not share: missing + extra + differing. */
  | 'reconcile';

export type MeasureUnit =
  | 'rows'
  | 'seconds'
  | 'number'
  | 'ratio'
  | 'keys'
  | 'differences'
  | 'bytes'
  | 'percent'
  | 'files'
  | 'objects'
  | 'records'
  | 'connectors';

/** Whether failing rows can be shown, and what a percentage is of: only measures that count rows have both. */
export function countsRows({ kind }: Measure): boolean {
  return ['rowCount', 'nulls', 'missing', 'invalid', 'duplicates', 'relationship', 'expression'].includes(kind);
}
