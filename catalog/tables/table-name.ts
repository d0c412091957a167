// A table's dotted name as an identifier. Names may hold dots themselves: `a.b.c` is table `c` of `a.b`, or `b.c` of `a`;
// whoever asks tries them in this order. With the unit separator between the levels there is one reading; a name without
// dots is a table of the lake's own namespaces.

import type { TableIdent } from '../catalog.ts';
import { lakeNamespaces } from '../entities/entity-tables.ts';

const levelSeparator = '\u001f';
/** Readings tried of one name. */
const readingsMax = 16;

export function identsOf(text: string): readonly TableIdent[] {
  if (text.includes(levelSeparator)) {
    const levels = text.split(levelSeparator);
    return [{ namespace: levels.slice(0, -1), name: levels.at(-1) ?? '' }];
  }
  const parts = text.split('.');
  if (parts.length === 1) return lakeNamespaces.map((namespace) => ({ namespace: [namespace], name: text }));
  const readings = parts.slice(1).map((_, at): TableIdent => {
    const split = parts.length - 1 - at;
    return { namespace: parts.slice(0, split), name: parts.slice(split).join('.') };
  });
  return readings.slice(0, readingsMax);
}
