// Measures that are one figure of a column or of time: distinct values, sums and averages, how old the newest and the
// oldest row are. Sums and averages of integers and decimals are exact; NaN, infinities and text that is no
// number count for nothing.

import type { Aggregate, Measure } from '../check.ts';
import { exactly, type Finding } from '../measurer.ts';
import { plainText, type CheckDialect } from './check-dialect.ts';
import type { ColumnPlace } from './column-place.ts';
import { countOf, findColumn, over, together, type CompiledMeasure, type MeasureContext } from './measure-part.ts';
import { numberKind } from './valid-condition.ts';

/** Null for measures of another kind. */
export function compileFigure(measure: Measure, context: MeasureContext): CompiledMeasure | null {
  switch (measure.kind) {
    case 'distinct':
      return distinct(measure.column, context);
    case 'aggregate':
      return typeof measure.of === 'string' ? aggregate(measure.column, measure.of, context) : null;
    case 'freshness':
      if (measure.by === 'commit') return null;
      return age(measure.by === 'change' ? changeColumn(context) : measure.by.column, 'max', context);
    case 'retention':
      return age(measure.column ?? (context.view === 'raw' ? '_log_time' : '_changed_at'), 'min', context);
    default:
      return null;
  }
}

function changeColumn({ view }: MeasureContext): string {
  return view === 'raw' ? 'changed_at' : '_changed_at';
}

function distinct(column: string, context: MeasureContext): CompiledMeasure {
  const found = findColumn(column, context);
  if (found.kind === 'problem') return found;
  const { place } = found;
  const value = typeof place.type === 'string' ? place.sql : plainText(place.sql, place.type, context.dialect);
  const among = together(context.filter, place.speaks, `${place.sql} IS NOT NULL`);
  return {
    kind: 'part',
    part: {
      aggregates: [over(`count(DISTINCT ${value})`, among), over('count(*)', among)],
      joins: [],
      failing: null,
      finding: ([values, rows]) => exactly(countOf(values), 'scan', countOf(rows)),
    },
  };
}

type PlainAggregate = Extract<Aggregate, string>;

function aggregate(column: string, of: PlainAggregate, context: MeasureContext): CompiledMeasure {
  const found = findColumn(column, context);
  if (found.kind === 'problem') return found;
  const { place } = found;
  if (isMoment(place)) return of === 'min' || of === 'max' ? moment(place, of, context) : notANumber(column, of, place);
  const kind = numberKind(place.type);
  if (kind === null) return notANumber(column, of, place);
  const numbers = numbersOf(place, context);
  return {
    kind: 'part',
    part: {
      aggregates: [aggregateSql(of, numbers, kind, context.dialect), over('count(*)', numbers.among)],
      joins: [],
      failing: null,
      finding: ([result, count]) =>
        figure(of === 'average' && kind !== 'floating' && kind !== 'text' ? ratio(result, count) : result, count),
    },
  };
}

interface Numbers {
  readonly value: string;
  readonly among: string;
}

type NumberKind = NonNullable<ReturnType<typeof numberKind>>;

/** The column's numbers, and the rows that have one. */
export function numbersOf(place: ColumnPlace, { dialect, filter }: MeasureContext): Numbers {
  const kind = numberKind(place.type);
  const value = kind === 'text' ? `TRY_CAST(${place.sql} AS double)` : place.sql;
  const isNumber = kind === 'floating' || kind === 'text' ? dialect.isFinite(value) : null;
  return { value, among: together(filter, place.speaks, `${value} IS NOT NULL`, isNumber) };
}

/** As text where a number of JavaScript would not hold it. */
function aggregateSql(of: PlainAggregate, { value, among }: Numbers, kind: NumberKind, dialect: CheckDialect): string {
  const exactText = (sql: string) => `CAST(${over(sql, among)} AS varchar)`;
  switch (of) {
    case 'min':
    case 'max':
      return kind === 'decimal' ? exactText(`${of}(${value})`) : over(`${of}(${value})`, among);
    case 'sum':
    case 'average':
      if (kind === 'integer') return exactText(dialect.sumOfIntegers(value));
      if (kind === 'decimal') return exactText(`sum(${value})`);
      return over(of === 'sum' ? `sum(${value})` : `avg(${value})`, among);
    case 'stddev':
    case 'variance':
      return over(`${of === 'stddev' ? 'stddev_samp' : 'var_samp'}(CAST(${value} AS double))`, among);
  }
}

/** Of a figure as the engine gave it: a number, or the exact text of one. */
export function figure(result: unknown, count: unknown): Finding {
  if (result === null || result === undefined) return { kind: 'unknown', reason: `of ${countOf(count)} values there is no such figure` };
  const text = typeof result === 'string' ? result : typeof result === 'bigint' ? String(result) : null;
  const value = Number(result);
  if (!Number.isFinite(value)) return { kind: 'unknown', reason: `the figure is ${String(result)}, not a number` };
  const isPlain = text === null || (Number.isSafeInteger(value) && /^-?\d+$/.test(text));
  const measured = { value, text: isPlain ? null : text, total: countOf(count), exactness: 'exact' as const, by: 'scan' as const };
  return { kind: 'measured', measured, failing: null, keys: [], reason: null };
}

/** An exact sum, divided once. */
function ratio(sum: unknown, count: unknown): number | null {
  const rows = countOf(count);
  if (sum === null || sum === undefined || rows === 0) return null;
  const [whole = '0', fraction = ''] = String(sum).split('.');
  // Twenty digits more than the sum has: more than a double holds, whatever it is divided by.
  const quotient = (BigInt(whole + fraction) * 10n ** 20n) / BigInt(rows);
  return Number(`${quotient}e-${fraction.length + 20}`);
}

function notANumber(column: string, of: PlainAggregate, { type }: ColumnPlace): CompiledMeasure {
  return { kind: 'problem', reason: `${column} is ${typeof type === 'string' ? type : `a ${type.type}`}: it has no ${of}` };
}

function isMoment({ type }: ColumnPlace): boolean {
  return type === 'date' || type === 'timestamp' || type === 'timestamptz';
}

/** Seconds since the epoch, and the moment as text. */
function moment(place: ColumnPlace, of: 'min' | 'max', { filter, dialect }: MeasureContext): CompiledMeasure {
  const among = together(filter, place.speaks, `${place.sql} IS NOT NULL`);
  return {
    kind: 'part',
    part: {
      aggregates: [over(`${of}(${dialect.micros(place.sql)})`, among), over('count(*)', among)],
      joins: [],
      failing: null,
      finding: ([micros, count]) => figure(micros === null ? null : Number(micros) / 1_000_000, count),
    },
  };
}

function age(column: string, of: 'min' | 'max', context: MeasureContext): CompiledMeasure {
  const named = findColumn(column, context);
  if (named.kind === 'problem') return named;
  const { place } = named;
  const micros = microsSql(place, context.dialect);
  if (micros === null)
    return { kind: 'problem', reason: `${column} is ${typeof place.type === 'string' ? place.type : place.type.type}: it is no moment` };
  const among = together(context.filter, place.speaks, `${micros} IS NOT NULL`);
  return {
    kind: 'part',
    part: {
      aggregates: [over(`${of}(${micros})`, among), over('count(*)', among)],
      joins: [],
      failing: null,
      finding: ([found, count]) => {
        if (found === null || found === undefined) return { kind: 'unknown', reason: `no row has a ${column} to tell the age by` };
        const finding = figure((context.now - Number(found) / 1000) / 1000, count);
        const at = new Date(Number(found) / 1000).toISOString();
        return finding.kind === 'measured'
          ? { ...finding, reason: `the ${of === 'max' ? 'newest' : 'oldest'} ${column} is ${at}` }
          : finding;
      },
    },
  };
}

/** From here on a number is of microseconds, below of milliseconds: the first is 1973, the second the year 5138. */
const microsFrom = 100_000_000_000_000;

/** Microseconds since the epoch; null for types that hold no moments. */
export function microsSql(place: ColumnPlace, dialect: CheckDialect): string | null {
  const { sql, type } = place;
  if (isMoment(place)) return dialect.micros(sql);
  if (type === 'string') return dialect.micros(dialect.lake.instantOfText(sql));
  if (type === 'long') return `CASE WHEN abs(${sql}) < ${microsFrom} THEN ${sql} * 1000 ELSE ${sql} END`;
  return null;
}
