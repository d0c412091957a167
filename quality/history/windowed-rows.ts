// The rows of a check by windows of time: when they arrived (raw), or when they last changed (current).

import { together, rowAlias } from '../measure/measure-part.ts';
import { checkDialects, type CheckDialect } from '../measure/check-dialect.ts';
import type { Check, Measure } from '../check.ts';
import type { MeasureSession } from '../measurer.ts';
import { fromSql, type RowsOf } from '../plan/from-sql.ts';
import { judgedCheck } from '../plan/judged-check.ts';
import type { EpochMs } from '../../runtime/clock.ts';

export interface WindowedRows {
  readonly rows: RowsOf;
  /** The check's own condition, judged; null: all rows. */
  readonly filter: string | null;
  readonly measure: Measure;
  readonly dialect: CheckDialect;
  /** SQL of the time that decides the window. */
  readonly time: string;
  /** Condition of rows in [from, to). */
  within(from: EpochMs, to: EpochMs): string;
}

export type FoundRows = WindowedRows | { readonly problem: string };

/** `measure`: what is measured on each window; its SQL comes back judged. */
export async function windowedRows(check: Check, measure: Measure, session: MeasureSession, signal: AbortSignal): Promise<FoundRows> {
  const judged = await judgedCheck({ ...check, measure, scope: 'all' }, session, signal);
  if (judged.kind === 'problem') return { problem: judged.reason };
  const dialect = checkDialects[session.engine.dialect];
  const time = `${rowAlias}.${check.view === 'raw' ? '_log_time' : '_changed_at'}`;
  const instant = (at: EpochMs) => dialect.instant(BigInt(Math.round(at)) * 1000n);
  return {
    rows: judged.rows,
    filter: judged.filter,
    measure: judged.check.measure,
    dialect,
    time,
    within: (from, to) => `${time} >= ${instant(from)} AND ${time} < ${instant(to)}`,
  };
}

/** When the first row of the check's rows is from; null: there is none. */
export async function oldestRow(
  { rows, filter, dialect, time }: WindowedRows,
  { engine }: MeasureSession,
  signal: AbortSignal,
): Promise<EpochMs | null> {
  const where = together(rows.where, filter);
  const { rows: found } = await engine.rows(`SELECT ${dialect.micros(`min(${time})`)} ${fromSql({ ...rows, where }, [])}`, signal);
  const micros = found[0]?.[0] ?? null;
  return micros === null ? null : Number(micros) / 1000;
}
