// Whether a schema, a partition spec or a sort order makes sense before it enters table metadata. Each check returns
// null, or what is wrong in words for the one who sent it.
// Spec: https://iceberg.apache.org/spec/#schemas-and-data-types, #partitioning, #sorting

import type { PartitionSpec, SortOrder } from './metadata.ts';
import { isList, isMap, isStruct, type IcebergType, type Schema, type StructField } from './schema.ts';

const fieldIdMax = 2_147_483_447;

export function schemaProblem(schema: Schema): string | null {
  const fields = indexFields(schema);
  if (typeof fields === 'string') return fields;
  for (const id of schema['identifier-field-ids'] ?? []) {
    const field = fields.get(id);
    if (!field) return `identifier field ${id} is not in the schema`;
    if (!field.required || typeof field.type !== 'string') return `identifier field ${field.name} must be a required primitive`;
    if (field.type === 'float' || field.type === 'double') return `identifier field ${field.name} must not be a ${field.type}`;
  }
  return null;
}

/** Types that came with format v3, by the name before their parameters. */
const typesOfFormat3 = /^(variant|unknown|timestamp_ns|timestamptz_ns|geometry|geography)\b/;

/** What readers of an older format version could not read. */
export function formatProblem(schema: Schema, formatVersion: number): string | null {
  const fields = indexFields(schema);
  if (typeof fields === 'string' || formatVersion >= 3) return null;
  for (const field of fields.values()) {
    if (typeof field.type === 'string' && typesOfFormat3.test(field.type))
      return `field ${field.name} has the type ${field.type}, which format version ${formatVersion} does not know: it needs 3`;
    if ('initial-default' in field && field['initial-default'] !== null)
      return `field ${field.name} has an initial default, which format version ${formatVersion} does not know: it needs 3`;
  }
  return null;
}

/** Fields by id, nested ones included (list elements and map entries under their own ids); or what is wrong. */
export function indexFields(schema: Schema): ReadonlyMap<number, StructField> | string {
  const byId = new Map<number, StructField>();
  const add = (field: StructField, path: string): string | null => {
    if (!Number.isInteger(field.id) || field.id < 0 || field.id > fieldIdMax) return `field ${path} has the invalid id ${field.id}`;
    const other = byId.get(field.id);
    if (other) return `fields ${other.name} and ${path} have the same id ${field.id}`;
    byId.set(field.id, field);
    return addNested(field.type, path);
  };
  const addNested = (type: IcebergType, path: string): string | null => {
    if (isStruct(type)) return addStruct(type.fields, `${path}.`);
    if (isList(type))
      return add({ id: type['element-id'], name: 'element', required: type['element-required'], type: type.element }, `${path}.element`);
    if (isMap(type)) {
      return (
        add({ id: type['key-id'], name: 'key', required: true, type: type.key }, `${path}.key`) ??
        add({ id: type['value-id'], name: 'value', required: type['value-required'], type: type.value }, `${path}.value`)
      );
    }
    return primitiveProblem(type, path);
  };
  const addStruct = (fields: readonly StructField[], prefix: string): string | null => {
    const names = new Set<string>();
    for (const field of fields) {
      if (field.name === '') return `a field of ${prefix === '' ? 'the schema' : prefix.slice(0, -1)} has no name`;
      if (names.has(field.name)) return `two fields are called ${prefix}${field.name}`;
      names.add(field.name);
      const problem = add(field, `${prefix}${field.name}`);
      if (problem !== null) return problem;
    }
    return null;
  };
  return addStruct(schema.fields, '') ?? byId;
}

/** Names of types we know must be well formed; others are another format version's and carried. */
function primitiveProblem(type: string, path: string): string | null {
  const decimal = /^decimal\((\d+), ?(\d+)\)$/.exec(type);
  if (decimal) {
    const precision = Number(decimal[1]);
    return precision >= 1 && precision <= 38 && Number(decimal[2]) <= precision ? null : `field ${path} has the invalid type ${type}`;
  }
  return /^[a-z][a-z_0-9]*([([<].*)?$/.test(type) ? null : `field ${path} has the invalid type ${JSON.stringify(type)}`;
}

const transform = /^(identity|void|year|month|day|hour|bucket\[[1-9]\d{0,9}\]|truncate\[[1-9]\d{0,9}\])$/;

export function specProblem(spec: PartitionSpec, schema: Schema): string | null {
  const fields = indexFields(schema);
  if (typeof fields === 'string') return fields;
  const names = new Set<string>();
  const ids = new Set<number>();
  for (const field of spec.fields) {
    if (names.has(field.name)) return `two partition fields are called ${field.name}`;
    names.add(field.name);
    if (ids.has(field['field-id'])) return `two partition fields have the id ${field['field-id']}`;
    ids.add(field['field-id']);
    if (!transform.test(field.transform)) return `partition field ${field.name} has the unknown transform ${field.transform}`;
    const source = fields.get(field['source-id']);
    if (field.transform === 'void') continue;
    if (!source) return `partition field ${field.name} has the source id ${field['source-id']}, which is not in the schema`;
    const column = schema.fields.find((candidate) => candidate.name === field.name);
    if (column && (field.transform !== 'identity' || column.id !== field['source-id']))
      return `partition field ${field.name} has the name of a column it is not the identity of`;
    if (!isTransformable(field.transform, source.type))
      return `partition field ${field.name}: ${field.transform} does not apply to ${typeof source.type === 'string' ? source.type : source.type.type}`;
  }
  return null;
}

function isTransformable(name: string, type: IcebergType): boolean {
  if (typeof type !== 'string') return false;
  const isTimestamp = type.startsWith('timestamp');
  if (name === 'hour') return isTimestamp;
  if (name === 'day' || name === 'month' || name === 'year') return isTimestamp || type === 'date';
  if (name.startsWith('bucket')) return !['float', 'double', 'boolean'].includes(type);
  if (name.startsWith('truncate')) return ['int', 'long', 'string', 'binary'].includes(type) || type.startsWith('decimal');
  return true;
}

export function sortOrderProblem(order: SortOrder, schema: Schema): string | null {
  const fields = indexFields(schema);
  if (typeof fields === 'string') return fields;
  for (const field of order.fields) {
    if (typeof field !== 'object' || field === null || !('source-id' in field)) continue;
    const id = field['source-id'];
    if (typeof id !== 'number' || !fields.has(id)) return `a sort field has the source id ${String(id)}, which is not in the schema`;
  }
  return null;
}
