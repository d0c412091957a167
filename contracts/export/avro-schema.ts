// A table's rows as an Avro schema, with Avro's logical types where the values have one (decimal, date, time, timestamps,
// uuid). Names that Avro does not allow are rewritten; the property's own name then stands in `doc` and `aliases` cannot
// help (Avro forbids it there as well). Optional and nullable properties are unions with null, null being the default.

import { databaseOfBody } from '../column-type.ts';
import type { Contract, ContractTable } from '../contract.ts';
import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import type { PhysicalType } from '../physical-type.ts';
import { bodyColumns } from './body-columns.ts';
import { exportType } from './export-type.ts';

export function avroSchemaOf(contract: Contract, table: ContractTable): JsonObject {
  const database = databaseOfBody(table.body);
  const names = new Set<string>();
  const name = avroName(table.name, names);
  const taken = new Set<string>();
  const fields = bodyColumns(table).map(({ column, schema }) => {
    const type = avroType(exportType(schema, database), `${name}_${column.name}`, names, schema);
    return avroField(column.name, type, column.isRequired && !allowsNull(schema), column.description, taken);
  });
  const namespace = contract.id
    .split('.')
    .map((part) => avroName(part, new Set()))
    .join('.');
  return { type: 'record', name, namespace, ...(table.description === null ? {} : { doc: table.description }), fields };
}

function avroField(name: string, type: JsonValue, isRequired: boolean, description: string | null, taken: Set<string>): JsonObject {
  const fieldName = avroName(name, taken);
  const doc = [...(description === null ? [] : [description]), ...(fieldName === name ? [] : [`property ${JSON.stringify(name)}`])].join(
    '; ',
  );
  const about = doc === '' ? {} : { doc };
  return isRequired ? { name: fieldName, type, ...about } : { name: fieldName, type: orNull(type), default: null, ...about };
}

function orNull(type: JsonValue): JsonValue {
  return Array.isArray(type) ? ['null', ...type.filter((one) => one !== 'null')] : ['null', type];
}

function allowsNull(schema: JsonSchema): boolean {
  if (!isJsonObject(schema)) return schema;
  const { type } = schema;
  return type === undefined
    ? schema['enum'] === undefined && schema['const'] === undefined
    : type === 'null' || (Array.isArray(type) && type.includes('null'));
}

const plain: Readonly<Partial<Record<PhysicalType['kind'], JsonValue>>> = {
  boolean: 'boolean',
  int16: 'int',
  int32: 'int',
  int64: 'long',
  nanoseconds: 'long',
  float32: 'float',
  float64: 'double',
  binary: 'bytes',
  uuid: { type: 'string', logicalType: 'uuid' },
  date: { type: 'int', logicalType: 'date' },
  time: { type: 'long', logicalType: 'time-micros' },
  timestamp: { type: 'long', logicalType: 'local-timestamp-micros' },
  timestamptz: { type: 'long', logicalType: 'timestamp-micros' },
};

function avroType(type: PhysicalType, path: string, names: Set<string>, schema: JsonSchema): JsonValue {
  switch (type.kind) {
    case 'decimal':
      return decimal(type);
    case 'string':
    case 'enum':
      return labels(schema, path, names) ?? 'string';
    case 'array': {
      if (type.element === null) return 'string';
      const items = isJsonObject(schema) && isJsonObject(schema['items']) ? schema['items'] : true;
      const item = avroType(type.element, `${path}_item`, names, items);
      return { type: 'array', items: type.database === 'postgres' ? orNull(item) : item };
    }
    case 'map':
      return mapType(type, path, names);
    case 'struct':
      return type.fields.length === 0 ? 'string' : record(type, path, names, schema);
    default:
      // JSON, intervals, times with an offset and integers without bound travel as text.
      return plain[type.kind] ?? 'string';
  }
}

function decimal({ precision, scale }: PhysicalType): JsonValue {
  if (precision === null || precision < 1 || scale === null || scale < 0 || scale > precision) return 'string';
  return { type: 'bytes', logicalType: 'decimal', precision, scale };
}

/** An enum where every label is a name; else null. */
function labels(schema: JsonSchema, path: string, names: Set<string>): JsonValue | null {
  const listed = isJsonObject(schema) ? schema['enum'] : undefined;
  if (!Array.isArray(listed)) return null;
  const symbols = listed.filter((value) => value !== null);
  const isNamed = symbols.length > 0 && symbols.every((value) => typeof value === 'string' && isAvroName(value));
  if (!isNamed || new Set(symbols).size !== symbols.length) return null;
  return { type: 'enum', name: avroName(path, names), symbols };
}

function mapType(type: PhysicalType, path: string, names: Set<string>): JsonValue {
  if (type.element === null || type.key === null) return 'string';
  const value = avroType(type.element, `${path}_value`, names, true);
  if (type.key.kind === 'string') return { type: 'map', values: value };
  // Avro's maps have text keys only.
  const key = avroType(type.key, `${path}_key`, names, true);
  const fields = [
    { name: 'key', type: key },
    { name: 'value', type: value },
  ];
  return { type: 'array', items: { type: 'record', name: avroName(`${path}_entry`, names), fields } };
}

function record(type: PhysicalType, path: string, names: Set<string>, schema: JsonSchema): JsonValue {
  const name = avroName(path, names);
  const taken = new Set<string>();
  const properties = isJsonObject(schema) && isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = isJsonObject(schema) && Array.isArray(schema['required']) ? schema['required'] : [];
  const fields = type.fields.map((field) => {
    const inner = Object.hasOwn(properties, field.name) ? properties[field.name] : undefined;
    const property = isJsonObject(inner) ? inner : true;
    return avroField(
      field.name,
      avroType(field.type, `${path}_${field.name}`, names, property),
      required.includes(field.name) && !allowsNull(property),
      null,
      taken,
    );
  });
  return { type: 'record', name, fields };
}

/** `__proto__` is a name to Avro, and none to readers written in JavaScript. */
function isAvroName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) && text !== '__proto__';
}

/** Spec: Avro names are `[A-Za-z_][A-Za-z0-9_]*`. Two that become one are told apart by a number. */
function avroName(text: string, taken: Set<string>): string {
  const cleaned = text.replaceAll(/[^A-Za-z0-9_]/g, '_') || '_';
  const base = isAvroName(cleaned) ? cleaned : `_${cleaned}`;
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
  taken.add(name);
  return name;
}
