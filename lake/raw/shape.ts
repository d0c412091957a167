// A shape is one exact layout of a record's JSON value: which keys, in which order, of which JSON types. Events from
// before and after an ALTER TABLE have different shapes and both stay exact: a missing key is not a null. Shapes are
// numbered from 1, kept in the table's property `foz.shapes`, and named by `_shape` in every row they decoded.

export type ShapeType =
  /** Only null seen so far: the key is there, the type is not known. */
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean' }
  /** JSON integer within 64 bits. */
  | { readonly kind: 'long' }
  | { readonly kind: 'double' }
  | { readonly kind: 'string' }
  /** A nested value kept as its JSON text. */
  | { readonly kind: 'json' }
  | { readonly kind: 'struct'; readonly fields: readonly ShapeField[] }
  | { readonly kind: 'list'; readonly element: ShapeType };

export interface ShapeField {
  readonly name: string;
  readonly type: ShapeType;
}

export interface Shape {
  /** 1-based; `_shape` is null where none applies (tombstone or rescued). */
  readonly number: number;
  readonly root: ShapeType;
}

/** At most this many shapes a table; what fits none of them is rescued. */
export const shapesMax = 64;
