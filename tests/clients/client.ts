// What the tests ask of a client of the catalog, whatever it is: one suite (client-suite.ts) runs over all of them.

import { isRecord } from '../../runtime/options.ts';

/** Numbers, decimals and times as text (times in UTC with six decimals), bytes as base64; lists and structs as lists. */
export type Value = string | boolean | null | readonly Value[];

export type Row = readonly Value[];

export interface Order {
  readonly id: string;
  readonly city?: string | null;
  /** What `city` is called after `evolve`. */
  readonly place?: string | null;
  readonly amount: string;
  readonly quantity: string;
  /** `2026-11-20T10:00:00Z` */
  readonly ordered_at: string;
  readonly note?: string;
}

export interface SnapshotTaken {
  readonly id: string;
  readonly atMs: number;
}

export interface ReadOptions {
  readonly snapshot?: string;
  /** Milliseconds: as the table was then. */
  readonly atMs?: number;
  /** A comparison that SQL and PyIceberg write alike: `id > 3`. */
  readonly where?: string;
}

/** Tables by `namespace.table`, namespaces inside others by `outer.inner`; columns by path: `['after', 'email']`. */
export interface LakeClient extends AsyncDisposable {
  readonly name: string;
  /** PyIceberg 0.12: a null list is read as an empty one. */
  readonly takesNullListsForEmpty?: boolean;
  createNamespace(namespace: string): Promise<void>;
  dropNamespace(namespace: string): Promise<void>;
  tables(namespace: string): Promise<readonly string[]>;
  /** id long, city string, amount decimal(12, 2), quantity int, ordered_at timestamptz; partitioned by the day of it. */
  createOrders(table: string): Promise<void>;
  append(table: string, orders: readonly Order[]): Promise<void>;
  /** Adds `note`, calls `city` `place`, widens `quantity` to long. */
  evolve(table: string): Promise<void>;
  delete(table: string, where: string): Promise<void>;
  /** Oldest first. */
  snapshots(table: string): Promise<readonly SnapshotTaken[]>;
  read(table: string, columns: readonly (readonly string[])[], options?: ReadOptions): Promise<readonly Row[]>;
  rename(table: string, to: string): Promise<void>;
  drop(table: string): Promise<void>;
}

/** A client's answer as rows; anything else is a mistake of the test. */
export function rowsOf(answer: unknown): readonly Row[] {
  if (!Array.isArray(answer)) throw new TypeError(`rows expected, found ${JSON.stringify(answer)}`);
  return answer.map((row: unknown) => {
    const values = valueOf(row);
    if (!Array.isArray(values)) throw new TypeError(`a row expected, found ${JSON.stringify(row)}`);
    return values;
  });
}

/** What a driver hands out, in the one form that rows are compared in. */
export function valueOf(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return momentOf(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(valueOf);
  if (isRecord(value)) return Object.values(value).map(valueOf);
  throw new TypeError(`no value of a row: ${String(value)}`);
}

/** `2026-11-20 10:00:00.5+00`, `2026-11-20 10:00:00.500 UTC` → `2026-11-20T10:00:00.500000Z`; other text stays. */
function momentOf(text: string): string {
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00(?::00)?| UTC|Z)$/.exec(text);
  return found ? `${found[1]}T${found[2]}.${(found[3] ?? '').padEnd(6, '0')}Z` : text;
}

/** Rows have no order of their own. */
export function sorted(rows: readonly Row[]): readonly Row[] {
  return rows
    .map((row) => [JSON.stringify(row), row] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, row]) => row);
}
