// The current rows of a Cassandra table from its raw events, by Cassandra's own rule: every cell stands alone, and the
// latest write time wins, whatever the order of arrival. So an event may come late, twice or out of order.
// - At one write time a tombstone beats a value, one that expires beats one that stays, the later expiry an earlier one,
//   and of two equal in that the larger value wins.
// - Snapshot rows carry the time of the read instead of their write times, so anything of the commit log beats them.
// - A row delete, a partition delete (clustering columns null in the key) and a range delete (op r) take every cell with a
//   write time at or before their own.
// - A row is there while its insert marker or one regular cell is. A cell with a `deletion_ts` is gone from then on.
// Which columns are the key is read from the record keys, what a range compares from its bounds. Left out: static columns
// and counters, which the agent does not deliver truly; keys of inet and of nested types compare as text in ranges.

import { fieldNamed, isStruct, type StructField } from '../../iceberg/schema.ts';
import type { CurrentColumn } from './columns.ts';
import { convertedSql } from './convert.ts';
import { renamedBound, renamedMembers } from '../former-names.ts';
import { literal, quoted } from '../../parquet/duckdb-type.ts';
import type { Dialect } from './dialect.ts';
import { boundColumns, isInRange, ownColumns } from './clustering-order.ts';

export interface CassandraCurrent {
  /** Fields of `after`: one struct of value, deletion_ts and set for each column. */
  readonly columns: readonly CurrentColumn[];
  readonly from: string;
  readonly hasRanges: boolean;
  /** Without a snapshot the agent never names it. */
  readonly hasSnapshot: boolean;
  /** Cells that expire by then are gone. Default: now. */
  readonly asOfMs?: number;
  readonly formerNames: ReadonlyMap<string, string>;
}

export function cassandraCurrentSql(input: CassandraCurrent, dialect: Dialect): string {
  const { columns, from, hasRanges, formerNames } = input;
  const bound = (name: string) => dialect.bound(renamedBound(`a.${name}`, formerNames));
  const origin = input.hasSnapshot ? `CASE WHEN source.snapshot = 'true' THEN 0 ELSE 1 END` : '1';
  const nowUs = input.asOfMs === undefined ? dialect.nowUs : String(BigInt(Math.round(input.asOfMs)) * 1000n);
  const cells = columns.map((column, i) => cellOf(column, i, dialect));
  const isWide = `${dialect.outsideStrings('k')} LIKE '%null%'`;
  const winners = cells.map(
    (cell) =>
      `${dialect.valueAtMax(`ROW(l, t, ${cell.value}, ${cell.expiresAt})`, `ROW(l, t, ${cell.rank}, coalesce(${cell.expiresAt}, 0), ${cell.text})`)} FILTER (WHERE op <> 'd' AND ${cell.isTouched}) AS c${cell.index}`,
  );
  const expiry = `CASE WHEN ${cells.map((cell) => `${cell.liveExpiry} > 0`).join(' OR ')} THEN ${greatest(cells.map((cell) => cell.liveExpiry))} END`;
  const isKey = (cell: Cell) => dialect.hasElement('key_columns', literal(cell.columnName));
  return `WITH events AS (
  SELECT _log_partition AS p, _log_offset AS o, ${renamedMembers(dialect.text('_log_key'), formerNames)} AS k, op, changed_at,
    ${origin} AS l, source.ts_us AS t, "after" AS a
  FROM ${from}
  WHERE _rescued IS NULL AND op IN ('i', 'u', 'd', 'r') AND _log_key IS NOT NULL),
key_names AS (SELECT ${dialect.memberNames('k')} AS key_columns FROM events LIMIT 1),
wide AS (SELECT k, op, t${hasRanges ? `, ${bound('_range_start')} AS range_start, ${bound('_range_end')} AS range_end` : ''} FROM events WHERE op IN ('d', 'r') AND ${isWide}),
clustering AS (SELECT ${dialect.valueAtMax(dialect.nullNames('k'), 'length(k)')} AS names FROM wide),
state AS (
  SELECT k, max(CASE WHEN op = 'd' THEN t END) AS deleted_at,
    ${dialect.valueAtMax('ROW(p, o, changed_at)', 'ROW(l, t, p, o)')} AS decided,
    ${dialect.valueAtMax(`ROW(l, t, ${expiry})`, `ROW(l, t, coalesce(${expiry}, 0))`)} FILTER (WHERE op = 'i') AS marker,
    ${winners.join(',\n    ')}
  FROM events WHERE op <> 'r' AND NOT (op = 'd' AND ${isWide}) GROUP BY k),
${sweptRelations(hasRanges, dialect)},
judged AS (
  SELECT state.*, CASE WHEN state.deleted_at IS NULL OR swept.deleted_at > state.deleted_at THEN coalesce(swept.deleted_at, state.deleted_at) ELSE state.deleted_at END AS gone_at
  FROM state LEFT JOIN swept ON swept.k = state.k),
standing AS (
  SELECT decided, key_columns, ${isStanding('marker', nowUs, 3)} AS is_marked,
    ${cells.map((cell) => `CASE WHEN ${isStanding(`c${cell.index}`, nowUs, 4)} THEN c${cell.index}[3] END AS v${cell.index}`).join(',\n    ')}
  FROM judged CROSS JOIN key_names)
SELECT ${[...cells.map((cell) => `v${cell.index} AS ${quoted(cell.columnName)}`), 'decided[1] AS _log_partition', 'decided[2] AS _log_offset', 'decided[3] AS _changed_at'].join(',\n  ')}
FROM standing
WHERE is_marked${cells.map((cell) => `\n  OR (v${cell.index} IS NOT NULL AND NOT ${isKey(cell)})`).join('')}`;
}

/** `swept`: of each row, the latest of the partition and range deletes that it lies in. */
function sweptRelations(hasRanges: boolean, dialect: Dialect): string {
  const part = `${dialect.without('k', 'names')} AS part`;
  const ranges = hasRanges ? `, ${boundColumns('range_start', 'range_end', dialect).join(',\n    ')}` : '';
  const own = hasRanges ? `, ${ownColumns('s.k', dialect).join(',\n    ')}` : '';
  return `parts AS (SELECT k, ${part} FROM state CROSS JOIN clustering),
sweeps AS (SELECT op, t, ${part}${ranges} FROM wide CROSS JOIN clustering),
met AS (SELECT s.k, w.*${own} FROM parts s JOIN sweeps w ON w.part = s.part),
swept AS (SELECT k, max(t) AS deleted_at FROM met WHERE op = 'd'${hasRanges ? ` OR (${isInRange})` : ''} GROUP BY k)`;
}

interface Cell {
  readonly index: number;
  readonly columnName: string;
  /** A statement may leave it alone. */
  readonly isTouched: string;
  readonly value: string;
  readonly expiresAt: string;
  /** Expiry of a cell that has a value; 0 without. */
  readonly liveExpiry: string;
  /** At one write time: a tombstone over what expires over what stays. */
  readonly rank: string;
  readonly text: string;
}

function cellOf(column: CurrentColumn, index: number, dialect: Dialect): Cell {
  const cells = [column, ...column.replaced];
  const own = typeIn(column, 'value');
  const parts = (inner: string, type: string): string => {
    const found = cells.flatMap((cell) => {
      const from = typeIn(cell, inner);
      if (from === null) return [];
      const part = `a.${quoted(cell.name)}.${quoted(inner)}`;
      return [cell === column || inner !== 'value' || own === null ? part : convertedSql(part, from, own, dialect)];
    });
    if (found.length === 0) return `CAST(NULL AS ${type})`;
    return found.length === 1 ? (found[0] ?? '') : `coalesce(${found.join(', ')})`;
  };
  const value = parts('value', 'varchar');
  const expiresAt = parts('deletion_ts', 'bigint');
  return {
    index,
    columnName: column.name,
    isTouched: `(${cells.map((cell) => `a.${quoted(cell.name)} IS NOT NULL`).join(' OR ')})`,
    value,
    expiresAt,
    liveExpiry: `coalesce(CASE WHEN ${value} IS NOT NULL THEN ${expiresAt} END, 0)`,
    rank: `CASE WHEN ${value} IS NULL THEN 2 WHEN ${expiresAt} IS NOT NULL THEN 1 ELSE 0 END`,
    text: `coalesce(${own === 'binary' ? `to_hex(${value})` : own !== null && typeof own !== 'string' ? dialect.compositeText(value) : `CAST(${value} AS varchar)`}, '')`,
  };
}

function typeIn(cell: StructField, part: string): StructField['type'] | null {
  return isStruct(cell.type) ? (fieldNamed(cell.type, part)?.type ?? null) : null;
}

/** Neither deleted with its row nor expired. Parts: is it of the commit log, write time, …, expiry at `expiryPart`. */
function isStanding(cell: string, nowUs: string, expiryPart: number): string {
  return `(coalesce((gone_at IS NULL OR (${cell}[1] = 1 AND ${cell}[2] > gone_at)) AND ${cell} IS NOT NULL AND NOT coalesce(${cell}[${expiryPart}] <= ${nowUs}, false), false))`;
}

function greatest(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `greatest(${values.join(', ')})`;
}
