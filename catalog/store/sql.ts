// One transaction of a catalog store that speaks SQL. Every part of the store (pointers, contracts, lineage, quality, …)
// writes its statements once against this; SQLite and PostgreSQL run them. Statements keep to what both understand:
// `?` placeholders, ON CONFLICT, RETURNING; texts compare by code point; numbers are integers below 2^53.

export type SqlValue = string | number | null;

export interface SqlTransaction {
  /** The first row's values in column order; null when there is none. */
  row(sql: string, ...parameters: readonly SqlValue[]): Promise<readonly SqlValue[] | null>;
  rows(sql: string, ...parameters: readonly SqlValue[]): Promise<readonly (readonly SqlValue[])[]>;
  /** Rows changed. */
  change(sql: string, ...parameters: readonly SqlValue[]): Promise<number>;
}

/**
 * One linearizable step of a store: it may be run again from its start when the database says that nothing happened, so it
 * touches nothing but `sql`. Parameters and the result are JSON-safe: SQLite runs it in another thread.
 */
export type SqlOperation = (sql: SqlTransaction, ...parameters: readonly SqlValue[]) => Promise<unknown>;
