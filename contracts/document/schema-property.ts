// A JSON Schema as a property of the Open Data Contract Standard. First everything that the standard has a key for; then
// what those keys would read back as is compared with the schema, and each keyword that differs goes into customProperties
// (see property-schema.ts). So nothing is lost by construction: schemaOfProperty(propertyOf(name, S)) equals S.

import { jsonTypesOf } from '../column-type.ts';
import { jsonEqual } from '../compatibility/json-equal.ts';
import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import type { Database } from '../type-table.ts';
import {
  annotationKeys,
  annotationProperties,
  customValue,
  listAt,
  numberBounds,
  schemaOfProperty,
  schemasOfProperties,
  textAt,
} from './property-schema.ts';

/** `name` is null for items and the parts of a map. */
export function propertyOf(name: string | null, schema: JsonSchema, isRequired: boolean, database: Database): JsonObject {
  const named = name === null ? {} : { name };
  if (!isJsonObject(schema)) {
    const whole = [{ property: 'jsonSchema', value: schema }];
    return { ...named, logicalType: 'object', ...(isRequired ? { required: true } : {}), customProperties: whole };
  }
  const kept = isJsonObject(schema['x-odcs']) ? schema['x-odcs'] : {};
  const { mapKey, logicalTypeOptions, customProperties, ...others } = kept;
  const plain: JsonObject = {
    ...named,
    ...annotationsOf(schema),
    ...valueKeys(schema, isRequired, mapKey ?? { logicalType: 'string' }, database),
  };
  const options = { ...objectAt(plain, 'logicalTypeOptions'), ...(isJsonObject(logicalTypeOptions) ? logicalTypeOptions : {}) };
  const own = customOf(schema, Array.isArray(customProperties) ? customProperties : []);
  const full = withCustom(
    { ...plain, ...others, ...plain, ...(Object.keys(options).length > 0 ? { logicalTypeOptions: options } : {}) },
    own,
  );
  return withPatch(full, schema, schemaOfProperty(full, database));
}

/** The properties of a table's body or of an object's schema. */
export function propertiesOf(schema: JsonObject, database: Database): readonly JsonObject[] {
  const properties = schema['properties'];
  const required = new Set(listAt(schema, 'required'));
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties).map(([name, inner]) =>
    propertyOf(name, isJsonObject(inner) || typeof inner === 'boolean' ? inner : true, required.has(name), database),
  );
}

/** What differs between a schema and what its ODCS keys read back as, as customProperties. */
export function withPatch(element: JsonObject, schema: JsonObject, derived: JsonSchema): JsonObject {
  const read = isJsonObject(derived) ? derived : {};
  const differing = Object.entries(schema).filter(
    ([keyword, value]) => !Object.hasOwn(read, keyword) || !jsonEqual(read[keyword] ?? null, value),
  );
  const absent = Object.keys(read).filter((keyword) => !Object.hasOwn(schema, keyword));
  const patch: JsonValue[] = differing.map(([keyword, value]) => ({ property: `jsonSchema.${keyword}`, value }));
  if (absent.length > 0) patch.push({ property: 'jsonSchema.absent', value: absent });
  return withCustom(element, patch);
}

function withCustom(element: JsonObject, more: readonly JsonValue[]): JsonObject {
  const all = [...listAt(element, 'customProperties'), ...more];
  return all.length === 0 ? element : { ...element, customProperties: all };
}

/** `x-pii` and the like, unless a kept custom property with more to say has the same value. */
function customOf(schema: JsonObject, kept: readonly JsonValue[]): readonly JsonValue[] {
  const said = annotationProperties.flatMap((name): JsonValue[] => {
    const value = schema[`x-${name}`];
    if (value === undefined || jsonEqual(customValue(kept, name) ?? null, value)) return [];
    return [{ property: name, value }];
  });
  return [...said, ...kept];
}

function annotationsOf(schema: JsonObject): JsonObject {
  const same = Object.entries(annotationKeys).flatMap(([key, keyword]): [string, JsonValue][] => {
    const value = schema[keyword];
    const fits = key === 'examples' ? Array.isArray(value) : typeof value === 'string';
    return value === undefined || !fits ? [] : [[key, value]];
  });
  const position = schema['x-primaryKey'];
  const tags = schema['x-tags'];
  return {
    ...Object.fromEntries(same.filter(([key, value]) => key !== 'id' || /^[A-Za-z0-9_-]+$/.test(String(value)))),
    ...(schema['deprecated'] === true ? { deprecated: true } : {}),
    ...(Number.isInteger(position) && position !== undefined ? { primaryKey: true, primaryKeyPosition: position } : {}),
    ...(schema['x-unique'] === true ? { unique: true } : {}),
    ...(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? { tags } : {}),
  };
}

function valueKeys(schema: JsonObject, isRequired: boolean, mapKey: JsonValue, database: Database): JsonObject {
  const inside = logicalKeys(schema, mapKey, database);
  // The standard has one word for "there" and "not null": a schema that says only one of them says the other beside it.
  const values = listAt(schema, 'enum').filter((value) => typeof value !== 'object');
  const enumeration = objectAt(schema, 'x-odcs')['enum'];
  return {
    ...inside,
    ...(isRequired ? { required: true } : {}),
    ...(values.length > 0 && enumeration === undefined ? { enum: values.map((value) => ({ value })) } : {}),
  };
}

function logicalKeys(schema: JsonObject, mapKey: JsonValue, database: Database): JsonObject {
  switch (jsonTypesOf(schema)[0]) {
    case 'string':
      return textKeys(schema);
    case 'integer':
    case 'number': {
      const format = numberFormat(schema);
      const bounds = picked(schema, numberBounds, 'number');
      return { logicalType: jsonTypesOf(schema)[0] ?? 'number', ...optioned({ ...bounds, ...format }) };
    }
    case 'boolean':
      return { logicalType: 'boolean' };
    case 'array':
      return arrayKeys(schema, database);
    case 'object':
      return objectKeys(schema, mapKey, database);
    default:
      // Version 3.2 reads a property without a logical type as every type at once: `object` is the one that holds anything.
      return { logicalType: 'object' };
  }
}

function textKeys(schema: JsonObject): JsonObject {
  switch (schema['format']) {
    case 'date':
      return { logicalType: 'date' };
    case 'date-time':
    case 'date-time-local':
      return { logicalType: 'timestamp', logicalTypeOptions: { timezone: schema['format'] === 'date-time' } };
    case 'time':
    case 'time-local':
      return { logicalType: 'time', logicalTypeOptions: { timezone: schema['format'] === 'time' } };
    default: {
      const format = schema['contentEncoding'] === 'base64' ? 'byte' : textAt(schema, 'format');
      const lengths = picked(schema, ['minLength', 'maxLength'], 'number');
      return {
        logicalType: 'string',
        ...optioned({ ...lengths, ...picked(schema, ['pattern'], 'string'), ...(format === null ? {} : { format }) }),
      };
    }
  }
}

function numberFormat(schema: JsonObject): JsonObject {
  const isInteger = jsonTypesOf(schema)[0] === 'integer';
  const known: Readonly<Record<string, string>> = isInteger ? { int32: 'i32', int64: 'i64' } : { float: 'f32', double: 'f64' };
  const format = known[textAt(schema, 'format') ?? ''];
  return format === undefined ? {} : { format };
}

function arrayKeys(schema: JsonObject, database: Database): JsonObject {
  const items = schema['items'];
  if (objectAt(schema, 'x-odcs')['logicalType'] === 'vector' && typeof schema['maxItems'] === 'number') {
    return { logicalType: 'vector', logicalTypeOptions: { dimensions: schema['maxItems'] } };
  }
  const inside = isJsonObject(items) || typeof items === 'boolean' ? { items: partOf(items, database) } : {};
  const options = { ...picked(schema, ['minItems', 'maxItems'], 'number'), ...picked(schema, ['uniqueItems'], 'boolean') };
  return { logicalType: 'array', ...inside, ...optioned(options) };
}

function objectKeys(schema: JsonObject, mapKey: JsonValue, database: Database): JsonObject {
  const values = schema['additionalProperties'];
  if (schema['properties'] === undefined && isJsonObject(values)) {
    return { logicalType: 'map', map: { key: mapKey, value: partOf(values, database) } };
  }
  const properties = objectAt(schema, 'properties');
  const others = listAt(schema, 'required').filter((name) => typeof name === 'string' && !Object.hasOwn(properties, name));
  const inside = schema['properties'] === undefined ? {} : { properties: propertiesOf(schema, database) };
  const sizes = picked(schema, ['minProperties', 'maxProperties'], 'number');
  return { logicalType: 'object', ...inside, ...optioned({ ...sizes, ...(others.length > 0 ? { required: others } : {}) }) };
}

/** Items and map values: required where null is not among them. */
function partOf(schema: JsonSchema, database: Database): JsonObject {
  const type = isJsonObject(schema) ? schema['type'] : undefined;
  return propertyOf(null, schema, typeof type === 'string' && type !== 'null', database);
}

/** The body of a table, read from its properties as the reader will. */
export function bodyOf(properties: readonly JsonValue[], database: Database): JsonObject {
  return { type: 'object', ...schemasOfProperties(properties, database) };
}

function optioned(options: JsonObject): JsonObject {
  return Object.keys(options).length === 0 ? {} : { logicalTypeOptions: options };
}

function picked(schema: JsonObject, names: readonly string[], kind: 'number' | 'string' | 'boolean'): JsonObject {
  return Object.fromEntries(
    names.flatMap((name): [string, JsonValue][] => {
      const value = schema[name];
      return value === undefined || typeof value !== kind ? [] : [[name, value]];
    }),
  );
}

function objectAt(value: JsonObject, key: string): JsonObject {
  const inner = value[key];
  return isJsonObject(inner) ? inner : {};
}
