// What the catalog's services answer: a value, or a refusal with its reason. The protocol layer gives a refusal its
// status; operating errors (the store is away, an outcome is unknown) are thrown as LakeError.

export type RefusalReason =
  | 'namespace-missing'
  | 'namespace-exists'
  | 'namespace-not-empty'
  | 'table-missing'
  | 'table-exists'
  | 'view-missing'
  | 'view-exists'
  /** What is said of the view can never be. */
  | 'view-invalid'
  /** A requirement, the offset chain (I2) or the swap: load the table again and look. */
  | 'conflict'
  | 'invalid'
  /** Each part makes sense, but not together. */
  | 'unprocessable'
  /** The document has problems, or says what a registry cannot take. */
  | 'contract-invalid'
  | 'contract-missing'
  /** The version is there with another content. */
  | 'contract-exists'
  /** The version does not say what the change is. */
  | 'contract-version'
  | 'contract-incompatible'
  /** No such transition from the state it is in. */
  | 'contract-state'
  /** Another contract has the table. */
  | 'contract-table'
  /** A commit contradicts the contract in force. */
  | 'contract-veto'
  | 'entity-missing'
  /** Another entity has the table. */
  | 'entity-table'
  | 'lineage-missing'
  /** As much is kept as may be. */
  | 'lineage-full';

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  readonly message: string;
  /** For programs: what the message says, in parts; JSON-safe. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export type Answer<T> = { readonly kind: 'ok'; readonly value: T } | Refusal;

export function ok<T>(value: T): Answer<T> {
  return { kind: 'ok', value };
}

export function refused(reason: RefusalReason, message: string, detail?: Refusal['detail']): Refusal {
  return { kind: 'refused', reason, message, ...(detail === undefined ? {} : { detail }) };
}

export function namespaceMissing(namespace: readonly string[]): Refusal {
  return refused('namespace-missing', `Namespace does not exist: ${namespace.join('.')}`);
}

export interface Page {
  /** Opaque to clients: what the page before ended with; null for the first. */
  readonly token: string | null;
  readonly size: number;
}

export interface Paged<T> {
  readonly items: readonly T[];
  readonly nextToken: string | null;
}

/** A page from one row more than asked for, which tells whether there is another. */
export function pagedFrom<T>(rows: readonly T[], size: number, nameOf: (row: T) => string): Paged<T> {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return { items, nextToken: rows.length > size && last !== undefined ? nameOf(last) : null };
}
