// The measurer of rows that are stuck: rescued, or in breach of the contract, and no later event of their key has replaced
// them, so that whoever asks for the current state misses or mistrusts them. One statement for both, over the raw rows; the
// later events are looked for only among the keys concerned.

import { literal } from '../../lake/parquet/duckdb-type.ts';
import { quarantinedRule } from '../../lake/raw/raw-schema.ts';
import { checkDialects, type CheckDialect } from '../measure/check-dialect.ts';
import type { Check } from '../check.ts';
import type { Finding, Measurer, MeasureSession } from '../measurer.ts';
import type { FailingRows } from '../result.ts';

type Stuck = 'rescuedRows' | 'violatingRows';

const shownMax = 100;

export function stuckRowsMeasurer(): Measurer {
  return {
    name: 'stuck rows',
    answers: (measure) => measure.kind === 'cdc' && (measure.of === 'rescuedRows' || measure.of === 'violatingRows'),
    measure: async (checks, session, signal) => {
      const found = new Map<string, Finding>();
      const { rows: counted } = await session.engine.rows(`${stuckRows(session)}\nSELECT kind, count(*) FROM stuck GROUP BY kind`, signal);
      const counts = new Map(counted.map(([kind, rows]) => [String(kind), Number(rows)]));
      const total = Number((await session.engine.rows(`SELECT count(*) FROM ${session.table.raw}`, signal)).rows[0]?.[0] ?? 0);
      for (const check of checks) {
        const kind = kindOf(check);
        if (kind === null) continue;
        const value = counts.get(kind) ?? 0;
        const failing = value === 0 || check.samplesMax === 0 ? null : await samples(kind, check, session, signal);
        found.set(check.id, {
          kind: 'measured',
          measured: { value, text: null, total, exactness: 'exact', by: 'scan' },
          failing,
          keys: [],
          reason: reasonOf(kind, value),
        });
      }
      return found;
    },
  };
}

function kindOf({ measure }: Check): Stuck | null {
  return measure.kind === 'cdc' && (measure.of === 'rescuedRows' || measure.of === 'violatingRows') ? measure.of : null;
}

function reasonOf(kind: Stuck, value: number): string {
  const what = kind === 'rescuedRows' ? 'rescued: their typed columns are empty' : 'in breach of the contract';
  return value === 0
    ? `no row that stands is ${kind === 'rescuedRows' ? 'rescued' : what}`
    : `${value} ${value === 1 ? 'row stands' : 'rows stand'} ${what}, and no later event of the key has replaced ${value === 1 ? 'it' : 'them'}`;
}

/** Both engines read it: keys are compared as bytes, and a row without a key is replaced by nothing. */
function stuckRows({ engine, table: { raw } }: MeasureSession): string {
  return `WITH concerned AS (
  SELECT _log_partition AS p, _log_offset AS o, _log_key AS k, _rescued IS NOT NULL AS is_rescued, _violations IS NOT NULL AS is_violating,
    _rescued.reason AS reason, ${firstRule(checkDialects[engine.dialect])} AS rule
  FROM ${raw} WHERE _rescued IS NOT NULL OR _violations IS NOT NULL),
keyed AS (SELECT DISTINCT k FROM concerned WHERE k IS NOT NULL),
newest AS (
  SELECT r._log_partition AS p, r._log_key AS k, max(r._log_offset) AS o
  FROM ${raw} r JOIN keyed ON keyed.k = r._log_key GROUP BY r._log_partition, r._log_key),
standing AS (
  SELECT c.* FROM concerned c LEFT JOIN newest n ON n.p = c.p AND n.k = c.k WHERE c.k IS NULL OR n.o = c.o),
stuck AS (
  SELECT 'rescuedRows' AS kind, p, o, reason AS why FROM standing WHERE is_rescued
  UNION ALL SELECT 'violatingRows', p, o, rule FROM standing WHERE is_violating)`;
}

/** The rule that a violating row breaks; behind the mark of a quarantined row where there is one. */
function firstRule(dialect: CheckDialect): string {
  const [first, second] = ['1', '2'].map((at) => `${dialect.element('_violations', at)}.rule`);
  return `CASE WHEN ${first} = ${literal(quarantinedRule)} THEN coalesce(${second}, ${first}) ELSE ${first} END`;
}

/** Where they stand and why, never what is in them: values may be personal. */
async function samples(kind: Stuck, { samplesMax }: Check, session: MeasureSession, signal: AbortSignal): Promise<FailingRows> {
  const statement = `${stuckRows(session)}\nSELECT p, o, why FROM stuck WHERE kind = ${literal(kind)} ORDER BY p, o LIMIT ${Math.min(samplesMax, shownMax)}`;
  const { rows } = await session.engine.rows(statement, signal);
  const condition = kind === 'rescuedRows' ? '_rescued IS NOT NULL' : '_violations IS NOT NULL';
  return {
    columns: ['_log_partition', '_log_offset', kind === 'rescuedRows' ? 'reason' : 'rule'],
    rows: rows.map((row) => row.map((value) => (value === null ? null : String(value)))),
    masked: [],
    query: `SELECT * FROM raw.${session.table.name} WHERE ${condition}`,
  };
}
