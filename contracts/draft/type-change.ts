// How the type of a column differs from what the contract says: not at all, wider (holds all that it held, and more),
// narrower, or another one.

import type { PhysicalType } from '../physical-type.ts';

export type TypeChange = 'same' | 'widened' | 'narrowed' | 'changed';

const ladders: readonly (readonly string[])[] = [
  ['int16', 'int32', 'int64', 'integer'],
  ['float32', 'float64'],
];

export function typeChange(before: PhysicalType, after: PhysicalType): TypeChange {
  if (before.kind !== after.kind) {
    // Inside a list, a document need not name the enum: its texts are what they are.
    if (before.kind === 'string' && before.declared === '' && after.kind === 'enum') return 'same';
    const ladder = ladders.find((steps) => steps.includes(before.kind) && steps.includes(after.kind));
    if (!ladder) return 'changed';
    return ladder.indexOf(after.kind) > ladder.indexOf(before.kind) ? 'widened' : 'narrowed';
  }
  switch (before.kind) {
    case 'decimal':
      return decimalChange(before, after);
    case 'array':
    case 'map':
      return before.name === after.name ? both(inner(before.key, after.key), inner(before.element, after.element)) : 'changed';
    case 'struct':
      return structChange(before, after);
    case 'enum':
      return enumName(before.declared) === enumName(after.declared) ? 'same' : 'changed';
    default:
      // One kind, two names (uuid and timeuuid, text and inet): values of another form.
      return before.name === after.name ? most(before.length, after.length) : 'changed';
  }
}

function decimalChange(before: PhysicalType, after: PhysicalType): TypeChange {
  const whole = most(wholeDigits(before), wholeDigits(after));
  return both(whole, most(before.scale, after.scale));
}

function wholeDigits({ precision, scale }: PhysicalType): number | null {
  return precision === null ? null : precision - (scale ?? 0);
}

/** Null is no limit. */
function most(before: number | null, after: number | null): TypeChange {
  if (before === after) return 'same';
  if (before === null) return 'narrowed';
  return after === null || after > before ? 'widened' : 'narrowed';
}

function inner(before: PhysicalType | null, after: PhysicalType | null): TypeChange {
  if (before === null || after === null) return before === after ? 'same' : 'changed';
  return typeChange(before, after);
}

/** A field more is wider, a field less narrower, by name. */
function structChange(before: PhysicalType, after: PhysicalType): TypeChange {
  // A type that the document only names has no fields to compare.
  if (before.fields.length === 0 || after.fields.length === 0) return before.name === after.name ? 'same' : 'changed';
  let change: TypeChange = after.fields.length > before.fields.length ? 'widened' : 'same';
  for (const field of before.fields) {
    const other = after.fields.find(({ name }) => name === field.name);
    change = both(change, other === undefined ? 'narrowed' : typeChange(field.type, other.type));
  }
  return change;
}

function both(left: TypeChange, right: TypeChange): TypeChange {
  if (left === 'same' || left === right) return right;
  return right === 'same' ? left : 'changed';
}

/** `public.user_status`, `"user_status"` and `user_status` are one, and a document may only say `enum`. */
function enumName(declared: string): string {
  const name = declared.replaceAll('"', '').split('.').at(-1) ?? '';
  return name === 'enum' || name === 'text' ? '' : name;
}
