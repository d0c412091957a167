// The object store port: where data files, manifests and metadata become durable. Keys are relative to `root`;
// `location` of an object is `root + '/' + key`, the absolute form that Iceberg metadata carries.
// An object is durable and readable by everyone once `put` or `putFile` returned `stored`. Objects are never
// overwritten by Foz (I4): every writer uses unique keys and `ifAbsent` where the store supports it.

export interface PutOptions {
  /** Refuse (value `exists`) when the key is taken. Atomic where the store's self-test says so. */
  readonly ifAbsent?: boolean;
  readonly contentType?: string;
}

export type PutOutcome = { readonly kind: 'stored'; readonly bytes: number } | { readonly kind: 'exists' };

export interface ObjectHead {
  readonly key: string;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly modifiedAt: number;
}

export interface ByteRange {
  /** First byte, 0-based. */
  readonly start: number;
  /** First byte not wanted. */
  readonly end: number;
}

/**
 * Errors of every method: STORE_UNREACHABLE (nothing happened, retried inside within bounds), STORE_REFUSED,
 * STORE_OUTCOME_UNKNOWN (a write may have happened: the adapter has already looked with `head` where that settles it),
 * OBJECT_MISSING (get of an absent key).
 */
export interface ObjectStore extends AsyncDisposable {
  /** Absolute prefix without a trailing slash: `s3://bucket/prefix`, `file:///dir`, `memory://name`. */
  readonly root: string;
  put(key: string, body: Uint8Array, options?: PutOptions, signal?: AbortSignal): Promise<PutOutcome>;
  /** As `put`, from a local file, which stays where it is. Multipart above the adapter's threshold; conditions hold on complete. */
  putFile(key: string, path: string, options?: PutOptions, signal?: AbortSignal): Promise<PutOutcome>;
  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array>;
  /** Copies an object into a local file (created or replaced atomically). Returns its size in bytes. */
  getFile(key: string, path: string, signal?: AbortSignal): Promise<number>;
  head(key: string, signal?: AbortSignal): Promise<ObjectHead | null>;
  /** Every object whose key starts with `prefix`, in key order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectHead>;
  /** Idempotent: absent keys are no error. Only the sweeper and metadata clean-up call it (I4). */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Start-up self-test: does `ifAbsent` hold, sequentially and in a race, on put and on multipart complete? Leaves nothing behind. */
  selfTest(signal?: AbortSignal): Promise<StoreSelfTest>;
}

export interface StoreSelfTest {
  readonly conditionalPut: boolean;
  readonly conditionalComplete: boolean;
  /** Race rounds run, and how many had other than exactly one winner. */
  readonly raceRounds: number;
  readonly raceFailures: number;
}

export function locationOf(store: Pick<ObjectStore, 'root'>, key: string): string {
  return `${store.root}/${key}`;
}

/** The key of a location under `store.root`, or null when it lies elsewhere. Exact string prefix; no normalisation. */
export function keyOf(store: Pick<ObjectStore, 'root'>, location: string): string | null {
  return location.startsWith(`${store.root}/`) ? location.slice(store.root.length + 1) : null;
}
