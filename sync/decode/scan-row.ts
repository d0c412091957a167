// One record through the program of a shape: true where every byte was read exactly, and its values stand in the columns.

import { isUtf8 } from 'node:buffer';
import { jsonEnd } from './json-end.ts';
import { readDouble, readLong } from './scan-number.ts';
import { opBoolean, opDouble, opJson, opLiteral, opLong, opString, opStruct, type Op, type ScanColumn } from './scan-program.ts';
import { readString, refer, type Escapes } from './scan-string.ts';

const [quote, letterN, letterT, letterF] = [0x22, 0x6e, 0x74, 0x66];
const [wordNull, wordTrue, wordAlse] = [0x6c6c756e, 0x65757274, 0x65736c61];

export function scanRow(
  ops: readonly Op[],
  columns: readonly ScanColumn[],
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  row: number,
  region: number,
  escapes: Escapes,
): boolean {
  let at = start;
  escapes.high = 0;
  for (let pc = 0; pc < ops.length; pc++) {
    const op = ops[pc];
    if (op === undefined) return false;
    if (op.op === opLiteral) {
      if (!isLiteral(op, bytes, view, at, end)) return false;
      at += op.literal.length;
      continue;
    }
    const column = columns[op.slot];
    if (column === undefined || at + 4 > end) return false;
    const head = view.getUint8(at);
    if (head === letterN) {
      if (view.getInt32(at, true) !== wordNull) return false;
      at += 4;
      if (op.op === opStruct) {
        for (const slot of op.slots) clear(columns[slot], row);
        pc = op.skip - 1;
      } else {
        clear(column, row);
      }
      continue;
    }
    column.valid[row] = 1;
    switch (op.op) {
      case opStruct:
        break;
      case opString: {
        if (head !== quote) return false;
        const after = readString(bytes, view, at, end, column.words, row, region, escapes);
        if (after < 0) return false;
        at = after;
        break;
      }
      case opLong: {
        const after = readLong(view, at, end, column.words, row);
        if (after < 0) return false;
        at = after;
        break;
      }
      case opDouble: {
        const after = readDouble(bytes, at, end, column.doubles, row);
        if (after < 0) return false;
        at = after;
        break;
      }
      case opBoolean: {
        if (head === letterT && view.getInt32(at, true) === wordTrue) at += 4;
        else if (head === letterF && at + 5 <= end && view.getInt32(at + 1, true) === wordAlse) at += 5;
        else return false;
        column.bits[row] = head === letterT ? 1 : 0;
        break;
      }
      case opJson: {
        const after = jsonEnd(bytes, at, end);
        if (after < 0) return false;
        escapes.high |= 0x80;
        refer(column.words, row, view, at, after - at, at - region);
        at = after;
        break;
      }
      default:
        return false;
    }
  }
  return at === end && ((escapes.high & 0x80) === 0 || isUtf8(bytes.subarray(start, end)));
}

function isLiteral({ literal, words }: Op, bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
  const size = literal.length;
  if (at + size > end) return false;
  for (let i = 0; i < words.length; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
  for (let i = words.length * 4; i < size; i++) if (bytes[at + i] !== literal[i]) return false;
  return true;
}

/** A value of a row that was not accepted, or that is null. */
export function clear(column: ScanColumn | undefined, row: number): void {
  if (!column) return;
  column.valid[row] = 0;
  // A null string must not seem to have an address.
  if (column.words.length === 4 * column.valid.length) column.words[4 * row] = 0;
}
