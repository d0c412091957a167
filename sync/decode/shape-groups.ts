// How many shapes one statement tries. Every stage of the statement keeps a vector for each leaf of the shapes before
// it, so memory grows with the square of their number; a table nearly always has one or two live shapes, and the many of
// an odd one are tried in several statements, each over the rows that the one before left.

import { leafCount } from '../../lake/raw/merge-shapes.ts';
import type { Shape } from '../../lake/raw/shape.ts';
import { pageRows } from './row-pages.ts';

const valueBytes = 16;
const stagesPerShape = 2;

/** At least one shape a group, in the order given; one empty group where there is no shape. */
export function shapeGroups(shapes: readonly Shape[], bytesMax: number): readonly (readonly Shape[])[] {
  const groups: Shape[][] = [[]];
  let carried = 0;
  let bytes = 0;
  for (const shape of shapes) {
    const own = leafCount(shape.root) * pageRows * valueBytes;
    const added = (carried + own) * stagesPerShape;
    const group = groups.at(-1);
    if (group && (group.length === 0 || bytes + added <= bytesMax)) {
      group.push(shape);
      carried += own;
      bytes += added;
    } else {
      groups.push([shape]);
      carried = own;
      bytes = own * stagesPerShape;
    }
  }
  return groups;
}
