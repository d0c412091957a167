// New observations into a table's next plan: the fewest new shapes, and the columns they need. What the table cannot
// hold (a string in a column of longs, one shape too many) is refused with a reason and changes nothing: raw never
// stops for one producer's mistake. Pure: the caller commits the result before it decodes with it.

import { evolveSchema, type EvolveConflict } from '../iceberg/evolve.ts';
import { fieldNamed, isStruct, type IcebergType, type Schema, type StructType } from '../iceberg/schema.ts';
import { isEnvelopeShape, nextShapeNumber } from './infer-shape.ts';
import { covers, hasTypedLeaves, jsonKind, mergeShapes } from './merge-shapes.ts';
import { leafColumns, shapeColumns } from './shape-columns.ts';
import { columnName, shapesMax, type Shape, type ShapeField, type ShapeType } from './shape.ts';
import { wireJson, wireOf } from './wire.ts';

export interface RawPlan {
  readonly schema: Schema;
  readonly lastColumnId: number;
  readonly shapes: readonly Shape[];
}

export interface InferredPlan {
  /** Null when the columns are there already. */
  readonly schema: Schema | null;
  /** Old ones first and unchanged. Equal to the plan's when nothing new is needed. */
  readonly shapes: readonly Shape[];
  /** By observation, in order: null when a shape of the result covers it. */
  readonly refused: readonly (string | null)[];
}

export function inferPlan(plan: RawPlan, observed: readonly ShapeType[]): InferredPlan {
  let { schema, lastColumnId } = plan;
  const added: ShapeType[] = [];
  const refused = observed.map((seen): string | null => {
    if (plan.shapes.some((shape) => covers(shape.root, seen))) return 'differs from every known shape in a value, not in layout';
    if (added.some((root) => covers(root, seen))) return null;
    const mergeAt = added.findIndex((root) => mergeShapes(root, seen) !== null);
    const known = plan.shapes.toReversed().find((shape) => mergeShapes(shape.root, seen) !== null);
    const base = added[mergeAt] ?? known?.root;
    const root = fillNulls(base ? (mergeShapes(base, seen) ?? seen) : seen, schema, plan.shapes);
    if (!hasTypedLeaves(root)) return 'an object that holds nothing but nulls';
    const evolved = evolveSchema(schema, shapeColumns(root), lastColumnId);
    const conflicts = evolved.conflicts.filter((conflict) => !isConverted(conflict));
    if (conflicts.length > 0) return conflicts.slice(0, 3).map(conflictText).join('; ');
    // The text of a nested value is no number, though both would be called a string here.
    const text = leafColumns(root, evolved.schema).find((leaf) => leaf.kind === 'json' && leaf.column !== 'string');
    if (text) return `${text.path}: a nested value or a number beyond 64 bits where the column is ${String(text.column)}`;
    if (mergeAt < 0 && plan.shapes.length + added.length >= shapesMax) return `more than ${shapesMax} shapes`;
    ({ schema, lastColumnId } = evolved);
    if (mergeAt < 0) added.push(root);
    else added[mergeAt] = root;
    return null;
  });
  const first = nextShapeNumber(plan.shapes);
  return {
    schema: schema === plan.schema ? null : { ...schema, 'schema-id': plan.schema['schema-id'] + 1 },
    shapes: added.length === 0 ? plan.shapes : [...plan.shapes, ...added.map((root, i) => ({ number: first + i, root }))],
    refused,
  };
}

/** A column of doubles takes integers that it holds exactly, and Debezium's "NaN" and "Infinity"; the decoder checks each value. */
function isConverted(conflict: EvolveConflict): boolean {
  return conflict.reason === 'type' && conflict.current === 'double' && (conflict.wanted === 'long' || conflict.wanted === 'string');
}

function conflictText(conflict: EvolveConflict): string {
  return conflict.reason === 'case'
    ? `${conflict.path}: a column ${conflict.current} exists, equal but for case`
    : `${conflict.path}: ${conflict.wanted} where the column is ${conflict.current}`;
}

/**
 * A key that was null in every record seen may have a type that the table already knows, and `before` has the columns of
 * `after`: taking those types now saves a shape later. A wrong guess costs nothing, since every row is proved.
 */
function fillNulls(root: ShapeType, schema: Schema, shapes: readonly Shape[]): ShapeType {
  if (!isEnvelopeShape(root)) {
    const column = fieldNamed(schema, 'value');
    return column ? typedRow(root, column.type) : root;
  }
  const filled = root.fields.map((field): ShapeField => {
    const column = fieldNamed(schema, field.name);
    const isRow = field.name === 'before' || field.name === 'after';
    return column && !(isRow && field.type.kind === 'null') ? { name: field.name, type: typedRow(field.type, column.type) } : field;
  });
  const rowType = filled.find((field) => (field.name === 'before' || field.name === 'after') && field.type.kind === 'struct')?.type;
  const fields = filled.map((field): ShapeField => {
    if (field.type.kind !== 'null' || (field.name !== 'before' && field.name !== 'after')) return field;
    return { name: field.name, type: rowType ?? newestRow(shapes, field.name) ?? field.type };
  });
  return { kind: 'struct', fields };
}

/** The root with the columns' types as they are now. */
export function retyped(root: ShapeType, schema: Schema): ShapeType {
  return fillNulls(root, schema, []);
}

function newestRow(shapes: readonly Shape[], name: string): ShapeType | undefined {
  for (const shape of shapes.toReversed()) {
    if (shape.root.kind !== 'struct') continue;
    const type = shape.root.fields.find((field) => field.name === name)?.type;
    if (type?.kind === 'struct') return type;
  }
  return undefined;
}

function typedRow(type: ShapeType, column: IcebergType): ShapeType {
  if (!isStruct(column)) return typedLeaf(type, column, false);
  if (type.kind === 'null')
    return {
      kind: 'struct',
      fields: column.fields.map((field) => ({ name: field.name, type: typedColumn({ kind: 'null' }, field.type) })),
    };
  return type.kind === 'struct' ? typedFields(type.fields, column, typedColumn) : type;
}

function typedFields(
  fields: readonly ShapeField[],
  column: StructType,
  typed: (type: ShapeType, column: IcebergType) => ShapeType,
): ShapeType {
  return {
    kind: 'struct',
    fields: fields.map((field) => {
      const inner = fieldNamed(column, columnName(field));
      return inner ? { ...field, type: typed(field.type, inner.type) } : field;
    }),
  };
}

/** One column of a row: a value, or a cell of Cassandra. */
function typedColumn(type: ShapeType, column: IcebergType): ShapeType {
  const typed = (inner: ShapeType, innerColumn: IcebergType) => typedLeaf(inner, innerColumn, true);
  if (type.kind === 'struct') return isStruct(column) ? typedFields(type.fields, column, typed) : type;
  if (type.kind !== 'null' || !isStruct(column) || !column.fields.every((field) => cellKeys.includes(field.name)))
    return typedLeaf(type, column, false);
  const keys = cellKeys.filter((key) => fieldNamed(column, key));
  return typedFields(
    keys.map((name) => ({ name, type: { kind: 'null' } })),
    column,
    typed,
  );
}

const cellKeys: readonly string[] = ['value', 'deletion_ts', 'set'];

/** A column of a contract's type takes the values that are spelled as it writes them back. */
function typedLeaf(type: ShapeType, column: IcebergType, isCassandra: boolean): ShapeType {
  const wire = wireOf(column, isCassandra);
  if (wire !== null) return type.kind === 'null' || jsonKind(type) === wireJson(wire) ? { kind: 'typed', wire } : type;
  const kind = type.kind === 'null' && typeof column === 'string' ? scalarKinds[column] : undefined;
  return kind ? { kind } : type;
}

const scalarKinds: Readonly<Record<string, 'boolean' | 'long' | 'double' | 'string'>> = {
  boolean: 'boolean',
  long: 'long',
  double: 'double',
  string: 'string',
};
