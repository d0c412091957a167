// Shapes as a table property: compact JSON, since every metadata file carries it. Only ever appended to, in the same
// commit as the schema they need, under a compare-and-swap on main: a number never means two shapes.
// [root, root, …] with a type as "n" null, "b" boolean, "l" long, "d" double, "s" string, "j" json, {"l": type} list,
// {"f": [name, type, name, type, …]} struct. The n-th root is shape n.

import { LakeError } from '../../runtime/errors.ts';
import type { Shape, ShapeField, ShapeType } from './shape.ts';

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
  if (type.kind === 'struct') return { f: type.fields.flatMap((field) => [field.name, encode(field.type)]) };
  if (type.kind === 'list') return { l: encode(type.element) };
  return letters[type.kind];
}

function decode(value: unknown): ShapeType {
  if (typeof value === 'string') {
    const scalar = scalars[value];
    if (scalar) return scalar;
  }
  if (typeof value === 'object' && value !== null) {
    if ('l' in value) return { kind: 'list', element: decode(value.l) };
    if ('f' in value && Array.isArray(value.f)) return { kind: 'struct', fields: decodeFields(value.f) };
  }
  throw new LakeError('INTERNAL', `table property ${shapesProperty} holds an unknown type ${JSON.stringify(value)}`);
}

function decodeFields(flat: readonly unknown[]): ShapeField[] {
  const fields: ShapeField[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i];
    if (typeof name !== 'string') throw new LakeError('INTERNAL', `table property ${shapesProperty} holds a field without a name`);
    fields.push({ name, type: decode(flat[i + 1]) });
  }
  return fields;
}
