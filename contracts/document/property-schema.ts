// One property of the Open Data Contract Standard as JSON Schema. What the standard cannot say stands in the property's
// customProperties and is laid over what its own keys give:
//   jsonSchema.<keyword>   the keyword's value
//   jsonSchema.absent      keywords that the keys would give and the schema does not have
//   jsonSchema             the whole schema, where it is true or false
// What JSON Schema has no keyword for is kept as annotations: `x-physicalType`, `x-primaryKey`, `x-unique`, `x-id`,
// `x-classification`, `x-pii`, `x-mask`, `x-policy`, `x-tags`, and everything else under `x-odcs`.
// schema-property.ts is the way back.

import { logicalSchema } from '../column-type.ts';
import { annotationFormats, textFormats } from '../formats.ts';
import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { parsePhysicalType } from '../physical-type.ts';
import type { Database } from '../type-table.ts';

/** Keys of a property that become keywords; all others are kept under `x-odcs`. */
const keysWithMeaning: ReadonlySet<string> = new Set([
  'name',
  'id',
  'logicalType',
  'physicalType',
  'required',
  'unique',
  'primaryKey',
  'primaryKeyPosition',
  'description',
  'businessName',
  'deprecated',
  'examples',
  'classification',
  'tags',
  'properties',
  'items',
  'customProperties',
]);

/** customProperties that are annotations of their own. */
export const annotationProperties = ['pii', 'mask', 'policy'] as const;

const numberFormats: Readonly<Record<string, string>> = { i32: 'int32', i64: 'int64', f32: 'float', f64: 'double' };

export function schemaOfProperty(property: JsonObject, database: Database): JsonSchema {
  const patch = patchOf(property);
  if (patch.whole !== undefined) return patch.whole;
  const derived: JsonObject = { ...valueKeywords(property, database), ...annotations(property) };
  const kept = Object.entries(derived).filter(([keyword]) => !patch.absent.includes(keyword));
  return { ...Object.fromEntries(kept), ...patch.keywords };
}

/** Properties of a table or an object, in order, and the names that are required. */
export function schemasOfProperties(properties: readonly JsonValue[], database: Database): JsonObject {
  const named = numbered(properties.filter(isJsonObject));
  const required = named.filter(({ property }) => property['required'] === true).map(({ name }) => name);
  return {
    properties: Object.fromEntries(named.map(({ name, property }) => [name, schemaOfProperty(property, database)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

/** Key columns without a position stand where they are written. */
function numbered(properties: readonly JsonObject[]): readonly { readonly name: string; readonly property: JsonObject }[] {
  let position = 0;
  return properties.map((property) => {
    const name = textAt(property, 'name') ?? '';
    if (property['primaryKey'] !== true) return { name, property };
    const said = property['primaryKeyPosition'];
    position = typeof said === 'number' && said >= 1 ? said : position + 1;
    return { name, property: { ...property, primaryKeyPosition: position } };
  });
}

export interface SchemaPatch {
  readonly whole: boolean | undefined;
  readonly absent: readonly string[];
  readonly keywords: JsonObject;
  /** customProperties that are no part of the schema. */
  readonly others: readonly JsonValue[];
}

export function patchOf(element: JsonObject): SchemaPatch {
  const custom = listAt(element, 'customProperties');
  const keywords: [string, JsonValue][] = [];
  const others: JsonValue[] = [];
  let absent: readonly string[] = [];
  let whole: boolean | undefined;
  for (const entry of custom) {
    const name = isJsonObject(entry) ? textAt(entry, 'property') : null;
    const value = isJsonObject(entry) ? entry['value'] : undefined;
    if (name === 'jsonSchema' && typeof value === 'boolean') whole = value;
    else if (name === 'jsonSchema.absent' && Array.isArray(value))
      absent = value.filter((item): item is string => typeof item === 'string');
    else if (name?.startsWith('jsonSchema.') === true && value !== undefined) keywords.push([name.slice('jsonSchema.'.length), value]);
    else others.push(entry);
  }
  return { whole, absent, keywords: Object.fromEntries(keywords), others };
}

function valueKeywords(property: JsonObject, database: Database): JsonObject {
  const options = property['logicalTypeOptions'];
  const base = baseOf(property, isJsonObject(options) ? options : {}, database);
  const enumValues = listAt(property, 'enum').flatMap((item) => (isJsonObject(item) && item['value'] !== undefined ? [item['value']] : []));
  const isNullable = property['required'] !== true;
  const type = base['type'];
  return {
    ...base,
    ...(isNullable && typeof type === 'string' ? { type: [type, 'null'] } : {}),
    ...(enumValues.length === 0 ? {} : { enum: isNullable && !enumValues.includes(null) ? [...enumValues, null] : enumValues }),
  };
}

function baseOf(property: JsonObject, options: JsonObject, database: Database): JsonObject {
  switch (property['logicalType']) {
    case 'string':
      return { type: 'string', ...textFormat(options), ...picked(options, ['minLength', 'maxLength', 'pattern']) };
    case 'date':
      return { type: 'string', format: 'date' };
    case 'timestamp':
      return { type: 'string', format: hasZone(property, options, database) ? 'date-time' : 'date-time-local' };
    case 'time':
      return { type: 'string', format: options['timezone'] === true ? 'time' : 'time-local' };
    case 'integer':
    case 'number':
      return { type: property['logicalType'], ...picked(options, numberBounds), ...numberFormat(options) };
    case 'boolean':
      return { type: 'boolean' };
    case 'object':
      return objectOf(property, options, database);
    case 'array': {
      const items = property['items'];
      const inside = isJsonObject(items) ? { items: schemaOfProperty(items, database) } : {};
      return { type: 'array', ...inside, ...picked(options, ['minItems', 'maxItems', 'uniqueItems']) };
    }
    case 'map':
      return mapOf(property, database);
    case 'vector': {
      const length = options['dimensions'];
      return { type: 'array', items: { type: 'number' }, ...(typeof length === 'number' ? { minItems: length, maxItems: length } : {}) };
    }
    default:
      return withoutLogicalType(property, options, database);
  }
}

export const numberBounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'] as const;

function objectOf(property: JsonObject, options: JsonObject, database: Database): JsonObject {
  const inside = property['properties'] === undefined ? {} : schemasOfProperties(listAt(property, 'properties'), database);
  const also = listAt(options, 'required');
  const required = [...new Set([...listAt(inside, 'required'), ...also])];
  return {
    type: 'object',
    ...inside,
    ...(required.length === 0 ? {} : { required }),
    ...picked(options, ['minProperties', 'maxProperties']),
  };
}

function mapOf(property: JsonObject, database: Database): JsonObject {
  const map = property['map'];
  if (!isJsonObject(map)) return { type: 'object' };
  const value = map['value'];
  return { type: 'object', ...(isJsonObject(value) ? { additionalProperties: schemaOfProperty(value, database) } : {}) };
}

/** Documents of version 3.0 may give the physical type alone. */
function withoutLogicalType(property: JsonObject, options: JsonObject, database: Database): JsonObject {
  if (property['properties'] !== undefined) return objectOf(property, options, database);
  if (isJsonObject(property['items'])) return { type: 'array', items: schemaOfProperty(property['items'], database) };
  const physical = parsePhysicalType(textAt(property, 'physicalType') ?? '', database);
  return physical === null ? {} : logicalSchema(physical);
}

function hasZone(property: JsonObject, options: JsonObject, database: Database): boolean {
  const said = options['timezone'];
  if (typeof said === 'boolean') return said;
  return parsePhysicalType(textAt(property, 'physicalType') ?? '', database)?.kind !== 'timestamp';
}

function textFormat(options: JsonObject): JsonObject {
  const format = options['format'];
  if (typeof format !== 'string') return {};
  if (format === 'byte') return { contentEncoding: 'base64' };
  return textFormats.has(format) || annotationFormats.has(format) ? { format } : {};
}

function numberFormat(options: JsonObject): JsonObject {
  const format = options['format'];
  const known = typeof format === 'string' ? numberFormats[format] : undefined;
  return known === undefined ? {} : { format: known };
}

function annotations(property: JsonObject): JsonObject {
  const { others } = patchOf(property);
  const position = property['primaryKeyPosition'];
  const tags = listAt(property, 'tags');
  return {
    ...renamed(property, annotationKeys),
    ...(property['deprecated'] === true ? { deprecated: true } : {}),
    ...(property['unique'] === true ? { 'x-unique': true } : {}),
    ...(property['primaryKey'] === true ? { 'x-primaryKey': typeof position === 'number' ? position : 1 } : {}),
    ...(tags.length === 0 ? {} : { 'x-tags': tags }),
    ...annotationsOf(others),
    ...leftovers(property, others),
  };
}

/** Key of the property → keyword of the schema, the same value in both. */
export const annotationKeys: Readonly<Record<string, string>> = {
  description: 'description',
  businessName: 'title',
  examples: 'examples',
  physicalType: 'x-physicalType',
  id: 'x-id',
  classification: 'x-classification',
};

function annotationsOf(custom: readonly JsonValue[]): JsonObject {
  const found = annotationProperties.flatMap((name): [string, JsonValue][] => {
    const value = customValue(custom, name);
    return value === undefined ? [] : [[`x-${name}`, value]];
  });
  return Object.fromEntries(found);
}

export function customValue(custom: readonly JsonValue[], name: string): JsonValue | undefined {
  const entry = custom.filter(isJsonObject).find((item) => item['property'] === name);
  return entry?.['value'];
}

/** A custom property that says no more than its annotation is not kept twice. */
export function isPlainAnnotation(entry: JsonValue, names: readonly string[]): boolean {
  return isJsonObject(entry) && Object.keys(entry).length === 2 && 'value' in entry && names.includes(textAt(entry, 'property') ?? '');
}

function leftovers(property: JsonObject, others: readonly JsonValue[]): JsonObject {
  const isExplained = (key: string): boolean => {
    if (key === 'enum') return listAt(property, 'enum').every((item) => isJsonObject(item) && Object.keys(item).join() === 'value');
    if (key === 'logicalTypeOptions') return false;
    return keysWithMeaning.has(key);
  };
  const kept = Object.entries(property).filter(([key]) => !isExplained(key));
  const options = Object.entries(optionsLeft(property));
  const map = property['map'];
  const custom = others.filter((entry) => !isPlainAnnotation(entry, annotationProperties));
  const entries: [string, JsonValue][] = [
    ...kept.filter(([key]) => key !== 'logicalTypeOptions' && key !== 'map'),
    ...(options.length === 0 ? [] : [['logicalTypeOptions', Object.fromEntries(options)] satisfies [string, JsonValue]]),
    ...(isJsonObject(map) && isJsonObject(map['key']) && !isPlainKey(map['key'])
      ? [['mapKey', map['key']] satisfies [string, JsonValue]]
      : []),
    ...(property['logicalType'] === 'vector' ? [['logicalType', 'vector'] satisfies [string, JsonValue]] : []),
    ...(custom.length === 0 ? [] : [['customProperties', custom] satisfies [string, JsonValue]]),
  ];
  return entries.length === 0 ? {} : { 'x-odcs': Object.fromEntries(entries) };
}

function isPlainKey(key: JsonObject): boolean {
  return Object.keys(key).length === 1 && key['logicalType'] === 'string';
}

/** Options that no keyword stands for: date patterns, bounds of dates, a vector's metric. */
function optionsLeft(property: JsonObject): JsonObject {
  const options = property['logicalTypeOptions'];
  if (!isJsonObject(options)) return {};
  const type = property['logicalType'];
  const isExplained = ([key, value]: [string, JsonValue]): boolean => {
    if (key === 'format' && type === 'string') return value === 'byte' || 'format' in textFormat(options);
    if (key === 'format') return 'format' in numberFormat(options) && (type === 'integer' || type === 'number');
    if (key === 'timezone') return true;
    return typeof type === 'string' && (optionKeywords[type]?.includes(key) ?? false);
  };
  return Object.fromEntries(Object.entries(options).filter((entry) => !isExplained(entry)));
}

const optionKeywords: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'pattern'],
  integer: numberBounds,
  number: numberBounds,
  object: ['required', 'minProperties', 'maxProperties'],
  array: ['minItems', 'maxItems', 'uniqueItems'],
  vector: ['dimensions'],
};

function picked(options: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

function renamed(property: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(names).flatMap(([key, keyword]) => (property[key] === undefined ? [] : [[keyword, property[key]]])),
  );
}

export function listAt(value: JsonObject, key: string): readonly JsonValue[] {
  const list = value[key];
  return Array.isArray(list) ? list : [];
}

export function textAt(value: JsonObject, key: string): string | null {
  const text = value[key];
  return typeof text === 'string' ? text : null;
}
