// What people declared of the things that the lake holds: users, rides, … An entity has tables (`raw.users` and
// `current.users` are two views of one thing), somebody who answers for it, and columns whose classification may be said
// here where a contract does not say it, or says it otherwise. What is declared adds to the contracts in force, it is
// never copied from them.
//
// `changeEntity` is the one compare-and-swap on an entity's revision; its `record` is written with it. A table
// belongs to one entity, which is decided in that same step. Durability and errors are those of catalog-store.ts.

import type { EpochMs } from '../../runtime/clock.ts';
import type { PageRequest } from './catalog-store.ts';
import type { ChangeRecord } from './change-record.ts';

/** What is said of one column; null: the contract's word stands. `none`: there is none, whatever the contract says. */
export interface DeclaredColumn {
  readonly description: string | null;
  readonly classification: string | null;
  /** What personal data it is: `email`, `phone`, `name` … */
  readonly pii: string | null;
  /** Beside those of the contract. */
  readonly tags: readonly string[];
}

export interface StoredEntity {
  readonly name: string;
  /** Rises by one with each change. */
  readonly revision: number;
  readonly description: string | null;
  /** Whom to ask. */
  readonly owner: string | null;
  readonly team: string | null;
  readonly tags: readonly string[];
  /** Dotted names, beside those that are its by their name. */
  readonly tables: readonly string[];
  readonly columns: Readonly<Record<string, DeclaredColumn>>;
  readonly updatedAt: EpochMs;
  readonly updatedBy: string;
}

export interface EntityChange {
  readonly name: string;
  /** What the change was decided on; 0: nothing was declared yet. */
  readonly expectedRevision: number;
  /** Null: nothing is declared any more. */
  readonly entity: StoredEntity | null;
}

export type EntityOutcome =
  | { readonly kind: 'changed' }
  | { readonly kind: 'lost' }
  /** Another entity has the table. */
  | { readonly kind: 'table-taken'; readonly table: string; readonly entity: string };

export interface EntityStore {
  getEntity(name: string): Promise<StoredEntity | null>;
  listEntities(page: PageRequest): Promise<readonly StoredEntity[]>;
  changeEntity(change: EntityChange, record?: ChangeRecord | null): Promise<EntityOutcome>;
}
