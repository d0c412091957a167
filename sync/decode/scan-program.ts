// A shape as a program: the fixed bytes of its compact JSON text and, between them, which value is read into which
// column.

import { jsonKind } from '../../lake/raw/merge-shapes.ts';
import type { ShapeField, ShapeType } from '../../lake/raw/shape.ts';
import { pageRows } from './row-pages.ts';

export type LeafKind = 'boolean' | 'long' | 'double' | 'string';

/** A struct or a value of the shape as DuckDB will see it; keys that are only ever null have no column. */
export interface ScanNode {
  readonly name: string;
  /** Its place in the columns. */
  readonly slot: number;
  readonly leaf: { readonly kind: LeafKind; readonly width: number } | null;
  readonly children: readonly ScanNode[];
}

/** What was read of one node, by row of a page. */
export interface ScanColumn {
  /** 1 where the value is not null. */
  readonly valid: Uint8Array;
  /** Of a leaf: as DuckDB lays its type out, but for strings beyond 12 bytes (scan-string.ts). */
  readonly data: ArrayBuffer;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly bits: Uint8Array;
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
  /** Of a value or a struct: which column. */
  readonly slot: number;
  /** Of a struct: where to go on when it is null, and what is null with it. */
  skip: number;
  readonly slots: number[];
}

export interface ScanProgram {
  readonly root: ScanNode;
  readonly ops: readonly Op[];
  /** By slot. */
  readonly nodes: readonly ScanNode[];
}

/** The columns of a shape, and the program that fills them. */
export function scanProgram(shape: ShapeType): ScanProgram {
  const ops: Op[] = [];
  const nodes: ScanNode[] = [];
  const root = compile('scanned', shape, ops, nodes, true);
  return { root, ops: mergeLiterals(ops), nodes };
}

export function newColumns({ nodes }: ScanProgram): readonly ScanColumn[] {
  return nodes.map(({ leaf }) => {
    const width = leaf?.width ?? 0;
    const data = new ArrayBuffer(width * pageRows);
    const wide = width >= 8 ? data : new ArrayBuffer(0);
    return {
      valid: new Uint8Array(pageRows),
      data,
      words: new Int32Array(wide),
      doubles: new Float64Array(wide),
      bits: new Uint8Array(data),
    };
  });
}

function compile(name: string, type: ShapeType, ops: Op[], nodes: ScanNode[], isRoot: boolean): ScanNode {
  if (type.kind !== 'struct') return compileLeaf(name, type, ops, nodes);
  const children: ScanNode[] = [];
  const node = added(nodes, name, null, children);
  const open: Op = { ...literalOp(''), op: opStruct, slot: node.slot };
  if (!isRoot) ops.push(open);
  type.fields.forEach((field: ShapeField, i) => {
    ops.push(literalOp(`${i === 0 ? '{' : ','}${JSON.stringify(field.name)}:`));
    const child = compile(field.name, field.type, ops, nodes, false);
    if (field.type.kind !== 'null') children.push(child);
  });
  ops.push(literalOp('}'));
  open.skip = ops.length;
  for (let slot = node.slot; slot < nodes.length; slot++) open.slots.push(slot);
  return node;
}

function compileLeaf(name: string, type: ShapeType, ops: Op[], nodes: ScanNode[]): ScanNode {
  const byKind: Readonly<Record<string, readonly [number, LeafKind, number]>> = {
    boolean: [opBoolean, 'boolean', 1],
    long: [opLong, 'long', 8],
    double: [opDouble, 'double', 8],
    string: [opString, 'string', 16],
    json: [opJson, 'string', 16],
  };
  const [op, kind, width] = byKind[jsonKind(type)] ?? [opNull, 'boolean', 1];
  const node = added(nodes, name, { kind, width }, []);
  ops.push({ ...literalOp(''), op, slot: node.slot });
  return node;
}

function added(nodes: ScanNode[], name: string, leaf: ScanNode['leaf'], children: readonly ScanNode[]): ScanNode {
  const node = { name, slot: nodes.length, leaf, children };
  nodes.push(node);
  return node;
}

function literalOp(text: string): Op {
  const literal = new Uint8Array(Buffer.from(text));
  const view = new DataView(literal.buffer);
  const words = Int32Array.from({ length: literal.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
  return { op: opLiteral, literal, words, slot: -1, skip: 0, slots: [] };
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
