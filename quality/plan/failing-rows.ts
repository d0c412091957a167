// Some of the rows that failed a check: one more pass for all checks of a view that failed, each keeping the few rows that
// stand first in the log, so memory is bounded however many fail. Duplicates need the values that occur twice first.

import { quoted } from '../../lake/parquet/duckdb-type.ts';
import type { Check } from '../check.ts';
import { checkDialects, plainText, type CheckDialect } from '../measure/check-dialect.ts';
import { over, rowAlias, type FailingCondition, type JoinedRelation } from '../measure/measure-part.ts';
import type { MeasureSession } from '../measurer.ts';
import type { FailingRows } from '../result.ts';
import { fromSql, type RowsOf } from './from-sql.ts';
import { shownColumns, type Shown } from './shown-columns.ts';

export interface Failed {
  readonly check: Check;
  readonly failing: FailingCondition;
  readonly joins: readonly JoinedRelation[];
}

/** By check id. `rows`: what all of them look at. */
export async function failingRows(
  failed: readonly Failed[],
  rows: RowsOf,
  session: MeasureSession,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FailingRows>> {
  const found = new Map<string, FailingRows>();
  const dialect = checkDialects[session.engine.dialect];
  const wanted = failed
    .filter(({ check }) => check.samplesMax > 0)
    .map((one) => ({ ...one, shown: shownColumns(one.failing.shows, { ...session, view: one.check.view, dialect }) }));
  const simple = wanted.filter(({ failing }) => failing.kind === 'condition');
  if (simple.length > 0) {
    const order = `ROW(${rowAlias}._log_partition, ${rowAlias}._log_offset)`;
    const columns = simple.map(({ check, failing, shown }, i) => {
      const sample = over(dialect.smallest(dialect.array(shown.texts), order, check.samplesMax), conditionOf(failing));
      return `${sample} AS s${i}`;
    });
    const joins = simple.flatMap((one) => one.joins);
    // Said once more for all of them: what is shown is then computed of few rows.
    const any = simple.map(({ failing }) => `(${conditionOf(failing)})`).join('\n  OR ');
    const where = rows.where === null ? any : `(${rows.where}) AND (${any})`;
    const { rows: answer } = await session.engine.rows(`SELECT ${columns.join(',\n  ')}\n${fromSql({ ...rows, where }, joins)}`, signal);
    for (const [i, { check, shown, failing, joins: own }] of simple.entries())
      found.set(check.id, sampleOf(shown, listOf(answer[0]?.[i]), statementFor({ rows, failing, shown, joins: own, dialect })));
  }
  for (const { check, failing, shown } of wanted) {
    if (failing.kind !== 'duplicates') continue;
    const { rows: answer } = await session.engine.rows(
      duplicateRows({ failing, shown, rows, view: check.view, dialect, samplesMax: check.samplesMax }),
      signal,
    );
    found.set(check.id, sampleOf(shown, answer, statementFor({ rows, failing, shown, joins: [], dialect })));
  }
  return found;
}

function conditionOf(failing: FailingCondition): string {
  return failing.kind === 'condition' ? failing.sql : failing.among;
}

export function sampleOf(shown: Shown, rows: readonly unknown[], query: string | null): FailingRows {
  const texts = rows.flatMap((row) =>
    Array.isArray(row) ? [row.map((value: unknown, i) => textOf(value, shown.isFloating[i] === true))] : [],
  );
  return { columns: shown.names, rows: texts, masked: shown.masked, query };
}

/** A double as JavaScript writes it, so that it reads alike from both engines. */
function textOf(value: unknown, isFloating: boolean): string | null {
  if (value === null || value === undefined) return null;
  const text = String(value);
  if (!isFloating) return text;
  if (/nan/i.test(text)) return 'NaN';
  return String(/inf/i.test(text) ? (text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number(text));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export type DuplicateRows = Extract<FailingCondition, { kind: 'duplicates' }>;

export function duplicateValues({ shows }: DuplicateRows, dialect: CheckDialect): readonly string[] {
  return shows.map(({ place }) => (typeof place.type === 'string' ? place.sql : plainText(place.sql, place.type, dialect)));
}

interface DuplicateSample {
  readonly failing: DuplicateRows;
  readonly shown: Shown;
  readonly rows: RowsOf;
  readonly view: Check['view'];
  readonly dialect: CheckDialect;
  readonly samplesMax: number;
}

/** The rows beyond the first of each value, of the first values that occur more than once. */
function duplicateRows({ failing, shown, rows, view, dialect, samplesMax }: DuplicateSample): string {
  const values = duplicateValues(failing, dialect);
  const names = values.map((_, i) => `_d${i}`);
  const columns = [
    ...values.map((value, i) => `${value} AS _d${i}`),
    ...shown.texts.map((text, i) => `${text} AS c${i}`),
    `${rowAlias}._log_partition AS _p`,
    `${rowAlias}._log_offset AS _o`,
  ];
  const among = [...(rows.where === null ? [] : [`(${rows.where})`]), `(${failing.among})`].join(' AND ');
  // Current rows cost more to make twice than to keep; raw rows the other way round.
  const kept = dialect.name === 'trino' ? '' : view === 'current' ? 'MATERIALIZED ' : 'NOT MATERIALIZED ';
  return `WITH _rows AS ${kept}(SELECT ${columns.join(', ')} ${fromSql({ relation: rows.relation, where: among }, [])}),
_twice AS (SELECT ${names.join(', ')} FROM _rows GROUP BY ${names.join(', ')} HAVING count(*) > 1 ORDER BY ${names.join(', ')} LIMIT ${samplesMax}),
_numbered AS (
  SELECT r.*, row_number() OVER (PARTITION BY ${names.map((name) => `r.${name}`).join(', ')} ORDER BY r._p, r._o) AS _n
  FROM _rows r JOIN _twice w ON ${names.map((name) => `w.${name} = r.${name}`).join(' AND ')})
SELECT ${shown.texts.map((_, i) => `c${i}`).join(', ')} FROM _numbered
WHERE _n > 1 ORDER BY ${names.join(', ')}, _p, _o LIMIT ${samplesMax}`;
}

interface Statement {
  readonly rows: RowsOf;
  readonly failing: FailingCondition;
  readonly shown: Shown;
  readonly joins: readonly JoinedRelation[];
  readonly dialect: CheckDialect;
}

/** For `foz query`, so in DuckDB's dialect and names; null where the rows have no such statement. */
export function statementFor({ rows, failing, shown, joins, dialect }: Statement): string | null {
  if (dialect.name !== 'duckdb') return null;
  const columns = shown.names.map((name, i) => `${shown.values[i] ?? 'NULL'} AS ${quoted(name)}`).join(', ');
  const order = `ORDER BY ${rowAlias}._log_partition, ${rowAlias}._log_offset`;
  const also = rows.where === null ? '' : ` AND (${rows.where})`;
  const from = fromSql({ ...rows, where: null }, joins);
  if (failing.kind === 'condition') return `SELECT ${columns} ${from} WHERE ${failing.sql}${also} ${order}`;
  const values = duplicateValues(failing, dialect);
  const twice = `SELECT ${values.join(', ')} ${from} WHERE ${failing.among}${also} GROUP BY ALL HAVING count(*) > 1`;
  return `SELECT ${columns} ${from} WHERE ${failing.among}${also} AND (${values.join(', ')}) IN (${twice}) ${order}`;
}
