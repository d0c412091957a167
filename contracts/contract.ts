// A contract as everything else uses it, whatever it was written in: Open Data Contract Standard, JSON Schema with
// metadata, or the older Data Contract Specification. It says who owns a table, what each column means and holds, which
// rules its rows keep, what happens to rows that do not, and how it may change.
//
// The body of each table is one JSON Schema (2020-12) over the row as people see it, not as the connector encodes it:
// a date is "2026-11-21" although Debezium sends the number of days (row-value.ts brings one to the other).

import type { JsonSchema, JsonValue } from './json-schema.ts';

export interface Contract {
  /** Stable over versions; matches `contractIdPattern`. */
  readonly id: string;
  /** Semantic version: major.minor.patch. */
  readonly version: string;
  readonly state: ContractState;
  readonly name: string | null;
  readonly description: string | null;
  readonly domain: string | null;
  /** Team that answers for it. */
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly compatibility: CompatibilityMode;
  /** What happens to rows that break a rule, unless `x-policy` in the body says otherwise from there down. */
  readonly policy: ViolationPolicy;
  readonly tables: readonly ContractTable[];
  readonly serviceLevels: readonly ServiceLevel[];
  /** Everything of the document that has no place above, by its path: carried, never dropped. */
  readonly rest: Readonly<Record<string, JsonValue>>;
}

export const contractIdPattern = /^[a-z0-9][a-z0-9._-]{0,127}$/;

export type ContractState = 'draft' | 'active' | 'deprecated' | 'retired';

export type CompatibilityMode = 'none' | 'backward' | 'backward-transitive' | 'forward' | 'forward-transitive' | 'full' | 'full-transitive';

/** flag: `_violations` says so; quarantine: and the row stays out of the current view; halt: and the table stops. */
export type ViolationPolicy = 'flag' | 'quarantine' | 'halt';

export interface ContractTable {
  /** Name in the lake: `users` is `raw.users` and `current.users`. */
  readonly name: string;
  /** `public.users`, `rides.rides`: as the source calls it; null when the contract does not say. */
  readonly physicalName: string | null;
  readonly description: string | null;
  /** Over one row: an object schema, self-contained (`$ref` within it only). */
  readonly body: JsonSchema;
  /** Columns in their order: what of the body and around it is about one top-level property. */
  readonly columns: readonly ContractColumn[];
  readonly tags: readonly string[];
  /** ODCS quality rules as they stand: the quality jobs execute them. */
  readonly quality: readonly JsonValue[];
}

export interface ContractColumn {
  /** Key in the row. */
  readonly name: string;
  /** Stable over renames, and so tied to a field id of the table: a source's column number, or a name given once. */
  readonly id: string | null;
  /** As the source declares it: `numeric(12,2)`, `timestamptz`, `frozen<map<text,int>>`; null when not said. */
  readonly physicalType: string | null;
  /** From 1, in the key's order; null outside it. */
  readonly keyPosition: number | null;
  readonly isRequired: boolean;
  readonly isUnique: boolean;
  readonly description: string | null;
  readonly classification: string | null;
  /** What personal data it is: `email`, `phone`, `name` …; null when none. */
  readonly pii: string | null;
  readonly mask: Mask | null;
  readonly tags: readonly string[];
}

/** What replaces a value before it reaches Parquet. `hmac` keeps equality, so that joins survive. */
export type Mask =
  | { readonly kind: 'drop' }
  | { readonly kind: 'redact'; readonly text: string }
  | { readonly kind: 'hmac'; readonly keyId: string }
  | { readonly kind: 'partial'; readonly keepFirst: number; readonly keepLast: number };

export interface ServiceLevel {
  readonly property: string;
  readonly value: JsonValue;
  readonly unit: string | null;
  readonly element: string | null;
}
