// Buffered rows back as blocks of records, for a process that shares no memory with this one.

import { blockOf, type PlainRecord, type RecordHeader } from '../log/record-block.ts';
import type { RowGroup } from './isolated-run.ts';
import { pageKey, pageValue, type RowPage } from './row-pages.ts';

/** Rows [from, to) over all pages, in order: neighbours of one log partition are a group. */
export function rowGroups(
  pages: readonly RowPage[],
  headerSets: readonly (readonly RecordHeader[])[],
  from: number,
  to: number,
): readonly RowGroup[] {
  const groups: { readonly partition: number; readonly records: PlainRecord[] }[] = [];
  let number = 0;
  for (const page of pages) {
    for (let row = 0; row < page.rows; row++, number++) {
      if (number < from || number >= to) continue;
      const partition = page.partitions[row] ?? 0;
      let group = groups.at(-1);
      if (group?.partition !== partition) groups.push((group = { partition, records: [] }));
      group.records.push(recordAt(page, row, headerSets));
    }
  }
  return groups.map(({ partition, records }) => ({ partition, block: blockOf(records) }));
}

function recordAt(page: RowPage, row: number, headerSets: readonly (readonly RecordHeader[])[]): PlainRecord {
  const headers = headerSets[(page.headerSets[row] ?? 0) - 1];
  return {
    offset: page.offsets[row] ?? 0n,
    logTimeMs: millis(page.logTimesUs, row),
    ...(page.recordTimeKnown[row] === 1 ? { recordTimeMs: millis(page.recordTimesUs, row) } : {}),
    key: pageKey(page, row),
    value: pageValue(page, row),
    ...(headers ? { headers } : {}),
  };
}

function millis(halves: Int32Array, row: number): number {
  return ((halves[2 * row + 1] ?? 0) * 4_294_967_296 + ((halves[2 * row] ?? 0) >>> 0)) / 1000;
}
