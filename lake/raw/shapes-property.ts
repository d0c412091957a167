// Shapes as a table property: compact JSON, since every metadata file carries it. Only ever appended to, in the same
// commit as the schema they need, under a compare-and-swap on main: a number never means two shapes.
// [root, root, …] with a type as "n" null, "b" boolean, "l" long, "d" double, "s" string, "j" json, {"l": type} list,
// {"f": [name, type, name, type, …]} struct, {"w": wire} typed. A name whose column is called otherwise is [name, column].
// A wire form is its name, {"l": wire} list, {"f": [name, wire, …]} struct or {"m": wire} map. The n-th root is shape n.

import { LakeError } from '../../runtime/errors.ts';
import type { Shape, ShapeField, ShapeType } from './shape.ts';
import type { Wire } from './wire.ts';

export const shapesProperty = 'foz.shapes';

const letters = { null: 'n', boolean: 'b', long: 'l', double: 'd', string: 's', json: 'j' } as const;
const scalars: Readonly<Record<string, ShapeType>> = {
  n: { kind: 'null' },
  b: { kind: 'boolean' },
  l: { kind: 'long' },
  d: { kind: 'double' },
  s: { kind: 'string' },
  j: { kind: 'json' },
};

export function shapesText(shapes: readonly Shape[]): string {
  return JSON.stringify(shapes.map((shape) => encode(shape.root)));
}

/** Absent text is no shapes. Throws INTERNAL when the property was damaged. */
export function parseShapes(text: string | undefined): readonly Shape[] {
  if (text === undefined) return [];
  let roots: unknown;
  try {
    roots = JSON.parse(text);
  } catch (cause) {
    throw new LakeError('INTERNAL', `table property ${shapesProperty} is not JSON`, { cause });
  }
  if (!Array.isArray(roots)) throw new LakeError('INTERNAL', `table property ${shapesProperty} is not a list`);
  return roots.map((root, index) => ({ number: index + 1, root: decode(root) }));
}

function encode(type: ShapeType): unknown {
  if (type.kind === 'struct') {
    return { f: type.fields.flatMap(({ name, column, type: inner }) => [column === undefined ? name : [name, column], encode(inner)]) };
  }
  if (type.kind === 'typed') return { w: encodeWire(type.wire) };
  if (type.kind === 'list') return { l: encode(type.element) };
  return letters[type.kind];
}

function decode(value: unknown): ShapeType {
  if (typeof value === 'string') {
    const scalar = scalars[value];
    if (scalar) return scalar;
  }
  if (typeof value === 'object' && value !== null) {
    if ('w' in value) return { kind: 'typed', wire: decodeWire(value.w) };
    if ('l' in value) return { kind: 'list', element: decode(value.l) };
    if ('f' in value && Array.isArray(value.f)) return { kind: 'struct', fields: decodeFields(value.f) };
  }
  throw new LakeError('INTERNAL', `table property ${shapesProperty} holds an unknown type ${JSON.stringify(value)}`);
}

function decodeFields(flat: readonly unknown[]): ShapeField[] {
  const fields: ShapeField[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const [name, column] = namesOf(flat[i]);
    fields.push({ name, type: decode(flat[i + 1]), ...(column === undefined ? {} : { column }) });
  }
  return fields;
}

function namesOf(value: unknown): readonly [string, string?] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string') return [value[0], value[1]];
  throw new LakeError('INTERNAL', `table property ${shapesProperty} holds a field without a name`);
}

function encodeWire(wire: Wire): unknown {
  if (typeof wire === 'string') return wire;
  if (wire.kind === 'list') return { l: encodeWire(wire.element) };
  if (wire.kind === 'map') return { m: encodeWire(wire.value) };
  return { f: wire.fields.flatMap((field) => [field.name, encodeWire(field.wire)]) };
}

function decodeWire(value: unknown): Wire {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) {
    if ('l' in value) return { kind: 'list', element: decodeWire(value.l) };
    if ('m' in value) return { kind: 'map', value: decodeWire(value.m) };
    if ('f' in value && Array.isArray(value.f)) {
      const flat: readonly unknown[] = value.f;
      const fields = flat.flatMap((name, i) => (i % 2 === 0 ? [{ name: String(name), wire: decodeWire(flat[i + 1]) }] : []));
      return { kind: 'struct', fields };
    }
  }
  throw new LakeError('INTERNAL', `table property ${shapesProperty} holds an unknown wire form ${JSON.stringify(value)}`);
}
