// What is written in the same transaction as a change of the store: who did it (the audit log, append-only) and, for a
// request with an Idempotency-Key, what is to be answered when it comes again.

import type { EpochMs } from '../../runtime/clock.ts';
import type { TableIdent } from '../catalog.ts';
import type { RelationKind } from './relation-store.ts';

/** What is changed, and how: the words of `foz audit --action`. */
export const auditActions = [
  'namespace.create',
  'namespace.update',
  'namespace.drop',
  'table.create',
  'table.register',
  /** Rows alone: added, compacted, expired, tagged by the hour. The only entries that are ever forgotten. */
  'table.commit',
  /** Anything else of a table: columns, partitions, properties, branches and tags, its place. */
  'table.alter',
  /** Main went back, or over to another line of snapshots. */
  'table.rollback',
  'table.rename',
  'table.drop',
  'table.undrop',
  'table.purge',
  'view.create',
  'view.register',
  'view.replace',
  'view.rename',
  'view.drop',
  'contract.register',
  'contract.activate',
  'contract.deprecate',
  'contract.retire',
  'entity.update',
  'entity.remove',
  'token.create',
  'token.revoke',
  /** To Trino: by a token, which is revoked as any other. */
  'rules.publish',
  /** Of the log itself: how many entries of data commits went, and until when. */
  'audit.forget',
] as const;

export type AuditAction = (typeof auditActions)[number];

export interface AuditEntry {
  readonly at: EpochMs;
  /** Name of the token, subject or client; `anonymous` on an open loopback, `foz` for the program's own jobs. */
  readonly actor: string;
  readonly action: AuditAction;
  /** Dotted name of what was changed: `raw.users`, a namespace, a contract's id, a token's name. */
  readonly subject: string;
  /** JSON-safe, small; null where there was or is nothing. Never a secret. */
  readonly before: unknown;
  readonly after: unknown;
}

/** What makes the answer to a request again. */
export type StoredReply =
  | { readonly kind: 'body'; readonly status: number; readonly body: string }
  /** A table or view that was answered: this metadata file, or what is current where the file is gone by now. */
  | { readonly kind: 'metadata'; readonly relation: RelationKind; readonly ident: TableIdent; readonly metadataLocation: string };

export interface IdempotentReply {
  readonly key: string;
  /** SHA-256 of method, path, principal and body, hex: the same key with another request is refused. */
  readonly digest: string;
  readonly expiresAt: EpochMs;
  readonly reply: StoredReply;
}

export interface ChangeRecord {
  /** One for each thing that changed: a transaction over three tables has three. */
  readonly audit: readonly AuditEntry[];
  readonly reply: IdempotentReply | null;
}
