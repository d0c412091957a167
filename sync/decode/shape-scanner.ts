// The fast lane: one shape turned into a scanner that reads a record's bytes straight into columns. A shape fixes every
// byte of a compact JSON text but the values themselves, so the scanner compares the fixed bytes four at a time and
// parses only values; a record that it accepts is proved by construction. Anything unusual (spaces, another key, \u
// escapes, a number DuckDB should judge, invalid UTF-8) is not accepted, and takes the general way through DuckDB,
// which decides alone what is rescued. So this file may give up at any byte, but must never accept what it did not
// read exactly.

import { isList, isStruct, fieldNamed, type IcebergType, type Schema } from '../../lake/iceberg/schema.ts';
import { isEnvelopeShape } from '../../lake/raw/infer-shape.ts';
import { envelopeTimeColumn, valueColumn } from '../../lake/raw/shape-columns.ts';
import { columnName, type Shape, type ShapeType } from '../../lake/raw/shape.ts';
import type { RowPage } from './row-pages.ts';
import { newColumns, scanProgram, type ScanColumn, type ScanNode } from './scan-program.ts';
import { clear, scanRow } from './scan-row.ts';
import { newEscapes, type Escapes } from './scan-string.ts';

export interface ShapeScanner {
  readonly shape: Shape;
  readonly root: ScanNode;
  /** Reads the page's rows that wait to be decoded into its `scanned`, unless this scanner has done so before. */
  scan(page: RowPage): ScannedPage;
  /** How many of a page's first rows it would accept. */
  fits(page: RowPage, rows: number): number;
}

/** What a scanner read of a page. */
export interface ScannedPage {
  readonly scanner: ShapeScanner;
  /** By slot of the scanner's nodes; the root's `valid` tells which rows were accepted. */
  readonly columns: readonly ScanColumn[];
  /** Strings that stand escaped in the text. */
  readonly escapes: Escapes;
  /** The columns may be used again. */
  release(): void;
}

/** Columns kept for the next pages, by scanner. */
const idlePagesMax = 32;

/** Null where a column holds the shape's values in another form: DuckDB casts and checks those. */
export function shapeScanner(shape: Shape, schema: Schema): ShapeScanner | null {
  if (shape.root.kind !== 'struct' || !isDirect(shape.root, schema)) return null;
  const program = scanProgram(shape.root);
  if (program.nodes.some((node) => node.leaf === null && node.children.length === 0)) return null;
  const idle: ScannedPage[] = [];
  const newPage = (): ScannedPage => {
    const one: ScannedPage = {
      scanner,
      columns: newColumns(program),
      escapes: newEscapes(),
      release: () => {
        if (idle.length < idlePagesMax) idle.push(one);
      },
    };
    return one;
  };
  const scanRows = (page: RowPage, rows: number, { columns, escapes }: ScannedPage): number => {
    const view = new DataView(page.arena.buffer, page.arena.byteOffset, page.arena.byteLength);
    const [accepts] = columns;
    escapes.used = 0;
    let accepted = 0;
    for (let row = 0; row < rows; row++) {
      const length = page.valueLength[row] ?? -1;
      const start = page.valueStart[row] ?? 0;
      const { used } = escapes;
      if (
        accepts &&
        length > 0 &&
        page.reasons[row] === 0 &&
        scanRow(program.ops, columns, page.arena, view, start, start + length, row, page.regionStart, escapes)
      ) {
        accepts.valid[row] = 1;
        accepted++;
      } else {
        escapes.used = used;
        for (const column of columns) clear(column, row);
      }
    }
    return accepted;
  };
  const scanner: ShapeScanner = {
    shape,
    root: program.root,
    scan: (page) => {
      if (page.scanned?.scanner !== scanner) {
        page.scanned?.release();
        page.scanned = idle.pop() ?? newPage();
        scanRows(page, page.rows, page.scanned);
      }
      const { columns } = page.scanned;
      // Rows may have got a reason not to be decoded since.
      for (let row = 0; row < page.rows; row++) if (page.reasons[row] !== 0) for (const column of columns) clear(column, row);
      return page.scanned;
    },
    fits: (page, rows) => {
      const sample = idle.pop() ?? newPage();
      const accepted = scanRows(page, Math.min(rows, page.rows), sample);
      sample.release();
      return accepted;
    },
  };
  return scanner;
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
  // Read as it stands in the record: the statement casts it and checks the cast.
  if (type.kind === 'typed') return column !== undefined;
  if (column === undefined || type.kind === 'list' || isList(column)) return false;
  if (type.kind === 'struct')
    return isStruct(column) && type.fields.every((field) => isDirectIn(field.type, fieldNamed(column, columnName(field))?.type));
  return column === (type.kind === 'json' ? 'string' : type.kind);
}
