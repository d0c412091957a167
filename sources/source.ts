// The databases themselves, read-only. Verify compares the lake with what a Source returns, value by value; preflight
// and contracts ask it how a table is made. Every value is handed out in canonical text (see canonical.ts): the same
// text that the value of a Debezium event canonicalises to, whatever the driver or the converter spelled.
//
// Adapters: postgres-source.ts, cassandra-source.ts, memory-source.ts.

/** Canonical text of a value; null is SQL null (or a cell that is not there). */
export type SourceValue = string | null;

export interface SourceTableName {
  /** PostgreSQL schema or Cassandra keyspace. */
  readonly namespace: string;
  readonly table: string;
}

/** A type by its base name in the database's own words; domains are resolved, arrays and collections carry arguments. */
export interface SourceType {
  /** `int8`, `numeric`, `enum`, `array` (PostgreSQL); `bigint`, `list`, `udt` (Cassandra). */
  readonly name: string;
  /** As declared, for people: `numeric(12,2)`, `frozen<set<text>>`. */
  readonly declared: string;
  /** Element, key and value, or tuple types. */
  readonly arguments: readonly SourceType[];
  /** Fields of a user-defined type. */
  readonly fields: readonly { readonly name: string; readonly type: SourceType }[];
  /** Declared length of `bit(n)`; null elsewhere. */
  readonly length: number | null;
  /** Cassandra: written whole. True for scalars and in PostgreSQL. */
  readonly isFrozen: boolean;
  /** As declared underneath, where `declared` names a domain: `character varying(320)`. */
  readonly base?: string;
  /** Labels of an enum, in their order. */
  readonly labels?: readonly string[];
}

export interface SourceColumn {
  readonly name: string;
  readonly type: SourceType;
  readonly isNullable: boolean;
  /** Place in the primary key, from 0; null outside it. */
  readonly keyIndex: number | null;
  readonly role: 'partition' | 'clustering' | 'static' | 'regular';
  /** Computed by the database: absent from streamed events (present in snapshots). */
  readonly isGenerated: boolean;
  /** PostgreSQL's column number: it stays when the column is renamed, and is never used again. Cassandra has none. */
  readonly number?: number;
  readonly comment?: string;
  /** The default, or the expression of a generated column, as the database writes it. */
  readonly defaultText?: string;
  readonly identity?: 'always' | 'by-default';
  /** The domain the column is declared with. */
  readonly domain?: string;
  /** Cassandra: order of a clustering column. */
  readonly clusteringOrder?: 'asc' | 'desc';
}

export interface SourceTable {
  readonly name: SourceTableName;
  readonly columns: readonly SourceColumn[];
  /** Names of the primary key's columns, in key order; empty when there is none. */
  readonly key: readonly string[];
  readonly comment?: string;
  readonly checks?: readonly SourceCheck[];
  /** Column sets that no two rows share, besides the primary key: unique constraints and whole unique indexes. */
  readonly uniques?: readonly (readonly string[])[];
  readonly foreignKeys?: readonly SourceForeignKey[];
}

export interface SourceCheck {
  readonly name: string;
  /** The condition as the database writes it back: `(balance >= 0::numeric)`. In a domain's, VALUE is the column. */
  readonly expression: string;
  readonly columns: readonly string[];
  /** False: rows from before the constraint were never looked at (NOT VALID). */
  readonly isValidated: boolean;
  /** The domain it came with; absent for the table's own. */
  readonly domain?: string;
}

export interface SourceForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: SourceTableName;
  readonly referencedColumns: readonly string[];
}

export interface SourceRow {
  /** One value a column, in the order of `SourceTable.columns`. */
  readonly values: readonly SourceValue[];
  /** Cassandra: write time of each cell, microseconds; null where there is none to ask for (keys, unset cells). */
  readonly writeTimesUs?: readonly (bigint | null)[];
  /** Cassandra: seconds each cell has left; null when it does not expire. */
  readonly ttlSeconds?: readonly (number | null)[];
}

/** Where a reading stood, so that a comparison can say at which point it compared. */
export type SourcePosition =
  | {
      readonly kind: 'postgres';
      /** Every transaction the reading sees committed at or before this log position. */
      readonly lsn: string;
      /** `pg_current_snapshot()`: which transactions the reading sees, exactly; see `isVisible`. */
      readonly snapshot: PostgresSnapshot;
      readonly atMs: number;
    }
  | {
      readonly kind: 'cassandra';
      /** The coordinator's clock when the reading began. Cassandra has no snapshot: later writes may show. */
      readonly atMs: number;
    }
  | { readonly kind: 'memory'; readonly atMs: number };

export interface PostgresSnapshot {
  /** All transactions below are visible (or rolled back). */
  readonly xmin: bigint;
  /** None at or above is visible. */
  readonly xmax: bigint;
  /** Between the two, these were still running. */
  readonly running: readonly bigint[];
}

export type SourceSelection =
  | { readonly kind: 'all' }
  /** Canonical key values, in the order of `SourceTable.key`. Keys without a row give no row. */
  | { readonly kind: 'keys'; readonly keys: readonly (readonly string[])[] }
  /** Only of a table that has a `keyOrder`. */
  | { readonly kind: 'ranges'; readonly ranges: readonly KeyRange[] };

/** Canonical values of the key's first columns, as many as its `keyOrder` compares. Null: open. */
export interface KeyRange {
  /** Included. */
  readonly from: readonly string[] | null;
  /** Not included. */
  readonly to: readonly string[] | null;
}

/** One consistent reading (PostgreSQL: one snapshot). Pages hold at most the configured number of rows. Read once. */
export interface SourceReading extends AsyncDisposable {
  readonly position: SourcePosition;
  readonly pages: AsyncIterable<readonly SourceRow[]>;
  /** Rows once more, after `pages` has ended: PostgreSQL in the same snapshot, Cassandra as they are by then. */
  again(selection: SourceSelection, signal?: AbortSignal): AsyncIterable<readonly SourceRow[]>;
}

export interface SourceHealth {
  readonly product: 'postgres' | 'cassandra' | 'memory';
  readonly version: string;
  readonly roundTripMs: number;
}

export interface Source extends AsyncDisposable {
  /** Errors: SOURCE_UNREACHABLE (try again), SOURCE_REFUSED (login, rights). */
  health(signal?: AbortSignal): Promise<SourceHealth>;
  /** Null when there is no such table. */
  introspect(name: SourceTableName, signal?: AbortSignal): Promise<SourceTable | null>;
  /** Opens a reading: the position is known at once, rows follow page by page. The caller disposes it. */
  read(table: SourceTable, selection: SourceSelection, signal?: AbortSignal): Promise<SourceReading>;
}

/** Whether the transaction's changes are in the reading. `txId` as Debezium gives it (the low 32 bits). */
export function isVisible(snapshot: PostgresSnapshot, txId: bigint): boolean {
  const full = widen(txId, snapshot.xmax);
  return full < snapshot.xmin || (full < snapshot.xmax && !snapshot.running.includes(full));
}

/** The 64-bit id nearest below `near + 2^31` with these low 32 bits: ids wrap every 4 billion transactions. */
function widen(txId: bigint, near: bigint): bigint {
  const epoch = near >> 32n;
  const candidate = (epoch << 32n) | (txId & 0xffffffffn);
  if (candidate > near + 0x80000000n && epoch > 0n) return candidate - 0x100000000n;
  if (candidate + 0x80000000n < near) return candidate + 0x100000000n;
  return candidate;
}

/** The row's key, in the order of `table.key`. */
export function keyOf(table: SourceTable, row: SourceRow): readonly SourceValue[] {
  return table.key.map((name) => row.values[table.columns.findIndex((column) => column.name === name)] ?? null);
}
