// Checks computed by DuckDB in this process, over files of the pinned snapshots: memory, threads and the time of one
// statement bounded, nothing of the machine to be seen but the cache of files, nothing to be written.

import type { Catalog } from '../../catalog/catalog.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { currentSource } from '../../lake/raw/current.ts';
import { currentSchema, mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { LakeError } from '../../runtime/errors.ts';
import { openLakeQuery } from '../../query/lake-query.ts';
import type { CheckEngine } from '../engine.ts';
import { pinnedCatalog } from '../run/pinned-catalog.ts';
import { withinTime } from '../run/time-limit.ts';
import { parseStatement } from './parse-statement.ts';

export interface DuckdbEngineParts {
  /** Each table is pinned as it is when it is first asked for; one that is pinned already stays so. */
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  /** Data files are kept here between sessions, and DuckDB spills here. */
  readonly cacheDir: string;
  readonly cacheBytesMax?: number;
  /** Default: 256 MB, which keeps a process that checks within 512 MiB. */
  readonly memoryBytes?: number;
  /** Default: 2. */
  readonly threads?: number;
  readonly namespace?: string;
  /** Of one statement. Default: ten minutes. */
  readonly timeLimitMs?: number;
}

const defaultMemoryBytes = 256_000_000;
const defaultTimeLimitMs = 10 * 60_000;

/** Rows of one answer: checks ask for figures and samples. */
const rowsMax = 100_000;

export async function openDuckdbEngine(parts: DuckdbEngineParts): Promise<CheckEngine> {
  const { store, cacheDir, cacheBytesMax, threads = 2, namespace = 'raw', timeLimitMs = defaultTimeLimitMs } = parts;
  const catalog = pinnedCatalog(parts.catalog);
  const lake = await openLakeQuery({
    catalog,
    store,
    cacheDir,
    threads,
    namespace,
    isPinned: true,
    memoryBytes: parts.memoryBytes ?? defaultMemoryBytes,
    ...(cacheBytesMax === undefined ? {} : { cacheBytesMax }),
  });
  return {
    dialect: 'duckdb',
    pin: async (name, signal) => {
      const table = await catalog.loadTable({ namespace: [namespace], name }, signal);
      if (!table) return null;
      const schema = currentSchema(table.metadata);
      const snapshot = mainSnapshot(table.metadata);
      return {
        name,
        table,
        schema,
        snapshotId: snapshot ? String(snapshot['snapshot-id']) : null,
        raw: `${quoted(namespace)}.${quoted(name)}`,
        current: currentSource(schema) === null ? null : `"current".${quoted(name)}`,
      };
    },
    rows: (sql, signal) =>
      withinTime({ limitMs: timeLimitMs, what: 'a statement of a check' }, signal ?? new AbortController().signal, async (until) => {
        const { columns, rows } = await lake.query(sql, until);
        if (rows.length > rowsMax)
          throw new LakeError('LIMIT_EXCEEDED', `a statement of a check gave ${rows.length} rows: at most ${rowsMax}`);
        return { columns, rows: rows.map((row) => row.map(plainNumber)) };
      }),
    parse: (sql, signal) => parseStatement(sql, async (statement) => (await lake.query(statement, signal)).rows[0]?.[0]),
    [Symbol.asyncDispose]: () => lake[Symbol.asyncDispose](),
  };
}

function plainNumber(value: unknown): unknown {
  return typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
