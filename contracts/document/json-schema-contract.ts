// A JSON Schema with metadata as a Contract: `x-contract` says what the contract is, the schema around it is the one
// table's body; several tables stand in `x-contract.tables`, each with its own.

import { columnsOf, policyOf } from '../columns.ts';
import type { Contract, ContractTable, ServiceLevel } from '../contract.ts';
import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema } from '../json-schema.ts';
import { compatibilityModes, contractIdOf, defaultCompatibility, jsonSchemaDialect, stateOf } from './odcs-contract.ts';
import { listAt, textAt } from './property-schema.ts';
import type { Shape } from './shape.ts';

const text: Shape = { kind: 'text' };
const any: Shape = { kind: 'any' };
const open: Shape = { kind: 'object', keys: {}, required: [], isOpen: true };
const tableKeys: Readonly<Record<string, Shape>> = {
  name: text,
  physicalName: text,
  description: text,
  tags: { kind: 'list', of: text },
  quality: { kind: 'list', of: open },
};
const level: Shape = {
  kind: 'object',
  keys: { property: text, value: any, unit: text, element: text },
  required: ['property', 'value'],
};
const body: Shape = { kind: 'either', of: [open, { kind: 'boolean' }] };

const metadataShape: Shape = {
  kind: 'object',
  keys: {
    id: text,
    version: text,
    state: { kind: 'text', values: ['draft', 'active', 'deprecated', 'retired'] },
    compatibility: { kind: 'text', values: compatibilityModes },
    policy: { kind: 'text', values: ['flag', 'quarantine', 'halt'] },
    name: text,
    description: text,
    domain: text,
    owner: text,
    tags: { kind: 'list', of: text },
    serviceLevels: { kind: 'list', of: level },
    rest: open,
    table: { kind: 'object', keys: tableKeys, required: ['name'] },
    tables: { kind: 'list', of: { kind: 'object', keys: { ...tableKeys, body }, required: ['name', 'body'] } },
  },
  required: ['id', 'version'],
};

export const jsonSchemaShape: Shape = {
  kind: 'object',
  keys: { 'x-contract': metadataShape },
  required: ['x-contract'],
  isOpen: true,
};

export function contractOfJsonSchema(document: JsonObject): Contract {
  const metadata = objectAt(document, 'x-contract');
  return {
    id: contractIdOf(textAt(metadata, 'id') ?? ''),
    version: textAt(metadata, 'version') ?? '0.0.0',
    state: stateOf(textAt(metadata, 'state') ?? '') ?? 'draft',
    name: textAt(metadata, 'name'),
    description: textAt(metadata, 'description'),
    domain: textAt(metadata, 'domain'),
    owner: textAt(metadata, 'owner'),
    tags: texts(metadata, 'tags'),
    compatibility: compatibilityModes.find((mode) => mode === metadata['compatibility']) ?? defaultCompatibility,
    policy: policyOf(metadata['policy']) ?? 'flag',
    tables: tablesOf(document, metadata),
    serviceLevels: listAt(metadata, 'serviceLevels').filter(isJsonObject).map(levelOf),
    rest: objectAt(metadata, 'rest'),
  };
}

function tablesOf(document: JsonObject, metadata: JsonObject): readonly ContractTable[] {
  const several = metadata['tables'];
  if (Array.isArray(several)) {
    return several.filter(isJsonObject).map((table: JsonObject) => tableOf(table, isJsonSchema(table['body']) ? table['body'] : true));
  }
  return [tableOf(objectAt(metadata, 'table'), bodyOfDocument(document), contractIdOf(textAt(metadata, 'id') ?? ''))];
}

/** The schema around `x-contract`; the dialect every contract has is not part of it. */
export function bodyOfDocument(document: JsonObject): JsonObject {
  const { 'x-contract': _metadata, $schema, ...schema } = document;
  return $schema === undefined || $schema === jsonSchemaDialect ? schema : { $schema, ...schema };
}

function tableOf(table: JsonObject, schema: JsonSchema, otherwise = ''): ContractTable {
  return {
    name: textAt(table, 'name') ?? otherwise,
    physicalName: textAt(table, 'physicalName'),
    description: textAt(table, 'description'),
    body: schema,
    columns: columnsOf(schema),
    tags: texts(table, 'tags'),
    quality: listAt(table, 'quality'),
  };
}

function levelOf(entry: JsonObject): ServiceLevel {
  const value = entry['value'] ?? null;
  return { property: textAt(entry, 'property') ?? '', value, unit: textAt(entry, 'unit'), element: textAt(entry, 'element') };
}

/** A JSON Schema without metadata: a draft with one table, named after its file. */
export function contractOfPlainSchema(schema: JsonSchema, file: string): Contract {
  const base = file.split(/[/\\]/).at(-1) ?? '';
  const name = contractIdOf(base.replace(/(\.schema)?\.(json|ya?ml)$/i, ''));
  return contractOfJsonSchema({
    'x-contract': { id: name, version: '0.0.0', table: { name } },
    ...(isJsonObject(schema) ? schema : schema ? {} : { not: {} }),
  });
}

function objectAt(value: JsonObject, key: string): JsonObject {
  const inner = value[key];
  return isJsonObject(inner) ? inner : {};
}

function texts(value: JsonObject, key: string): readonly string[] {
  return listAt(value, key).filter((item): item is string => typeof item === 'string');
}
