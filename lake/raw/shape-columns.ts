// Which columns of the raw table a shape fills. Envelope keys have columns of their own name; ts_ms, ts_us and ts_ns
// stand together in `envelope_ts`, so that no top-level column competes with a source's names; a record that is no
// envelope stands whole in `value`.

import type { WantedField, WantedStruct, WantedType } from '../iceberg/evolve.ts';
import { isEnvelopeShape, isEnvelopeTimeKey } from './infer-shape.ts';
import type { ShapeField, ShapeType } from './shape.ts';

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

/** Null where nothing but null has been seen: such a key has no column yet. */
export function wantedType(type: ShapeType): WantedType | null {
  switch (type.kind) {
    case 'null':
      return null;
    case 'json':
      return 'string';
    case 'list': {
      const element = wantedType(type.element);
      return element === null ? null : { type: 'list', element };
    }
    case 'struct': {
      const fields: WantedField[] = [];
      for (const field of type.fields) {
        const inner = wantedType(field.type);
        if (inner !== null) fields.push({ name: field.name, type: inner });
      }
      return fields.length === 0 ? null : { type: 'struct', fields };
    }
    default:
      return type.kind;
  }
}
