// How a catalog store speaks SQL. Every part of the store (relations, contracts, lineage, quality, …) writes its operations
// once against this; SQLite and PostgreSQL run them. Statements keep to what both understand: `?` placeholders, ON CONFLICT,
// RETURNING, no booleans; texts compare by code point; numbers are integers below 2^53. The few words that PostgreSQL
// spells otherwise are in postgres-dialect.ts.

export type SqlValue = string | number | null;

export interface SqlReader {
  /** The first row's values in column order; null when there is none. */
  row(sql: string, ...parameters: readonly SqlValue[]): Promise<readonly SqlValue[] | null>;
  rows(sql: string, ...parameters: readonly SqlValue[]): Promise<readonly (readonly SqlValue[])[]>;
}

export interface SqlInsert {
  readonly table: string;
  readonly values: Readonly<Record<string, SqlValue>>;
}

export interface SqlTransaction extends SqlReader {
  /** Rows changed. */
  change(sql: string, ...parameters: readonly SqlValue[]): Promise<number>;
  /** A change of at most one row and, if it changed one, rows inserted with it: together one statement. Rows changed. */
  changeWith(inserts: readonly SqlInsert[], sql: string, ...parameters: readonly SqlValue[]): Promise<number>;
}

/**
 * One linearizable step of a store. It may be run again from its start when the database says that nothing happened, so it
 * touches nothing but `sql`. Parameters and the result are JSON-safe: SQLite runs it in another thread.
 */
export type SqlOperation<Sql extends SqlReader = SqlTransaction> = (sql: Sql, ...parameters: readonly SqlValue[]) => Promise<unknown>;

/** A part's operations by how much of them has to be one. Names are unique among all parts. */
export interface SqlOperations {
  /** One SELECT: no transaction and, over a network, one round trip. A second one is refused. */
  readonly reads: Readonly<Record<string, SqlOperation<SqlReader>>>;
  /** Each of its changes is a whole by itself, and right whatever others do between its statements. */
  readonly steps: Readonly<Record<string, SqlOperation>>;
  /** All of it or nothing, as if alone. */
  readonly transactions: Readonly<Record<string, SqlOperation>>;
}

/** Runs the operation of that name; how a part's port reaches the database. */
export type SqlCall = (operation: string, ...parameters: readonly SqlValue[]) => Promise<unknown>;

/** Schema changes as one text where both databases read it (SQLite's words are put into PostgreSQL's), else one each. */
export type Migration = string | { readonly sqlite: string; readonly postgres: string };

/** `source`: VALUES of the placeholders, or a SELECT of them. */
export function insertSql({ table, values }: SqlInsert, source: (placeholders: string) => string): string {
  const columns = Object.keys(values);
  return `INSERT INTO ${table} (${columns.join(', ')}) ${source(columns.map(() => '?').join(', '))}`;
}

/** For reads: their promise of one statement is held here, on every database. */
export function oneStatementOf(sql: SqlReader): SqlReader {
  let count = 0;
  const counted = (): SqlReader => {
    count += 1;
    if (count > 1) throw new Error('a read of the catalog store is one statement');
    return sql;
  };
  return {
    row: async (text, ...parameters) => counted().row(text, ...parameters),
    rows: async (text, ...parameters) => counted().rows(text, ...parameters),
  };
}
