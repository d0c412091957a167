// The current rows of a PostgreSQL table from its raw events: the last event of each key wins, unless it deleted the row
// or a TRUNCATE came after it. What makes it more than that:
// - A connector that starts again sends events again. Order is the log's; an event whose LSN lies below one that the key
//   had before is a repetition and counts for nothing. Incremental snapshot reads have no LSN: they stand where they are.
// - A value stored out of line (TOAST) that an UPDATE left alone is sent as a placeholder. It is taken from the last event
//   of the row that carried it: of this key since the row was inserted, and before that, where the row came here by a
//   change of its key, of the key it had.
// A row without a primary key has no identity and is not here. Rescued rows have no typed columns and cannot speak.

import { createHash } from 'node:crypto';
import { quoted } from '../../parquet/duckdb-type.ts';
import { renamedMembers } from '../former-names.ts';
import { isPlaceholderType, isUnavailableSql, valueSql, type CurrentColumn } from './columns.ts';
import type { Dialect } from './dialect.ts';

const placeholder = '__debezium_unavailable_value';

/** How the connector spells the placeholder by type: text, bytes in base64 and hex, arrays of text, integers and uuids. */
export const unavailableTexts: readonly string[] = [
  placeholder,
  Buffer.from(placeholder).toString('base64'),
  Buffer.from(placeholder).toString('hex'),
  `["${placeholder}"]`,
  `[${[...Buffer.from(placeholder)].join(',')}]`,
  `["${nameUuid(placeholder)}"]`,
];

/** Spec: RFC 9562, UUID version 3, over the bytes alone. */
function nameUuid(name: string): string {
  const bytes = createHash('md5').update(name).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x30;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export interface PostgresCurrent {
  readonly columns: readonly CurrentColumn[];
  readonly from: string;
  readonly hasLsn: boolean;
  readonly formerNames: ReadonlyMap<string, string>;
}

const inKey = 'PARTITION BY k ORDER BY epoch, p, o';

export function postgresCurrentSql(input: PostgresCurrent, dialect: Dialect): string {
  const { columns, from, formerNames } = input;
  const key = (bytes: string) => (formerNames.size === 0 ? bytes : renamedMembers(dialect.text(bytes), formerNames));
  const large = columns.filter((column) => isPlaceholderType(column.type));
  const relations = [
    ...eventRelations(input),
    `alive AS (
  SELECT kept.* FROM kept CROSS JOIN truncated
  WHERE is_last AND op <> 'd'
    AND NOT CASE WHEN kept.lsn IS NULL THEN coalesce(truncated.logged > kept.logged, false) ELSE coalesce(truncated.lsn > kept.lsn, false) END)`,
    ...(large.length === 0 ? [] : carryRelations(large, dialect)),
  ];
  const joins =
    large.length === 0
      ? []
      : [
          'LEFT JOIN carried c ON c.k = alive.k AND c.n = alive.n',
          `LEFT JOIN ${movesOver(dialect.hopDoublings)} m ON m.k = alive.k AND m.life = alive.life`,
        ];
  const selected = columns.map((field) => {
    const value = valueSql(field, 'alive.a', dialect);
    const index = large.indexOf(field);
    if (index < 0) return `${value} AS ${quoted(field.name)}`;
    const known = `coalesce(c.v${index}, m.v${index})`;
    return `CASE WHEN ${isUnavailable(value, field)} AND ${known} IS NOT NULL THEN ${known}[1] ELSE ${value} END AS ${quoted(field.name)}`;
  });
  return `WITH events AS (
  SELECT _log_partition AS p, _log_offset AS o, _log_time AS logged, ${key('_log_key')} AS k, op, changed_at, ${input.hasLsn ? 'source.lsn' : 'CAST(NULL AS bigint)'} AS lsn,
    ${key(dialect.header('__debezium.oldkey'))} AS old_key, ${key(dialect.header('__debezium.newkey'))} AS new_key, "after" AS a
  FROM ${from}
  WHERE _rescued IS NULL AND op IN ('c', 'u', 'd', 'r') AND _log_key IS NOT NULL),
${relations.join(',\n')}
SELECT ${[...selected, 'alive.p AS _log_partition', 'alive.o AS _log_offset', 'alive.changed_at AS _changed_at'].join(',\n  ')}
FROM alive ${joins.join('\n  ')}`;
}

/** `n` counts the events of a key that stand, `life` the rows that its key has been given to. */
function eventRelations({ from, hasLsn }: PostgresCurrent): readonly string[] {
  return [
    // A key is in one log partition, unless their number changed: then the partition it began in later holds the later events.
    `placed AS (SELECT *, min(logged) OVER (PARTITION BY k, p) AS epoch FROM events)`,
    `heard AS (SELECT *, max(lsn) OVER (${inKey} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS heard_lsn FROM placed)`,
    `kept AS (
  SELECT *, row_number() OVER (${inKey}) AS n, lead(o) OVER (${inKey}) IS NULL AS is_last,
    sum(CASE WHEN op = 'c' THEN 1 ELSE 0 END) OVER (${inKey} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS life
  FROM heard WHERE lsn IS NULL OR heard_lsn IS NULL OR lsn >= heard_lsn)`,
    // A TRUNCATE that is sent again counts when it was first sent.
    `truncated AS (
  SELECT max(lsn) AS lsn, max(logged) AS logged
  FROM (SELECT ${hasLsn ? 'source.lsn' : 'CAST(NULL AS bigint)'} AS lsn, min(_log_time) AS logged FROM ${from} WHERE op = 't' AND _rescued IS NULL GROUP BY 1) t)`,
  ];
}

function movesOver(doublings: number): string {
  return `moves${2 ** doublings}`;
}

/**
 * `carried`: the last value known of each large column, by event. `moves1`: what the row had under the key it came from; `moves2`
 * under the two before, `moves4` … : each is the one before it joined to itself, since every join of a plan holds memory of its own.
 */
function carryRelations(large: readonly CurrentColumn[], dialect: Dialect): readonly string[] {
  const isAnyUnavailable = large.map((column) => isUnavailable(valueSql(column, 'a', dialect), column)).join(' OR ');
  const known = large.map((column, i) => {
    const value = valueSql(column, 'a', dialect);
    const said = `CASE WHEN op <> 'd' AND NOT coalesce(${isUnavailable(value, column)}, false) THEN ROW(${value}) END`;
    return `${dialect.lastKnown(said, 'PARTITION BY k, life ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW')} AS v${i}`;
  });
  const values = large.map((_, i) => `d.v${i}`).join(', ');
  const farther = Array.from({ length: dialect.hopDoublings }, (_, i) => {
    const nearer = movesOver(i);
    const either = large.map((_column, at) => `coalesce(near.v${at}, far.v${at}) AS v${at}`).join(', ');
    return `${movesOver(i + 1)} AS (
  SELECT near.k, near.life, far.from_k, far.from_life, ${either}
  FROM ${nearer} near LEFT JOIN ${nearer} far ON far.k = near.from_k AND far.life = near.from_life)`;
  });
  return [
    `carried AS (
  SELECT k, n, life, op, lsn, old_key, new_key, ${known.join(',\n    ')}
  FROM kept WHERE k IN (SELECT k FROM kept WHERE ${isAnyUnavailable} UNION ALL SELECT old_key FROM kept WHERE old_key IS NOT NULL))`,
    `moves1 AS (
  SELECT * FROM (
    SELECT c.k, c.life, d.k AS from_k, d.life AS from_life, ${values}, row_number() OVER (PARTITION BY c.k, c.life ORDER BY d.n DESC) AS choice
    FROM kept c JOIN carried d ON d.k = c.old_key AND d.new_key = c.k AND d.lsn = c.lsn AND d.op = 'd'
    WHERE c.op = 'c' AND c.old_key IS NOT NULL) candidates
  WHERE choice = 1)`,
    ...farther,
  ];
}

function isUnavailable(value: string, column: CurrentColumn): string {
  return isUnavailableSql(value, column.type, unavailableTexts, placeholder);
}
