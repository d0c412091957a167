// How a PostgreSQL table is made, from the catalogs: columns with their base types (domains resolved, array elements
// named), nullability, generated columns and the primary key in its own order.

import type { PostgresQuery, PostgresRow } from './postgres-client.ts';
import type { SourceColumn, SourceTable, SourceTableName, SourceType } from './source.ts';

const columnsSql = `
WITH RECURSIVE base AS (
  SELECT a.attnum, a.attname, a.attnotnull, a.attgenerated, a.atttypid AS typid, a.atttypmod AS typmod,
         format_type(a.atttypid, a.atttypmod) AS declared, 0 AS depth
    FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.attnum, b.attname, b.attnotnull OR t.typnotnull, b.attgenerated, t.typbasetype,
         CASE WHEN b.typmod >= 0 THEN b.typmod ELSE t.typtypmod END, b.declared, b.depth + 1
    FROM base b JOIN pg_type t ON t.oid = b.typid WHERE t.typtype = 'd'
), resolved AS (SELECT DISTINCT ON (attnum) * FROM base ORDER BY attnum, depth DESC)
SELECT r.attname AS name, r.declared, r.attnotnull AS "notNull", r.attgenerated <> '' AS generated, r.typmod,
       t.typname AS type, t.typtype AS kind,
       e.typname AS element, e.typtype AS "elementKind", format_type(e.oid, NULL) AS "elementDeclared",
       array_position(i.indkey::int2[], r.attnum) AS "keyIndex"
  FROM resolved r
  JOIN pg_type t ON t.oid = r.typid
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
  LEFT JOIN pg_index i ON i.indrelid = to_regclass($1) AND i.indisprimary
 ORDER BY r.attnum`;

/** Null when the table does not exist, or is not visible to the role. */
export async function introspectPostgres(
  query: PostgresQuery,
  qualified: string,
  name: SourceTableName,
  signal?: AbortSignal,
): Promise<SourceTable | null> {
  const rows = await query(columnsSql, [qualified], signal);
  if (rows.length === 0) return null;
  const columns = rows.map(columnOf);
  const key = columns.filter((column) => column.keyIndex !== null).toSorted((a, b) => (a.keyIndex ?? 0) - (b.keyIndex ?? 0));
  return { name, columns, key: key.map((column) => column.name) };
}

function columnOf(row: PostgresRow): SourceColumn {
  const keyIndex = row['keyIndex'] ?? null;
  return {
    name: row['name'] ?? '',
    type: typeOf(row),
    isNullable: row['notNull'] !== 't',
    // indkey is an int2vector: it counts from 0.
    keyIndex: keyIndex === null ? null : Number(keyIndex),
    role: keyIndex === null ? 'regular' : 'partition',
    isGenerated: row['generated'] === 't',
  };
}

function typeOf(row: PostgresRow): SourceType {
  const typmod = Number(row['typmod'] ?? -1);
  const element = row['element'] ?? null;
  const declared = row['declared'] ?? '';
  if (element !== null) {
    const inner = plain(row['elementKind'] === 'e' ? 'enum' : element, row['elementDeclared'] ?? element, typmod);
    return { ...plain('array', declared, -1), arguments: [inner] };
  }
  return plain(row['kind'] === 'e' ? 'enum' : (row['type'] ?? ''), declared, typmod);
}

function plain(name: string, declared: string, typmod: number): SourceType {
  const length = name === 'bit' ? Math.max(typmod, 1) : null;
  return { name, declared, arguments: [], fields: [], length, isFrozen: true };
}
