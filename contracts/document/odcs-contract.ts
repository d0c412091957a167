// A document of the Open Data Contract Standard as a Contract. The shape has been checked before (odcs-shape.ts); what
// the contract has no place for goes into `rest` by its top-level key, and below the tables under `x-odcs`, so that writing
// gives it back.

import { columnsOf, policyOf } from '../columns.ts';
import { jsonEqual } from '../compatibility/json-equal.ts';
import {
  contractIdPattern,
  type CompatibilityMode,
  type Contract,
  type ContractState,
  type ContractTable,
  type ServiceLevel,
} from '../contract.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { databaseOf } from '../physical-type.ts';
import type { Database } from '../type-table.ts';
import { customValue, isPlainAnnotation, listAt, patchOf, schemasOfProperties, textAt } from './property-schema.ts';

export const compatibilityModes: readonly CompatibilityMode[] = [
  'none',
  'backward',
  'backward-transitive',
  'forward',
  'forward-transitive',
  'full',
  'full-transitive',
];

/** What other tools write for a state. */
const stateNames: Readonly<Record<string, ContractState>> = {
  draft: 'draft',
  proposed: 'draft',
  development: 'draft',
  'in development': 'draft',
  test: 'draft',
  active: 'active',
  production: 'active',
  deprecated: 'deprecated',
  retired: 'retired',
};

/** Null for a status that no state stands for. */
export function stateOf(status: string): ContractState | null {
  const name = status.trim().toLowerCase();
  return Object.hasOwn(stateNames, name) ? (stateNames[name] ?? null) : null;
}

/** A contract id made of any text: `urn:orders` is `urn-orders`. */
export function contractIdOf(text: string): string {
  const slug = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 128);
  return contractIdPattern.test(slug) ? slug : 'contract';
}

export const jsonSchemaDialect = 'https://json-schema.org/draft/2020-12/schema';

export const defaultCompatibility: CompatibilityMode = 'backward';

export function contractOfOdcs(document: JsonObject): Contract {
  const custom = listAt(document, 'customProperties');
  const status = textAt(document, 'status');
  const description = document['description'];
  const purpose = isJsonObject(description) ? textAt(description, 'purpose') : null;
  const team = document['team'];
  const id = textAt(document, 'id') ?? '';
  return {
    id: contractIdOf(id),
    version: textAt(document, 'version') ?? '0.0.0',
    state: (status === null ? null : stateOf(status)) ?? 'draft',
    name: textAt(document, 'name'),
    description: purpose,
    domain: textAt(document, 'domain'),
    owner: isJsonObject(team) ? textAt(team, 'name') : null,
    tags: texts(document['tags']),
    compatibility: compatibilityModes.find((mode) => mode === customValue(custom, 'compatibility')) ?? defaultCompatibility,
    policy: policyOf(customValue(custom, 'policy')) ?? 'flag',
    tables: listAt(document, 'schema').filter(isJsonObject).map(tableOf),
    serviceLevels: listAt(document, 'slaProperties').filter(isJsonObject).map(serviceLevelOf),
    rest: restOf(document),
  };
}

export const contractProperties = ['compatibility', 'policy'] as const;
const keysWithMeaning: ReadonlySet<string> = new Set(['kind', 'version', 'name', 'domain', 'tags', 'schema']);

function restOf(document: JsonObject): Readonly<Record<string, JsonValue>> {
  const rest = new Map(Object.entries(document).filter(([key]) => !keysWithMeaning.has(key)));
  const replace = (key: string, value: JsonValue | undefined): void => {
    if (value === undefined) rest.delete(key);
    else rest.set(key, value);
  };
  const id = textAt(document, 'id') ?? '';
  replace('id', contractIdOf(id) === id ? undefined : id);
  const status = textAt(document, 'status');
  replace('status', status === null || stateOf(status) === status ? undefined : status);
  replace('apiVersion', document['apiVersion'] === 'v3.2.0' ? undefined : document['apiVersion']);
  replace('description', without(document['description'], 'purpose'));
  replace('team', Array.isArray(document['team']) ? document['team'] : without(document['team'], 'name'));
  const custom = listAt(document, 'customProperties').filter((entry) => !isReadable(entry));
  replace('customProperties', custom.length === 0 ? undefined : custom);
  const levels = listAt(document, 'slaProperties');
  const isPlain = levels.every((level) => isJsonObject(level) && Object.keys(level).every((key) => serviceLevelKeys.has(key)));
  replace('slaProperties', isPlain ? undefined : levels);
  return Object.fromEntries(rest);
}

/** Whether the contract's own field says all of it. */
function isReadable(entry: JsonValue): boolean {
  if (!isPlainAnnotation(entry, contractProperties) || !isJsonObject(entry)) return false;
  const { property, value } = entry;
  return property === 'policy' ? policyOf(value) !== null : compatibilityModes.some((mode) => mode === value);
}

function without(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (!isJsonObject(value)) return undefined;
  const { [key]: _gone, ...others } = value;
  return Object.keys(others).length === 0 ? undefined : others;
}

const serviceLevelKeys: ReadonlySet<string> = new Set(['property', 'value', 'unit', 'element']);

function serviceLevelOf(level: JsonObject): ServiceLevel {
  return {
    property: textAt(level, 'property') ?? '',
    value: level['value'] ?? null,
    unit: textAt(level, 'unit'),
    element: textAt(level, 'element'),
  };
}

const tableKeysWithMeaning: ReadonlySet<string> = new Set([
  'name',
  'physicalName',
  'description',
  'tags',
  'quality',
  'properties',
  'businessName',
  'customProperties',
]);

function tableOf(table: JsonObject): ContractTable {
  const body = bodyOfTable(table);
  return {
    name: textAt(table, 'name') ?? '',
    physicalName: textAt(table, 'physicalName'),
    description: textAt(table, 'description'),
    body,
    columns: columnsOf(body),
    tags: texts(table['tags']),
    quality: listAt(table, 'quality'),
  };
}

/** The table's own schema: its properties, what customProperties say beside, and what else the document says of it. */
export function bodyOfTable(table: JsonObject): JsonObject {
  const patch = patchOf(table);
  const database = databaseOfTable(table);
  const others = patch.others.filter((entry) => !isPlainAnnotation(entry, ['database']));
  const left = Object.entries(table).filter(([key]) => !tableKeysWithMeaning.has(key));
  const kept: JsonObject = { ...Object.fromEntries(left), ...(others.length === 0 ? {} : { customProperties: others }) };
  const derived: JsonObject = {
    type: 'object',
    ...(table['properties'] === undefined ? {} : schemasOfProperties(listAt(table, 'properties'), database)),
    ...(typeof table['businessName'] === 'string' ? { title: table['businessName'] } : {}),
    ...(saidDatabase(table) === null ? {} : { 'x-database': database }),
    ...(Object.keys(kept).length === 0 ? {} : { 'x-odcs': kept }),
  };
  const stays = Object.entries(derived).filter(([keyword]) => !patch.absent.includes(keyword));
  return { ...Object.fromEntries(stays), ...patch.keywords };
}

export function databaseOfTable(table: JsonObject): Database {
  return saidDatabase(table) ?? databaseOf(physicalTypesIn(listAt(table, 'properties'), 0));
}

function saidDatabase(table: JsonObject): Database | null {
  const said = customValue(listAt(table, 'customProperties'), 'database');
  return said === 'postgres' || said === 'cassandra' ? said : null;
}

const insideMax = 16;

function physicalTypesIn(properties: readonly JsonValue[], depth: number): readonly string[] {
  if (depth > insideMax) return [];
  return properties.filter(isJsonObject).flatMap((property) => {
    const map = property['map'];
    const inside = [property['items'] ?? null, ...listAt(property, 'properties'), ...(isJsonObject(map) ? Object.values(map) : [])];
    const own = textAt(property, 'physicalType');
    return [...(own === null ? [] : [own]), ...physicalTypesIn(inside, depth + 1)];
  });
}

function texts(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** Whether carried service levels still say what the contract says. */
export function sameServiceLevels(carried: JsonValue | undefined, levels: readonly ServiceLevel[]): boolean {
  if (!Array.isArray(carried)) return false;
  const read: JsonValue = carried.filter(isJsonObject).map((level) => ({ ...serviceLevelOf(level) }));
  return jsonEqual(
    read,
    levels.map((level) => ({ ...level })),
  );
}
