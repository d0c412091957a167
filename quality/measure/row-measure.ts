// Measures that count rows: how many there are, and how many are wrong in one way. The total beside it is of the rows
// that the check looks at: those that pass its filter and say anything of the column.

import { quoted } from '../../lake/parquet/duckdb-type.ts';
import type { Measure } from '../check.ts';
import { exactly } from '../measurer.ts';
import { plainText } from './check-dialect.ts';
import { columnPlace, type ColumnPlace } from './column-place.ts';
import {
  countOf,
  findColumn,
  over,
  together,
  type CompiledMeasure,
  type JoinedRelation,
  type MeasureContext,
  type ShownColumn,
} from './measure-part.ts';
import { invalidCondition, isOneOf } from './valid-condition.ts';

/** Null for measures that count no rows. */
export function compileRows(measure: Measure, context: MeasureContext): CompiledMeasure | null {
  const { filter } = context;
  switch (measure.kind) {
    case 'rowCount': {
      const part = {
        aggregates: [over('count(*)', filter)],
        joins: [],
        failing: null,
        finding: ([rows]: readonly unknown[]) => exactly(countOf(rows), 'scan', countOf(rows)),
      };
      return { kind: 'part', part };
    }
    case 'nulls':
      return ofColumn(measure.column, context, (place) => ({ kind: 'sql', sql: `${place.sql} IS NULL` }));
    case 'missing':
      return ofColumn(measure.column, context, (place) => {
        const listed = isOneOf(measure.values, place, context.dialect);
        return listed.kind === 'problem' ? listed : { kind: 'sql', sql: `${place.sql} IS NULL OR ${listed.sql}` };
      });
    case 'invalid':
      return ofColumn(measure.column, context, (place) => invalidCondition(measure.valid, place, context.dialect));
    case 'expression':
      return counted(filter, `NOT (${measure.sql})`, [], []);
    case 'duplicates':
      return duplicates(measure.columns, context);
    case 'relationship':
      return relationship(measure, context);
    default:
      return null;
  }
}

type Found = { readonly kind: 'sql'; readonly sql: string } | { readonly kind: 'problem'; readonly reason: string };

function ofColumn(name: string, context: MeasureContext, condition: (place: ColumnPlace) => Found): CompiledMeasure {
  const found = findColumn(name, context);
  if (found.kind === 'problem') return found;
  const { place } = found;
  const wrong = condition(place);
  if (wrong.kind === 'problem') return wrong;
  const among = place.speaks === null ? context.filter : together(context.filter, place.speaks);
  return counted(among, wrong.sql, [{ name, place }], []);
}

/** `among`: the rows that it is about; `wrong`: those of them that count. */
function counted(among: string | null, wrong: string, shows: readonly ShownColumn[], joins: readonly JoinedRelation[]): CompiledMeasure {
  const part = {
    aggregates: [over('count(*)', among, wrong), over('count(*)', among)],
    joins,
    finding: ([failing, total]: readonly unknown[]) => exactly(countOf(failing), 'scan', countOf(total)),
    failing: { kind: 'condition' as const, sql: together(among, wrong), shows },
  };
  return { kind: 'part', part };
}

function duplicates(columns: readonly string[], context: MeasureContext): CompiledMeasure {
  const places = placesOf(columns, context);
  if ('reason' in places) return { kind: 'problem', reason: places.reason };
  const shows = places.shown;
  const among = together(context.filter, ...spoken(shows), ...shows.map(({ place }) => `${place.sql} IS NOT NULL`));
  const values = shows.map(({ place }) => comparable(place, context));
  const value = values.length === 1 ? (values[0] ?? '') : `ROW(${values.join(', ')})`;
  const part = {
    aggregates: [over('count(*)', among), over(`count(DISTINCT ${value})`, among)],
    joins: [],
    finding: ([rows, distinct]: readonly unknown[]) => exactly(countOf(rows) - countOf(distinct), 'scan', countOf(rows)),
    failing: { kind: 'duplicates' as const, among, shows },
  };
  return { kind: 'part', part };
}

/** Lists, maps and structs are compared by their text. */
function comparable(place: ColumnPlace, { dialect }: MeasureContext): string {
  return typeof place.type === 'string' ? place.sql : plainText(place.sql, place.type, dialect);
}

function relationship(measure: Extract<Measure, { kind: 'relationship' }>, context: MeasureContext): CompiledMeasure {
  const { columns, to } = measure;
  if (columns.length !== to.columns.length || columns.length === 0)
    return { kind: 'problem', reason: `${columns.length} columns refer to ${to.columns.length} of ${to.table}: expected as many` };
  const other = context.others.get(to.table) ?? null;
  if (other === null) return { kind: 'problem', reason: `there is no table ${to.table} to refer to` };
  if (other.current === null) return { kind: 'problem', reason: `${to.table} has no current rows to refer to` };
  const own = placesOf(columns, context);
  if ('reason' in own) return { kind: 'problem', reason: own.reason };
  const theirs: ColumnPlace[] = [];
  for (const name of to.columns) {
    const found = columnPlace(other.schema, 'current', name, 'o');
    if (found.kind === 'problem') return { kind: 'problem', reason: `${to.table}: ${found.reason}` };
    theirs.push(found.place);
  }
  const pairs = own.shown.map(({ place }, i) => {
    const their = theirs[i] ?? place;
    // Numbers meet as numbers; where types are further apart, their text decides.
    const asText = (place.type === 'string') !== (their.type === 'string') || (place.type === 'uuid') !== (their.type === 'uuid');
    const plain = (one: ColumnPlace) => (asText ? plainText(one.sql, one.type, context.dialect) : one.sql);
    return { own: plain(place), their: plain(their), name: quoted(`_key${i}`) };
  });
  const name = ['_of', ...columns, 'in', to.table, ...to.columns].join('_').replaceAll(/\W/g, '_');
  const notNull = pairs.map((pair) => `${pair.their} IS NOT NULL`).join(' AND ');
  const join = {
    name,
    relation: `(SELECT DISTINCT ${pairs.map((pair) => `${pair.their} AS ${pair.name}`).join(', ')} FROM ${other.current} o WHERE ${notNull})`,
    on: pairs.map((pair) => `${quoted(name)}.${pair.name} = ${pair.own}`).join(' AND '),
  };
  const among = together(context.filter, ...spoken(own.shown), ...own.shown.map(({ place }) => `${place.sql} IS NOT NULL`));
  return counted(among, `${quoted(name)}.${pairs[0]?.name ?? ''} IS NULL`, own.shown, [join]);
}

function placesOf(
  columns: readonly string[],
  context: MeasureContext,
): { readonly shown: readonly ShownColumn[] } | { readonly reason: string } {
  const shown: ShownColumn[] = [];
  for (const name of columns) {
    const found = findColumn(name, context);
    if (found.kind === 'problem') return { reason: found.reason };
    shown.push({ name, place: found.place });
  }
  return { shown };
}

function spoken(shows: readonly ShownColumn[]): readonly string[] {
  return [...new Set(shows.flatMap(({ place }) => place.speaks ?? []))];
}
