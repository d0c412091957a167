// Field ids for a new table's schema. As the reference catalog does it, a create gives every field a fresh id, whatever
// the client wrote: engines send the ids of another table, of an expression, or none. Who needs ids kept (files written
// under them are there already) creates by a commit with assert-create, which carries the schema as it is.

import { isList, isMap, isStruct, type IcebergType, type Schema, type StructField } from './schema.ts';

export interface AssignedSchema {
  readonly schema: Schema;
  /** Old id → new id, for what refers to columns; an old id that stood for several fields is missing. */
  readonly idMap: ReadonlyMap<number, number>;
}

/** Fresh ids from 1, the fields of a struct before what is nested in them. */
export function assignFieldIds(schema: Schema): AssignedSchema {
  let last = 0;
  const seen = new Map<number, number[]>();
  const take = (oldId: number): number => {
    const id = ++last;
    seen.set(oldId, [...(seen.get(oldId) ?? []), id]);
    return id;
  };
  const assignFields = (fields: readonly StructField[]): StructField[] =>
    fields.map((field) => ({ ...field, id: take(field.id) })).map((field) => ({ ...field, type: assign(field.type) }));
  const assign = (type: IcebergType): IcebergType => {
    if (isStruct(type)) return { ...type, fields: assignFields(type.fields) };
    if (isList(type)) {
      const id = take(type['element-id']);
      return { ...type, 'element-id': id, element: assign(type.element) };
    }
    if (isMap(type)) {
      const keyId = take(type['key-id']);
      const valueId = take(type['value-id']);
      return { ...type, 'key-id': keyId, 'value-id': valueId, key: assign(type.key), value: assign(type.value) };
    }
    return type;
  };
  const fields = assignFields(schema.fields);
  const idMap = new Map([...seen].flatMap(([old, ids]) => (ids.length === 1 && ids[0] !== undefined ? [[old, ids[0]]] : [])));
  const identifiers = schema['identifier-field-ids'];
  const renamed = identifiers === undefined ? {} : { 'identifier-field-ids': identifiers.map((id) => idMap.get(id) ?? id) };
  return { schema: { ...schema, fields, ...renamed }, idMap };
}
