// DuckDB for the benchmarks: counts what a lane committed, and is itself the lane `limit`.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadConfig } from '../cli/config.ts';
import { committedFiles } from '../cli/demo/progress-of-tables.ts';
import { openStore } from '../cli/wire.ts';
import { restCatalog } from '../catalog/rest-catalog.ts';
import { keyOf } from '../lake/store/object-store.ts';
import { silentLogger } from '../runtime/log.ts';

export interface OffsetCount {
  readonly rows: number;
  readonly distinct: number;
  readonly fileBytes: number;
}

/** Rows and distinct (partition, offset) in the committed files of raw.users. */
export async function countOffsets(input: {
  readonly configFile: string;
  readonly catalogUrl: string;
  readonly dir: string;
}): Promise<OffsetCount> {
  await mkdir(input.dir, { recursive: true });
  await using store = openStore(loadConfig(input.configFile, input.dir), silentLogger);
  await using catalog = restCatalog({ uri: input.catalogUrl });
  const loaded = await catalog.loadTable({ namespace: ['raw'], name: 'users' });
  if (!loaded) throw new Error('the lane has no table');
  const paths: string[] = [];
  let fileBytes = 0;
  for (const [location] of await committedFiles(loaded, store)) {
    const path = join(input.dir, `${paths.length}.parquet`);
    fileBytes += await store.getFile(keyOf(store, location) ?? '', path);
    paths.push(path);
  }
  const rows = await queryRows(
    `SELECT count(*)::INT, count(DISTINCT (_log_partition, _log_offset))::INT FROM read_parquet([${paths.map(quoted).join(',')}])`,
  );
  await rm(input.dir, { recursive: true, force: true });
  return { rows: Number(rows[0]?.[0]), distinct: Number(rows[0]?.[1]), fileBytes };
}

export async function queryRows(sql: string, options: Readonly<Record<string, string>> = {}): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...options,
  });
  const connection = await instance.connect();
  try {
    return await (await connection.runAndReadAll(sql)).getRowsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export interface HandQuery extends AsyncDisposable {
  /** The first value of the first row; all rows are fetched. */
  one(sql: string): Promise<unknown>;
}

/** DuckDB as it comes over tables of a folder: the columns of `after` of each table's data files, under their own names. */
export async function handQuery(directory: string): Promise<HandQuery> {
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  for (const table of ['orders', 'accounts'])
    await connection.run(
      `CREATE VIEW ${table} AS SELECT unnest("after") FROM read_parquet(${quoted(join(directory, table, 'data', '*.parquet'))})`,
    );
  return {
    one: async (sql) => {
      const [row] = (await connection.runAndReadAll(sql)).getRowsJS();
      return row?.[0];
    },
    [Symbol.asyncDispose]: async () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
