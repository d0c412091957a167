// The catalog's own store: which namespaces exist and, per table and view, where its current metadata lies
// (relation-store.ts), and beside them what the other parts keep. Stores: memory-catalog-store.ts, sqlite-catalog-store.ts,
// postgres-catalog-store.ts; all run the same operations, written once in SQL (sql.ts).
//
// A resolved write is durable: it survives SIGKILL and power loss where the store has a disk. Every method is one
// linearizable step. Errors: CATALOG_OUTCOME_UNKNOWN when a write may or may not have happened, CATALOG_UNREACHABLE when
// nothing happened, CATALOG_REFUSED when the store cannot be used.
//
// How a part is added, here the part `x`:
// - x-store.ts: its port, an interface of its own, and what its rows are.
// - x-operations.ts: `xMigration`, its tables, as SQLite spells them (TEXT, INTEGER, REAL, STRICT), and `xOperations`, each a
//   read (one SELECT), a step (each of its changes a whole by itself) or a transaction; append them to migrations.ts (at
//   the end) and to operations.ts.
// - sql-x-store.ts: the port over `call(operation, …parameters)`; parameters are texts, numbers and null, lists one JSON text.
// - a member `x` of CatalogStore below and of sql-catalog-store.ts, and a suite that runs on every store.
// What has to be told together with a change (audit, replies) is not called after it: it goes into its `record`.

import type { AuditStore } from './audit-store.ts';
import type { ChangeRecord } from './change-record.ts';
import type { ContractStore } from './contract-store.ts';
import type { EntityStore } from './entity-store.ts';
import type { LineageStore } from './lineage-store.ts';
import type { QualityStore } from './quality-store.ts';
import type { RelationStore } from './relation-store.ts';
import type { ReplyStore } from './reply-store.ts';
import type { TokenStore } from './token-store.ts';

export interface StoredNamespace {
  readonly namespace: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

/** Lists are in name order; `after` is the last name of the page before. */
export interface PageRequest {
  readonly after: string | null;
  readonly limit: number;
}

export interface CatalogStore extends RelationStore, AsyncDisposable {
  /** The parts of the others: in the same database, so that one transaction can hold a change and what is told of it. */
  readonly audit: AuditStore;
  readonly contracts: ContractStore;
  readonly entities: EntityStore;
  readonly lineage: LineageStore;
  readonly quality: QualityStore;
  readonly replies: ReplyStore;
  readonly tokens: TokenStore;

  getNamespace(namespace: readonly string[]): Promise<StoredNamespace | null>;
  /** Atomic: refuses when it exists or its parent does not. */
  insertNamespace(row: StoredNamespace, record?: ChangeRecord | null): Promise<'inserted' | 'exists' | 'parent-missing'>;
  /** Tells which of `remove` were there and which were not. With `expected`, only while these are its properties: `lost` otherwise. */
  updateNamespace(
    namespace: readonly string[],
    changes: { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] },
    record?: ChangeRecord | null,
    expected?: StoredNamespace['properties'],
  ): Promise<
    | { readonly kind: 'updated'; readonly removed: readonly string[]; readonly missing: readonly string[] }
    | { readonly kind: 'missing' | 'lost' }
  >;
  /** Atomic: refuses while a table, a view or a namespace is in it. `expected`: as above. */
  deleteNamespace(
    namespace: readonly string[],
    record?: ChangeRecord | null,
    expected?: StoredNamespace['properties'],
  ): Promise<'deleted' | 'missing' | 'lost' | 'not-empty'>;
  /** Namespaces directly under `parent` (empty: the top level). */
  listNamespaces(parent: readonly string[], page: PageRequest): Promise<readonly StoredNamespace[]>;
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
