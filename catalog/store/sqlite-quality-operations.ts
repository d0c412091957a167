// What the SQLite thread does for the quality jobs. Lists cross the thread's border as one JSON text; absent is ''.

import type { Operation, SqliteStatements } from './sqlite-contract-operations.ts';
import type { HistoryPoint, StoredResult } from './quality-store.ts';

/** One of sqlite-migrations.ts. */
export const qualityMigration = `
  CREATE TABLE quality_runs (
    id TEXT NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX quality_runs_by_time ON quality_runs (started_at, id);
  CREATE TABLE quality_results (
    key TEXT NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL,
    check_id TEXT NOT NULL,
    table_name TEXT NOT NULL,
    snapshot_id TEXT,
    outcome TEXT NOT NULL,
    at INTEGER NOT NULL,
    value REAL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX quality_results_by_check ON quality_results (check_id, at, key);
  CREATE INDEX quality_results_by_table ON quality_results (table_name, at, key);
  CREATE INDEX quality_results_by_run ON quality_results (run_id, at, key);
  CREATE INDEX quality_results_by_time ON quality_results (at, key);
  CREATE TABLE quality_latest (
    check_id TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    key TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE quality_history (
    series TEXT NOT NULL,
    at INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series, at)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE quality_states (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    record TEXT,
    PRIMARY KEY (kind, name)
  ) STRICT;
  CREATE TABLE quality_leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** The order in which results were added. AUTOINCREMENT: a number is not given again when the newest rows are gone. */
export const qualityOrderMigration = `
  CREATE TABLE quality_order (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE
  ) STRICT;
  INSERT INTO quality_order (key) SELECT key FROM quality_results ORDER BY at, key;
`;

const resultColumns = 'key, run_id, check_id, table_name, snapshot_id, outcome, at, value, record';

export function sqliteQualityOperations(sql: SqliteStatements): readonly (readonly [string, Operation])[] {
  const { row, rows, change, inTransaction } = sql;
  const putRun = `INSERT INTO quality_runs (id, started_at, ended_at, record) VALUES (?, ?, nullif(?, ''), ?)
    ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at, record = excluded.record`;
  const lease = `INSERT INTO quality_leases (name, holder, expires_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, expires_at = excluded.expires_at WHERE quality_leases.holder = excluded.holder OR quality_leases.expires_at <= ? OR quality_leases.expires_at > ?`;
  return [
    ['putQualityRun', (id = '', startedAt = 0, endedAt = '', record = '') => change(putRun, id, startedAt, endedAt, record)],
    [
      'listQualityRuns',
      (before = 0, limit = 0) =>
        rows(
          'SELECT id, started_at, ended_at, record FROM quality_runs WHERE started_at < ? ORDER BY started_at DESC, id DESC LIMIT ?',
          before,
          limit,
        ),
    ],
    [
      'addQualityResults',
      (text = '') =>
        inTransaction(() =>
          listIn(text, isResult)
            .filter((result) => addResult(sql, result))
            .map(({ key }) => key),
        ),
    ],
    [
      'getQualityResults',
      (text = '') => rows(`SELECT ${resultColumns} FROM quality_results WHERE key IN (SELECT value FROM json_each(?))`, text),
    ],
    ['listQualityResults', (...parameters) => listResults(sql, parameters)],
    [
      'latestQualityResults',
      () => rows(`SELECT ${resultColumns} FROM quality_results WHERE key IN (SELECT key FROM quality_latest) ORDER BY check_id`),
    ],
    [
      'qualityResultsAfter',
      (after = 0, limit = 0) => [
        row("SELECT seq FROM sqlite_sequence WHERE name = 'quality_order'")?.[0] ?? 0,
        ...rows(
          `SELECT number, ${resultColumns} FROM quality_order JOIN quality_results USING (key) WHERE number > ? ORDER BY number LIMIT ?`,
          after,
          limit,
        ),
      ],
    ],
    [
      'addQualityHistory',
      (series = '', text = '') =>
        inTransaction(() => {
          for (const { at, value } of listIn(text, isPoint))
            change('INSERT INTO quality_history (series, at, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', series, at, value);
        }),
    ],
    [
      'qualityHistory',
      (series = '', before = 0, limit = 0) =>
        rows('SELECT at, value FROM quality_history WHERE series = ? AND at < ? ORDER BY at DESC LIMIT ?', series, before, limit),
    ],
    [
      'getQualityState',
      (kind = '', name = '') =>
        row('SELECT name, revision, record FROM quality_states WHERE kind = ? AND name = ? AND record IS NOT NULL', kind, name),
    ],
    [
      'listQualityStates',
      (kind = '') => rows('SELECT name, revision, record FROM quality_states WHERE kind = ? AND record IS NOT NULL ORDER BY name', kind),
    ],
    [
      'putQualityState',
      // The expected revision: 0 is none.
      (kind = '', name = '', expected = 0, isKept = 0, record = '') =>
        inTransaction(() => {
          const found = row('SELECT revision, record IS NULL FROM quality_states WHERE kind = ? AND name = ?', kind, name);
          const revision = Number(found?.[0] ?? 0);
          if ((found === null || found[1] === 1 ? 0 : revision) !== expected) return null;
          change(
            `INSERT INTO quality_states (kind, name, revision, record) VALUES (?, ?, ?, CASE WHEN ? = 1 THEN ? END)
            ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision, record = excluded.record`,
            kind,
            name,
            revision + 1,
            isKept,
            record,
          );
          return revision + 1;
        }),
    ],
    [
      'takeQualityLease',
      (name = '', holder = '', now = 0, expiresAt = 0, endMax = 0) => change(lease, name, holder, expiresAt, now, endMax) === 1,
    ],
    [
      'pruneQuality',
      (results = 0, history = 0) =>
        inTransaction(() => {
          change('DELETE FROM quality_latest WHERE at < ?', results);
          change('DELETE FROM quality_runs WHERE started_at < ?', results);
          change('DELETE FROM quality_history WHERE at < ?', history);
          change('DELETE FROM quality_order WHERE key IN (SELECT key FROM quality_results WHERE at < ?)', results);
          return change('DELETE FROM quality_results WHERE at < ?', results);
        }),
    ],
    ['thinQuality', (from = 0, to = 0, everyMs = 0) => inTransaction(() => thin(sql, Number(from), Number(to), Number(everyMs)))],
  ];
}

function thin({ change }: SqliteStatements, from: number, to: number, everyMs: number): number {
  // The newest of a group: its time in twenty digits, then its key.
  const spare = `at >= ? AND at < ? AND outcome = 'passed' AND key NOT IN (SELECT key FROM quality_latest) AND key NOT IN (
    SELECT substr(max(printf('%020d', at) || key), 21) FROM quality_results
    WHERE at >= ? AND at < ? AND outcome = 'passed' GROUP BY check_id, at / CAST(? AS INTEGER))`;
  const given = [from, to, from, to, everyMs];
  change(`DELETE FROM quality_order WHERE key IN (SELECT key FROM quality_results WHERE ${spare})`, ...given);
  const gone = change(`DELETE FROM quality_results WHERE ${spare}`, ...given);
  change(
    `DELETE FROM quality_runs WHERE started_at >= ? AND started_at < ? AND ended_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM quality_results WHERE run_id = quality_runs.id)`,
    from,
    to,
  );
  return gone;
}

function addResult({ change }: SqliteStatements, result: StoredResult): boolean {
  const { key, runId, checkId, table, snapshotId, outcome, at, value, record } = result;
  const insert = `INSERT INTO quality_results (${resultColumns}) VALUES (?, ?, ?, ?, nullif(?, ''), ?, ?, nullif(?, ''), ?) ON CONFLICT DO NOTHING`;
  if (change(insert, key, runId, checkId, table, snapshotId ?? '', outcome, at, value ?? '', record) === 0) return false;
  change('INSERT INTO quality_order (key) VALUES (?)', key);
  change(
    `INSERT INTO quality_latest (check_id, at, key) VALUES (?, ?, ?) ON CONFLICT (check_id) DO UPDATE
    SET at = excluded.at, key = excluded.key WHERE (excluded.at, excluded.key) > (quality_latest.at, quality_latest.key)`,
    checkId,
    at,
    key,
  );
  return true;
}

function listResults({ rows }: SqliteStatements, parameters: readonly (string | number)[]): unknown {
  const [checkId = '', table = '', runId = '', hasBefore = 0, at = 0, key = '', limit = 0] = parameters;
  const conditions = [
    ...(checkId === '' ? [] : ['check_id = ?']),
    ...(table === '' ? [] : ['table_name = ?']),
    ...(runId === '' ? [] : ['run_id = ?']),
    ...(hasBefore === 1 ? ['(at, key) < (?, ?)'] : []),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const given = [checkId, table, runId].filter((value) => value !== '');
  const page = hasBefore === 1 ? [at, key] : [];
  return rows(`SELECT ${resultColumns} FROM quality_results ${where} ORDER BY at DESC, key DESC LIMIT ?`, ...given, ...page, limit);
}

function listIn<T>(text: string | number, accepts: (value: unknown) => value is T): readonly T[] {
  const list: unknown = JSON.parse(String(text));
  if (!Array.isArray(list) || !list.every(accepts))
    throw new Error('the quality store was given something else than a list of what it keeps');
  return list;
}

function isResult(value: unknown): value is StoredResult {
  return typeof value === 'object' && value !== null && 'key' in value && 'record' in value && 'checkId' in value;
}

function isPoint(value: unknown): value is HistoryPoint {
  return typeof value === 'object' && value !== null && 'at' in value && 'value' in value;
}
