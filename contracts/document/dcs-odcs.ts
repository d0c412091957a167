// A document of the Data Contract Specification (0.9 to 1.2, no longer developed) as one of the Open Data Contract
// Standard. References to `definitions` are written out; what the standard has no key for goes to customProperties under
// `dcs.<name>`, so nothing is lost without a trace.
// Spec: https://datacontract.com

import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { stateOf } from './odcs-contract.ts';
import { listAt, textAt } from './property-schema.ts';
import { dcsServers, dcsServiceLevels } from './dcs-parts.ts';
import { customised, objectAt, omit, pick } from './dcs-keys.ts';

export function odcsOfDcs(document: JsonObject): JsonObject {
  const info = objectAt(document, 'info');
  const definitions = objectAt(document, 'definitions');
  const models = Object.entries(objectAt(document, 'models'));
  const owner = textAt(info, 'owner');
  const status = textAt(info, 'status') ?? 'draft';
  const terms = objectAt(document, 'terms');
  const servers = dcsServers(objectAt(document, 'servers'));
  const levels = dcsServiceLevels(objectAt(document, 'servicelevels'));
  const tags = listAt(document, 'tags');
  const known = ['dataContractSpecification', 'id', 'info', 'servers', 'terms', 'models', 'definitions', 'servicelevels', 'tags'];
  const description = {
    ...pick(info, { description: 'purpose' }),
    ...pick(terms, { usage: 'usage', limitations: 'limitations' }),
  };
  const odcs: JsonObject = {
    apiVersion: 'v3.2.0',
    kind: 'DataContract',
    id: textAt(document, 'id') ?? '',
    version: textAt(info, 'version') ?? '0.0.0',
    status: stateOf(status) ?? 'draft',
    ...pick(info, { title: 'name' }),
    ...(Object.keys(description).length === 0 ? {} : { description }),
    ...(owner === null ? {} : { team: { name: owner } }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(servers.length === 0 ? {} : { servers }),
    schema: models.map(([name, model]) => tableOf(name, isJsonObject(model) ? model : {}, definitions)),
    ...(levels.length === 0 ? {} : { slaProperties: levels }),
  };
  return customised(odcs, {
    ...omit(document, known),
    ...prefixed('info', omit(info, ['title', 'version', 'description', 'owner', ...(stateOf(status) === status ? ['status'] : [])])),
    ...prefixed('terms', omit(terms, ['usage', 'limitations'])),
  });
}

function prefixed(prefix: string, values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, value]));
}

function tableOf(name: string, model: JsonObject, definitions: JsonObject): JsonObject {
  const fields = Object.entries(objectAt(model, 'fields'));
  const keys = listAt(model, 'primaryKey').filter((key): key is string => typeof key === 'string');
  const properties = fields.map(([field, inner]) => {
    const property = propertyOf(field, isJsonObject(inner) ? inner : {}, definitions, 0);
    const position = keys.indexOf(field);
    return position < 0 ? property : { ...property, primaryKey: true, primaryKeyPosition: position + 1 };
  });
  const quality = qualityOf(model);
  const odcs: JsonObject = {
    name,
    physicalName: name,
    ...pick(model, { type: 'physicalType', title: 'businessName', description: 'description', tags: 'tags' }),
    properties,
    ...(quality.length === 0 ? {} : { quality }),
  };
  const known = ['type', 'title', 'description', 'tags', 'fields', 'quality', 'primaryKey'];
  return customised(odcs, omit(model, known));
}

const insideMax = 32;

function propertyOf(name: string | null, given: JsonObject, definitions: JsonObject, depth: number): JsonObject {
  const field = resolved(given, definitions);
  const type = textAt(field, 'type') ?? (field['fields'] === undefined ? 'string' : 'object');
  const { logicalType, options } = logicalTypeOf(type, field);
  const isKey = field['primaryKey'] === true || field['primary'] === true;
  const quality = qualityOf(field);
  const examples = field['examples'] ?? (field['example'] === undefined ? undefined : [field['example']]);
  const values = listAt(field, 'enum');
  const odcs: JsonObject = {
    ...(name === null ? {} : { name }),
    logicalType,
    physicalType: physicalTypeOf(type, field),
    ...pick(field, { title: 'businessName', description: 'description', classification: 'classification', tags: 'tags' }),
    ...(field['required'] === true ? { required: true } : {}),
    ...(field['unique'] === true ? { unique: true } : {}),
    ...(isKey ? { primaryKey: true } : {}),
    ...(examples === undefined ? {} : { examples }),
    ...(values.length === 0 ? {} : { enum: values.map((value) => ({ value })) }),
    ...(Object.keys(options).length === 0 ? {} : { logicalTypeOptions: options }),
    ...(quality.length === 0 ? {} : { quality }),
    ...inside(logicalType, field, definitions, depth),
  };
  return customised(odcs, { ...omit(field, knownFieldKeys), ...leftConstraints(options, field) });
}

const knownFieldKeys = (
  'type title description classification tags required unique primaryKey primary example examples enum quality ' +
  'fields items keys values minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum ' +
  'precision scale'
).split(' ');

/** A field's own keys win over those of the definition it refers to. */
function resolved(field: JsonObject, definitions: JsonObject): JsonObject {
  const reference = textAt(field, '$ref') ?? '';
  const name = reference.startsWith('#/definitions/') ? reference.slice('#/definitions/'.length) : null;
  if (name === null || !Object.hasOwn(definitions, name)) return field;
  return { ...omit(objectAt(definitions, name), ['domain', 'name']), ...field };
}

interface LogicalType {
  readonly logicalType: string;
  readonly options: JsonObject;
}

const numbers = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];

function logicalTypeOf(type: string, field: JsonObject): LogicalType {
  const only = (keys: readonly string[]): JsonObject => Object.fromEntries(Object.entries(field).filter(([key]) => keys.includes(key)));
  switch (type) {
    case 'number':
    case 'decimal':
    case 'numeric':
    case 'float':
    case 'double':
      return { logicalType: 'number', options: only(numbers) };
    case 'int':
    case 'integer':
    case 'long':
    case 'bigint':
      return { logicalType: 'integer', options: only(numbers) };
    case 'boolean':
    case 'date':
      return { logicalType: type, options: {} };
    case 'timestamp':
    case 'timestamp_tz':
    case 'timestamp_ntz':
      return { logicalType: 'timestamp', options: { timezone: type !== 'timestamp_ntz' } };
    case 'time':
      return { logicalType: 'time', options: { timezone: false } };
    case 'array':
      return { logicalType: 'array', options: {} };
    case 'map':
      return { logicalType: 'map', options: {} };
    case 'object':
    case 'record':
    case 'struct':
    case 'variant':
    case 'json':
    case 'null':
      return { logicalType: 'object', options: {} };
    case 'bytes':
      return { logicalType: 'string', options: { format: 'byte' } };
    default:
      return { logicalType: 'string', options: only(['minLength', 'maxLength', 'pattern', 'format']) };
  }
}

const constraints: ReadonlySet<string> = new Set(['minLength', 'maxLength', 'pattern', 'format', 'precision', 'scale', ...numbers]);

/** Constraints that the logical type has no option for. */
function leftConstraints(options: JsonObject, field: JsonObject): JsonObject {
  const isSaid = (key: string): boolean => options[key] !== undefined || (isDecimal(field) && (key === 'precision' || key === 'scale'));
  return Object.fromEntries(Object.entries(field).filter(([key]) => constraints.has(key) && !isSaid(key)));
}

/** Whether precision and scale are part of the physical type. */
function isDecimal(field: JsonObject): boolean {
  return ['number', 'decimal', 'numeric'].includes(textAt(field, 'type') ?? '') && typeof field['precision'] === 'number';
}

function physicalTypeOf(type: string, field: JsonObject): string {
  const { precision, scale } = field;
  return isDecimal(field) ? `${type}(${precision},${typeof scale === 'number' ? scale : 0})` : type;
}

function inside(logicalType: string, field: JsonObject, definitions: JsonObject, depth: number): JsonObject {
  if (depth > insideMax) return {};
  const part = (key: string): JsonObject => propertyOf(null, objectAt(field, key), definitions, depth + 1);
  if (logicalType === 'array') return field['items'] === undefined ? {} : { items: part('items') };
  if (logicalType === 'map') return { map: { key: part('keys'), value: part('values') } };
  const fields = Object.entries(objectAt(field, 'fields'));
  if (logicalType !== 'object' || fields.length === 0) return {};
  return { properties: fields.map(([name, inner]) => propertyOf(name, isJsonObject(inner) ? inner : {}, definitions, depth + 1)) };
}

const operators: Readonly<Record<string, string>> = {
  mustBeGreaterThanOrEqualTo: 'mustBeGreaterOrEqualTo',
  mustBeLessThanOrEqualTo: 'mustBeLessOrEqualTo',
};
const qualityKeys = (
  'type description name dimension severity unit tags metric query engine implementation arguments mustBe mustNotBe ' +
  'mustBeGreaterThan mustBeGreaterOrEqualTo mustBeLessThan mustBeLessOrEqualTo mustBeBetween mustNotBeBetween'
).split(' ');

function qualityOf(element: JsonObject): readonly JsonValue[] {
  return listAt(element, 'quality')
    .filter(isJsonObject)
    .map((given) => {
      const rule = Object.fromEntries(Object.entries(given).map(([key, value]) => [operators[key] ?? key, value]));
      const known = Object.fromEntries(Object.entries(rule).filter(([key]) => qualityKeys.includes(key)));
      return customised(known, omit(rule, qualityKeys));
    });
}
