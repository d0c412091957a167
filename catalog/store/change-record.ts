// What is written in the same transaction as a change of the store: who did it (the audit log, append-only) and, for a
// request with an Idempotency-Key, what is to be answered when it comes again.

import type { EpochMs } from '../../runtime/clock.ts';

export interface AuditEntry {
  readonly at: EpochMs;
  /** Name of the token, subject or client; `anonymous` on an open loopback, `foz` for the program's own jobs. */
  readonly actor: string;
  /** `table.commit`, `table.drop`, `namespace.create`, `token.revoke`, `entity.update`, … */
  readonly action: string;
  /** Dotted name of what was changed. */
  readonly subject: string;
  /** JSON-safe, small; null where there was or is nothing. Never a secret. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface IdempotentReply {
  readonly key: string;
  /** SHA-256 of method, path, principal and body, hex: the same key with another request is refused. */
  readonly digest: string;
  readonly expiresAt: EpochMs;
  /** What makes the answer again: a status and a body, or the metadata file whose table is answered. */
  readonly reply:
    | { readonly kind: 'body'; readonly status: number; readonly body: string }
    | { readonly kind: 'metadata'; readonly metadataLocation: string };
}

export interface ChangeRecord {
  readonly audit: AuditEntry | null;
  readonly reply: IdempotentReply | null;
}
