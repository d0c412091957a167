// From the source's commit to the lake's, over the rows of the last while: when a row's file was committed is in the
// table's metadata, when the source committed it in the row. Rows that a snapshot of the source read are left out: their
// time is the read's. Only files of the while are looked at; commits whose snapshots have expired are not known.

import { snapshotById, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { fieldNamed, isStruct } from '../../lake/iceberg/schema.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { ancestry, summaryKeys } from '../../lake/raw/offset-chain.ts';
import type { Check } from '../check.ts';
import { checkDialects } from '../measure/check-dialect.ts';
import { figure } from '../measure/figure-measure.ts';
import { countOf, rowAlias } from '../measure/measure-part.ts';
import type { Finding, MeasureSession, Measurer } from '../measurer.ts';
import { fromSql } from './from-sql.ts';
import { judgedCheck } from './judged-check.ts';

export const latencyMeasurer: Measurer = {
  name: 'latency',
  answers: ({ kind }) => kind === 'latency',
  measure: async (checks, session, signal) => {
    const findings = new Map<string, Finding>();
    for (const check of checks) {
      const finding = await latency(check, session, signal);
      if (finding) findings.set(check.id, finding);
    }
    return findings;
  },
};

/** The newest of the while: their names are written into the statement. */
const filesMax = 2_000;

async function latency(check: Check, session: MeasureSession, signal: AbortSignal): Promise<Finding | null> {
  const { measure } = check;
  if (measure.kind !== 'latency') return null;
  const { table, engine, clock } = session;
  if (fieldNamed(table.schema, 'changed_at') === undefined)
    return { kind: 'error', reason: 'the rows say nothing of when the source changed' };
  const judged = await judgedCheck({ ...check, view: 'raw' }, session, signal);
  if (judged.kind === 'problem') return { kind: 'error', reason: judged.reason };
  const since = clock.now() - measure.overMs;
  const files = await recentFiles(session, since, signal);
  if (files.length === 0) return { kind: 'unknown', reason: `no rows were committed since ${new Date(since).toISOString()}` };
  const dialect = checkDialects[engine.dialect];
  const place = dialect.name === 'trino' ? '"$path"' : '_file';
  const committed = `(VALUES ${files.map(({ path, ms }) => `(${literal(path)}, CAST(${ms} AS bigint))`).join(', ')}) _committed(path, ms)`;
  const source = fieldNamed(table.schema, 'source')?.type;
  const hasSnapshot = source !== undefined && isStruct(source) && fieldNamed(source, 'snapshot') !== undefined;
  const conditions = [
    `${rowAlias}.changed_at IS NOT NULL`,
    ...(hasSnapshot ? [`coalesce(${rowAlias}.source.snapshot, 'false') = 'false'`] : []),
    ...(judged.filter === null ? [] : [`(${judged.filter})`]),
    ...(judged.rows.where === null ? [] : [`(${judged.rows.where})`]),
  ];
  const select = `SELECT _committed.ms * 1000 - ${dialect.micros(`${rowAlias}.changed_at`)} AS us
${fromSql({ relation: judged.rows.relation, where: null }, [])} JOIN ${committed} ON _committed.path = ${rowAlias}.${place} WHERE ${conditions.join(' AND ')}`;
  const counted = await engine.rows(`SELECT count(*) FROM (${select}) q`, signal);
  const rows = countOf(counted.rows[0]?.[0]);
  if (rows === 0) return { kind: 'unknown', reason: `no change of the source was committed since ${new Date(since).toISOString()}` };
  const offset = `OFFSET ${Math.min(rows, Math.max(1, Math.ceil(measure.quantile * rows))) - 1}`;
  const one = dialect.name === 'trino' ? `${offset} ROWS LIMIT 1` : `LIMIT 1 ${offset}`;
  const { rows: ranked } = await engine.rows(`SELECT us FROM (${select}) q ORDER BY us ${one}`, signal);
  const finding = figure(Number(ranked[0]?.[0]) / 1_000_000, rows);
  const known = knownSince(table.table.metadata);
  const isCut = known !== null && known > since;
  return finding.kind === 'measured' && isCut
    ? { ...finding, reason: `of commits since ${new Date(known).toISOString()}: older snapshots have expired` }
    : finding;
}

async function recentFiles({ table, objectStore }: MeasureSession, since: number, signal: AbortSignal) {
  const { metadata } = table.table;
  const plan = await planScan({ metadata, store: objectStore, deletes: 'report' }, signal);
  const files = plan.files.flatMap(({ file, snapshotId }) => {
    const snapshot = snapshotById(metadata, snapshotId);
    // Files that another job rewrote were committed earlier than they say.
    if (!snapshot || snapshot.summary[summaryKeys.commitId] === undefined || snapshot['timestamp-ms'] < since) return [];
    return [{ path: file.filePath, ms: snapshot['timestamp-ms'] }];
  });
  return files.toSorted((a, b) => b.ms - a.ms).slice(0, filesMax);
}

/** When the oldest commit was made that the metadata still tells of; null where all are there. */
function knownSince(metadata: TableMetadata): number | null {
  let oldest: number | null = null;
  for (const step of ancestry(metadata)) {
    if (step.kind === 'expired') return oldest;
    if (step.kind === 'snapshot') oldest = step.snapshot['timestamp-ms'];
  }
  return null;
}
