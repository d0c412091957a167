// A shape as a program: the fixed bytes of its compact JSON text and, between them, which value is read into which
// column.

import type { ShapeField, ShapeType } from '../../lake/raw/shape.ts';
import { pageRows } from './row-pages.ts';

export type LeafKind = 'boolean' | 'long' | 'double' | 'string';

/** A struct of the shape as DuckDB will see it; keys that are only ever null have no column. */
export interface ScanNode {
  readonly name: string;
  /** 1 where the value is not null, by row. */
  readonly valid: Uint8Array;
  readonly leaf: { readonly kind: LeafKind; readonly data: ArrayBuffer; readonly width: number } | null;
  readonly children: readonly ScanNode[];
}

export const opLiteral = 0;
export const opStruct = 1;
export const opNull = 2;
export const opBoolean = 3;
export const opLong = 4;
export const opDouble = 5;
export const opString = 6;
export const opJson = 7;

export interface Op {
  readonly op: number;
  readonly literal: Uint8Array;
  readonly words: Int32Array;
  readonly node: MutableNode | null;
  /** Of a struct: where to go on when it is null, and what is null with it. */
  skip: number;
  readonly nodes: MutableNode[];
}

export interface MutableNode extends ScanNode {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly bits: Uint8Array;
}

/** The columns of a shape, and the program that fills them. */
export function scanProgram(shape: ShapeType): { readonly root: MutableNode; readonly program: readonly Op[] } {
  const ops: Op[] = [];
  const root = compile('scanned', shape, ops, true);
  return { root, program: mergeLiterals(ops) };
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

export function allNodes(node: ScanNode): MutableNode[] {
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
