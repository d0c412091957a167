// The seven kinds a JSON value can be of, as bits, so that sets of types intersect and negate in one operation. A number
// is an integer or a fraction: JSON Schema's `integer` is a set of values, not of notations.

import type { JsonValue } from '../json-schema.ts';

export type Kinds = number;

export const kinds = { null: 1, boolean: 2, integer: 4, fraction: 8, string: 16, array: 32, object: 64 } as const;
export const numberKinds: Kinds = kinds.integer | kinds.fraction;
export const allKinds: Kinds = 127;

const byType: Readonly<Record<string, Kinds>> = {
  null: kinds.null,
  boolean: kinds.boolean,
  integer: kinds.integer,
  number: numberKinds,
  string: kinds.string,
  array: kinds.array,
  object: kinds.object,
};

export function kindsOfTypes(types: readonly string[]): Kinds {
  return types.reduce((set, type) => set | (byType[type] ?? 0), 0);
}

export function kindOf(value: JsonValue): Kinds {
  if (value === null) return kinds.null;
  if (typeof value === 'boolean') return kinds.boolean;
  if (typeof value === 'number') return Number.isInteger(value) ? kinds.integer : kinds.fraction;
  if (typeof value === 'string') return kinds.string;
  return Array.isArray(value) ? kinds.array : kinds.object;
}

export function hasKind(set: Kinds, kind: Kinds): boolean {
  return (set & kind) !== 0;
}
