// The catalog port: a named pointer to table metadata that moves by compare-and-swap. `commitTable` is where a batch
// becomes visible (I3). Adapters: rest-catalog.ts (any Iceberg REST catalog), memory-catalog.ts (tests, embedded).

import type { TableCommit } from '../lake/iceberg/commit.ts';
import type { PartitionSpec, TableMetadata } from '../lake/iceberg/metadata.ts';
import type { Schema } from '../lake/iceberg/schema.ts';

/** Namespace levels, outermost first; then the table's name. */
export interface TableIdent {
  readonly namespace: readonly string[];
  readonly name: string;
}

export interface LoadedTable {
  readonly metadata: TableMetadata;
  /** Absolute location of the metadata file that this is. */
  readonly metadataLocation: string;
}

export interface CreateTable {
  readonly schema: Schema;
  readonly partitionSpec?: PartitionSpec;
  readonly properties?: Readonly<Record<string, string>>;
  /** Absent: the catalog chooses (namespace location / name-uuid). */
  readonly location?: string;
}

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly table: LoadedTable }
  /** A requirement did not hold or the swap was lost (409). After a lost reply this can be one's own success (I5). */
  | { readonly kind: 'conflict'; readonly message: string }
  /** The table does not exist (404). */
  | { readonly kind: 'missing'; readonly message: string };

/**
 * Errors of every method: CATALOG_UNREACHABLE (nothing happened), CATALOG_REFUSED (4xx: the message says why) and, for
 * writes, CATALOG_OUTCOME_UNKNOWN (5xx, reset or time-out after the request was sent: reload and look, I5).
 */
export interface Catalog extends AsyncDisposable {
  /** Creates the namespace when absent; returns its properties (`location` among them when the catalog has one). */
  ensureNamespace(namespace: readonly string[], signal?: AbortSignal): Promise<Readonly<Record<string, string>>>;
  listTables(namespace: readonly string[], signal?: AbortSignal): Promise<readonly TableIdent[]>;
  /** Null when there is no such table. Always the newest metadata, never a cache. */
  loadTable(ident: TableIdent, signal?: AbortSignal): Promise<LoadedTable | null>;
  /**
   * Creates through stage-create + a commit with `assert-create`, so that field ids stay as given where the catalog
   * allows it; the caller must still use the ids in the metadata returned. `conflict` when the table exists.
   */
  createTable(ident: TableIdent, create: CreateTable, signal?: AbortSignal): Promise<CommitOutcome>;
  /** One request, one pointer swap. */
  commitTable(ident: TableIdent, commit: TableCommit, signal?: AbortSignal): Promise<CommitOutcome>;
  /** Idempotent: false when there was none. Data objects stay unless `purge`. */
  dropTable(ident: TableIdent, options?: { readonly purge?: boolean }, signal?: AbortSignal): Promise<boolean>;
}

export function identText(ident: TableIdent): string {
  return [...ident.namespace, ident.name].join('.');
}
