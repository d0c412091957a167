// What a table's shapes become when its columns change names. The number of a shape and the layout it stands for never
// change: only which column each key goes to. Where another column took a name over, the shapes that still decode go on
// as new ones that fill it; the old ones rebuild the rows they decoded, from the column that is hidden now. Where a nested
// column got parts, they go on beside new ones: records of both kinds come.

import { isDeepStrictEqual } from 'node:util';
import { assert } from '../../runtime/errors.ts';
import type { Schema } from '../iceberg/schema.ts';
import { isEnvelopeShape, nextShapeNumber } from './infer-shape.ts';
import { retyped } from './infer-plan.ts';
import { liveShapes } from './merge-shapes.ts';
import { wireJson } from './wire.ts';
import { columnName, shapesMax, type Shape, type ShapeField, type ShapeType } from './shape.ts';

export interface MovedColumn {
  /** `before` or `after`. */
  readonly parent: string;
  readonly from: string;
  readonly to: string;
  readonly isReplaced: boolean;
}

/** `schema` has the new names. Null where there would be more shapes than a table may have. */
export function moveColumns(shapes: readonly Shape[], moves: readonly MovedColumn[], schema: Schema): readonly Shape[] | null {
  const live = new Set(liveShapes(shapes).map((shape) => shape.number));
  const moved = shapes.map((shape): Shape => ({
    ...shape,
    root: rowsMapped(shape.root, (field, parent) => followed(field, parent, moves)),
  }));
  const first = nextShapeNumber(shapes);
  const added: ShapeType[] = [];
  for (const shape of shapes.filter(({ number }) => live.has(number))) {
    const root = retyped(
      rowsMapped(shape.root, (field, parent) => goingOn(field, parent, moves)),
      schema,
    );
    const isOther = isReplacedIn(shape.root, moves) || hasOtherParts(shape.root, root);
    if (isOther && ![...moved.map((other) => other.root), ...added].some((other) => isDeepStrictEqual(other, root))) added.push(root);
  }
  if (shapes.length + added.length > shapesMax) return null;
  return [...moved, ...added.map((root, i) => ({ number: first + i, root }))];
}

/** Where its records go from now on. */
function goingOn(field: ShapeField, parent: string, moves: readonly MovedColumn[]): ShapeField {
  const move = moveOf(field, parent, moves);
  return move?.isReplaced === true
    ? { name: field.name, ...namedIfOther(field.name, replacementOf(move)), type: untyped(field.type) }
    : followed(field, parent, moves);
}

/** Whether a column's lists, maps or structs have other parts now. */
function hasOtherParts(before: ShapeType, after: ShapeType): boolean {
  if (before.kind === 'struct' && after.kind === 'struct')
    return before.fields.some(({ type }, i) => hasOtherParts(type, after.fields[i]?.type ?? { kind: 'null' }));
  if (before.kind !== 'typed' || after.kind !== 'typed' || typeof before.wire === 'string') return false;
  return !isDeepStrictEqual(before.wire, after.wire);
}

/** Whether any record had both columns: then the one is not the other under a new name. */
export function stoodTogether(shapes: readonly Shape[], parent: string, one: string, other: string): boolean {
  return shapes.some(({ root }) => {
    const names = new Set<string>();
    rowsMapped(root, (field, row) => {
      if (row === parent) names.add(columnName(field));
      return field;
    });
    return names.has(one) && names.has(other);
  });
}

/** A replaced column is called `_replaced_<id>_<name>`, after the one that took over. */
function replacementOf(move: MovedColumn): string {
  const name = /^_replaced_\d+_(.+)$/s.exec(move.to)?.[1];
  assert(name !== undefined, `a replaced column is called _replaced_<id>_<name>, not ${move.to}`);
  return name;
}

function namedIfOther(key: string, column: string): { readonly column?: string } {
  return key === column ? {} : { column };
}

function moveOf(field: ShapeField, parent: string, moves: readonly MovedColumn[]): MovedColumn | undefined {
  return moves.find((move) => move.parent === parent && move.from === columnName(field));
}

function followed(field: ShapeField, parent: string, moves: readonly MovedColumn[]): ShapeField {
  const move = moveOf(field, parent, moves);
  return move ? { name: field.name, type: field.type, ...namedIfOther(field.name, move.to) } : field;
}

function isReplacedIn(root: ShapeType, moves: readonly MovedColumn[]): boolean {
  let found = false;
  rowsMapped(root, (field, parent) => {
    if (moveOf(field, parent, moves)?.isReplaced === true) found = true;
    return field;
  });
  return found;
}

function rowsMapped(root: ShapeType, mapped: (field: ShapeField, parent: string) => ShapeField): ShapeType {
  if (!isEnvelopeShape(root)) return root;
  const fields = root.fields.map((row): ShapeField => {
    if ((row.name !== 'before' && row.name !== 'after') || row.type.kind !== 'struct') return row;
    return { ...row, type: { kind: 'struct', fields: row.type.fields.map((field) => mapped(field, row.name)) } };
  });
  return { kind: 'struct', fields };
}

/** As the record has it, before any column's type. */
function untyped(type: ShapeType): ShapeType {
  if (type.kind === 'struct') return { kind: 'struct', fields: type.fields.map((field) => ({ ...field, type: untyped(field.type) })) };
  return type.kind === 'typed' ? { kind: wireJson(type.wire) } : type;
}
