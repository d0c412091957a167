// Which columns of the raw table a shape fills. Envelope keys have columns of their own name; ts_ms, ts_us and ts_ns
// stand together in `envelope_ts`, so that no top-level column competes with a source's names; a record that is no
// envelope stands whole in `value`.

import type { WantedField, WantedStruct, WantedType } from '../iceberg/evolve.ts';
import { fieldNamed, isStruct, type IcebergType, type Schema } from '../iceberg/schema.ts';
import { isEnvelopeShape, isEnvelopeTimeKey } from './infer-shape.ts';
import { columnName, type ShapeField, type ShapeType } from './shape.ts';
import { wireColumn } from './wire.ts';

export const envelopeTimeColumn = 'envelope_ts';
export const valueColumn = 'value';

/** The columns a shape needs, without ids; the base columns (`op` among them) are there anyway. */
export function shapeColumns(root: ShapeType): WantedStruct {
  const fields: WantedField[] = [];
  if (!isEnvelopeShape(root)) {
    const type = wantedType(root);
    return {
      type: 'struct',
      fields: type === null ? [] : [{ name: valueColumn, type, doc: 'The record, where it is no Debezium envelope' }],
    };
  }
  const times: ShapeField[] = [];
  for (const field of root.fields) {
    if (field.name === 'op') continue;
    if (isEnvelopeTimeKey(field.name)) {
      times.push(field);
      continue;
    }
    const type = wantedType(field.type);
    if (type !== null) fields.push({ name: field.name, type });
  }
  const type = wantedType({ kind: 'struct', fields: times });
  if (type !== null)
    fields.push({ name: envelopeTimeColumn, type, doc: 'When Debezium handled the event: ts_ms, ts_us, ts_ns of the envelope' });
  return { type: 'struct', fields };
}

export interface LeafColumn {
  readonly path: string;
  readonly kind: ShapeType['kind'];
  /** Undefined where the table has none. */
  readonly column: IcebergType | undefined;
}

/** Each leaf of a shape with the column that takes it. */
export function leafColumns(root: ShapeType, schema: Schema): readonly LeafColumn[] {
  const walk = (type: ShapeType, column: IcebergType | undefined, path: string): LeafColumn[] => {
    if (type.kind !== 'struct') return [{ path, kind: type.kind, column }];
    return type.fields.flatMap((field) =>
      walk(field.type, column && isStruct(column) ? fieldNamed(column, columnName(field))?.type : undefined, `${path}.${field.name}`),
    );
  };
  if (!isEnvelopeShape(root)) return walk(root, fieldNamed(schema, valueColumn)?.type, valueColumn);
  return root.fields.flatMap((field) => {
    if (!isEnvelopeTimeKey(field.name)) return walk(field.type, fieldNamed(schema, field.name)?.type, field.name);
    const times = fieldNamed(schema, envelopeTimeColumn)?.type;
    return walk(
      field.type,
      times && isStruct(times) ? fieldNamed(times, field.name)?.type : undefined,
      `${envelopeTimeColumn}.${field.name}`,
    );
  });
}

/** Null where nothing but null has been seen: such a key has no column yet. */
function wantedType(type: ShapeType): WantedType | null {
  switch (type.kind) {
    case 'null':
      return null;
    case 'json':
      return 'string';
    case 'typed':
      return wireColumn(type.wire);
    case 'list': {
      const element = wantedType(type.element);
      return element === null ? null : { type: 'list', element };
    }
    case 'struct': {
      const fields: WantedField[] = [];
      for (const field of type.fields) {
        const inner = wantedType(field.type);
        if (inner !== null) fields.push({ name: columnName(field), type: inner });
      }
      return fields.length === 0 ? null : { type: 'struct', fields };
    }
    default:
      return type.kind;
  }
}
