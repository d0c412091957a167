// The rule compiler's view of a decoded `after`, with two things that only an event stream has. A large value that an
// UPDATE left alone comes as a placeholder: the row has the value, the event does not, so such a column counts as present,
// and a row that seems to break a rule because of it is left to the validator. And an UPDATE of Cassandra tells only what
// it changed: columns that it leaves alone are not missing.

import { columnType, databaseOfBody } from '../../contracts/column-type.ts';
import { isJsonObject, type JsonSchema } from '../../contracts/json-schema.ts';
import { rowWire, type DecodedType } from '../../contracts/rules/row-wire.ts';
import type { Wire } from '../../contracts/rules/wire.ts';
import { wireJson } from '../../lake/raw/wire.ts';
import type { ShapeType } from '../../lake/raw/shape.ts';

export interface ShapeWire {
  readonly wire: Wire;
  /** Over the row, never NULL: true where a value was left out of the event. SQL takes its placeholder for a text. */
  readonly unavailable: readonly string[];
}

/** `row`: SQL of the decoded `after`. */
export function shapeWire(body: JsonSchema, after: ShapeType, row: string): ShapeWire {
  const database = databaseOfBody(body);
  const properties = isJsonObject(body) && isJsonObject(body['properties']) ? body['properties'] : {};
  const columns = Object.entries(properties).flatMap(([name, schema]) =>
    isJsonObject(schema) ? [{ name, type: columnType(schema, database) }] : [],
  );
  const wire = rowWire(columns, decodedType(after), database);
  if (wire.kind !== 'struct' || database === 'cassandra') return { wire, unavailable: [] };
  const unavailable = wire.fields.flatMap(({ name, isPresent }) => (isPresent && name in properties ? [`NOT ${isPresent(row)}`] : []));
  const fields = wire.fields.map(({ name, wire: inner }) => ({ name, wire: inner }));
  return { wire: { kind: 'struct', fields }, unavailable };
}

/** Without what a partial event cannot break. */
export function partialBody(body: JsonSchema): JsonSchema {
  if (!isJsonObject(body)) return body;
  const { required: _, ...rest } = body;
  return rest;
}

/** What the decoder reads values as, before any cast. */
function decodedType(type: ShapeType): DecodedType {
  switch (type.kind) {
    case 'typed':
      return { kind: wireJson(type.wire) };
    case 'list':
      return { kind: 'list', element: decodedType(type.element) };
    case 'struct':
      return { kind: 'struct', fields: type.fields.map((field) => ({ name: field.name, type: decodedType(field.type) })) };
    default:
      return { kind: type.kind };
  }
}
