// The thread that owns the SQLite connection. Each message is one operation, each operation one transaction, answered in
// order: that makes every method of the store one linearizable step, and keeps fsync off the event loop. The file may be
// opened by several processes: writers take the lock at the start (BEGIN IMMEDIATE) and wait `busyTimeoutMs` for it.

import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { sqliteContractOperations, type Operation, type Parameters, type SqliteStatements } from './sqlite-contract-operations.ts';
import { sqliteLineageOperations } from './sqlite-lineage-operations.ts';
import { sqliteMigrations } from './sqlite-migrations.ts';
import { sqliteQualityOperations } from './sqlite-quality-operations.ts';

function openDatabase(path: string, busyTimeoutMs: number): DatabaseSync {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: busyTimeoutMs });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  migrate(database);
  return database;
}

function migrate(database: DatabaseSync): void {
  inTransaction(database, () => {
    database.exec('CREATE TABLE IF NOT EXISTS migrations (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
    const version = Number(database.prepare('SELECT coalesce(max(version), 0) AS version FROM migrations').get()?.['version'] ?? 0);
    if (version > sqliteMigrations.length) {
      throw new Error(`the catalog file has schema version ${version}; this program knows ${sqliteMigrations.length}: use a newer one`);
    }
    for (const [index, migration] of sqliteMigrations.entries()) {
      if (index < version) continue;
      database.exec(migration);
      database.prepare('INSERT INTO migrations (version, applied_at) VALUES (?, ?)').run(index + 1, new Date().toISOString());
    }
  });
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function operationsOf(database: DatabaseSync): ReadonlyMap<string, Operation> {
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const prepared = (sql: string) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const row = (sql: string, ...parameters: Parameters): SQLOutputValue[] | null => {
    const found = prepared(sql).get(...parameters);
    return found === undefined ? null : Object.values(found);
  };
  const rows = (sql: string, ...parameters: Parameters) =>
    prepared(sql)
      .all(...parameters)
      .map((found) => Object.values(found));
  const change = (sql: string, ...parameters: Parameters) => Number(prepared(sql).run(...parameters).changes);
  const hasNamespace = (key: string | number) => row('SELECT 1 FROM namespaces WHERE key = ?', key) !== null;
  const tableSql = 'SELECT table_uuid, metadata_location FROM tables WHERE namespace = ? AND name = ?';

  const shared: SqliteStatements = { row, rows, change, inTransaction: (work) => inTransaction(database, work) };
  return new Map<string, Operation>([
    ...sqliteContractOperations(shared),
    ...sqliteQualityOperations(shared),
    ...sqliteLineageOperations(shared),
    ['getNamespace', (key = '') => row('SELECT properties FROM namespaces WHERE key = ?', key)],
    [
      'insertNamespace',
      (key = '', parent = '', name = '', properties = '') =>
        inTransaction(database, () => {
          if (hasNamespace(key)) return 'exists';
          if (parent !== '' && !hasNamespace(parent)) return 'parent-missing';
          change('INSERT INTO namespaces (key, parent, name, properties) VALUES (?, ?, ?, ?)', key, parent, name, properties);
          return 'inserted';
        }),
    ],
    [
      'deleteNamespace',
      (key = '') =>
        inTransaction(database, () => {
          if (!hasNamespace(key)) return 'missing';
          if (row('SELECT 1 FROM namespaces WHERE parent = ? LIMIT 1', key)) return 'not-empty';
          if (row('SELECT 1 FROM tables WHERE namespace = ? LIMIT 1', key)) return 'not-empty';
          change('DELETE FROM namespaces WHERE key = ?', key);
          return 'deleted';
        }),
    ],
    [
      'listNamespaces',
      (parent = '', after = '', limit = 0) =>
        rows('SELECT key, properties FROM namespaces WHERE parent = ? AND name > ? ORDER BY name LIMIT ?', parent, after, limit),
    ],
    ['getTable', (namespace = '', name = '') => row(tableSql, namespace, name)],
    [
      'insertTable',
      (namespace = '', name = '', uuid = '', location = '') =>
        inTransaction(database, () => {
          if (!hasNamespace(namespace)) return 'namespace-missing';
          if (row(tableSql, namespace, name)) return 'exists';
          change(
            'INSERT INTO tables (namespace, name, table_uuid, metadata_location) VALUES (?, ?, ?, ?)',
            namespace,
            name,
            uuid,
            location,
          );
          return 'inserted';
        }),
    ],
    [
      'swapTable',
      (namespace = '', name = '', expected = '', next = '') =>
        inTransaction(database, () => {
          const swap = 'UPDATE tables SET metadata_location = ? WHERE namespace = ? AND name = ? AND metadata_location = ?';
          if (change(swap, next, namespace, name, expected) === 1) return 'swapped';
          return row(tableSql, namespace, name) ? 'lost' : 'missing';
        }),
    ],
    [
      'deleteTable',
      (namespace = '', name = '') =>
        inTransaction(database, () => {
          const found = row(tableSql, namespace, name);
          change('DELETE FROM tables WHERE namespace = ? AND name = ?', namespace, name);
          return found;
        }),
    ],
    [
      'listTables',
      (namespace = '', after = '', limit = 0) =>
        rows('SELECT name FROM tables WHERE namespace = ? AND name > ? ORDER BY name LIMIT ?', namespace, after, limit),
    ],
    [
      'hasTableUnder',
      (prefix = '', end = '') =>
        row('SELECT 1 FROM tables WHERE metadata_location >= ? AND metadata_location < ? LIMIT 1', prefix, end) !== null,
    ],
  ]);
}

interface Request {
  readonly id: number;
  readonly operation: string;
  readonly parameters: Parameters;
}

function isRequest(value: unknown): value is Request {
  return typeof value === 'object' && value !== null && 'id' in value && 'operation' in value && 'parameters' in value;
}

function serve(): void {
  const port = parentPort;
  const options: unknown = workerData;
  if (!port || typeof options !== 'object' || options === null || !('path' in options) || !('busyTimeoutMs' in options)) return;
  const database = openDatabase(String(options.path), Number(options.busyTimeoutMs));
  const operations = operationsOf(database);
  port.on('message', (message: unknown) => {
    if (message === 'close') {
      database.close();
      port.close();
      return;
    }
    if (!isRequest(message)) return;
    try {
      const operation = operations.get(message.operation);
      if (!operation) throw new Error(`unknown store operation ${message.operation}`);
      port.postMessage({ id: message.id, value: operation(...message.parameters) });
    } catch (error) {
      const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : null;
      port.postMessage({ id: message.id, failure: error instanceof Error ? error.message : String(error), code });
    }
  });
  port.postMessage('ready');
}

serve();
