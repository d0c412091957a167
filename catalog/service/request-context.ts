// Who asks, as the guard found out, and under which Idempotency-Key: handed from the protocol layer to the services that
// change something.

export interface RequestContext {
  /** Name for the audit log. */
  readonly actor: string;
  /** Null: the request carries none. */
  readonly idempotency: { readonly key: string; readonly digest: string } | null;
}
