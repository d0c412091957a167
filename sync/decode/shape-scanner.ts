// The fast lane: one shape turned into a scanner that reads a record's bytes straight into columns. A shape fixes every
// byte of a compact JSON text but the values themselves, so the scanner compares the fixed bytes four at a time and
// parses only values; a record that it accepts is proved by construction. Anything unusual (spaces, another key, \u
// escapes, a number DuckDB should judge, invalid UTF-8) is not accepted, and takes the general way through DuckDB,
// which decides alone what is rescued. So this file may give up at any byte, but must never accept what it did not
// read exactly.

import { isList, isStruct, fieldNamed, type IcebergType, type Schema } from '../../lake/iceberg/schema.ts';
import { isEnvelopeShape } from '../../lake/raw/infer-shape.ts';
import { envelopeTimeColumn, valueColumn } from '../../lake/raw/shape-columns.ts';
import type { Shape, ShapeType } from '../../lake/raw/shape.ts';
import type { RowPage } from './row-pages.ts';
import { allNodes, scanProgram, type ScanNode } from './scan-program.ts';
import { clear, scanRow } from './scan-row.ts';
import type { Escapes } from './scan-string.ts';

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

/** Null where a column holds the shape's values in another form: DuckDB casts and checks those. */
export function shapeScanner(shape: Shape, schema: Schema): ShapeScanner | null {
  if (shape.root.kind !== 'struct' || !isDirect(shape.root, schema)) return null;
  const { root, program } = scanProgram(shape.root);
  const nodes = allNodes(root);
  if (nodes.some((node) => node.leaf === null && node.children.length === 0)) return null;
  const escapes: Escapes = { bytes: new Uint8Array(escapedBytesMax), used: 0, high: 0, columns: [], at: [] };
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
