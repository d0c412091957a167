// The measurer of limits within windows: whose sum or count of a day (an hour, …) passes the limit. It is asked after each
// commit, so it looks only at windows that rows of the last window's length touched: late rows are counted into the window
// they belong to, and what has been quiet for as long as a window is no news any more.

import type { Check, Measure } from '../check.ts';
import { checkDialects, plainText } from '../measure/check-dialect.ts';
import { columnPlace, type ColumnPlace } from '../measure/column-place.ts';
import { microsSql } from '../measure/figure-measure.ts';
import { rowAlias, together } from '../measure/measure-part.ts';
import { numberKind } from '../measure/valid-condition.ts';
import type { Finding, Measurer, MeasureSession } from '../measurer.ts';
import { fromSql } from '../plan/from-sql.ts';
import { personalColumns } from '../plan/personal-columns.ts';
import { windowedRows } from './windowed-rows.ts';

type WindowLimit = Extract<Measure, { kind: 'windowLimit' }>;

/** Keys told, the farthest over the limit first. */
const keysMax = 100;

export const windowLimitMeasurer: Measurer = {
  name: 'window limits',
  answers: ({ kind }) => kind === 'windowLimit',
  measure: async (checks, session, signal) => {
    const found = new Map<string, Finding>();
    for (const check of checks)
      if (check.measure.kind === 'windowLimit') found.set(check.id, await overLimit(check, check.measure, session, signal));
    return found;
  },
};

async function overLimit(check: Check, measure: WindowLimit, session: MeasureSession, signal: AbortSignal): Promise<Finding> {
  const rows = await windowedRows(check, measure, session, signal);
  if ('problem' in rows) return { kind: 'error', reason: rows.problem };
  const columns = columnsOf(check, measure, session);
  if ('problem' in columns) return { kind: 'error', reason: columns.problem };
  const dialect = checkDialects[session.engine.dialect];
  const { windowMs, limit } = measure;
  const window = `floor(${microsSql(columns.time, dialect) ?? ''} / ${windowMs * 1000}.0)`;
  const speaks = [columns.time, ...columns.keys].map(({ speaks: own }) => own);
  const own = together(rows.rows.where, rows.filter, ...speaks, `${columns.time.sql} IS NOT NULL`);
  const since = rows.within(session.clock.now() - windowMs, session.clock.now() + windowMs);
  const touched = `SELECT DISTINCT ${window} ${fromSql({ ...rows.rows, where: together(own, since) }, [])}`;
  const keys = columns.keys.map(({ sql, type }, i) => `${plainText(sql, type, dialect)} AS k${i}`);
  const groups = [...keys.map((_, i) => String(i + 1)), String(keys.length + 1)].join(', ');
  const summed = `SELECT ${[...keys, `${window} AS w`, `${columns.added} AS added`].join(', ')} ${fromSql({ ...rows.rows, where: together(own, `${window} IN (${touched})`) }, [])} GROUP BY ${groups}`;
  const names = keys.map((_, i) => `g.k${i}`);
  const { rows: found } = await session.engine.rows(
    `SELECT ${[...names, 'g.w', 'CAST(g.added AS varchar)', 'count(*) OVER ()'].join(', ')} FROM (${summed}) g WHERE g.added > ${limit} ORDER BY g.added DESC, ${[...names, 'g.w'].join(', ')} LIMIT ${keysMax}`,
    signal,
  );
  const value = Number(found[0]?.at(-1) ?? 0);
  const personal = personalColumns(session.contract);
  const told = found.map((row) => keyOf(row, measure, columns.keys, personal));
  return {
    kind: 'measured',
    measured: { value, text: null, total: null, exactness: 'exact', by: 'scan' },
    failing: null,
    keys: told,
    reason: value === 0 ? null : `${value} over ${limit}: ${told.slice(0, 3).map(keyText).join('; ')}${value > 3 ? ' …' : ''}`,
  };
}

interface Columns {
  readonly keys: readonly ColumnPlace[];
  readonly time: ColumnPlace;
  /** SQL of the sum or count. */
  readonly added: string;
}

function columnsOf(check: Check, measure: WindowLimit, session: MeasureSession): Columns | { readonly problem: string } {
  const place = (name: string) => columnPlace(session.table.schema, check.view, name, rowAlias);
  const keys: ColumnPlace[] = [];
  for (const name of measure.keys) {
    const found = place(name);
    if (found.kind === 'problem') return { problem: found.reason };
    keys.push(found.place);
  }
  const time = place(measure.time);
  if (time.kind === 'problem') return { problem: time.reason };
  const { type } = time.place;
  // Without a contract, times are the numbers that the connector sends.
  if (type !== 'timestamp' && type !== 'timestamptz' && type !== 'date' && type !== 'long')
    return {
      problem: `${measure.time} is ${typeof type === 'string' ? type : `a ${type.type}`}, not a date or time: no window follows from it`,
    };
  if (measure.of.kind === 'count') return { keys, time: time.place, added: 'count(*)' };
  const column = place(measure.of.column);
  if (column.kind === 'problem') return { problem: column.reason };
  const kind = numberKind(column.place.type);
  if (kind === null) return { problem: `${measure.of.column} holds no numbers: it has no sum` };
  // Numbers that the source sends without their figures are text here; decimal keeps cents exact.
  const value = kind === 'text' ? `TRY_CAST(${column.place.sql} AS decimal(38, 9))` : column.place.sql;
  return { keys, time: time.place, added: `sum(${value})` };
}

type Key = Readonly<Record<string, string | number | null>>;

function keyOf(row: readonly unknown[], measure: WindowLimit, places: readonly ColumnPlace[], personal: ReadonlySet<string>): Key {
  const names = measure.keys.map((name, i) => {
    const isPersonal = places[i]?.column !== null && personal.has(places[i]?.column ?? name);
    const value = row[i] ?? null;
    return [name, value === null ? null : isPersonal ? '(personal)' : String(value)] as const;
  });
  const [window, added] = [Number(row[names.length]), String(row[names.length + 1])];
  const of = measure.of.kind === 'count' ? 'count' : `sum of ${measure.of.column}`;
  return { ...Object.fromEntries(names), window: new Date(window * measure.windowMs).toISOString(), [of]: added };
}

function keyText(key: Key): string {
  return Object.entries(key)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}
