// A table as ranges of keys, each with a count and a checksum for the source and one for the lake: two sides that are
// equal have equal ranges, and where they are not, only the ranges that differ are read again, row by row.
//
// A checksum is the sum of a hash of each row, key and values: so it does not depend on the order in which rows come, nor
// on pages, and neighbouring ranges are joined by adding. 128 bits of SHA-256: two sets of rows that differ agree by
// chance once in 10^38.
//
// PostgreSQL hands its rows out in key order, and so the source cuts the ranges: a new one after so many rows. When there
// are too many, neighbours are joined and the next ones are twice as long: memory is bounded whatever the table's size.
// Where keys have no order that both sides share (Cassandra, masked keys, keys of other types) a range is one of the hash
// of the key, and their number is fixed. Either way the first range begins below every key and the last ends above it.

import { hash } from 'node:crypto';
import type { KeyOrder } from '../../sources/key-order.ts';
import type { KeyRange, SourceValue } from '../../sources/source.ts';

export interface KeyedRow {
  readonly key: readonly SourceValue[];
  /** One value a column, in one order on both sides. */
  readonly values: readonly SourceValue[];
}

export interface RangeOptions {
  /** Null: ranges of the key's hash. */
  readonly order: KeyOrder | null;
  /** At least 2. */
  readonly rangesMax: number;
  /** Rows of the source in a range of keys, to begin with. */
  readonly rangeRows: number;
}

export interface SideOfRange {
  readonly rows: number;
  /** Hexadecimal. */
  readonly checksum: string;
}

export interface ComparedRange {
  readonly source: SideOfRange;
  readonly lake: SideOfRange;
}

export interface KeyRanges {
  readonly by: 'key' | 'hash of the key';
  /** All of the source first: it cuts the ranges. */
  addSource(row: KeyedRow): void;
  addLake(row: KeyedRow): void;
  all(): readonly ComparedRange[];
  differing(): DifferingRanges;
}

export interface DifferingRanges {
  readonly count: number;
  /** What the source is asked for; null where it cannot be asked for ranges: all of it. */
  readonly keys: readonly KeyRange[] | null;
  has(key: readonly SourceValue[]): boolean;
}

interface Side {
  rows: number;
  high: bigint;
  low: bigint;
}

interface Range {
  /** First place; the first range begins at ''. */
  readonly from: string;
  readonly fromKey: readonly SourceValue[] | null;
  readonly source: Side;
  readonly lake: Side;
}

export function keyRanges({ order, rangesMax, rangeRows }: RangeOptions): KeyRanges {
  let ranges: Range[] = order === null ? hashRanges(rangesMax) : [emptyRange('', null)];
  let rowsWanted = rangeRows;
  let highest = '';
  const place = order === null ? (key: KeyedRow['key']) => placeOfHash(key) : (key: KeyedRow['key']) => order.place(key);

  const addSource = (row: KeyedRow): void => {
    const at = place(row.key);
    const last = ranges[ranges.length - 1];
    // Only above all that was seen, so that no row of the range before lies beyond the cut.
    if (order !== null && last && last.source.rows >= rowsWanted && at > highest) {
      if (ranges.length >= rangesMax) {
        ranges = joined(ranges);
        rowsWanted *= 2;
      } else ranges.push(emptyRange(at, row.key.slice(0, order.columns)));
    }
    if (at > highest) highest = at;
    add(ranges[indexOf(ranges, at)]?.source, row);
  };

  return {
    by: order === null ? 'hash of the key' : 'key',
    addSource,
    addLake: (row) => add(ranges[indexOf(ranges, place(row.key))]?.lake, row),
    all: () => ranges.map(({ source, lake }) => ({ source: told(source), lake: told(lake) })),
    differing: () => {
      const indexes = new Set(ranges.flatMap((range, i) => (isEqual(range) ? [] : [i])));
      return {
        count: indexes.size,
        keys: order === null ? null : keysOf(ranges, indexes),
        has: (key) => indexes.has(indexOf(ranges, place(key))),
      };
    },
  };
}

function emptyRange(from: string, fromKey: Range['fromKey']): Range {
  return { from, fromKey, source: { rows: 0, high: 0n, low: 0n }, lake: { rows: 0, high: 0n, low: 0n } };
}

const hashDigits = 8;

function placeOfHash(key: readonly SourceValue[]): string {
  return hash('sha256', JSON.stringify(key)).slice(0, hashDigits);
}

function hashRanges(count: number): Range[] {
  const size = 16 ** hashDigits / count;
  return Array.from({ length: count }, (_, i) =>
    emptyRange(
      i === 0
        ? ''
        : Math.ceil(i * size)
            .toString(16)
            .padStart(hashDigits, '0'),
      null,
    ),
  );
}

/** The last range that begins at or before the place: there is always one. */
function indexOf(ranges: readonly Range[], place: string): number {
  let [low, high] = [0, ranges.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ranges[middle]?.from ?? '') <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

function add(side: Side | undefined, { key, values }: KeyedRow): void {
  if (!side) return;
  const digest = hash('sha256', JSON.stringify([key, values]), 'buffer');
  side.rows++;
  side.high = BigInt.asUintN(64, side.high + digest.readBigUInt64BE(0));
  side.low = BigInt.asUintN(64, side.low + digest.readBigUInt64BE(8));
}

function joined(ranges: readonly Range[]): Range[] {
  const pairs: Range[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const [left, right] = [ranges[i], ranges[i + 1]];
    if (left) pairs.push(right ? { ...left, source: sum(left.source, right.source), lake: sum(left.lake, right.lake) } : left);
  }
  return pairs;
}

function sum(left: Side, right: Side): Side {
  return {
    rows: left.rows + right.rows,
    high: BigInt.asUintN(64, left.high + right.high),
    low: BigInt.asUintN(64, left.low + right.low),
  };
}

function isEqual({ source, lake }: Range): boolean {
  return source.rows === lake.rows && source.high === lake.high && source.low === lake.low;
}

/** Neighbours in one. */
function keysOf(ranges: readonly Range[], indexes: ReadonlySet<number>): readonly KeyRange[] {
  const found: KeyRange[] = [];
  for (let i = 0; i < ranges.length; i++) {
    if (!indexes.has(i)) continue;
    const from = boundOf(ranges[i]);
    while (indexes.has(i + 1)) i++;
    found.push({ from, to: boundOf(ranges[i + 1]) });
  }
  return found;
}

function boundOf(range: Range | undefined): readonly string[] | null {
  return range?.fromKey?.map((value) => value ?? '') ?? null;
}

function told({ rows, high, low }: Side): SideOfRange {
  return { rows, checksum: high.toString(16).padStart(16, '0') + low.toString(16).padStart(16, '0') };
}
