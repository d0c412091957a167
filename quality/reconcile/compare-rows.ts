// Two sets of rows, key by key and value by value, in canonical text. Both sides are poured into DuckDB as (key, values)
// texts and joined there, so that memory stays bounded however many rows there are; only what differs comes back.

import type { ReadingDuckdb } from '../../query/duckdb.ts';
import type { SourceValue } from '../../sources/source.ts';
import type { KeyedRow } from './key-ranges.ts';

export interface Difference {
  readonly kind: 'missing' | 'extra' | 'differing';
  readonly key: readonly SourceValue[];
  /** Of a differing row: the columns that differ. */
  readonly columns: readonly { readonly column: string; readonly source: SourceValue; readonly lake: SourceValue }[];
}

export interface RowsCompared {
  readonly source: number;
  readonly lake: number;
  readonly missing: number;
  readonly extra: number;
  readonly differing: number;
  /** The first `differencesMax`, by key. */
  readonly differences: readonly Difference[];
}

export async function compareRows(
  duckdb: ReadingDuckdb,
  columns: readonly string[],
  sides: { readonly source: AsyncIterable<readonly KeyedRow[]>; readonly lake: AsyncIterable<readonly KeyedRow[]> },
  differencesMax: number,
  signal?: AbortSignal,
): Promise<RowsCompared> {
  for (const side of ['source', 'lake'] as const) {
    await duckdb.run(`CREATE OR REPLACE TABLE ${side}_rows (row_key VARCHAR, row_values VARCHAR)`);
    for await (const page of sides[side]) {
      signal?.throwIfAborted();
      await duckdb.append(
        `${side}_rows`,
        page.map((row) => [JSON.stringify(row.key), JSON.stringify(row.values)]),
      );
    }
  }
  const joined = `${numbered('source')} s FULL OUTER JOIN ${numbered('lake')} l ON s.row_key = l.row_key AND s.n = l.n`;
  const kind = `CASE WHEN l.row_key IS NULL THEN 'missing' WHEN s.row_key IS NULL THEN 'extra' WHEN s.row_values <> l.row_values THEN 'differing' END`;
  const counts = await duckdb.all(
    `SELECT (SELECT count(*) FROM source_rows), (SELECT count(*) FROM lake_rows), count(*) FILTER (WHERE kind = 'missing'), count(*) FILTER (WHERE kind = 'extra'), count(*) FILTER (WHERE kind = 'differing') FROM (SELECT ${kind} AS kind FROM ${joined})`,
    signal,
  );
  const [source, lake, missing, extra, differing] = (counts.rows[0] ?? []).map(Number);
  const found = await duckdb.all(
    `SELECT * FROM (SELECT ${kind} AS kind, coalesce(s.row_key, l.row_key) AS row_key, s.row_values, l.row_values FROM ${joined}) WHERE kind IS NOT NULL ORDER BY row_key LIMIT ${differencesMax}`,
    signal,
  );
  for (const side of ['source', 'lake']) await duckdb.run(`DROP TABLE ${side}_rows`);
  return {
    source: source ?? 0,
    lake: lake ?? 0,
    missing: missing ?? 0,
    extra: extra ?? 0,
    differing: differing ?? 0,
    differences: found.rows.map(([kindText, key, sourceValues, lakeValues]) => ({
      kind: kindText === 'missing' || kindText === 'extra' ? kindText : 'differing',
      key: valuesOf(key),
      columns: kindText === 'differing' ? differences(columns, valuesOf(sourceValues), valuesOf(lakeValues)) : [],
    })),
  };
}

/** Numbered within a key, so that a key that one side has twice is not hidden by the other side's one row. */
function numbered(side: 'source' | 'lake'): string {
  return `(SELECT *, row_number() OVER (PARTITION BY row_key ORDER BY row_values) AS n FROM ${side}_rows)`;
}

function differences(columns: readonly string[], source: readonly SourceValue[], lake: readonly SourceValue[]): Difference['columns'] {
  return columns.flatMap((column, i) => {
    const [inSource, inLake] = [source[i] ?? null, lake[i] ?? null];
    return inSource === inLake ? [] : [{ column, source: inSource, lake: inLake }];
  });
}

function valuesOf(text: unknown): readonly SourceValue[] {
  const parsed: unknown = typeof text === 'string' ? JSON.parse(text) : [];
  return Array.isArray(parsed) ? parsed.map((value: unknown) => (typeof value === 'string' ? value : null)) : [];
}
