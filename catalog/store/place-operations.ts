// What the database knows of places: a table's folder by where its metadata file lies, and the paths outside it that its
// properties ever sent files to. Whoever takes a folder or a path asks in the transaction that takes it, so that of two who
// come at once the second sees the first.

import { isRecord } from '../../runtime/options.ts';
import type { Claim } from './relation-store.ts';
import type { SqlOperation, SqlReader, SqlTransaction, SqlValue } from './sql.ts';

/** `path` ends in a slash. Rows stay for as long as a relation of that uuid does: files may lie where none are written any more. */
export const placeMigration = `
  CREATE TABLE written_paths (
    path TEXT NOT NULL,
    uuid TEXT NOT NULL,
    PRIMARY KEY (path, uuid)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX written_paths_by_uuid ON written_paths (uuid);
`;

export const thatDrop = 'uuid = ? AND metadata_location = ? AND dropped_at = ?';

/** `own`: uuid, metadata location and time of the drop whose files do not count. */
export const hasTableUnder: SqlOperation<SqlReader> = ({ row }, prefix, uuid, ...drop) => {
  const range = [prefix, `${prefix}\u{10ffff}`] as const;
  return row(
    `SELECT 1 FROM relations WHERE metadata_location >= ? AND metadata_location < ?
    UNION ALL SELECT 1 FROM dropped_relations WHERE metadata_location >= ? AND metadata_location < ? AND NOT (${thatDrop})
    UNION ALL SELECT 1 FROM written_paths WHERE path >= ? AND path < ? AND uuid <> ? LIMIT 1`,
    ...range,
    ...range,
    uuid ?? null,
    ...drop,
    ...range,
    uuid ?? null,
  );
};

/** Of these folders, a JSON list, the outermost that is a table's. */
export const tableFolderAmong: SqlOperation<SqlReader> = ({ row }, folders) => {
  const lies = 'metadata_location >= folder || ? AND metadata_location < folder || ?';
  const range = ['/metadata/', '/metadata/\u{10ffff}'] as const;
  return row(
    `WITH folders (folder) AS (SELECT value FROM json_each(?))
    SELECT folder FROM folders WHERE EXISTS (SELECT 1 FROM relations WHERE ${lies}) OR EXISTS (SELECT 1 FROM dropped_relations WHERE ${lies})
    ORDER BY length(folder) LIMIT 1`,
    folders ?? null,
    ...range,
    ...range,
  );
};

/** Whether others are in the way of a claim. */
export async function overlaps(sql: SqlReader, { uuid, folder, within }: Claim): Promise<boolean> {
  if (folder !== null && (await hasTableUnder(sql, `${folder}/`, uuid, '', 0)) !== null) return true;
  return within.length > 0 && (await tableFolderAmong(sql, JSON.stringify(within))) !== null;
}

export async function writePaths(sql: SqlTransaction, { uuid, paths }: Claim): Promise<void> {
  for (const path of paths)
    await sql.change('INSERT INTO written_paths (path, uuid) VALUES (?, ?) ON CONFLICT DO NOTHING', `${path}/`, uuid);
}

/** After a relation went, unless the same table has another name or is kept. Few have paths, so few are looked for. */
export async function forgetPaths({ row, change }: SqlTransaction, uuid: SqlValue): Promise<void> {
  if ((await row('SELECT 1 FROM written_paths WHERE uuid = ? LIMIT 1', uuid)) === null) return;
  const isThere = 'SELECT 1 FROM relations WHERE uuid = ? UNION ALL SELECT 1 FROM dropped_relations WHERE uuid = ? LIMIT 1';
  if ((await row(isThere, uuid, uuid)) === null) await change('DELETE FROM written_paths WHERE uuid = ?', uuid);
}

/** A claim that came as a parameter; null: none is made. */
export function readClaim(text: SqlValue): Claim | null {
  const value: unknown = text === null ? null : JSON.parse(String(text));
  if (value === null || isClaim(value)) return value;
  throw new Error('a change was given something else than a claim');
}

export function isClaim(value: unknown): value is Claim {
  return (
    isRecord(value) &&
    typeof value['uuid'] === 'string' &&
    (value['folder'] === null || typeof value['folder'] === 'string') &&
    [value['within'], value['paths']].every((list) => Array.isArray(list) && list.every((path) => typeof path === 'string'))
  );
}
