// What the database does for the quality jobs. Lists cross the thread's border as one JSON text.

import type { HistoryPoint, StoredResult } from './quality-store.ts';
import type { Migration, SqlOperations, SqlTransaction, SqlValue } from './sql.ts';

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

/** The order in which results were added. */
export const qualityOrderMigration = `
  CREATE TABLE quality_order (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE
  ) STRICT;
  INSERT INTO quality_order (key) SELECT key FROM quality_results ORDER BY at, key;
`;

/**
 * The number given last, counted in the transaction that gives it: a number is not given again when the newest rows are gone,
 * and whoever sees one sees all below it.
 */
const counter = 'CREATE TABLE quality_counters (name TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL) STRICT';
const lastGiven = (last: string) => `${counter};\n  INSERT INTO quality_counters (name, last) SELECT 'results', ${last};`;

export const qualityCounterMigration: Migration = {
  sqlite: lastGiven("coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'quality_order'), 0)"),
  postgres: lastGiven('coalesce((SELECT max(number) FROM quality_order), 0)'),
};

const resultColumns = 'key, run_id, check_id, table_name, snapshot_id, outcome, at, value, record';

export const qualityOperations: SqlOperations = {
  reads: {
    listQualityRuns: ({ rows }, before, limit) =>
      rows(
        'SELECT id, started_at, ended_at, record FROM quality_runs WHERE started_at < ? ORDER BY started_at DESC, id DESC LIMIT ?',
        before,
        limit,
      ),
    getQualityResults: ({ rows }, keys) =>
      rows(`SELECT ${resultColumns} FROM quality_results WHERE key IN (SELECT value FROM json_each(?))`, keys),
    listQualityResults({ rows }, checkId = null, table = null, runId = null, at = null, key = null, limit = 0) {
      const conditions: readonly (readonly [text: string, ...given: SqlValue[]])[] = [
        ['check_id = ?', checkId],
        ['table_name = ?', table],
        ['run_id = ?', runId],
        ['(at, key) < (?, ?)', at, key],
      ];
      const asked = conditions.filter(([, first]) => first !== null);
      const where = asked.length === 0 ? '' : `WHERE ${asked.map(([text]) => text).join(' AND ')}`;
      const given = asked.flatMap(([, ...values]) => values);
      return rows(`SELECT ${resultColumns} FROM quality_results ${where} ORDER BY at DESC, key DESC LIMIT ?`, ...given, limit);
    },
    latestQualityResults: ({ rows }) =>
      rows(`SELECT ${resultColumns} FROM quality_results WHERE key IN (SELECT key FROM quality_latest) ORDER BY check_id`),
    // Each with the newest number given; one row without a result where there is none.
    qualityResultsAfter: ({ rows }, after, limit) =>
      rows(
        `SELECT c.last, r.* FROM quality_counters c LEFT JOIN (
          SELECT number, ${resultColumns} FROM quality_order JOIN quality_results USING (key) WHERE number > ? ORDER BY number LIMIT ?
        ) r ON 1 = 1 WHERE c.name = 'results' ORDER BY r.number`,
        after,
        limit,
      ),
    qualityHistory: ({ rows }, series, before, limit) =>
      rows('SELECT at, value FROM quality_history WHERE series = ? AND at < ? ORDER BY at DESC LIMIT ?', series, before, limit),
    getQualityState: ({ row }, kind, name) =>
      row('SELECT name, revision, record FROM quality_states WHERE kind = ? AND name = ? AND record IS NOT NULL', kind, name),
    listQualityStates: ({ rows }, kind) =>
      rows('SELECT name, revision, record FROM quality_states WHERE kind = ? AND record IS NOT NULL ORDER BY name', kind),
  },
  steps: {
    putQualityRun: ({ change }, id, startedAt, endedAt, record) =>
      change(
        `INSERT INTO quality_runs (id, started_at, ended_at, record) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at, record = excluded.record`,
        id,
        startedAt,
        endedAt,
        record,
      ),
    async takeQualityLease({ change }, name, holder, now, expiresAt, endMax) {
      const taken = await change(
        `INSERT INTO quality_leases (name, holder, expires_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
        SET holder = excluded.holder, expires_at = excluded.expires_at
        WHERE quality_leases.holder = excluded.holder OR quality_leases.expires_at <= ? OR quality_leases.expires_at > ?`,
        name,
        holder,
        expiresAt,
        now,
        endMax,
      );
      return taken === 1;
    },
  },
  transactions: {
    async addQualityResults(sql, text) {
      const added: string[] = [];
      for (const result of listIn(text, isResult)) if (await addResult(sql, result)) added.push(result.key);
      return added;
    },
    async addQualityHistory({ change }, series, text) {
      for (const { at, value } of listIn(text, isPoint))
        await change('INSERT INTO quality_history (series, at, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', series, at, value);
    },
    putQualityState: (sql, kind, name, expected, record) => putState(sql, { kind, name, expected, record }),
    async pruneQuality({ change }, results, history) {
      await change('DELETE FROM quality_latest WHERE at < ?', results);
      await change('DELETE FROM quality_runs WHERE started_at < ?', results);
      await change('DELETE FROM quality_history WHERE at < ?', history);
      await change('DELETE FROM quality_order WHERE key IN (SELECT key FROM quality_results WHERE at < ?)', results);
      return change('DELETE FROM quality_results WHERE at < ?', results);
    },
    thinQuality: (sql, from, to, everyMs) => thin(sql, Number(from), Number(to), Number(everyMs)),
  },
};

interface StateChange {
  readonly kind: SqlValue;
  readonly name: SqlValue;
  /** Null: there is none. */
  readonly expected: SqlValue;
  /** Null: it goes, its revision stays. */
  readonly record: SqlValue;
}

async function putState({ row, change }: SqlTransaction, { kind, name, expected, record }: StateChange): Promise<number | null> {
  const found = await row('SELECT revision, record FROM quality_states WHERE kind = ? AND name = ?', kind, name);
  const [revision = 0, current = null] = found ?? [];
  if ((current === null ? null : revision) !== expected) return null;
  const next = Number(revision) + 1;
  await change(
    `INSERT INTO quality_states (kind, name, revision, record) VALUES (?, ?, ?, ?)
    ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision, record = excluded.record`,
    kind,
    name,
    next,
    record,
  );
  return next;
}

async function thin({ change }: SqlTransaction, from: number, to: number, everyMs: number): Promise<number> {
  const spare = `at >= ? AND at < ? AND outcome = 'passed' AND key NOT IN (SELECT key FROM quality_latest) AND key IN (
    SELECT key FROM (
      SELECT key, row_number() OVER (PARTITION BY check_id, at / CAST(? AS INTEGER) ORDER BY at DESC, key DESC) AS place
      FROM quality_results WHERE at >= ? AND at < ? AND outcome = 'passed'
    ) slots WHERE place > 1)`;
  const given = [from, to, everyMs, from, to];
  await change(`DELETE FROM quality_order WHERE key IN (SELECT key FROM quality_results WHERE ${spare})`, ...given);
  const gone = await change(`DELETE FROM quality_results WHERE ${spare}`, ...given);
  await change(
    `DELETE FROM quality_runs WHERE started_at >= ? AND started_at < ? AND ended_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM quality_results WHERE run_id = quality_runs.id)`,
    from,
    to,
  );
  return gone;
}

async function addResult({ row, change }: SqlTransaction, result: StoredResult): Promise<boolean> {
  const { key, runId, checkId, table, snapshotId, outcome, at, value, record } = result;
  const insert = `INSERT INTO quality_results (${resultColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
  if ((await change(insert, key, runId, checkId, table, snapshotId, outcome, at, value, record)) === 0) return false;
  const [number = 0] = (await row("UPDATE quality_counters SET last = last + 1 WHERE name = 'results' RETURNING last")) ?? [];
  await change('INSERT INTO quality_order (number, key) VALUES (?, ?)', number, key);
  await change(
    `INSERT INTO quality_latest (check_id, at, key) VALUES (?, ?, ?) ON CONFLICT (check_id) DO UPDATE
    SET at = excluded.at, key = excluded.key WHERE (excluded.at, excluded.key) > (quality_latest.at, quality_latest.key)`,
    checkId,
    at,
    key,
  );
  return true;
}

function listIn<T>(text: SqlValue, accepts: (value: unknown) => value is T): readonly T[] {
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
