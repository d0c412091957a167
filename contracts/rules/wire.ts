// How a decoded row stands in DuckDB, as the rule compiler sees it: the kind of each value, and what makes the value
// that people see (logical) of the one that was decoded (wire). A missing key is not a null: a struct has exactly the
// fields of the shape that decoded it, unless `isPresent` says that a row may lack one all the same.

export type Wire =
  /** Only null occurs. */
  | { readonly kind: 'null' }
  | ScalarWire
  /** VARCHAR that holds a number's exact text. Without precision: any number of digits. */
  | { readonly kind: 'decimal'; readonly precision: number | null; readonly scale: number | null }
  /** VARCHAR or JSON that holds the JSON text of any value. */
  | { readonly kind: 'json' }
  | { readonly kind: 'list'; readonly element: Wire }
  | { readonly kind: 'struct'; readonly fields: readonly WireField[] };

export interface ScalarWire {
  /** BOOLEAN, BIGINT, DOUBLE (finite) or VARCHAR, once `logical` has been applied. */
  readonly kind: 'boolean' | 'long' | 'double' | 'string';
  /** SQL of the logical value from SQL of the wire value; NULL for NULL and only for it. */
  readonly logical?: (wire: string) => string;
  /** Formats that every logical value has, because `logical` writes it. */
  readonly formats?: readonly string[];
  /** SQL, never NULL where the value is not: whether it has the form that `logical` reads. Others pass unchanged, and the validator judges the row. */
  readonly isFormed?: (wire: string) => string;
}

export interface WireField {
  /** Key in the logical row. */
  readonly name: string;
  readonly wire: Wire;
  /** SQL of the wire value from SQL of the struct; the field of that name when left out. */
  readonly at?: (struct: string) => string;
  /** SQL, never NULL where the struct is not: whether this row has the key. Left out: always. */
  readonly isPresent?: (struct: string) => string;
}
