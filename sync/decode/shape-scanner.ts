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
import { readDouble, readLong } from './scan-number.ts';
import { isPlain, refer, unescape, type Escapes } from './scan-string.ts';

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

const [quote, backslash, letterN, letterT, letterF] = [0x22, 0x5c, 0x6e, 0x74, 0x66];
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
