// DuckDB for reading: one in-memory instance that sees the files of one folder and nothing else of the machine, with
// bounded memory and threads, without extensions from anywhere. Values come back as plain JavaScript: 64-bit integers as
// bigint, bytes as Uint8Array, structs as objects, lists as arrays, everything else that JavaScript lacks as its text.

import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  StatementType,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBResultReader,
} from '@duckdb/node-api';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { literal } from '../lake/parquet/duckdb-type.ts';
import { LakeError } from '../runtime/errors.ts';
import { isAlive } from '../runtime/is-alive.ts';

export interface ReadingDuckdbOptions {
  /** The only folder that statements may read; also where DuckDB spills. Created when absent. */
  readonly directory: string;
  readonly memoryBytes: number;
  readonly threads: number;
}

export type Row = readonly unknown[];

export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

export interface ReadingDuckdb extends AsyncDisposable {
  /** All rows of one statement: for results that fit in memory. */
  all(sql: string, signal?: AbortSignal): Promise<Rows>;
  /** Rows of one statement in pages of at most some thousand, as they are computed. */
  pages(sql: string, signal?: AbortSignal): AsyncGenerator<Rows>;
  /** Statements of our own: views, temporary tables. */
  run(sql: string): Promise<void>;
  /** Appends rows of texts to a table of VARCHAR columns. */
  append(table: string, rows: readonly (readonly (string | null)[])[]): Promise<void>;
  /** Throws QUERY_INVALID with the position where the text is not one reading statement. */
  checkReading(sql: string): Promise<void>;
  /** As `checkReading`; what it planned can then be run, without planning it again. To be disposed of. */
  prepareReading(sql: string): Promise<PreparedReading>;
}

export interface PreparedReading extends Disposable {
  all(signal?: AbortSignal): Promise<Rows>;
}

export async function openReadingDuckdb(options: ReadingDuckdbOptions): Promise<ReadingDuckdb> {
  // Two instances must never spill into one folder.
  const spill = `${options.directory}/.spill-${process.pid}-${randomUUID()}`;
  await mkdir(options.directory, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads),
    memory_limit: `${Math.max(64, Math.floor(options.memoryBytes / 1_000_000))}MB`,
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    enable_object_cache: 'true',
  });
  const setup = await instance.connect();
  await setup.run("SET GLOBAL TimeZone = 'UTC'");
  await setup.run(`SET GLOBAL allowed_directories = [${literal(`${options.directory}/`)}]`);
  await setup.run('SET GLOBAL enable_external_access = false');
  await setup.run('SET GLOBAL lock_configuration = true');
  return {
    all: (sql, signal) => withConnection(instance, signal, async (connection) => rowsOf(await connection.runAndReadAll(sql))),
    pages: (sql, signal) => pagesOf(instance, sql, signal),
    run: async (sql) => void (await setup.run(sql)),
    append: async (table, rows) => {
      const appender = await setup.createAppender(table);
      for (const row of rows) {
        for (const value of row) {
          if (value === null) appender.appendNull();
          else appender.appendVarchar(value);
        }
        appender.endRow();
      }
      appender.closeSync();
    },
    checkReading: async (sql) => void (await preparedReading(setup, sql)).destroySync(),
    prepareReading: (sql) => prepareReading(instance, sql),
    [Symbol.asyncDispose]: async () => {
      setup.closeSync();
      instance.closeSync();
      await rm(spill, { recursive: true, force: true });
    },
  };
}

/** Removes what processes that are gone have spilled. */
export async function clearStaleSpill(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = /^\.spill-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid)))
      await rm(join(directory, name), { recursive: true, force: true });
  }
}

async function withConnection<T>(
  instance: DuckDBInstance,
  signal: AbortSignal | undefined,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const connection = await instance.connect();
  try {
    return await interruptible(connection, signal, () => work(connection));
  } finally {
    connection.closeSync();
  }
}

async function interruptible<T>(connection: DuckDBConnection, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  const interrupt = () => connection.interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw statementError(error);
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
}

async function* pagesOf(instance: DuckDBInstance, sql: string, signal?: AbortSignal): AsyncGenerator<Rows> {
  signal?.throwIfAborted();
  const connection = await instance.connect();
  try {
    const result = await connection.stream(sql);
    const columns = result.columnNames();
    for (;;) {
      signal?.throwIfAborted();
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield { columns, rows: chunk.getRows().map((row) => row.map(plainValue)) };
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw statementError(error);
  } finally {
    connection.closeSync();
  }
}

const readingTypes: ReadonlySet<StatementType> = new Set([StatementType.SELECT, StatementType.EXPLAIN]);

async function preparedReading(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  let found: string;
  try {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) found = `${statements.count} statements`;
    else {
      const prepared = await statements.prepare(0);
      const type = prepared.statementType;
      if (readingTypes.has(type)) return prepared;
      prepared.destroySync();
      found = StatementType[type] ?? 'another statement';
    }
  } catch (error) {
    throw statementError(error);
  }
  throw new LakeError('QUERY_INVALID', 'only one reading statement is run', {
    context: { expected: 'one SELECT (WITH, FROM, DESCRIBE, EXPLAIN)', found },
  });
}

async function prepareReading(instance: DuckDBInstance, sql: string): Promise<PreparedReading> {
  const connection = await instance.connect();
  try {
    const prepared = await preparedReading(connection, sql);
    return {
      all: (signal) => interruptible(connection, signal, async () => rowsOf(await prepared.runAndReadAll())),
      [Symbol.dispose]: () => {
        prepared.destroySync();
        connection.closeSync();
      },
    };
  } catch (error) {
    connection.closeSync();
    throw error;
  }
}

function rowsOf(reader: DuckDBResultReader): Rows {
  return { columns: reader.columnNames(), rows: reader.getRows().map((row) => row.map(plainValue)) };
}

/** DuckDB's message has the line and a caret under the position; it is the user's statement that is wrong. */
function statementError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof LakeError) return error;
  if (/out of memory|could not allocate|max_temp_directory_size/i.test(error.message))
    return new LakeError(
      'LIMIT_EXCEEDED',
      `the query needs more memory than query.memory (of checks: quality.memory) allows: ${error.message.split('\n')[0] ?? ''}`,
      {
        cause: error,
      },
    );
  return new LakeError('QUERY_INVALID', `the statement failed: ${error.message.trim()}`);
}

/** Recursively plain. Timestamps, dates, decimals, uuids and intervals become the text that DuckDB prints. */
function plainValue(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') return value;
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(plainValue);
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([name, inner]) => [name, plainValue(inner)]));
  if (value instanceof DuckDBMapValue)
    return value.entries.map(({ key, value: inner }) => ({ key: plainValue(key), value: plainValue(inner) }));
  return String(value);
}
