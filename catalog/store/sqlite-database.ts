// One connection to SQLite and the operations on it. Operations come in batches: those that waited while the disk wrote share
// the next transaction and its one fsync, each in a savepoint of its own, and none is answered before the commit. So every
// operation is one linearizable step, durable when it is answered. The file may be opened by several processes: writers
// take the lock at the start (BEGIN IMMEDIATE) and wait `busyTimeoutMs` for it.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LakeError, type ErrorCode } from '../../runtime/errors.ts';
import type { StoreAnswer, StoreRequest } from './answers.ts';
import { isKeyTaken } from './change-record-operations.ts';
import { migrationsAfter, migrationsTable } from './migrations.ts';
import { operationsByName, type NamedOperation } from './operations.ts';
import { insertSql, oneStatementOf, type SqlTransaction, type SqlValue } from './sql.ts';

export interface SqliteDatabase {
  /** Answers in order. To be called again only after it has answered. */
  run(batch: readonly StoreRequest[]): Promise<readonly StoreAnswer[]>;
  close(): void;
}

export function openSqlite(path: string, busyTimeoutMs: number): SqliteDatabase {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: busyTimeoutMs });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  migrate(database);
  const sql = transactionOn(database);
  const operations = operationsByName();
  return {
    run(batch) {
      const steps = batch.map((request) => ({ ...request, named: operations.get(request.operation) }));
      return steps.every(isReading) ? answerEach(steps, (step) => answer(sql, step)) : runInTransaction(database, sql, steps);
    },
    close: () => database.close(),
  };
}

function migrate(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(migrationsTable);
    const found = database.prepare('SELECT coalesce(max(version), 0) AS version FROM migrations').get();
    for (const { version, migration } of migrationsAfter(Number(found?.['version'] ?? 0))) {
      database.exec(typeof migration === 'string' ? migration : migration.sqlite);
      database.prepare('INSERT INTO migrations (version, applied_at) VALUES (?, ?)').run(version, new Date().toISOString());
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

interface Step extends StoreRequest {
  readonly named: NamedOperation | undefined;
}

/** An unknown one as well: it is refused either way. */
function isReading({ named }: Step): boolean {
  return named === undefined || named.kind === 'read';
}

async function answerEach(steps: readonly Step[], run: (step: Step) => Promise<StoreAnswer>): Promise<readonly StoreAnswer[]> {
  const answers: StoreAnswer[] = [];
  for (const step of steps) answers.push(await run(step));
  return answers;
}

async function answer(sql: SqlTransaction, { named, operation, parameters }: Step): Promise<StoreAnswer> {
  try {
    if (named === undefined) throw new Error(`unknown store operation ${operation}`);
    const value = named.kind === 'read' ? await named.run(oneStatementOf(sql), ...parameters) : await named.run(sql, ...parameters);
    return { kind: 'done', value };
  } catch (error) {
    return failure(error, 'INTERNAL');
  }
}

async function runInTransaction(database: DatabaseSync, sql: SqlTransaction, steps: readonly Step[]): Promise<readonly StoreAnswer[]> {
  try {
    database.exec('BEGIN IMMEDIATE');
  } catch (error) {
    // Another process has the lock: it holds up no reader.
    return answerEach(steps, async (step) => (isReading(step) ? answer(sql, step) : failure(error, 'CATALOG_REFUSED')));
  }
  let codeOfOther: ErrorCode = 'CATALOG_REFUSED';
  try {
    const answers = await answerEach(steps, (step) => answerInSavepoint(database, sql, step));
    codeOfOther = 'CATALOG_OUTCOME_UNKNOWN';
    database.exec('COMMIT');
    return answers;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    return steps.map(() => failure(error, codeOfOther));
  }
}

async function answerInSavepoint(database: DatabaseSync, sql: SqlTransaction, step: Step): Promise<StoreAnswer> {
  database.exec('SAVEPOINT operation');
  const answered = await answer(sql, step);
  // SQLite itself ends the transaction when the disk is full or broken.
  if (answered.kind === 'failed' && !database.isTransaction) throw new LakeError(answered.code, answered.message);
  if (answered.kind === 'failed') database.exec('ROLLBACK TO operation');
  database.exec('RELEASE operation');
  return answered;
}

/** `codeOfOther`: of what is not told by SQLite's primary result code, by when it happened. */
function failure(error: unknown, codeOfOther: ErrorCode): StoreAnswer {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof LakeError) return { kind: 'failed', code: error.code, message };
  const primary = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : -1;
  return { kind: 'failed', code: codeOf(primary, message) ?? codeOfOther, message };
}

function codeOf(primary: number, message: string): ErrorCode | null {
  // BUSY, LOCKED
  if (primary === 5 || primary === 6) return 'CATALOG_UNREACHABLE';
  // READONLY, CORRUPT, FULL, CANTOPEN, NOTADB
  if ([8, 11, 13, 14, 26].includes(primary)) return 'CATALOG_REFUSED';
  // CONSTRAINT
  return primary === 19 && isKeyTaken(message) ? 'CATALOG_KEY_TAKEN' : null;
}

function transactionOn(database: DatabaseSync): SqlTransaction {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    statements.set(sql, statement);
    return statement;
  };
  const change = async (sql: string, ...parameters: readonly SqlValue[]): Promise<number> =>
    Number(prepared(sql).run(...parameters).changes);
  return {
    async row(sql, ...parameters) {
      const found: unknown = prepared(sql).get(...parameters);
      return found === undefined ? null : valuesOf(found);
    },
    async rows(sql, ...parameters) {
      const found: readonly unknown[] = prepared(sql).all(...parameters);
      return found.map(valuesOf);
    },
    change,
    async changeWith(inserts, sql, ...parameters) {
      const changed = await change(sql, ...parameters);
      if (changed === 0) return 0;
      for (const insert of inserts) {
        await change(
          insertSql(insert, (placeholders) => `VALUES (${placeholders})`),
          ...Object.values(insert.values),
        );
      }
      return changed;
    },
  };
}

function valuesOf(row: unknown): readonly SqlValue[] {
  const values: readonly unknown[] = Array.isArray(row) ? row : [];
  return values.map((value) => {
    if (value === null || typeof value === 'string' || typeof value === 'number') return value;
    throw new Error(`the catalog store holds a ${typeof value} where text or a number is expected`);
  });
}
