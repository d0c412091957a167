// The measurer that reads no data file: counts, nulls, extremes and ages from Iceberg statistics and snapshots. Each answer
// says whether it is exact or a bound; judge.ts decides whether a bound is enough, else the scan is asked.
// What bounds mean here: the current rows are some of the raw rows (so counts are at most theirs, and the newest value at
// most theirs); with delete files of other writers the same holds of the raw rows themselves.

import { tableStatistics, type TableStatistics } from '../../lake/iceberg/table-statistics.ts';
import { decimalText } from '../../lake/iceberg/value-text.ts';
import type { Check, Measure } from '../check.ts';
import { exactly, type Finding, type Measurer, type MeasureSession } from '../measurer.ts';
import type { Measured } from '../result.ts';
import { commitAge, longestGap } from './commit-times.ts';
import { schemaDifferences } from './schema-differences.ts';
import { statisticsColumn, type StatisticsColumn } from './statistics-column.ts';

export interface MetadataMeasurerOptions {
  /** A data file below this is small. Default: 8 MiB, a sixteenth of what compaction aims at. */
  readonly smallFileBytes?: number;
}

const smallFileBytesDefault = 8 * 1024 ** 2;

const ofSnapshots: ReadonlySet<Measure['kind']> = new Set(['frequency', 'schema']);
const ofStatistics: ReadonlySet<Measure['kind']> = new Set(['rowCount', 'nulls', 'aggregate', 'freshness', 'retention']);

export function metadataMeasurer({ smallFileBytes = smallFileBytesDefault }: MetadataMeasurerOptions = {}): Measurer {
  return {
    name: 'metadata',
    answers: (measure) =>
      ofSnapshots.has(measure.kind) || ofStatistics.has(measure.kind) || (measure.kind === 'cdc' && measure.of === 'smallFiles'),
    measure: async (checks, session, signal) => {
      const found = new Map<string, Finding>();
      let statistics: Promise<TableStatistics> | null = null;
      for (const check of checks) {
        const finding =
          fromSnapshots(check, session) ??
          fromStatistics(
            check,
            session,
            await (statistics ??= tableStatistics({ metadata: session.table.table.metadata, store: session.objectStore }, signal)),
            smallFileBytes,
          );
        if (finding) found.set(check.id, finding);
      }
      return found;
    },
  };
}

/** Null: not a matter of snapshots and schemas alone. */
function fromSnapshots({ measure, filter }: Check, session: MeasureSession): Finding | null {
  const { metadata } = session.table.table;
  if (measure.kind === 'schema') return schemaDifferences(metadata, session.contract);
  if (filter !== null) return null;
  if (measure.kind === 'frequency') return longestGap(metadata, session.clock.now(), measure.overMs);
  if (measure.kind === 'freshness' && measure.by === 'commit') return commitAge(metadata, session.clock.now());
  return null;
}

/** Null: left to the scan. */
function fromStatistics(check: Check, session: MeasureSession, statistics: TableStatistics, smallFileBytes: number): Finding | null {
  const { measure, filter, scope, id } = check;
  if (measure.kind === 'cdc') {
    const small = statistics.fileBytes.filter((bytes) => bytes < smallFileBytes);
    return exactly(small.length, 'metadata', statistics.fileBytes.length);
  }
  // Of a part of the rows the statistics know nothing.
  if (filter !== null || (scope === 'new' && session.since.has(id))) return null;
  switch (measure.kind) {
    case 'rowCount':
      return bounded(statistics.rows, check.view === 'raw' && statistics.deleteFiles === 0 ? 'exact' : 'upper');
    case 'nulls':
      return nulls(check, measure.column, session, statistics);
    case 'aggregate':
      return measure.of === 'min' || measure.of === 'max' ? extreme(check, measure.column, measure.of, session, statistics) : null;
    case 'freshness':
      return measure.by === 'commit' ? null : age(check, measure.by === 'change' ? null : measure.by.column, 'max', session, statistics);
    case 'retention':
      return age(check, measure.column, 'min', session, statistics);
    default:
      return null;
  }
}

function nulls(check: Check, name: string, session: MeasureSession, statistics: TableStatistics): Finding | null {
  const column = statisticsColumn(session.table.schema, check.view, name);
  if (!column) return null;
  // A value that the connector leaves out of an update reads as its placeholder here, and as what it was in the current
  // row, which may be nothing: of types that can carry a placeholder no count of current rows follows.
  if (check.view === 'current' && !cannotBePlaceholder.has(column.type.replace(/\(.*/, ''))) return null;
  const found = statistics.columns.get(column.fieldId)?.nulls ?? null;
  if (found === null) return null;
  const isExact = column.isOfEveryRow && statistics.deleteFiles === 0;
  return bounded(found, isExact ? 'exact' : 'upper', isExact ? statistics.rows : null);
}

const cannotBePlaceholder: ReadonlySet<string> = new Set([
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'decimal',
  'date',
  'timestamp',
  'timestamptz',
]);

/** Null: not known, the column holds no value at all, or none that has a size. */
function extremeOf({ columns }: TableStatistics, { fieldId }: StatisticsColumn, which: 'min' | 'max'): number | bigint | null {
  const value = which === 'min' ? columns.get(fieldId)?.lower : columns.get(fieldId)?.upper;
  return typeof value === 'number' || typeof value === 'bigint' ? value : null;
}

function extreme(check: Check, name: string, which: 'min' | 'max', session: MeasureSession, statistics: TableStatistics): Finding | null {
  const column = statisticsColumn(session.table.schema, check.view, name);
  if (!column || !/^(?:int|long|decimal\()/.test(column.type)) return null;
  const value = extremeOf(statistics, column, which);
  if (value === null) return null;
  const exactness = exactnessOf(check, column, statistics, which === 'max' ? 'upper' : 'lower');
  const text = decimalText(value, column.type);
  const isPlain = Number.isSafeInteger(Number(text)) && !text.includes('.');
  const measured: Measured = { value: Number(text), text: isPlain ? null : text, total: null, exactness, by: 'metadata' };
  return { kind: 'measured', measured, failing: null, keys: [], reason: null };
}

/** Seconds from the newest or oldest moment of a column until now. A bound of the moment is one of the age, the other way round. */
function age(
  check: Check,
  name: string | null,
  which: 'min' | 'max',
  session: MeasureSession,
  statistics: TableStatistics,
): Finding | null {
  const preset = which === 'min' ? '_log_time' : 'changed_at';
  const column = statisticsColumn(session.table.schema, name === null ? 'raw' : check.view, name ?? preset);
  if (!column) return null;
  const value = extremeOf(statistics, column, which);
  const atMs = value === null ? null : momentMs(value, column.type);
  if (atMs === null) return null;
  const exactness = exactnessOf(check, column, statistics, which === 'max' ? 'lower' : 'upper');
  return bounded((session.clock.now() - atMs) / 1000, exactness);
}

function exactnessOf(
  { view }: Check,
  column: StatisticsColumn,
  statistics: TableStatistics,
  bound: 'upper' | 'lower',
): Measured['exactness'] {
  const isWhole = view === 'raw' && statistics.deleteFiles === 0;
  // Of the source's columns in raw rows, extremes are of what the rows bring: a row without a say has no value either.
  return isWhole && (column.isOfEveryRow || view === 'raw') ? 'exact' : bound;
}

function momentMs(value: number | bigint, type: string): number | null {
  if (type === 'date') return Number(value) * 86_400_000;
  return type === 'timestamp' || type === 'timestamptz' ? Number(value) / 1000 : null;
}

function bounded(value: number, exactness: Measured['exactness'], total: number | null = null): Finding {
  const measured: Measured = { value, text: null, total, exactness, by: 'metadata' };
  return { kind: 'measured', measured, failing: null, keys: [], reason: null };
}
