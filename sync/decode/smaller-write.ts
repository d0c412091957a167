// What to try after a statement ran out of memory: raw never stops a table, so there is always something smaller, down to
// one row. First what other writes gain from too, and keeps: fewer pages in a file, violations not listed by the statement,
// fewer shapes in a statement. Then rows: most of a writer's memory grows with them. A row that does not fit alone is
// rescued unread.

import { liveShapes } from '../../lake/raw/merge-shapes.ts';
import { splitPage } from './day-sources.ts';
import type { DecodePlan } from './decoder.ts';
import type { WriteMode } from './file-writer.ts';
import type { RowPage } from './row-pages.ts';
import { shapeGroups } from './shape-groups.ts';

/** The same rows in the pages to try next; null where nothing is left to try. `rescueAlone` gets a page of one row. */
export function smallerWrite(
  plan: DecodePlan,
  pages: readonly RowPage[],
  mode: WriteMode,
  rescueAlone: (page: RowPage) => RowPage | null,
): readonly RowPage[] | null {
  const [page] = pages;
  if (!page) return null;
  if (pages.length > 1) {
    mode.pagesMax = Math.ceil(pages.length / 2);
    return pages;
  }
  if (mode.listedWrites > 0) {
    mode.listedWrites = 0;
    return pages;
  }
  const stageBytesMax = fewerShapesAt(plan, mode.stageBytesMax);
  if (stageBytesMax !== null) {
    mode.stageBytesMax = stageBytesMax;
    return pages;
  }
  if (page.rows > 1) return splitPage(page, Math.ceil(page.rows / 2));
  const rescued = rescueAlone(page);
  return rescued && [rescued];
}

/** Where a statement has fewer of the shapes; null where each has one of its own. */
function fewerShapesAt({ shapes }: DecodePlan, bytesMax: number): number | null {
  const live = liveShapes(shapes);
  const groups = shapeGroups(live, bytesMax).length;
  if (groups >= live.length) return null;
  for (let smaller = bytesMax / 2; smaller >= 1; smaller /= 2) if (shapeGroups(live, smaller).length > groups) return smaller;
  return null;
}
