// SQL over the lake from this process: `raw.<table>` is what landed, `current.<table>` one row a key, and any other
// `<namespace>.<table>` of the catalog is itself. A statement sees
// the newest snapshot of the tables it names at the moment it starts; their data files are fetched into a local cache.
// Reading only: nothing of this machine but that cache can be seen, and nothing can be written.

import { resolve } from 'node:path';
import { identText, type Catalog, type LoadedTable, type TableIdent } from '../catalog/catalog.ts';
import { currentSchema } from '../lake/iceberg/metadata.ts';
import type { Predicate } from '../lake/iceberg/predicate.ts';
import type { Schema } from '../lake/iceberg/schema.ts';
import { literal, quoted } from '../lake/parquet/duckdb-type.ts';
import { currentSource, currentSql } from '../lake/raw/current.ts';
import { formerNames } from '../lake/raw/former-names.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import { LakeError } from '../runtime/errors.ts';
import { openReadingDuckdb, type ReadingDuckdb, type Row, type Rows } from './duckdb.ts';
import { openFileCache, type FileCache } from './file-cache.ts';
import { namedTables, otherTables, type NamedTable } from './named-tables.ts';
import { simplePredicate } from './simple-predicate.ts';
import type { FileNames } from './renamed-columns.ts';
import { tableRelation } from './table-files.ts';

export interface LakeQueryParts {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  /** Data files are kept here between queries, and DuckDB spills here. */
  readonly cacheDir: string;
  readonly cacheBytesMax?: number;
  readonly memoryBytes?: number;
  readonly threads?: number;
  /** Namespace of the raw tables in the catalog; in SQL too. Default: `raw`. */
  readonly namespace?: string;
  /**
   * Every table stays as it is when a statement first names it, its files stay in the cache, and nothing is counted for
   * warnings: for many statements over one state. Default: false.
   */
  readonly isPinned?: boolean;
}

export interface LakeAnswer extends Rows {
  readonly warnings: readonly string[];
}

export interface LakeQuery extends AsyncDisposable {
  /**
   * One reading statement. Errors: QUERY_INVALID (the statement, with its position; an unknown table), LIMIT_EXCEEDED,
   * those of the catalog and the store. 64-bit integers are bigints.
   */
  query(sql: string, signal?: AbortSignal): Promise<LakeAnswer>;
  /** The same in pages, for results of any size. */
  pages(sql: string, signal?: AbortSignal): AsyncGenerator<readonly Row[]>;
  /** As `pages`, with rows as objects by column name. */
  objects(sql: string, signal?: AbortSignal): AsyncGenerator<readonly Readonly<Record<string, unknown>>[]>;
  /** Null where the catalog has no such table. */
  schemaOf(table: string, signal?: AbortSignal): Promise<Schema | null>;
}

const gibibyte = 1024 ** 3;

export async function openLakeQuery(parts: LakeQueryParts): Promise<LakeQuery> {
  const { catalog, store, namespace = 'raw', isPinned = false } = parts;
  const cacheDir = resolve(parts.cacheDir);
  const cache = await openFileCache(store, { directory: cacheDir, bytesMax: parts.cacheBytesMax ?? 10 * gibibyte });
  const duckdb = await openReadingDuckdb({
    directory: cacheDir,
    memoryBytes: parts.memoryBytes ?? gibibyte,
    threads: parts.threads ?? 2,
  });
  await duckdb.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(namespace)}`);
  await duckdb.run('CREATE SCHEMA IF NOT EXISTS "current"');
  const lake: Lake = { catalog, store, cache, duckdb, namespace, provided: isPinned ? new Set() : null };
  // Views are of the session, so statements that set them up take turns with those that use them.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  // Files of a stream that is still being read stay in the cache.
  let reading = 0;
  const streamed = async function* (sql: string, signal?: AbortSignal): AsyncGenerator<Rows> {
    reading++;
    try {
      const pages = duckdb.pages(sql, signal);
      // Its first page in turn too: from then on the statement is bound to the views as they were made for it.
      const first = await inTurn(async () => {
        await planned(lake, await prepare(lake, sql, signal), () => duckdb.checkReading(sql));
        return pages.next();
      });
      if (first.done === true) return;
      yield first.value;
      yield* pages;
    } finally {
      reading--;
    }
  };
  return {
    query: (sql, signal) =>
      inTurn(async () => {
        const prepared = await prepare(lake, sql, signal);
        using statement = await planned(lake, prepared, () => duckdb.prepareReading(sql));
        const answer = await statement.all(signal);
        if (reading === 0 && !isPinned) await cache.release();
        return { ...answer, warnings: prepared.warnings };
      }),
    pages: async function* (sql, signal) {
      for await (const { rows } of streamed(sql, signal)) yield rows;
    },
    objects: async function* (sql, signal) {
      for await (const { columns, rows } of streamed(sql, signal))
        yield rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
    },
    schemaOf: async (name, signal) => {
      const table = await catalog.loadTable({ namespace: [namespace], name }, signal);
      return table ? currentSchema(table.metadata) : null;
    },
    [Symbol.asyncDispose]: async () => {
      await turn.catch(() => undefined);
      await duckdb[Symbol.asyncDispose]();
      if (isPinned) await cache.release();
    },
  };
}

interface Lake {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly cache: FileCache;
  readonly duckdb: ReadingDuckdb;
  readonly namespace: string;
  /** Views that stay as they are; null where every statement makes its own. */
  readonly provided: Set<string> | null;
}

interface Prepared {
  /** About what the views leave out. */
  readonly warnings: readonly string[];
  /** Names that are no tables of the catalog. */
  readonly missing: readonly TableIdent[];
}

/** Makes every table that the statement names a view of its newest snapshot. */
async function prepare(lake: Lake, sql: string, signal?: AbortSignal): Promise<Prepared> {
  const warnings: string[] = [];
  const named = namedTables(sql, lake.namespace);
  const missing: TableIdent[] = [];
  for (const name of new Set(named.map((table) => table.name))) {
    if (named.every((wanted) => wanted.name !== name || lake.provided?.has(viewOf(wanted)) === true)) continue;
    const ident: TableIdent = { namespace: [lake.namespace], name };
    const table = await lake.catalog.loadTable(ident, signal);
    // `raw.op` may be a column of a table called raw in this statement: DuckDB decides.
    if (!table) missing.push(ident);
    else {
      const isCurrent = named.some((wanted) => wanted.name === name && wanted.kind === 'current');
      const predicate =
        lake.provided === null && named.length === 1 && !isCurrent ? simplePredicate(sql, currentSchema(table.metadata)) : null;
      warnings.push(...(await provide(lake, table, { name, isCurrent, predicate }, signal)));
      lake.provided?.add(viewOf({ kind: 'raw', name }));
      if (isCurrent) lake.provided?.add(viewOf({ kind: 'current', name }));
    }
  }
  missing.push(...(await prepareOthers(lake, sql, signal)));
  return { warnings, missing };
}

/** The same for tables of other namespaces. Returns those that there are not. */
async function prepareOthers(lake: Lake, sql: string, signal?: AbortSignal): Promise<readonly TableIdent[]> {
  const missing: TableIdent[] = [];
  for (const ident of otherTables(sql, lake.namespace)) {
    const schema = ident.namespace.join('.');
    const name = `${schema}.${ident.name}`;
    if (lake.provided?.has(name) === true) continue;
    const table = await lake.catalog.loadTable(ident, signal);
    // `extract(day FROM u.at)`: most of these are columns.
    if (!table) missing.push(ident);
    else {
      await lake.duckdb.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
      await provideFiles(lake, table, { schema, name: ident.name, predicate: null }, signal);
      lake.provided?.add(name);
    }
  }
  return missing;
}

/** A statement that cannot be planned, and names a table that there is not, is wrong in that. */
async function planned<T>(lake: Lake, { missing }: Prepared, plan: () => Promise<T>): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    for (const ident of missing) {
      // A namespace that holds nothing is none: the name was a column's.
      const known = await lake.catalog.listTables(ident.namespace).catch(() => []);
      if (known.length > 0 || ident.namespace[0] === lake.namespace) throw noTable(ident, known, error);
    }
    throw error;
  }
}

function viewOf({ kind, name }: NamedTable): string {
  return `${kind}.${name}`;
}

interface Wanted {
  readonly name: string;
  readonly isCurrent: boolean;
  /** Files that hold no such row are left out. */
  readonly predicate: Predicate | null;
}

async function provide(lake: Lake, table: LoadedTable, wanted: Wanted, signal?: AbortSignal): Promise<readonly string[]> {
  const { name, isCurrent, predicate } = wanted;
  const raw = await provideFiles(lake, table, { schema: lake.namespace, name, predicate }, signal);
  return isCurrent ? provideCurrent(lake, name, table, raw) : [];
}

/** A view over the table's files; returns its name in SQL. */
async function provideFiles(
  lake: Lake,
  table: LoadedTable,
  { schema, name, predicate }: { readonly schema: string; readonly name: string; readonly predicate: Predicate | null },
  signal?: AbortSignal,
): Promise<string> {
  const namesIn = (paths: readonly string[]) => namesInFiles(lake, paths);
  const parts = { store: lake.store, cache: lake.cache, namesIn, ...(predicate === null ? {} : { predicate }) };
  const relation = await tableRelation(table, parts, signal);
  const view = `${quoted(schema)}.${quoted(name)}`;
  await lake.duckdb.run(`CREATE OR REPLACE VIEW ${view} AS ${relation.select}`);
  return view;
}

async function namesInFiles(lake: Lake, paths: readonly string[]): Promise<ReadonlyMap<string, FileNames>> {
  const list = paths.map(literal).join(', ');
  const { rows } = await lake.duckdb.all(`SELECT file_name, field_id, name FROM parquet_schema([${list}]) WHERE field_id IS NOT NULL`);
  const names = new Map<string, Map<number, string>>();
  for (const [path, id, name] of rows) {
    const file = names.get(String(path)) ?? new Map<number, string>();
    names.set(String(path), file.set(Number(id), String(name)));
  }
  return names;
}

async function provideCurrent(lake: Lake, name: string, { metadata }: LoadedTable, raw: string): Promise<readonly string[]> {
  const schema = currentSchema(metadata);
  if (currentSource(schema) === null)
    throw new LakeError(
      'TABLE_UNSUPPORTED',
      `there is no current.${name}: the records of ${lake.namespace}.${name} are no change events, or none has landed yet`,
      {
        context: { expected: `${lake.namespace}.${name}`, found: `current.${name}` },
      },
    );
  const sql = currentSql({ schema, dialect: 'duckdb', from: raw, formerNames: formerNames(metadata) });
  await lake.duckdb.run(`CREATE OR REPLACE VIEW "current".${quoted(name)} AS ${sql}`);
  if (lake.provided !== null) return [];
  const { rows } = await lake.duckdb.all(`SELECT count(*) FROM ${raw} WHERE _rescued IS NOT NULL`);
  const rescued = Number(rows[0]?.[0] ?? 0);
  return rescued === 0
    ? []
    : [
        `current.${name} cannot see ${rescued} rescued ${rescued === 1 ? 'row' : 'rows'}: SELECT * FROM ${raw} WHERE _rescued IS NOT NULL shows them`,
      ];
}

function noTable(ident: TableIdent, known: readonly TableIdent[], cause: unknown): LakeError {
  const expected = known.length === 0 ? 'a table that foz run has made' : `one of ${known.map(identText).join(', ')}`;
  return new LakeError('QUERY_INVALID', `there is no table ${identText(ident)}`, {
    cause,
    context: { expected, found: identText(ident) },
  });
}
