// What a table's shapes become when its columns change names. The number of a shape and the layout it stands for never
// change: only which column each key goes to. Where another column took a name over, the shapes that still decode go on
// as new ones that fill it; the old ones rebuild the rows they decoded, from the column that is hidden now.

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
  if (moves.length === 0) return shapes;
  const live = new Set(liveShapes(shapes).map((shape) => shape.number));
  const moved = shapes.map((shape): Shape => ({
    ...shape,
    root: rowsMapped(shape.root, (field, parent) => followed(field, parent, moves)),
  }));
  const first = nextShapeNumber(shapes);
  const goingOn = shapes.filter((shape) => live.has(shape.number) && isReplacedIn(shape.root, moves));
  if (shapes.length + goingOn.length > shapesMax) return null;
  const added = goingOn.map((shape, i): Shape => {
    const root = rowsMapped(shape.root, (field, parent) => {
      const move = moveOf(field, parent, moves);
      return move?.isReplaced === true
        ? { name: field.name, ...namedIfOther(field.name, replacementOf(move)), type: untyped(field.type) }
        : followed(field, parent, moves);
    });
    return { number: first + i, root: retyped(root, schema) };
  });
  return [...moved, ...added];
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
