// A Contract as a document.
//
//   odcsDocument(contract)         the Open Data Contract Standard as data; writeOdcs(contract) as YAML
//   jsonSchemaDocument(contract)   JSON Schema with `x-contract` as data; writeJsonSchema(contract) as JSON
//
// Reading gives the same contract back: what a format cannot say is carried (customProperties there, `x-…` here).

import type { Contract, ContractTable } from '../contract.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { bodyOfTable, defaultCompatibility, databaseOfTable, jsonSchemaDialect, sameServiceLevels } from './odcs-contract.ts';
import { listAt } from './property-schema.ts';
import { propertiesOf, withPatch } from './schema-property.ts';
import { yamlText } from './source-text.ts';

export function writeOdcs(contract: Contract): string {
  return yamlText(odcsDocument(contract));
}

export function writeJsonSchema(contract: Contract): string {
  return `${JSON.stringify(jsonSchemaDocument(contract), null, 2)}\n`;
}

export function odcsDocument(contract: Contract): JsonObject {
  const { rest } = contract;
  const { customProperties, description, team, slaProperties, ...others } = rest;
  const custom = [...contractCustom(contract), ...(Array.isArray(customProperties) ? customProperties : [])];
  return {
    apiVersion: rest['apiVersion'] ?? 'v3.2.0',
    kind: 'DataContract',
    id: rest['id'] ?? contract.id,
    version: contract.version,
    status: rest['status'] ?? contract.state,
    ...said('name', contract.name),
    ...said('domain', contract.domain),
    ...merged('description', 'purpose', contract.description, description),
    ...(Array.isArray(team) ? { team } : merged('team', 'name', contract.owner, team)),
    ...(contract.tags.length === 0 ? {} : { tags: contract.tags }),
    ...without(others, ['apiVersion', 'id', 'status']),
    schema: contract.tables.map(tableDocument),
    ...serviceLevels(contract, slaProperties),
    ...(custom.length === 0 ? {} : { customProperties: custom }),
  };
}

function contractCustom(contract: Contract): readonly JsonValue[] {
  const { compatibility, policy } = contract;
  return [
    ...(compatibility === defaultCompatibility ? [] : [{ property: 'compatibility', value: compatibility }]),
    ...(policy === 'flag' ? [] : [{ property: 'policy', value: policy }]),
  ];
}

function serviceLevels(contract: Contract, carried: JsonValue | undefined): JsonObject {
  if (carried !== undefined && sameServiceLevels(carried, contract.serviceLevels)) return { slaProperties: carried };
  if (contract.serviceLevels.length === 0) return {};
  const levels = contract.serviceLevels.map(({ property, value, unit, element }): JsonObject => {
    return { property, value, ...said('unit', unit), ...said('element', element) };
  });
  return { slaProperties: levels };
}

function tableDocument(table: ContractTable): JsonObject {
  const body: JsonObject = isJsonObject(table.body) ? table.body : {};
  const kept = isJsonObject(body['x-odcs']) ? body['x-odcs'] : {};
  const { customProperties, ...others } = kept;
  const database = body['x-database'];
  const isKnown = database === 'postgres' || database === 'cassandra';
  const custom = [
    ...(isKnown ? [{ property: 'database', value: database }] : []),
    ...(Array.isArray(customProperties) ? customProperties : []),
  ];
  const head: JsonObject = {
    name: table.name,
    ...said('physicalName', table.physicalName),
    ...(typeof body['title'] === 'string' ? { businessName: body['title'] } : {}),
    ...said('description', table.description),
    ...(table.tags.length === 0 ? {} : { tags: table.tags }),
  };
  const tail: JsonObject = {
    ...(table.quality.length === 0 ? {} : { quality: table.quality }),
    ...(custom.length === 0 ? {} : { customProperties: custom }),
  };
  // Which database the physical types are of decides how they read back: written once to find out, once with it.
  const write = (of: 'postgres' | 'cassandra'): JsonObject => ({
    ...head,
    ...others,
    ...head,
    ...(body['properties'] === undefined ? {} : { properties: propertiesOf(body, of) }),
    ...tail,
  });
  const first = write(isKnown ? database : 'postgres');
  const full = write(isKnown ? database : databaseOfTable(first));
  return withPatch(full, body, bodyOfTable(full));
}

/** `{...carried, [key]: text}` under `name`, when there is any. */
function merged(name: string, key: string, text: string | null, carried: JsonValue | undefined): JsonObject {
  const others = isJsonObject(carried) ? carried : {};
  if (text === null && Object.keys(others).length === 0) return {};
  return { [name]: { ...said(key, text), ...others } };
}

export function jsonSchemaDocument(contract: Contract): JsonObject {
  const { tables } = contract;
  const head = metadataOf(contract);
  const [only] = tables;
  if (only !== undefined && tables.length === 1 && isJsonObject(only.body) && only.body['$schema'] === undefined) {
    return { $schema: jsonSchemaDialect, 'x-contract': { ...head, table: tableHead(only) }, ...only.body };
  }
  return {
    $schema: jsonSchemaDialect,
    'x-contract': { ...head, tables: tables.map((table) => ({ ...tableHead(table), body: table.body })) },
  };
}

function metadataOf(contract: Contract): JsonObject {
  const { id, version, state, compatibility, policy, name, description, domain, owner, tags, rest } = contract;
  const levels: readonly JsonObject[] = contract.serviceLevels.map((level) => ({
    property: level.property,
    value: level.value,
    ...said('unit', level.unit),
    ...said('element', level.element),
  }));
  return {
    id,
    version,
    state,
    compatibility,
    policy,
    ...said('name', name),
    ...said('description', description),
    ...said('domain', domain),
    ...said('owner', owner),
    ...(tags.length === 0 ? {} : { tags }),
    ...(levels.length === 0 ? {} : { serviceLevels: levels }),
    ...(Object.keys(rest).length === 0 ? {} : { rest }),
  };
}

function tableHead(table: ContractTable): JsonObject {
  return {
    name: table.name,
    ...said('physicalName', table.physicalName),
    ...said('description', table.description),
    ...(table.tags.length === 0 ? {} : { tags: table.tags }),
    ...(table.quality.length === 0 ? {} : { quality: table.quality }),
  };
}

function said(key: string, text: string | null): JsonObject {
  return text === null ? {} : { [key]: text };
}

function without(value: Readonly<Record<string, JsonValue>>, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

/** What of a table the standard has no key for: the names of its customProperties that carry JSON Schema. */
export function notSayableInOdcs(contract: Contract): readonly string[] {
  const found: string[] = [];
  const visit = (value: JsonValue, path: string): void => {
    if (Array.isArray(value)) return value.forEach((item: JsonValue) => visit(item, path));
    if (!isJsonObject(value)) return;
    const here = typeof value['name'] === 'string' ? `${path}${path === '' ? '' : '.'}${value['name']}` : path;
    for (const entry of listAt(value, 'customProperties')) {
      const name = isJsonObject(entry) ? entry['property'] : undefined;
      if (typeof name === 'string' && name.startsWith('jsonSchema')) found.push(`${here}: ${name}`);
    }
    for (const key of ['properties', 'items', 'map', 'key', 'value']) if (value[key] !== undefined) visit(value[key], here);
  };
  visit(odcsDocument(contract)['schema'] ?? [], '');
  return found;
}
