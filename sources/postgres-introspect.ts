// How a PostgreSQL table is made, from the catalogs: columns with their numbers, base types (domains resolved, array
// elements named, enum labels in order), nullability, defaults, comments, generated and identity columns, the primary
// key in its own order, CHECK constraints as the server writes them back, unique column sets, foreign keys.

import type { PostgresQuery, PostgresRow } from './postgres-client.ts';
import type { SourceCheck, SourceColumn, SourceForeignKey, SourceTable, SourceTableName, SourceType } from './source.ts';

const columnsSql = `
WITH RECURSIVE base AS (
  SELECT a.attnum, a.attname, a.attnotnull, a.attgenerated, a.attidentity, a.atttypid AS typid, a.atttypmod AS typmod,
         format_type(a.atttypid, a.atttypmod) AS declared, 0 AS depth
    FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.attnum, b.attname, b.attnotnull OR t.typnotnull, b.attgenerated, b.attidentity, t.typbasetype,
         CASE WHEN b.typmod >= 0 THEN b.typmod ELSE t.typtypmod END, b.declared, b.depth + 1
    FROM base b JOIN pg_type t ON t.oid = b.typid WHERE t.typtype = 'd'
), resolved AS (SELECT DISTINCT ON (attnum) * FROM base ORDER BY attnum, depth DESC)
SELECT r.attname AS name, r.declared, r.attnotnull AS "notNull", r.attgenerated <> '' AS generated, r.typmod,
       r.attnum AS number, r.attidentity AS identity, r.depth > 0 AS "isDomain", format_type(r.typid, r.typmod) AS base,
       col_description(to_regclass($1), r.attnum) AS comment, pg_get_expr(d.adbin, d.adrelid) AS "defaultText",
       t.typname AS type, t.typtype AS kind,
       e.typname AS element, e.typtype AS "elementKind", format_type(e.oid, r.typmod) AS "elementDeclared",
       (SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid IN (t.oid, e.oid))::text AS labels,
       array_position(i.indkey::int2[], r.attnum) AS "keyIndex"
  FROM resolved r
  JOIN pg_type t ON t.oid = r.typid
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
  LEFT JOIN pg_index i ON i.indrelid = to_regclass($1) AND i.indisprimary
  LEFT JOIN pg_attrdef d ON d.adrelid = to_regclass($1) AND d.adnum = r.attnum
 ORDER BY r.attnum`;

/** Names of columns by number, in the numbers' order. */
const columnNames = (numbers: string, relation: string): string =>
  `(SELECT json_agg(a.attname ORDER BY n.place) FROM unnest(${numbers}) WITH ORDINALITY n(number, place)
      JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = n.number)::text`;

const checksSql = `
WITH RECURSIVE domains AS (
  SELECT a.attname, t.oid, t.typbasetype FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
   WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND t.typtype = 'd'
  UNION ALL
  SELECT d.attname, t.oid, t.typbasetype FROM domains d JOIN pg_type t ON t.oid = d.typbasetype WHERE t.typtype = 'd'
)
SELECT c.conname AS name, pg_get_expr(c.conbin, c.conrelid) AS expression, c.convalidated AS validated,
       ${columnNames('c.conkey', 'c.conrelid')} AS columns, NULL AS domain
  FROM pg_constraint c WHERE c.conrelid = to_regclass($1) AND c.contype = 'c'
UNION ALL
SELECT c.conname, pg_get_expr(c.conbin, 0), c.convalidated, json_build_array(d.attname)::text, format_type(d.oid, NULL)
  FROM domains d JOIN pg_constraint c ON c.contypid = d.oid AND c.contype = 'c'
 ORDER BY 1, 4`;

const uniquesSql = `
SELECT ${columnNames('i.indkey::int2[]', 'i.indrelid')} AS columns
  FROM pg_index i
 WHERE i.indrelid = to_regclass($1) AND i.indisunique AND NOT i.indisprimary AND i.indisvalid
   AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts
 ORDER BY i.indexrelid`;

const foreignKeysSql = `
SELECT c.conname AS name, ${columnNames('c.conkey', 'c.conrelid')} AS columns, n.nspname AS namespace, r.relname AS "table",
       ${columnNames('c.confkey', 'c.confrelid')} AS referenced
  FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE c.conrelid = to_regclass($1) AND c.contype = 'f' ORDER BY c.conname`;

const commentSql = `SELECT obj_description(to_regclass($1), 'pg_class') AS comment`;

/** Null when the table does not exist, or is not visible to the role. */
export async function introspectPostgres(
  query: PostgresQuery,
  qualified: string,
  name: SourceTableName,
  signal?: AbortSignal,
): Promise<SourceTable | null> {
  const ask = (sql: string) => query(sql, [qualified], signal);
  const rows = await ask(columnsSql);
  if (rows.length === 0) return null;
  const columns = rows.map(columnOf);
  const key = columns.filter((column) => column.keyIndex !== null).toSorted((a, b) => (a.keyIndex ?? 0) - (b.keyIndex ?? 0));
  const [about] = await ask(commentSql);
  const comment = about?.['comment'] ?? null;
  return {
    name,
    columns,
    key: key.map((column) => column.name),
    ...(comment === null ? {} : { comment }),
    checks: (await ask(checksSql)).map(checkOf),
    uniques: (await ask(uniquesSql)).map((row) => names(row['columns'])),
    foreignKeys: (await ask(foreignKeysSql)).map(foreignKeyOf),
  };
}

function columnOf(row: PostgresRow): SourceColumn {
  const keyIndex = row['keyIndex'] ?? null;
  const comment = row['comment'] ?? null;
  const defaultText = row['defaultText'] ?? null;
  const identity = row['identity'] === 'a' ? 'always' : row['identity'] === 'd' ? 'by-default' : null;
  return {
    name: row['name'] ?? '',
    type: typeOf(row),
    isNullable: row['notNull'] !== 't',
    // indkey is an int2vector: it counts from 0.
    keyIndex: keyIndex === null ? null : Number(keyIndex),
    role: keyIndex === null ? 'regular' : 'partition',
    isGenerated: row['generated'] === 't',
    number: Number(row['number']),
    ...(comment === null ? {} : { comment }),
    ...(defaultText === null ? {} : { defaultText }),
    ...(identity === null ? {} : { identity }),
    ...(row['isDomain'] === 't' ? { domain: row['declared'] ?? '' } : {}),
  };
}

function typeOf(row: PostgresRow): SourceType {
  const typmod = Number(row['typmod'] ?? -1);
  const element = row['element'] ?? null;
  const declared = row['declared'] ?? '';
  const labels = (row['labels'] ?? null) === null ? {} : { labels: names(row['labels']) };
  const base = row['isDomain'] === 't' ? { base: row['base'] ?? declared } : {};
  if (element !== null) {
    const inner = plain(row['elementKind'] === 'e' ? 'enum' : element, row['elementDeclared'] ?? element, typmod);
    return { ...plain('array', declared, -1), arguments: [{ ...inner, ...labels }], ...base };
  }
  return { ...plain(row['kind'] === 'e' ? 'enum' : (row['type'] ?? ''), declared, typmod), ...base, ...labels };
}

function plain(name: string, declared: string, typmod: number): SourceType {
  const length = name === 'bit' ? Math.max(typmod, 1) : null;
  return { name, declared, arguments: [], fields: [], length, isFrozen: true };
}

function checkOf(row: PostgresRow): SourceCheck {
  const domain = row['domain'] ?? null;
  return {
    name: row['name'] ?? '',
    expression: row['expression'] ?? '',
    columns: names(row['columns']),
    isValidated: row['validated'] === 't',
    ...(domain === null ? {} : { domain }),
  };
}

function foreignKeyOf(row: PostgresRow): SourceForeignKey {
  return {
    name: row['name'] ?? '',
    columns: names(row['columns']),
    references: { namespace: row['namespace'] ?? '', table: row['table'] ?? '' },
    referencedColumns: names(row['referenced']),
  };
}

/** A JSON list of names, as `json_agg` gives it; null where it aggregated nothing. */
function names(text: string | null | undefined): readonly string[] {
  const parsed: unknown = JSON.parse(text ?? 'null');
  return Array.isArray(parsed) ? parsed.map(String) : [];
}
