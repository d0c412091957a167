// The Open Data Contract Standard, versions 3.0 to 3.2, as shapes.
// Spec: https://bitol-io.github.io/open-data-contract-standard/

import { isJsonObject, type JsonValue } from '../json-schema.ts';
import { logicalOptions } from './odcs-options.ts';
import { odcsServer } from './odcs-server.ts';
import type { Shape } from './shape.ts';

export const odcsVersions = ['v3.2.0', 'v3.1.0', 'v3.0.2', 'v3.0.1', 'v3.0.0'] as const;

export const text: Shape = { kind: 'text' };
const any: Shape = { kind: 'any' };
const boolean: Shape = { kind: 'boolean' };
const number: Shape = { kind: 'number' };
const integer: Shape = { kind: 'integer' };
const scalar: Shape = { kind: 'scalar' };
const stableId: Shape = { kind: 'text', pattern: /^[A-Za-z0-9_-]+$/, example: 'order_id: letters, digits, _ and -' };
const day: Shape = { kind: 'text', pattern: /^\d{4}-\d\d-\d\d$/, example: '2026-11-21' };

function list(of: Shape, itemsMin = 0): Shape {
  return { kind: 'list', of, itemsMin };
}

function object(keys: Readonly<Record<string, Shape>>, required: readonly string[] = []): Shape {
  return { kind: 'object', keys, required };
}

const tags = list(text);
export const customProperties = list(
  object({ id: stableId, property: text, value: any, description: text, vendor: text }, ['property', 'value']),
);
const authoritativeDefinitions = list(object({ id: stableId, url: text, type: text, description: text }, ['url', 'type']));
const described = { customProperties, authoritativeDefinitions };

const role = object(
  { id: stableId, role: text, description: text, access: text, firstLevelApprovers: text, secondLevelApprovers: text, customProperties },
  ['role'],
);

const context: Shape = {
  kind: 'either',
  of: [
    text,
    object({
      instructions: text,
      verifiedStatements: list(object({ id: text, question: text, answer: text, tags, ...described }, ['question'])),
      constraints: list(object({ id: text, constraint: text, tags, ...described }, ['constraint'])),
    }),
  ],
};

// `table.column`, or a path of names and ids, perhaps into another contract's file.
const reference: Shape = {
  kind: 'text',
  pattern: /^([A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)+|((https?:\/\/)?[\w./-]+\.ya?ml#)?\/?[A-Za-z_]\w*\/[\w-]+(\/[A-Za-z_]\w*\/[\w-]+)*)$/,
  example: 'orders.id',
};

function relationship(required: readonly string[]): Shape {
  const keys = { id: text, type: { kind: 'text', values: ['foreignKey'] } satisfies Shape, customProperties };
  const single = { ...keys, to: reference };
  const several = list(reference, 1);
  if (!required.includes('from')) return object({ ...keys, to: { kind: 'either', of: [reference, several] } }, required);
  return {
    kind: 'chosen',
    choose: (value) => {
      // As many columns on one side as on the other: both lists, or neither.
      const isList = isJsonObject(value) && Array.isArray(value['from']);
      return object(isList ? { ...keys, from: several, to: several } : { ...single, from: reference }, required);
    },
  };
}

const bounds = {
  mustBe: any,
  mustNotBe: any,
  mustBeGreaterThan: number,
  mustBeGreaterOrEqualTo: number,
  mustBeLessThan: number,
  mustBeLessOrEqualTo: number,
  mustBeBetween: list(number, 2),
  mustNotBeBetween: list(number, 2),
} as const;

/** Operators of a quality rule: exactly one where a measure is compared. */
export const qualityOperators: readonly string[] = Object.keys(bounds);

const metrics = ['nullValues', 'missingValues', 'invalidValues', 'duplicateValues', 'rowCount'];
const dimensions = ['accuracy', 'completeness', 'conformity', 'consistency', 'coverage', 'timeliness', 'uniqueness'];

const qualityKeys = {
  ...described,
  id: stableId,
  businessImpact: text,
  description: text,
  dimension: { kind: 'text', values: dimensions } satisfies Shape,
  method: text,
  name: text,
  schedule: text,
  scheduler: text,
  severity: text,
  tags,
  type: { kind: 'text', values: ['text', 'library', 'sql', 'custom'] } satisfies Shape,
  unit: text,
} as const;

const library = {
  ...bounds,
  metric: { kind: 'text', values: metrics } satisfies Shape,
  rule: text,
  arguments: { kind: 'object', keys: {}, required: [], isOpen: true } satisfies Shape,
};
const implementation: Shape = { kind: 'either', of: [text, { kind: 'object', keys: {}, required: [], isOpen: true }] };

const quality: Shape = {
  kind: 'chosen',
  choose: (value) => {
    const type = isJsonObject(value) ? value['type'] : undefined;
    const hasMetric = isJsonObject(value) && value['metric'] !== undefined;
    // Versions before 3.1 call the metric a rule.
    const needed = isJsonObject(value) && value['rule'] !== undefined ? ['rule'] : ['metric'];
    if (type === 'library' || hasMetric) return object({ ...qualityKeys, ...library }, needed);
    if (type === 'sql') return object({ ...qualityKeys, ...bounds, query: text }, ['query']);
    if (type === 'custom') return object({ ...qualityKeys, ...bounds, engine: text, implementation }, ['engine', 'implementation']);
    if (type === 'text') return object(qualityKeys);
    const isBare = isJsonObject(value) && Object.keys(value).every((key) => Object.hasOwn(qualityKeys, key));
    return object({ ...qualityKeys, ...library, query: text, engine: text, implementation }, isBare ? [] : ['type']);
  },
};

const synonym = object({ id: stableId, synonym: text, description: text, locale: text, source: text, status: text, customProperties }, [
  'synonym',
]);

const element = {
  ...described,
  id: stableId,
  name: text,
  physicalType: text,
  description: text,
  businessName: text,
  deprecated: boolean,
  synonyms: list(synonym),
  tags,
} as const;

const enumValue = object({ ...described, id: stableId, value: scalar, label: text, description: text, tags }, ['value']);

export const logicalTypes = [
  'string',
  'date',
  'timestamp',
  'time',
  'number',
  'integer',
  'object',
  'array',
  'boolean',
  'map',
  'vector',
] as const;

function property(required: readonly string[]): Shape {
  return {
    kind: 'chosen',
    choose: (value) => {
      const type = isJsonObject(value) ? value['logicalType'] : undefined;
      return object({ ...propertyKeys(), ...insideOf(type), logicalTypeOptions: logicalOptions(type) }, [...required, ...requiredBy(type)]);
    },
  };
}

function propertyKeys(): Readonly<Record<string, Shape>> {
  return {
    ...element,
    primaryKey: boolean,
    primaryKeyPosition: integer,
    logicalType: { kind: 'text', values: logicalTypes },
    physicalName: text,
    required: boolean,
    unique: boolean,
    semanticType: { kind: 'text', values: ['column', 'measure', 'dimension'] },
    partitioned: boolean,
    partitionKeyPosition: integer,
    classification: text,
    encryptedName: text,
    transformSourceObjects: list(text),
    transformLogic: text,
    transformDescription: text,
    examples: list(any),
    enum: list(enumValue, 1),
    criticalDataElement: boolean,
    relationships: list(relationship(['to'])),
    quality: list(quality),
  };
}

function insideOf(type: JsonValue | undefined): Readonly<Record<string, Shape>> {
  if (type === 'object') return { properties: list(property(['name'])) };
  if (type === 'array') return { items: property([]) };
  if (type === 'map') return { map: object({ key: property([]), value: property([]) }, ['key', 'value']) };
  // Without a logical type, what is inside tells.
  if (type === undefined) return { properties: list(property(['name'])), items: property([]) };
  return {};
}

function requiredBy(type: JsonValue | undefined): readonly string[] {
  return type === 'map' ? ['map'] : type === 'vector' ? ['logicalTypeOptions'] : [];
}

const table = object(
  {
    ...element,
    logicalType: { kind: 'text', values: ['object'] },
    physicalName: text,
    dataGranularityDescription: text,
    properties: list(property(['name'])),
    relationships: list(relationship(['from', 'to'])),
    quality: list(quality),
    context,
  },
  ['name'],
);

const teamMember = object(
  {
    ...described,
    id: stableId,
    username: text,
    name: text,
    description: text,
    role: text,
    dateIn: day,
    dateOut: day,
    replacedByUsername: text,
    tags,
  },
  ['username'],
);

const team: Shape = {
  kind: 'either',
  of: [list(teamMember), object({ ...described, id: stableId, name: text, description: text, members: list(teamMember), tags })],
};

const serviceLevel = object(
  {
    ...described,
    id: stableId,
    property: text,
    value: scalar,
    valueExt: scalar,
    unit: text,
    element: text,
    driver: text,
    description: text,
    scheduler: text,
    schedule: text,
  },
  ['property', 'value'],
);

export const odcsShape: Shape = object(
  {
    ...described,
    version: text,
    kind: { kind: 'text', values: ['DataContract'] },
    apiVersion: { kind: 'text', values: odcsVersions },
    id: text,
    name: text,
    tenant: text,
    tags,
    status: text,
    servers: list(odcsServer(role, customProperties)),
    dataProduct: text,
    description: { kind: 'object', keys: { ...described, usage: text, purpose: text, limitations: text }, required: [], isOpen: true },
    domain: text,
    context,
    schema: list(table),
    support: list(
      object(
        { id: stableId, channel: text, url: text, description: text, tool: text, scope: text, invitationUrl: text, customProperties },
        ['channel'],
      ),
    ),
    price: object({ id: stableId, priceAmount: number, priceCurrency: text, priceUnit: text }),
    team,
    roles: list(role),
    slaDefaultElement: text,
    slaProperties: list(serviceLevel),
    contractCreatedTs: {
      kind: 'text',
      pattern: /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/,
      example: '2026-11-21T12:00:00Z',
    },
  },
  ['version', 'apiVersion', 'kind', 'id'],
);
