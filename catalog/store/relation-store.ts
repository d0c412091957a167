// Tables and views: names of one namespace, each a pointer to the metadata file that is current. `swapRelation` and
// `changeTables` are the compare-and-swap that exactly-once rests on (I2, I3).
//
// Every method is one linearizable step. A change and its `record` (audit entry, idempotent reply) are one: both are kept or
// neither is; where nothing was changed nothing is recorded. A record whose idempotency key is taken changes nothing and
// throws CATALOG_KEY_TAKEN.

import type { EpochMs } from '../../runtime/clock.ts';
import type { TableIdent } from '../catalog.ts';
import type { PageRequest } from './catalog-store.ts';
import type { ChangeRecord } from './change-record.ts';

export type RelationKind = 'table' | 'view';

export interface StoredRelation {
  readonly ident: TableIdent;
  readonly kind: RelationKind;
  readonly uuid: string;
  readonly metadataLocation: string;
}

export interface TableChange {
  readonly ident: TableIdent;
  /** The metadata location it must still have; null: there must be no such table. */
  readonly expected: string | null;
  readonly next: { readonly uuid: string; readonly metadataLocation: string };
  readonly claim?: Claim | null;
}

/** Where files of a relation come to lie by a change; the store holds it against all others in the very step. */
export interface Claim {
  readonly uuid: string;
  /** To be its own: nothing of another may lie there, nor come to. Null: the one it has. */
  readonly folder: string | null;
  /** All that lead to where its files come to lie: none of them may be a table's. */
  readonly within: readonly string[];
  /** Outside its folder, where others may send files as well: remembered for as long as it is there, or kept. */
  readonly paths: readonly string[];
}

/** Why a name cannot be given: it is taken by the same kind, by the other one, or its namespace is not there. */
export type NameRefusal = 'exists' | 'other-exists' | 'namespace-missing';
/** As well; or another is in the way of the claim. */
export type InsertRefusal = NameRefusal | 'overlaps';

export interface Drop {
  readonly at: EpochMs;
  /** Until when it can be taken back; null: it is forgotten at once. */
  readonly keepUntil: EpochMs | null;
  /** Whether its files are to go as well, after `keepUntil`. */
  readonly purge: boolean;
}

export interface DroppedRelation extends StoredRelation {
  readonly droppedAt: EpochMs;
  readonly keepUntil: EpochMs;
  readonly purge: boolean;
}

/** That very drop: a table registered under two names is dropped twice. */
export type DropIdentity = Pick<DroppedRelation, 'uuid' | 'metadataLocation' | 'droppedAt'>;
export type Owner = DropIdentity | Pick<DropIdentity, 'uuid'>;

export interface RelationStore {
  getRelation(kind: RelationKind, ident: TableIdent): Promise<StoredRelation | null>;
  insertRelation(row: StoredRelation, record?: ChangeRecord | null, claim?: Claim | null): Promise<'inserted' | InsertRefusal>;
  /** Points it at `next` if it still points at `expected`. */
  swapRelation(
    kind: RelationKind,
    ident: TableIdent,
    expected: string,
    next: string,
    record?: ChangeRecord | null,
  ): Promise<'swapped' | 'lost' | 'missing'>;
  /** The same, where its files come to lie elsewhere. */
  moveRelation(
    kind: RelationKind,
    ident: TableIdent,
    expected: string,
    next: string,
    claim: Claim,
    record?: ChangeRecord | null,
  ): Promise<'swapped' | 'lost' | 'missing' | 'overlaps'>;
  /** Several tables, all or nothing; otherwise the first that could not be changed. No table twice. */
  changeTables(
    changes: readonly TableChange[],
    record?: ChangeRecord | null,
  ): Promise<{ readonly kind: 'changed' } | { readonly kind: 'lost' | 'missing' | InsertRefusal; readonly ident: TableIdent }>;
  renameRelation(
    kind: RelationKind,
    from: TableIdent,
    to: TableIdent,
    record?: ChangeRecord | null,
  ): Promise<'renamed' | 'missing' | NameRefusal>;
  /**
   * The row that was there, or null. With `expected`, only while it points there: null otherwise. Without, nobody knew the row
   * before: entries of `record` tell as `before` the uuid and the metadata location of the one that went.
   */
  dropRelation(
    kind: RelationKind,
    ident: TableIdent,
    drop: Drop,
    record?: ChangeRecord | null,
    expected?: string,
  ): Promise<StoredRelation | null>;
  /** Those of one namespace, not of those below it. */
  listRelations(kind: RelationKind, namespace: readonly string[], page: PageRequest): Promise<readonly StoredRelation[]>;
  /** Tables and views of every namespace, in the order of namespace and name. */
  allRelations(page: { readonly after: TableIdent | null; readonly limit: number }): Promise<readonly StoredRelation[]>;
  /**
   * Whether anything of a relation lies under this prefix, which ends in a slash, the dropped ones that are kept among them: its
   * metadata file, or a path where it sends files. Not asked of `own`: that table's paths, and where it is a drop, its metadata file.
   */
  hasTableUnder(prefix: string, own?: Owner): Promise<boolean>;
  /** The outermost of these folders that is a table's: its metadata file lies in `metadata/` there. */
  tableFolderAmong(folders: readonly string[]): Promise<string | null>;

  /** By uuid, which is what `page.after` names. `kept`: those that can be taken back; `all`: those as well whose files are going. */
  listDropped(which: 'kept' | 'all', page: PageRequest): Promise<readonly DroppedRelation[]>;
  /** `purging`: too late, its files are going. */
  undropRelation(uuid: string, to: TableIdent, record?: ChangeRecord | null): Promise<'restored' | 'missing' | 'purging' | NameRefusal>;
  /**
   * Those whose time is over, the longest waiting first: from now on they cannot be taken back. They are given again until they
   * are forgotten, so that a purge that died is done again.
   */
  takeDropped(now: EpochMs, limit: number): Promise<readonly DroppedRelation[]>;
  /** After the purge. */
  forgetDropped(drop: DropIdentity, record?: ChangeRecord | null): Promise<void>;
}
