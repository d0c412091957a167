// Which columns a dotted name is about. `value.email` is `email` of a raw table's row, or a part of a column that is called
// `value`: a name alone does not tell, and so what is said to hide something is said of both.

import { rowColumnOf } from '../lineage/consumers.ts';

/** Besides `name` itself: the columns that it may be a part of. */
export function wholeColumns(name: string): readonly string[] {
  const [first = ''] = name.split('.', 1);
  const wholes = new Set([first, rowColumnOf(name) ?? first]);
  wholes.delete(name);
  return [...wholes];
}
