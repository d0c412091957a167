// The catalog's own store: which namespaces exist and, per table, where its current metadata lies. One row per table is
// the pointer of every commit; `swapTable` is the one compare-and-swap that exactly-once rests on (I2, I3).
// Adapters: memory-catalog-store.ts, sqlite-catalog-store.ts.
//
// A resolved write is durable: it survives SIGKILL and power loss where the adapter has a disk. Every method is one
// linearizable step. Errors: CATALOG_OUTCOME_UNKNOWN when a write may or may not have happened, CATALOG_REFUSED when
// the store cannot be used.

import type { TableIdent } from '../catalog.ts';
import type { ContractStore } from './contract-store.ts';
import type { LineageStore } from './lineage-store.ts';
import type { QualityStore } from './quality-store.ts';

export interface StoredNamespace {
  readonly namespace: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

export interface StoredTable {
  readonly ident: TableIdent;
  readonly tableUuid: string;
  readonly metadataLocation: string;
}

/** Lists are in name order; `after` is the last name of the page before. */
export interface PageRequest {
  readonly after: string | null;
  readonly limit: number;
}

export interface CatalogStore extends AsyncDisposable {
  /** The registry's part: in the same file, behind the same thread. */
  readonly contracts: ContractStore;
  /** As well. */
  readonly lineage: LineageStore;
  /** As well. */
  readonly quality: QualityStore;
  getNamespace(namespace: readonly string[]): Promise<StoredNamespace | null>;
  /** Atomic: refuses when it exists or its parent does not. */
  insertNamespace(row: StoredNamespace): Promise<'inserted' | 'exists' | 'parent-missing'>;
  /** Atomic: refuses while a table or a namespace is in it. */
  deleteNamespace(namespace: readonly string[]): Promise<'deleted' | 'missing' | 'not-empty'>;
  /** Namespaces directly under `parent` (empty: the top level). */
  listNamespaces(parent: readonly string[], page: PageRequest): Promise<readonly StoredNamespace[]>;

  getTable(ident: TableIdent): Promise<StoredTable | null>;
  insertTable(row: StoredTable): Promise<'inserted' | 'exists' | 'namespace-missing'>;
  /** Points the table at `next` if it still points at `expected`. */
  swapTable(ident: TableIdent, expected: string, next: string): Promise<'swapped' | 'lost' | 'missing'>;
  /** The row that was there, or null. */
  deleteTable(ident: TableIdent): Promise<StoredTable | null>;
  listTables(namespace: readonly string[], page: PageRequest): Promise<readonly TableIdent[]>;
  /** Whether any table's metadata location starts with this prefix. */
  hasTableUnder(prefix: string): Promise<boolean>;
}

/** Levels never hold this character: names are checked before they reach a store. */
const levelSeparator = '\u001f';

/** One text per namespace; levels are names, so it sorts level by level. */
export function namespaceKey(namespace: readonly string[]): string {
  return namespace.join(levelSeparator);
}

export function namespaceOfKey(key: string): readonly string[] {
  return key === '' ? [] : key.split(levelSeparator);
}
