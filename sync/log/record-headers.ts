// Headers of records: exact order, duplicates and bytes. Debezium puts the same four (150 bytes) on every record, so
// the region last seen is kept with its decoded form, and a record whose region is equal gets the same array.

import type { RecordHeader } from './record-block.ts';
import { readVarint, type Cursor } from './varint.ts';

export interface HeaderMemo {
  /** Headers in `bytes` from `start` (after their count) to `end`. */
  read(bytes: Buffer, start: number, end: number, count: number): readonly RecordHeader[];
}

const none: readonly RecordHeader[] = Object.freeze([]);

export function headerMemo(): HeaderMemo {
  let region = Buffer.alloc(0);
  let last: readonly RecordHeader[] = none;
  return {
    read(bytes, start, end, count) {
      if (count === 0) return none;
      if (count === last.length && end - start === region.length && region.compare(bytes, start, end) === 0) return last;
      // A copy: the headers outlive the response they came in.
      region = Buffer.from(bytes.subarray(start, end));
      last = decodeHeaders(region, count);
      return last;
    },
  };
}

function decodeHeaders(region: Buffer, count: number): readonly RecordHeader[] {
  if (count < 0 || count * 2 > region.length) throw new RangeError(`${count} headers in ${region.length} bytes`);
  const cursor: Cursor = { at: 0 };
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) {
    const key = take(region, cursor, readVarint(region, cursor)).toString('utf8');
    const length = readVarint(region, cursor);
    headers.push({ key, value: length < 0 ? null : take(region, cursor, length) });
  }
  return headers;
}

function take(region: Buffer, cursor: Cursor, length: number): Buffer {
  const from = cursor.at;
  cursor.at += Math.max(0, length);
  if (cursor.at > region.length) throw new RangeError(`a header ends at ${cursor.at}, its record at ${region.length}`);
  return region.subarray(from, cursor.at);
}
