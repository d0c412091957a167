// Shapes as a partial order: one covers another when it decodes everything the other does. A key seen only as null
// takes any type later, so observations of one layout merge into one shape instead of one for each set of nulls.

import type { Shape, ShapeField, ShapeType } from './shape.ts';
import { wireJson, type Wire } from './wire.ts';

/** Whether `wide` decodes every value that `narrow` does. */
export function covers(wide: ShapeType, narrow: ShapeType): boolean {
  return coversBy(wide, narrow, isSameNested);
}

/** Whether some records of both differ only inside a nested value of a typed column. */
export function isAlike(left: ShapeType, right: ShapeType): boolean {
  return coversBy(left, right, () => true) || coversBy(right, left, () => true);
}

function coversBy(wide: ShapeType, narrow: ShapeType, isSame: (left: Wire, right: Wire) => boolean): boolean {
  if (narrow.kind === 'null') return true;
  if (wide.kind === 'struct' && narrow.kind === 'struct') {
    return (
      sameKeys(wide.fields, narrow.fields) &&
      wide.fields.every((field, i) => coversBy(field.type, narrow.fields[i]?.type ?? { kind: 'null' }, isSame))
    );
  }
  if (wide.kind === 'list' && narrow.kind === 'list') return coversBy(wide.element, narrow.element, isSame);
  if (wide.kind === 'typed' && narrow.kind === 'typed' && !isSame(wide.wire, narrow.wire)) return false;
  return jsonKind(wide) === jsonKind(narrow);
}

/** A nested value has exactly the parts of its wire form: one with a part more is another layout. */
function isSameNested(left: Wire, right: Wire): boolean {
  return (typeof left === 'string' && typeof right === 'string') || JSON.stringify(left) === JSON.stringify(right);
}

/** What a shape's value is in JSON: a typed one is what its wire form says. */
export function jsonKind(type: ShapeType): Exclude<ShapeType['kind'], 'typed'> {
  return type.kind === 'typed' ? wireJson(type.wire) : type.kind;
}

/** The smallest shape that covers both, or null when their keys or types differ. Of two forms of one JSON type, the left. */
export function mergeShapes(left: ShapeType, right: ShapeType): ShapeType | null {
  if (left.kind === 'null') return right;
  if (right.kind === 'null') return left;
  if (left.kind === 'struct' && right.kind === 'struct') {
    if (!sameKeys(left.fields, right.fields)) return null;
    const fields: ShapeField[] = [];
    for (const [i, field] of left.fields.entries()) {
      const type = mergeShapes(field.type, right.fields[i]?.type ?? { kind: 'null' });
      if (!type) return null;
      fields.push({ ...field, type });
    }
    return { kind: 'struct', fields };
  }
  if (left.kind === 'list' && right.kind === 'list') {
    const element = mergeShapes(left.element, right.element);
    return element && { kind: 'list', element };
  }
  return jsonKind(left) === jsonKind(right) ? left : null;
}

/** Shapes worth trying, newest first: those that no other shape covers. The others only rebuild what they decoded. */
export function liveShapes(shapes: readonly Shape[]): readonly Shape[] {
  const newestFirst = [...shapes].sort((a, b) => b.number - a.number);
  return newestFirst.filter(
    (shape, i) =>
      !newestFirst.some((other, j) => other !== shape && covers(other.root, shape.root) && (j < i || !covers(shape.root, other.root))),
  );
}

/** Whether rows of this shape can be told from null: an object whose every leaf is only ever null has no column to say so. */
export function hasTypedLeaves(type: ShapeType): boolean {
  if (type.kind === 'struct')
    return (
      type.fields.every((field) => field.type.kind !== 'struct' || hasTypedLeaves(field.type)) &&
      type.fields.some((field) => field.type.kind !== 'null')
    );
  return true;
}

/** Leaf columns a shape fills: what bounds the width of a batch. */
export function leafCount(type: ShapeType): number {
  if (type.kind === 'struct') return type.fields.reduce((sum, field) => sum + leafCount(field.type), 0);
  return type.kind === 'list' ? leafCount(type.element) : 1;
}

function sameKeys(left: readonly ShapeField[], right: readonly ShapeField[]): boolean {
  return left.length === right.length && left.every((field, i) => field.name === right[i]?.name);
}
