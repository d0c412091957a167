// A file lies in one partition, and the partition is the day of the log time: rows of a batch that crosses midnight are
// split by day. Nearly always there is one day, and the pages go through as they are.

import { pageDay, type RowPage } from './row-pages.ts';

export function daySources(pages: readonly RowPage[]): readonly { readonly day: number; readonly pages: readonly RowPage[] }[] {
  const byDay = new Map<number, RowPage[]>();
  const add = (day: number, page: RowPage) => {
    const list = byDay.get(day);
    if (list) list.push(page);
    else byDay.set(day, [page]);
  };
  for (const page of pages) {
    if (page.day === page.day) {
      add(page.day, page);
      continue;
    }
    const rowsByDay = new Map<number, number[]>();
    for (let row = 0; row < page.rows; row++) {
      const day = pageDay(page, row);
      const rows = rowsByDay.get(day);
      if (rows) rows.push(row);
      else rowsByDay.set(day, [row]);
    }
    for (const [day, rows] of rowsByDay) add(day, subPage(page, rows, day));
  }
  return [...byDay].sort(([a], [b]) => a - b).map(([day, dayPages]) => ({ day, pages: dayPages }));
}

/** Rows whose `partition:offset` is not among those done. */
export function remainingPages(pages: readonly RowPage[], done: readonly string[]): readonly RowPage[] {
  const isDone = new Set(done);
  const remaining: RowPage[] = [];
  for (const page of pages) {
    const rows: number[] = [];
    for (let row = 0; row < page.rows; row++) if (!isDone.has(`${page.partitions[row]}:${page.offsets[row]}`)) rows.push(row);
    if (rows.length > 0) remaining.push(rows.length === page.rows ? page : subPage(page, rows, page.day));
  }
  return remaining;
}

/** Of its rows the first `count`, and the others; each with no more bytes than from its first row to its last. */
export function splitPage(page: RowPage, count: number): readonly [RowPage, RowPage] {
  const rows = Array.from({ length: page.rows }, (_, row) => row);
  return [narrowed(subPage(page, rows.slice(0, count), page.day)), narrowed(subPage(page, rows.slice(count), page.day))];
}

function narrowed(page: RowPage): RowPage {
  let [start, end] = [page.regionEnd, page.regionStart];
  for (let row = 0; row < page.rows; row++) {
    for (const [from, length] of [
      [page.keyStart[row] ?? 0, page.keyLength[row] ?? -1],
      [page.valueStart[row] ?? 0, page.valueLength[row] ?? -1],
    ] as const) {
      if (length < 0) continue;
      start = Math.min(start, from);
      end = Math.max(end, from + length);
    }
  }
  return { ...page, regionStart: Math.min(start, end), regionEnd: end };
}

/** The same bytes with fewer rows. */
function subPage(page: RowPage, rows: readonly number[], day: number): RowPage {
  const ints = (from: Int32Array) => Int32Array.from(rows, (row) => from[row] ?? 0);
  const pairs = (from: Int32Array) => Int32Array.from(rows.flatMap((row) => [from[2 * row] ?? 0, from[2 * row + 1] ?? 0]));
  const recordTimeKnown = Uint8Array.from(rows, (row) => page.recordTimeKnown[row] ?? 0);
  return {
    ...page,
    rows: rows.length,
    scanned: null,
    day,
    partitions: ints(page.partitions),
    offsets: BigInt64Array.from(rows, (row) => page.offsets[row] ?? 0n),
    logTimesUs: pairs(page.logTimesUs),
    recordTimesUs: pairs(page.recordTimesUs),
    recordTimes: recordTimeKnown.reduce((sum, known) => sum + known, 0),
    recordTimeKnown,
    keyStart: ints(page.keyStart),
    keyLength: ints(page.keyLength),
    valueStart: ints(page.valueStart),
    valueLength: ints(page.valueLength),
    headerSets: ints(page.headerSets),
    reasons: ints(page.reasons),
  };
}
