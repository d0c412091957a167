// The fast lane: one shape turned into a scanner that reads a record's bytes straight into columns. A shape fixes every
// byte of a compact JSON text but the values themselves, so the scanner compares the fixed bytes four at a time and
// parses only values; a record that it accepts is proved by construction. Anything unusual (spaces, another key, \u
// escapes, a number DuckDB should judge, invalid UTF-8) is not accepted, and takes the general way through DuckDB,
// which decides alone what is rescued. So this file may give up at any byte, but must never accept what it did not
// read exactly.

import { isUtf8 } from 'node:buffer';
import { isList, isStruct, fieldNamed, type IcebergType, type Schema } from '../../lake/iceberg/schema.ts';
import { isEnvelopeShape } from '../../lake/raw/infer-shape.ts';
import { envelopeTimeColumn, valueColumn } from '../../lake/raw/shape-columns.ts';
import type { Shape, ShapeField, ShapeType } from '../../lake/raw/shape.ts';
import { jsonEnd } from './json-end.ts';
import { pageRows, type RowPage } from './row-pages.ts';

export type LeafKind = 'boolean' | 'long' | 'double' | 'string';

/** A struct of the shape as DuckDB will see it; keys that are only ever null have no column. */
export interface ScanNode {
  readonly name: string;
  /** 1 where the value is not null, by row. */
  readonly valid: Uint8Array;
  readonly leaf: { readonly kind: LeafKind; readonly data: ArrayBuffer; readonly width: number } | null;
  readonly children: readonly ScanNode[];
}

export interface ShapeScanner {
  readonly shape: Shape;
  readonly root: ScanNode;
  /**
   * Scans every row of a page that waits to be decoded; DuckDB holds the page's region at address `base`. Returns the
   * number accepted; `root.valid` says which. `escaped` is what stands escaped in the text, unescaped, and still has to be
   * handed over: `settleEscaped` then completes the references to it.
   */
  scan(page: RowPage, base: number): { readonly accepted: number; readonly escaped: Uint8Array };
  settleEscaped(base: number): void;
}

interface Escapes {
  readonly bytes: Uint8Array;
  used: number;
  /** References to complete: words of a column, and where in them. */
  readonly columns: Int32Array[];
  readonly at: number[];
}

/** Unescaped strings of one page; beyond, rows take the general way. */
const escapedBytesMax = 1024 * 1024;

const opLiteral = 0;
const opStruct = 1;
const opNull = 2;
const opBoolean = 3;
const opLong = 4;
const opDouble = 5;
const opString = 6;
const opJson = 7;

interface Op {
  readonly op: number;
  readonly literal: Uint8Array;
  readonly words: Int32Array;
  readonly node: MutableNode | null;
  /** Of a struct: where to go on when it is null, and what is null with it. */
  skip: number;
  readonly nodes: MutableNode[];
}

interface MutableNode extends ScanNode {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly bits: Uint8Array;
}

/** Null where a column holds the shape's values in another form: DuckDB casts and checks those. */
export function shapeScanner(shape: Shape, schema: Schema): ShapeScanner | null {
  if (shape.root.kind !== 'struct' || !isDirect(shape.root, schema)) return null;
  const ops: Op[] = [];
  const root = compile('scanned', shape.root, ops, true);
  const nodes = allNodes(root);
  if (nodes.some((node) => node.leaf === null && node.children.length === 0)) return null;
  const program = mergeLiterals(ops);
  const escapes: Escapes = { bytes: new Uint8Array(escapedBytesMax), used: 0, columns: [], at: [] };
  return {
    shape,
    root,
    scan: (page, base) => {
      const view = new DataView(page.arena.buffer, page.arena.byteOffset, page.arena.byteLength);
      truncate(escapes, 0, 0);
      let accepted = 0;
      for (let row = 0; row < page.rows; row++) {
        const length = page.valueLength[row] ?? -1;
        const start = page.valueStart[row] ?? 0;
        const { used } = escapes;
        const pending = escapes.at.length;
        if (
          length > 0 &&
          page.reasons[row] === 0 &&
          scanRow(program, page.arena, view, start, start + length, row, base - page.regionStart, escapes)
        ) {
          root.valid[row] = 1;
          accepted++;
        } else {
          truncate(escapes, used, pending);
          clear(nodes, row);
        }
      }
      return { accepted, escaped: escapes.bytes.subarray(0, escapes.used) };
    },
    settleEscaped: (base) => {
      escapes.columns.forEach((words, i) => {
        const word = escapes.at[i] ?? 0;
        const address = base + (words[word + 2] ?? 0);
        words[word + 2] = address % 4_294_967_296;
        words[word + 3] = address / 4_294_967_296;
      });
    },
  };
}

function truncate(escapes: Escapes, used: number, pending: number): void {
  escapes.used = used;
  escapes.columns.length = pending;
  escapes.at.length = pending;
}

function isDirect(root: ShapeType, schema: Schema): boolean {
  if (root.kind !== 'struct') return false;
  if (!isEnvelopeShape(root)) return isDirectIn(root, fieldNamed(schema, valueColumn)?.type);
  const times = fieldNamed(schema, envelopeTimeColumn)?.type;
  return root.fields.every((field) => {
    if (field.name === 'op') return true;
    if (field.name.startsWith('ts_'))
      return isDirectIn(field.type, times && isStruct(times) ? fieldNamed(times, field.name)?.type : undefined);
    return isDirectIn(field.type, fieldNamed(schema, field.name)?.type);
  });
}

function isDirectIn(type: ShapeType, column: IcebergType | undefined): boolean {
  if (type.kind === 'null') return true;
  if (column === undefined || type.kind === 'list' || isList(column)) return false;
  if (type.kind === 'struct')
    return isStruct(column) && type.fields.every((field) => isDirectIn(field.type, fieldNamed(column, field.name)?.type));
  return column === (type.kind === 'json' ? 'string' : type.kind);
}

function compile(name: string, type: ShapeType, ops: Op[], isRoot: boolean): MutableNode {
  if (type.kind !== 'struct') return compileLeaf(name, type, ops);
  const children: MutableNode[] = [];
  const node = newNode(name, null, 0, children);
  const open: Op = { ...literalOp(''), op: opStruct, node };
  if (!isRoot) ops.push(open);
  type.fields.forEach((field: ShapeField, i) => {
    ops.push(literalOp(`${i === 0 ? '{' : ','}${JSON.stringify(field.name)}:`));
    const child = compile(field.name, field.type, ops, false);
    if (field.type.kind !== 'null') children.push(child);
  });
  ops.push(literalOp('}'));
  open.skip = ops.length;
  open.nodes.push(...allNodes(node));
  return node;
}

function compileLeaf(name: string, type: ShapeType, ops: Op[]): MutableNode {
  const byKind: Readonly<Record<string, readonly [number, LeafKind, number]>> = {
    boolean: [opBoolean, 'boolean', 1],
    long: [opLong, 'long', 8],
    double: [opDouble, 'double', 8],
    string: [opString, 'string', 16],
    json: [opJson, 'string', 16],
  };
  const [op, kind, width] = byKind[type.kind] ?? [opNull, 'boolean', 1];
  const node = newNode(name, kind, width, []);
  ops.push({ ...literalOp(''), op, node });
  return node;
}

function newNode(name: string, kind: LeafKind | null, width: number, children: readonly ScanNode[]): MutableNode {
  const data = new ArrayBuffer(width * pageRows);
  const wide = width >= 8 ? data : new ArrayBuffer(0);
  return {
    name,
    valid: new Uint8Array(pageRows),
    leaf: kind && { kind, data, width },
    children,
    words: new Int32Array(wide),
    doubles: new Float64Array(wide),
    bits: new Uint8Array(data),
  };
}

function allNodes(node: ScanNode): MutableNode[] {
  return [...(isMutable(node) ? [node] : []), ...node.children.flatMap((child) => allNodes(child))];
}

function isMutable(node: ScanNode): node is MutableNode {
  return 'words' in node;
}

function literalOp(text: string): Op {
  const literal = new Uint8Array(Buffer.from(text));
  const view = new DataView(literal.buffer);
  const words = Int32Array.from({ length: literal.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
  return { op: opLiteral, literal, words, node: null, skip: 0, nodes: [] };
}

/** Neighbouring literals become one, except across the place where a null struct goes on. */
function mergeLiterals(ops: readonly Op[]): readonly Op[] {
  const targets = new Set(ops.filter((op) => op.op === opStruct).map((op) => op.skip));
  const merged: Op[] = [];
  const moved = new Map<number, number>();
  let text = '';
  const flush = () => {
    if (text !== '') merged.push(literalOp(text));
    text = '';
  };
  ops.forEach((op, i) => {
    if (targets.has(i)) flush();
    moved.set(i, merged.length);
    if (op.op === opLiteral) text += Buffer.from(op.literal).toString();
    else {
      flush();
      merged.push(op);
    }
  });
  flush();
  for (const op of merged) if (op.op === opStruct) op.skip = moved.get(op.skip) ?? merged.length;
  return merged;
}

function clear(nodes: readonly MutableNode[], row: number): void {
  for (const node of nodes) {
    node.valid[row] = 0;
    // A null string must not keep the address of a page that is gone.
    if (node.leaf?.kind === 'string') node.words[4 * row] = 0;
  }
}

const [quote, backslash, minus, dot, zero, letterE, lowerE, letterN, letterT, letterF] = [
  0x22, 0x5c, 0x2d, 0x2e, 0x30, 0x45, 0x65, 0x6e, 0x74, 0x66,
];
const [wordNull, wordTrue, wordAlse] = [0x6c6c756e, 0x65757274, 0x65736c61];

function scanRow(
  program: readonly Op[],
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  row: number,
  base: number,
  escapes: Escapes,
): boolean {
  let at = start;
  let high = 0;
  for (let pc = 0; pc < program.length; pc++) {
    const op = program[pc];
    if (op === undefined) return false;
    if (op.op === opLiteral) {
      const { literal, words } = op;
      const size = literal.length;
      if (at + size > end) return false;
      for (let i = 0; i < words.length; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
      for (let i = words.length * 4; i < size; i++) if (bytes[at + i] !== literal[i]) return false;
      at += size;
      continue;
    }
    const { node } = op;
    if (node === null || at + 4 > end) return false;
    const head = view.getUint8(at);
    if (head === letterN) {
      if (view.getInt32(at, true) !== wordNull) return false;
      at += 4;
      if (op.op === opStruct) {
        clear(op.nodes, row);
        pc = op.skip - 1;
      } else {
        node.valid[row] = 0;
        if (node.leaf?.kind === 'string') node.words[4 * row] = 0;
      }
      continue;
    }
    node.valid[row] = 1;
    switch (op.op) {
      case opStruct:
        break;
      case opString: {
        if (head !== quote) return false;
        let to = at + 1;
        // Four bytes at a time while none is a quote, a backslash, a control character or beyond ASCII.
        while (to < end && isPlain(view.getInt32(to, true))) to += 4;
        let byte = view.getUint8(to);
        while (byte !== quote && byte !== backslash && byte >= 0x20 && to < end) {
          high |= byte;
          byte = view.getUint8(++to);
        }
        if (to >= end) return false;
        if (byte === quote) {
          refer(node.words, row, bytes, at + 1, to - at - 1, base);
          at = to + 1;
        } else {
          const from = escapes.used;
          const after = unescape(bytes, at + 1, end, escapes);
          if (after < 0) return false;
          high |= 0x80;
          refer(node.words, row, escapes.bytes, from, escapes.used - from, 0);
          if (escapes.used - from > 12) {
            escapes.columns.push(node.words);
            escapes.at.push(4 * row);
          }
          at = after;
        }
        break;
      }
      case opLong: {
        const after = readLong(view, at, end, node.words, row);
        if (after < 0) return false;
        at = after;
        break;
      }
      case opDouble: {
        const after = readDouble(bytes, at, end, node.doubles, row);
        if (after < 0) return false;
        at = after;
        break;
      }
      case opBoolean: {
        if (head === letterT && view.getInt32(at, true) === wordTrue) at += 4;
        else if (head === letterF && at + 5 <= end && view.getInt32(at + 1, true) === wordAlse) at += 5;
        else return false;
        node.bits[row] = head === letterT ? 1 : 0;
        break;
      }
      case opJson: {
        const after = jsonEnd(bytes, at, end);
        if (after < 0) return false;
        high |= 0x80;
        refer(node.words, row, bytes, at, after - at, base);
        at = after;
        break;
      }
      default:
        return false;
    }
  }
  return at === end && ((high & 0x80) === 0 || isUtf8(bytes.subarray(start, end)));
}

/** A DuckDB string reference: length, then either the bytes (up to 12) or four of them and the address. */
function refer(words: Int32Array, row: number, bytes: Uint8Array, from: number, length: number, base: number): void {
  const word = 4 * row;
  words[word] = length;
  if (length > 12) {
    const address = base + from;
    words[word + 1] = packed(bytes, from, 4);
    words[word + 2] = address % 4_294_967_296;
    words[word + 3] = address / 4_294_967_296;
  } else {
    words[word + 1] = packed(bytes, from, length);
    words[word + 2] = packed(bytes, from + 4, length - 4);
    words[word + 3] = packed(bytes, from + 8, length - 8);
  }
}

function packed(bytes: Uint8Array, from: number, count: number): number {
  if (count <= 0) return 0;
  let word = bytes[from] ?? 0;
  if (count > 1) word |= (bytes[from + 1] ?? 0) << 8;
  if (count > 2) word |= (bytes[from + 2] ?? 0) << 16;
  if (count > 3) word |= (bytes[from + 3] ?? 0) << 24;
  return word;
}

/** The byte after the closing quote, or −1. */
function unescape(bytes: Uint8Array, from: number, end: number, escapes: Escapes): number {
  const target = escapes.bytes;
  let used = escapes.used;
  for (let at = from; at < end && used < target.length; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === quote) {
      escapes.used = used;
      return at + 1;
    }
    if (byte < 0x20) return -1;
    if (byte === backslash) {
      byte = unescaped(bytes[++at] ?? 0);
      if (byte === 0) return -1;
    }
    target[used++] = byte;
  }
  return -1;
}

/** 0 for what is left to DuckDB: \u and mistakes. */
function unescaped(letter: number): number {
  switch (letter) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return letter;
    case 0x62:
      return 8;
    case 0x66:
      return 12;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x74:
      return 9;
    default:
      return 0;
  }
}

function isPlain(word: number): boolean {
  const quotes = word ^ 0x22222222;
  const backslashes = word ^ 0x5c5c5c5c;
  // Of each byte, the top bit: set where the byte is zero (or below 0x20), or the byte's own.
  const found = ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes) | ((word - 0x20202020) & ~word) | word;
  return (found & 0x80808080) === 0;
}

/** An integer, exactly; the byte after it, or −1. */
function readLong(view: DataView, from: number, end: number, words: Int32Array, row: number): number {
  const isNegative = view.getUint8(from) === minus;
  const first = isNegative ? from + 1 : from;
  let at = first;
  // The first eight digits and the rest apart, so that both stay exact: value = head · 10^(count − 8) + tail.
  let head = 0;
  let tail = 0;
  const upper4 = view.getInt32(at, true);
  if (at + 8 <= end && isDigits(upper4) && isDigits(view.getInt32(at + 4, true))) {
    head = fourDigits(upper4) * 10_000 + fourDigits(view.getInt32(at + 4, true));
    at += 8;
    for (let word = view.getInt32(at, true); at + 4 <= end && isDigits(word) && at - first < 20; word = view.getInt32(at, true)) {
      tail = tail * 10_000 + fourDigits(word);
      at += 4;
    }
  }
  let digit = view.getUint8(at) - zero;
  while (digit >= 0 && digit <= 9 && at < end && at - first < 20) {
    if (at - first < 8) head = head * 10 + digit;
    else tail = tail * 10 + digit;
    digit = view.getUint8(++at) - zero;
  }
  const count = at - first;
  if (count === 0 || count > 19 || (view.getUint8(first) === zero && (count > 1 || isNegative))) return -1;
  const next = view.getUint8(at);
  if (at < end && (next === dot || next === letterE || next === lowerE)) return -1;
  let low: number;
  let high: number;
  if (count <= 8) {
    low = head;
    high = 0;
  } else {
    // In halves of 32 bits: count ≤ 19, so each partial product stays below 2^53.
    const scale = powers[count - 8] ?? 1;
    const scaleHigh = Math.floor(scale / 65_536);
    const upper = head * scaleHigh;
    const lower = head * (scale - scaleHigh * 65_536) + tail;
    const sum = (upper % 65_536) * 65_536 + lower;
    low = sum % 4_294_967_296;
    high = Math.floor(upper / 65_536) + Math.floor(sum / 4_294_967_296);
    if (high >= 2_147_483_648) return -1;
  }
  if (isNegative) {
    low = -low;
    high = low === 0 ? -high : -high - 1;
  }
  words[2 * row] = low;
  words[2 * row + 1] = high;
  return at;
}

const powers = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

function isDigits(word: number): boolean {
  return (word & 0xf0f0f0f0) === 0x30303030 && ((word + 0x06060606) & 0xf0f0f0f0) === 0x30303030;
}

/** Four ASCII digits, the first in the lowest byte. */
function fourDigits(word: number): number {
  const digits = word & 0x0f0f0f0f;
  const pairs = (digits * 10 + (digits >>> 8)) & 0x00ff00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}

/** A number with a fraction or an exponent, as IEEE says; the byte after it, or −1. */
function readDouble(bytes: Uint8Array, from: number, end: number, doubles: Float64Array, row: number): number {
  const isNegative = bytes[from] === minus;
  let at = isNegative ? from + 1 : from;
  const first = at;
  let mantissa = 0;
  let digit = (bytes[at] ?? 0) - zero;
  while (digit >= 0 && digit <= 9 && at < end) {
    mantissa = mantissa * 10 + digit;
    digit = (bytes[++at] ?? 0) - zero;
  }
  if (at === first || (bytes[first] === zero && at > first + 1) || at >= end || bytes[at] !== dot) return -1;
  const fraction = ++at;
  digit = (bytes[at] ?? 0) - zero;
  while (digit >= 0 && digit <= 9 && at < end) {
    mantissa = mantissa * 10 + digit;
    digit = (bytes[++at] ?? 0) - zero;
  }
  const places = at - fraction;
  if (places === 0) return -1;
  const mark = bytes[at] ?? 0;
  let value: number;
  if (at < end && (mark === letterE || mark === lowerE)) {
    at = exponentEnd(bytes, at + 1, end);
    if (at < 0) return -1;
    value = parsed(bytes, first, at);
  } else if (mantissa <= 9_007_199_254_740_991 && places <= 22) {
    // Both exact, so one division rounds once.
    value = mantissa / (powers[places] ?? 1);
  } else value = parsed(bytes, first, at);
  // Zero with a sign, and what overflows, is DuckDB's to judge.
  if (!Number.isFinite(value) || (value === 0 && isNegative)) return -1;
  doubles[row] = isNegative ? -value : value;
  return at;
}

function exponentEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = bytes[from] === minus || bytes[from] === 0x2b ? from + 1 : from;
  const first = at;
  while (at < end && (bytes[at] ?? 0) >= zero && (bytes[at] ?? 0) <= zero + 9) at++;
  return at === first ? -1 : at;
}

function parsed(bytes: Uint8Array, from: number, to: number): number {
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'));
}
