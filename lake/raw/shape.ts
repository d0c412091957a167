// A shape is one exact layout of a record's JSON value: which keys, in which order, of which JSON types. Events from
// before and after an ALTER TABLE have different shapes and both stay exact: a missing key is not a null. Shapes are
// numbered from 1, kept in the table's property `foz.shapes`, and named by `_shape` in every row they decoded.

import type { Wire } from './wire.ts';

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
  /** In a column of a contract's type: cast where the value comes back in the same spelling, else the row is rescued. */
  | { readonly kind: 'typed'; readonly wire: Wire }
  | { readonly kind: 'struct'; readonly fields: readonly ShapeField[] }
  | { readonly kind: 'list'; readonly element: ShapeType };

export interface ShapeField {
  /** The key in the record. */
  readonly name: string;
  readonly type: ShapeType;
  /** The column, where it has another name: renamed since, or hidden. */
  readonly column?: string;
}

/** Name of the column that a key goes to, in the struct of its parent. */
export function columnName(field: ShapeField): string {
  return field.column ?? field.name;
}

export interface Shape {
  /** 1-based; `_shape` is null where none applies (tombstone or rescued). */
  readonly number: number;
  readonly root: ShapeType;
}

/** At most this many shapes a table; what fits none of them is rescued. */
export const shapesMax = 64;
