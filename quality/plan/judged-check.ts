// A check with its SQL judged (guard/) and in the engine's names, and the rows that it looks at.

import type { Check } from '../check.ts';
import { judgeExpression, type GuardContext, type Judged } from '../guard/judged-sql.ts';
import { columnPlace } from '../measure/column-place.ts';
import { rowAlias, type ShownColumn } from '../measure/measure-part.ts';
import type { MeasureSession } from '../measurer.ts';
import type { RowsOf } from './from-sql.ts';
import { scopeRows } from './scope-rows.ts';

export type JudgedCheck =
  | {
      readonly kind: 'check';
      /** The measure's expression is the judged one. */
      readonly check: Check;
      readonly filter: string | null;
      readonly rows: RowsOf;
      readonly note: string | null;
      /** Columns that an expression names. */
      readonly named: readonly ShownColumn[];
    }
  | { readonly kind: 'problem'; readonly reason: string };

/** Columns of an expression that are shown with its failing rows, at most. */
const namedMax = 8;

export async function judgedCheck(check: Check, session: MeasureSession, signal: AbortSignal): Promise<JudgedCheck> {
  const rows = scopeRows(check, session);
  if (rows.kind === 'problem') return rows;
  const context: GuardContext = { engine: session.engine, table: session.table, view: check.view, rows: rows.relation };
  const filter = check.filter === null ? null : await judgeExpression(check.filter, context, signal);
  if (filter?.kind === 'problem') return { kind: 'problem', reason: `its filter: ${filter.reason}` };
  const { measure } = check;
  const shared = {
    kind: 'check' as const,
    filter: filter?.text ?? null,
    rows: { relation: rows.relation, where: rows.where },
    note: rows.note,
  };
  if (measure.kind !== 'expression') return { ...shared, check, named: [] };
  const expression = await judgeExpression(measure.sql, context, signal);
  if (expression.kind === 'problem') return { kind: 'problem', reason: `its expression: ${expression.reason}` };
  return { ...shared, check: { ...check, measure: { ...measure, sql: expression.text } }, named: namedColumns(expression, check, session) };
}

function namedColumns(judged: Extract<Judged, { kind: 'sql' }>, check: Check, { table }: MeasureSession): readonly ShownColumn[] {
  const found = new Map<string, ShownColumn>();
  for (const { names } of judged.tree.columns) {
    for (const path of [names, names.slice(1)]) {
      const name = path.join('.');
      const place = name === '' ? null : columnPlace(table.schema, check.view, name, rowAlias);
      if (place?.kind !== 'place') continue;
      found.set(name, { name, place: place.place });
      break;
    }
  }
  return [...found.values()].slice(0, namedMax);
}
