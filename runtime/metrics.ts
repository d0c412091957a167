// The metrics port and the table of every metric: name, kind, labels, meaning. Names follow Prometheus (base unit last,
// `_total` for counters); no label is unbounded. `prom-metrics.ts` is the adapter.

export interface MetricEntry {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const fileBytes = [16_384, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864, 268_435_456];

export const metricTable = {
  foz_freshness_seconds: {
    kind: 'histogram',
    labels: ['table'],
    buckets: seconds,
    help: 'At each commit: now − source commit time of the newest queryable row',
  },
  foz_table_last_source_commit_timestamp_seconds: {
    kind: 'gauge',
    labels: ['table'],
    help: 'Source commit time of the newest queryable row; alerts on it work while the worker is dead',
  },
  foz_log_lag_records: {
    kind: 'gauge',
    labels: ['topic', 'partition'],
    help: 'High watermark − next offset to take (of the worker’s own position, not the group offset)',
  },
  foz_log_retention_headroom_records: {
    kind: 'gauge',
    labels: ['topic', 'partition'],
    help: 'Next offset to take − log start: near 0 while lag grows, retention is about to delete what was not read',
  },
  foz_commits_total: {
    kind: 'counter',
    labels: ['table', 'result'],
    help: 'Commits by result: ok, or fenced (refused by the offset chain: another worker was first)',
  },
  foz_last_commit_timestamp_seconds: { kind: 'gauge', labels: ['table'], help: 'When the last commit of this worker was applied' },
  foz_records_total: {
    kind: 'counter',
    labels: ['table', 'outcome'],
    help: 'Records by outcome: row, rescued. Their sum is what the log delivered (I8)',
  },
  foz_decode_splits_total: {
    kind: 'counter',
    labels: ['table'],
    help: 'Statements that did not fit into sync.memory.decoderMax and were tried again in smaller parts',
  },
  foz_data_file_bytes: { kind: 'histogram', labels: ['table'], buckets: fileBytes, help: 'Size of the data files committed' },
  foz_buffer_bytes: { kind: 'gauge', labels: [], help: 'Key and value bytes buffered and not yet committed' },
  foz_halted: { kind: 'gauge', labels: ['table', 'reason'], help: '1 while a table is halted and waits for a decision; must be 0' },
  foz_contract_drift: {
    kind: 'gauge',
    labels: ['table', 'severity'],
    help: 'Differences between the live source table and its contract: error, warning, info; the last comparison’s',
  },
  foz_contract_drift_checked_timestamp_seconds: {
    kind: 'gauge',
    labels: ['table'],
    help: 'When the live source table was last compared with its contract',
  },
  foz_quality_check_status: {
    kind: 'gauge',
    labels: ['table', 'check', 'severity'],
    help: 'Newest result of a declared check: 0 passed, 1 warning, 2 failed; not judged: 3 error, 4 unknown, 5 skipped, 6 learning, 7 no result yet',
  },
  foz_quality_check_value: {
    kind: 'gauge',
    labels: ['table', 'check', 'unit'],
    help: 'What the newest result measured, in the unit; absent where nothing was',
  },
  foz_quality_rows_failed: {
    kind: 'gauge',
    labels: ['table', 'check'],
    help: 'Rows that fail, by the newest result of checks that count such rows',
  },
  foz_quality_run_duration_seconds: { kind: 'gauge', labels: [], help: 'How long the last run of checks took' },
  foz_quality_last_success_timestamp_seconds: {
    kind: 'gauge',
    labels: ['table'],
    help: 'When the newest result was made at a time when every declared check of the table was judged and none failed; absent before',
  },
  foz_quality_table_score: {
    kind: 'gauge',
    labels: ['table'],
    help: 'Share of the checks that hold, weighted by severity, of those that were judged: 0 to 100',
  },
  foz_quality_table_coverage: {
    kind: 'gauge',
    labels: ['table'],
    help: 'Share of what is declared that the score speaks of: 0 to 100; the rest was not judged or is not executed',
  },
  foz_small_files: {
    kind: 'gauge',
    labels: ['table'],
    help: 'Data files of the newest snapshot below the size that compaction aims at, after the last run of the upkeep',
  },
  foz_compacted_files_total: { kind: 'counter', labels: ['table'], help: 'Data files that became part of a larger one' },
  foz_compaction_conflicts_total: {
    kind: 'counter',
    labels: ['table'],
    help: 'Commits of the compaction that came second to another: the ingest wins, and they are made again',
  },
  foz_orphan_objects_deleted_total: {
    kind: 'counter',
    labels: ['table'],
    help: 'Objects that nobody could name any more, deleted by the sweep',
  },
  foz_orphan_bytes_deleted_total: { kind: 'counter', labels: ['table'], help: 'Bytes of those objects' },
  foz_orphan_objects_left: {
    kind: 'gauge',
    labels: ['table'],
    help: 'Objects that nothing names and that are old, left alone by the last sweep since they may still be committed',
  },
  foz_maintenance_runs_total: {
    kind: 'counter',
    labels: ['table', 'result'],
    help: 'Runs of a table’s upkeep by result: ok, left (a step was left for the next run; the log says why), failed',
  },
  foz_maintenance_last_run_timestamp_seconds: {
    kind: 'gauge',
    labels: ['table'],
    help: 'When the upkeep of the table last ran to its end',
  },
  foz_dependency_up: { kind: 'gauge', labels: ['dependency'], help: '1 while the dependency answers: log' },
  foz_http_requests_total: { kind: 'counter', labels: ['route', 'code'], help: 'HTTP requests by route template and status' },
  foz_http_request_duration_seconds: { kind: 'histogram', labels: ['route'], buckets: seconds, help: 'HTTP requests by route template' },
  foz_build_info: { kind: 'gauge', labels: ['version'], help: 'Always 1; the label says which version runs' },
} as const satisfies Record<string, MetricEntry>;

type MetricTable = typeof metricTable;

export type MetricName = keyof MetricTable;

type NamesOf<Kind extends MetricEntry['kind']> = {
  [Name in MetricName]: MetricTable[Name]['kind'] extends Kind ? Name : never;
}[MetricName];

export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

/** Exactly the labels that the table lists for the metric. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<MetricTable[Name]['labels'][number], string | number>>;

/** None of these throws or waits. */
export interface Metrics {
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  set<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** The metric has these series from now on, and no other. */
  replace<Name extends GaugeName>(name: Name, series: readonly { readonly labels: LabelsOf<Name>; readonly value: number }[]): void;
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void;
}
