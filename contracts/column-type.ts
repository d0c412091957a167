// From a column's schema to its type and back: the schema says `x-physicalType` and what is inside (a user-defined type's
// fields are its `properties`), the type says how values travel and are stored.
//
//   columnType(schema, database)   → PhysicalType: x-physicalType where it is known, else what the schema's own type implies
//   logicalSchema(type)            → the JSON Schema a draft starts with (null not included)
//   icebergType(type, nextId)      → the type of the lake's column; nextId gives the ids inside lists, maps and structs

import type { IcebergType } from '../lake/iceberg/schema.ts';
import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from './json-schema.ts';
import { databaseOf, parsePhysicalType, type PhysicalField, type PhysicalType } from './physical-type.ts';
import { typeTable, type Database } from './type-table.ts';

/** What every value of the lake can be stored as when nothing else is known: JSON, as its text. */
export function jsonType(database: Database, declared: string): PhysicalType {
  const parts = { length: null, precision: null, scale: null, element: null, key: null, fields: [] };
  return { database, kind: 'json', wire: 'as-is', name: 'json', declared, ...parts };
}

/** Never null: what neither the physical type nor the schema tells is `json`, passed on as it is. */
export function columnType(schema: JsonSchema, database: Database): PhysicalType {
  if (!isJsonObject(schema)) return jsonType(database, '');
  const declared = schema['x-physicalType'];
  const physical = typeof declared === 'string' ? declared : '';
  const parsed = parsePhysicalType(physical, database);
  return parsed ?? fromSchema(schema, physical, database);
}

/** The database of a table's body: what its columns' physical types are written in. */
export function databaseOfBody(body: JsonSchema): Database {
  const said = isJsonObject(body) ? body['x-database'] : undefined;
  if (said === 'postgres' || said === 'cassandra') return said;
  const found: string[] = [];
  collectTypes(body, found, 0);
  return databaseOf(found);
}

/** JSON types a schema allows, without null; empty when it does not say. */
export function jsonTypesOf(schema: JsonObject): readonly string[] {
  const type = schema['type'];
  const all: readonly JsonValue[] = Array.isArray(type) ? type : [type ?? null];
  return all.filter((name): name is string => typeof name === 'string' && name !== 'null');
}

/** As a draft of a contract begins with it: the values of this type, null not among them. */
export function logicalSchema(type: PhysicalType): JsonObject {
  switch (type.kind) {
    case 'array': {
      const items = type.element === null ? {} : nullableInside(type, logicalSchema(type.element));
      const fixed = type.name === 'vector' && type.length !== null ? { minItems: type.length, maxItems: type.length } : {};
      return { type: 'array', items, ...(type.name === 'set' ? { uniqueItems: true } : {}), ...fixed };
    }
    case 'map':
      return { type: 'object', additionalProperties: type.element === null ? true : logicalSchema(type.element) };
    case 'struct': {
      const properties = type.fields.map(({ name, type: field }) => [name, withNull(annotated(field))] as const);
      return { type: 'object', properties: Object.fromEntries(properties) };
    }
    default: {
      const row = typeTable.find(({ database, names }) => database === type.database && names[0] === type.name);
      const length = type.kind === 'string' && type.length !== null ? { maxLength: type.length } : {};
      return { ...row?.schema, ...length };
    }
  }
}

/** `schema` with null among its values. */
export function withNull(schema: JsonObject): JsonObject {
  const type = schema['type'];
  if (typeof type === 'string') return { ...schema, type: [type, 'null'] };
  return schema;
}

export function icebergType(type: PhysicalType, nextId: () => number): IcebergType {
  switch (type.kind) {
    case 'array': {
      if (type.element === null) return 'string';
      const id = nextId();
      return { type: 'list', 'element-id': id, element: icebergType(type.element, nextId), 'element-required': false };
    }
    case 'map': {
      if (type.element === null || type.key === null) return 'string';
      const [keyId, valueId] = [nextId(), nextId()];
      const [key, value] = [icebergType(type.key, nextId), icebergType(type.element, nextId)];
      return { type: 'map', 'key-id': keyId, key, 'value-id': valueId, value, 'value-required': false };
    }
    case 'struct': {
      if (type.fields.length === 0) return 'string';
      const ids = type.fields.map(nextId);
      const fields = type.fields.map(({ name, type: field }, index) => ({
        id: ids[index] ?? 0,
        name,
        required: false,
        type: icebergType(field, nextId),
      }));
      return { type: 'struct', fields };
    }
    default:
      return icebergScalar(type);
  }
}

const decimalDigitsMax = 38;

function icebergScalar(type: PhysicalType): IcebergType {
  const row = typeTable.find(({ database, names }) => database === type.database && names[0] === type.name);
  if (type.kind !== 'decimal' || row?.iceberg.startsWith('decimal(') === true) return row?.iceberg ?? 'string';
  const { precision, scale } = type;
  if (precision === null || scale === null || precision > decimalDigitsMax || scale < 0 || scale > precision) return 'string';
  return `decimal(${precision},${scale})`;
}

/** Arrays of PostgreSQL hold nulls; collections of Cassandra cannot. */
function nullableInside(type: PhysicalType, schema: JsonObject): JsonObject {
  return type.database === 'postgres' ? withNull(schema) : schema;
}

function annotated(type: PhysicalType): JsonObject {
  return { ...logicalSchema(type), 'x-physicalType': type.declared };
}

function fromSchema(schema: JsonObject, physical: string, database: Database): PhysicalType {
  const named = (name: string): PhysicalType => {
    const parsed = parsePhysicalType(name, database);
    return parsed === null ? jsonType(database, physical) : { ...parsed, declared: physical };
  };
  const types = jsonTypesOf(schema);
  if (types.length !== 1) return isTextEnum(schema) ? named(database === 'postgres' ? 'enum' : 'text') : jsonType(database, physical);
  switch (types[0]) {
    case 'boolean':
      return named('boolean');
    case 'integer':
      return named('bigint');
    case 'number':
      return named('double');
    case 'string':
      return stringType(schema, physical, database, named);
    case 'array':
      return arrayType(schema, physical, database);
    case 'object':
      return objectType(schema, physical, database);
    default:
      return jsonType(database, physical);
  }
}

function stringType(schema: JsonObject, physical: string, database: Database, named: (name: string) => PhysicalType): PhysicalType {
  // A name that is not in the table is an enum's or a domain's: the text is the value. Without a name nothing says how the
  // source writes a date, so the value is taken as it is written.
  if (schema['contentEncoding'] === 'base64') return named(database === 'postgres' ? 'bytea' : 'blob');
  if (schema['format'] === 'uuid') return named('uuid');
  return named(physical !== '' && database === 'postgres' ? 'enum' : 'text');
}

function arrayType(schema: JsonObject, physical: string, database: Database): PhysicalType {
  const items = schema['items'];
  const element = columnType(isJsonObject(items) ? items : true, database);
  const isSet = /^(?:frozen\s*<\s*)?set\s*</i.test(physical);
  const parts = { length: null, precision: null, scale: null, element, key: null, fields: [] };
  return { database, kind: 'array', wire: 'array', name: isSet ? 'set' : 'array', declared: physical, ...parts };
}

function objectType(schema: JsonObject, physical: string, database: Database): PhysicalType {
  const properties = schema['properties'];
  const parts = { length: null, precision: null, scale: null };
  if (isJsonObject(properties) && Object.keys(properties).length > 0) {
    const fields: readonly PhysicalField[] = Object.entries(properties).map(([name, inner]) => ({
      name,
      type: columnType(isJsonObject(inner) ? inner : true, database),
    }));
    return { database, kind: 'struct', wire: 'struct', name: 'udt', declared: physical, ...parts, element: null, key: null, fields };
  }
  const values = schema['additionalProperties'];
  const keyName = /^(?:frozen\s*<\s*)?map\s*<\s*([a-z]+)\s*,/i.exec(physical)?.[1] ?? 'text';
  const key = parsePhysicalType(keyName, database);
  if (!isJsonObject(values) || key === null) return jsonType(database, physical);
  const element = columnType(values, database);
  return { database, kind: 'map', wire: 'map', name: 'map', declared: physical, ...parts, element, key, fields: [] };
}

function isTextEnum(schema: JsonObject): boolean {
  const values = schema['enum'];
  return (
    Array.isArray(values) &&
    values.some((value) => typeof value === 'string') &&
    values.every((value) => value === null || typeof value === 'string')
  );
}

const collectDepthMax = 16;

function collectTypes(schema: JsonValue | undefined, found: string[], depth: number): void {
  if (!isJsonObject(schema) || depth > collectDepthMax) return;
  const declared = schema['x-physicalType'];
  if (typeof declared === 'string') found.push(declared);
  const properties = schema['properties'];
  if (isJsonObject(properties)) for (const inner of Object.values(properties)) collectTypes(inner, found, depth + 1);
  collectTypes(schema['items'], found, depth + 1);
  collectTypes(schema['additionalProperties'], found, depth + 1);
}
