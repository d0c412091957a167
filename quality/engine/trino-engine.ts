// Checks computed by Trino, for tables beyond one machine: the same statements in its dialect, every table read at the
// snapshot that the session pinned. Trino reads the catalog and the store by itself; this process asks the same catalog
// which snapshots there are.

import type { Catalog } from '../../catalog/catalog.ts';
import { currentSchema, mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { currentSource, currentSql } from '../../lake/raw/current.ts';
import { formerNames } from '../../lake/raw/former-names.ts';
import { openReadingDuckdb } from '../../query/duckdb.ts';
import { askTrino, type TrinoOptions } from '../../query/trino-client.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CheckEngine, PinnedTable } from '../engine.ts';
import { pinnedCatalog } from '../run/pinned-catalog.ts';
import { withinTime } from '../run/time-limit.ts';
import { parseStatement } from './parse-statement.ts';

export interface TrinoEngineParts {
  /** Each table is pinned as it is when it is first asked for; one that is pinned already stays so. */
  readonly catalog: Catalog;
  readonly trino: Pick<TrinoOptions, 'url' | 'user' | 'password' | 'token'>;
  /** What Trino calls our catalog. Default: foz. */
  readonly catalogName?: string;
  readonly namespace?: string;
  /** Of one statement; Trino is told too. Default: ten minutes. */
  readonly timeLimitMs?: number;
  /** For the parser that judges people's statements: a folder of its own. */
  readonly workDir: string;
}

const defaultTimeLimitMs = 10 * 60_000;
const rowsMax = 100_000;
const parserMemoryBytes = 64_000_000;

export async function openTrinoEngine(parts: TrinoEngineParts): Promise<CheckEngine> {
  const { catalogName = 'foz', namespace = 'raw', timeLimitMs = defaultTimeLimitMs } = parts;
  const catalog = pinnedCatalog(parts.catalog);
  const parser = await openReadingDuckdb({ directory: parts.workDir, memoryBytes: parserMemoryBytes, threads: 1 });
  const options: TrinoOptions = {
    ...parts.trino,
    source: 'foz-quality',
    session: { query_max_run_time: `${Math.ceil(timeLimitMs / 1000)}s` },
  };
  return {
    dialect: 'trino',
    pin: async (name, signal): Promise<PinnedTable | null> => {
      const table = await catalog.loadTable({ namespace: [namespace], name }, signal);
      if (!table) return null;
      const place = [catalogName, namespace, name].map(quoted).join('.');
      const snapshot = mainSnapshot(table.metadata);
      // Without a snapshot there is nothing to pin, and nothing to read.
      const raw = snapshot ? `${place} FOR VERSION AS OF ${snapshot['snapshot-id']}` : `(SELECT * FROM ${place} WHERE false)`;
      const schema = schemaAt(table.metadata);
      const current =
        currentSource(schema) === null
          ? null
          : `(${currentSql({ schema, dialect: 'trino', from: raw, formerNames: formerNames(table.metadata) })})`;
      return { name, table, schema, snapshotId: snapshot ? String(snapshot['snapshot-id']) : null, raw, current };
    },
    rows: (sql, signal) =>
      withinTime({ limitMs: timeLimitMs, what: 'a statement of a check' }, signal ?? new AbortController().signal, async (until) => {
        if (!/^\s*(?:SELECT|WITH)\b/i.test(sql))
          throw new LakeError('QUERY_INVALID', 'only one reading statement is run', { context: { expected: 'SELECT or WITH' } });
        const { columns, rows } = await askTrino(options, sql, until, { rowsMax });
        return { columns, rows };
      }),
    parse: (sql, signal) => parseStatement(sql, async (statement) => (await parser.all(statement, signal)).rows[0]?.[0]),
    [Symbol.asyncDispose]: () => parser[Symbol.asyncDispose](),
  };
}

/** The schema that Trino reads an older version with: its snapshot's. */
function schemaAt(metadata: TableMetadata): Schema {
  const id = mainSnapshot(metadata)?.['schema-id'];
  return metadata.schemas.find((schema) => schema['schema-id'] === id) ?? currentSchema(metadata);
}
