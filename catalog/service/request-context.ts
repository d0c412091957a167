// Who asks, as the guard found out, and under which Idempotency-Key: handed from the protocol layer to the services that
// change something.

import type { EpochMs } from '../../runtime/clock.ts';
import type { AuditEntry, ChangeRecord, StoredReply } from '../store/change-record.ts';

export interface RequestContext {
  /** Name for the audit log. */
  readonly actor: string;
  /** Null: the request carries none. */
  readonly idempotency: { readonly key: string; readonly digest: string; readonly expiresAt: EpochMs } | null;
}

/** The program itself, and commands beside the catalog's file. */
export const ownContext: RequestContext = { actor: 'foz', idempotency: null };

/** What is written with a change: who did what, and what the request is answered when it comes again. */
export function recordOf(context: RequestContext, audit: readonly AuditEntry[], reply: StoredReply): ChangeRecord {
  return { audit, reply: context.idempotency && { ...context.idempotency, reply } };
}

/** The answer of what has nothing to say but that it is done. */
export const doneReply: StoredReply = { kind: 'body', status: 204, body: '' };
