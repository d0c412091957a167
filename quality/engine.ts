// Where checks are computed: one SQL over the committed snapshots of the lake, in two dialects. A session is of one run:
// it pins the snapshot of every table it is asked for, so that all checks of a run see one state of each.
// Adapters: duckdb-engine.ts (over query/), trino-engine.ts (Trino's HTTP protocol).

import type { LoadedTable } from '../catalog/catalog.ts';
import type { Schema } from '../lake/iceberg/schema.ts';
import type { DialectName } from '../lake/raw/current/dialect.ts';

export interface PinnedTable {
  readonly name: string;
  readonly table: LoadedTable;
  /** Decimal text; null: no snapshot yet. */
  readonly snapshotId: string | null;
  readonly schema: Schema;
  /** What stands after FROM, aliased by the caller. `current` is null where the rows are no change events. */
  readonly raw: string;
  readonly current: string | null;
}

export interface EngineRows {
  readonly columns: readonly string[];
  /** Integers beyond 2^53 as bigint, decimals and times as text, null as null. */
  readonly rows: readonly (readonly unknown[])[];
}

/** Errors: QUERY_INVALID (the statement), LIMIT_EXCEEDED (memory, time, rows), those of catalog and store. */
export interface CheckEngine extends AsyncDisposable {
  readonly dialect: DialectName;
  /** Null where the catalog has no such table. The same answer for the whole session. */
  pin(table: string, signal?: AbortSignal): Promise<PinnedTable | null>;
  /** One reading statement of `sql`, which names relations as `pin` gave them; anything else is refused. */
  rows(sql: string, signal?: AbortSignal): Promise<EngineRows>;
  /**
   * The tree of a statement as DuckDB's parser reads it, whatever the dialect: people's SQL is judged by it before it runs
   * (guard/). Throws QUERY_INVALID for anything but SELECTs.
   */
  parse(sql: string, signal?: AbortSignal): Promise<unknown>;
}
