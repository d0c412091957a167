// Requests and answers of the registry as JSON Schema: fastify checks requests by them, /v1/foz/openapi.json is generated
// from them, and a test holds every answer against them. A schema with a title becomes a component of that name.

import { contractIdPattern } from '../../contracts/contract.ts';
import { offsetPattern, partitionsMax, topicPattern } from '../registry/effective.ts';
import { documentNamePattern, registryLimits, tableNamePattern } from '../registry/registry-limits.ts';
import { versionPattern } from '../registry/semantic-version.ts';

export type JsonSchemaText = Readonly<Record<string, unknown>>;

export const object = (properties: JsonSchemaText, title?: string, optional: readonly string[] = []): JsonSchemaText => ({
  ...(title === undefined ? {} : { title }),
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
export const listOf = (items: JsonSchemaText): JsonSchemaText => ({ type: 'array', items });
export const orNull = (schema: JsonSchemaText): JsonSchemaText => ({ anyOf: [schema, { type: 'null' }] });
export const text: JsonSchemaText = { type: 'string' };
const count: JsonSchemaText = { type: 'integer', minimum: 0 };
export const time: JsonSchemaText = { type: 'string', format: 'date-time', maxLength: 35, description: 'ISO 8601' };

const contractId: JsonSchemaText = { type: 'string', pattern: contractIdPattern.source };
const version: JsonSchemaText = { type: 'string', pattern: versionPattern.source, maxLength: 29, description: 'major.minor.patch' };
const state: JsonSchemaText = { type: 'string', enum: ['draft', 'active', 'deprecated', 'retired'] };
export const tableName: JsonSchemaText = { type: 'string', pattern: tableNamePattern.source };

const effective: JsonSchemaText = {
  title: 'Effective',
  description: 'From where on a version judges rows: at once, from a log time, or from an offset in each log partition named.',
  oneOf: [
    object({ kind: { const: 'now' } }),
    object({ kind: { const: 'time' }, time }),
    object({
      kind: { const: 'offset' },
      topic: { type: 'string', pattern: topicPattern.source },
      offsets: {
        type: 'object',
        propertyNames: { pattern: '^(0|[1-9][0-9]{0,5})$' },
        additionalProperties: { type: 'string', pattern: offsetPattern.source },
        minProperties: 1,
        maxProperties: partitionsMax,
      },
    }),
  ],
};

const versionProperties: JsonSchemaText = {
  version,
  state,
  activatedAt: orNull(time),
  effective: orNull(effective),
  registeredAt: time,
  tables: listOf(tableName),
  format: { type: 'string', enum: ['odcs', 'json-schema', 'dcs'] },
  documentName: text,
  documentBytes: count,
  digest: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the document' },
};

const contract = object(
  {
    id: contractId,
    revision: { type: 'integer', minimum: 1 },
    latest: version,
    inForce: orNull(version),
    versions: listOf(object(versionProperties, 'ContractVersion')),
  },
  'Contract',
);

const event = object(
  {
    revision: { type: 'integer', minimum: 1 },
    at: time,
    version,
    action: { type: 'string', enum: ['registered', 'activated', 'deprecated', 'retired'] },
    from: orNull(state),
    to: state,
    effective: orNull(effective),
    note: orNull(text),
  },
  'ContractEvent',
);

const nextPageToken = orNull(text);
const note: JsonSchemaText = { type: 'string', maxLength: registryLimits.noteLength, description: 'Kept in the history' };
const acceptUnknown: JsonSchemaText = {
  type: 'boolean',
  description: 'Takes a comparison that can neither be proven nor refuted for a compatible one',
};
const expectedRevision: JsonSchemaText = {
  type: 'integer',
  minimum: 0,
  description: 'Refused (409) when the contract has another revision',
};

/** Who reads a table, as far as the lineage knows. */
export const consumersProperties: JsonSchemaText = {
  consumers: listOf(
    object(
      {
        namespace: text,
        name: text,
        type: orNull(text),
        owners: listOf(text),
        columns: { ...orNull(listOf(text)), description: 'Columns of the table that it reads; null: not known, so it may read any' },
        via: { ...listOf(text), description: 'Datasets between the table and the consumer' },
        lastSeen: { ...orNull(time), description: 'null where a contract names it' },
      },
      'Consumer',
    ),
  ),
  isTruncated: { type: 'boolean', description: 'There are more than are told' },
};

const affectedTable = object(
  {
    table: tableName,
    columns: { ...orNull(listOf(text)), description: 'What changes; null: the table as a whole' },
    ...consumersProperties,
  },
  'AffectedTable',
);

export const pageQueryProperties = {
  pageToken: { type: 'string', maxLength: 2000 },
  pageSize: { type: 'string', pattern: '^[1-9][0-9]{0,3}$' },
} as const;
export const pageQuerySchema = object(pageQueryProperties, undefined, Object.keys(pageQueryProperties));

/** A page of a list, with the token of the next. */
export const foundPage = (name: string, item: JsonSchemaText, title: string): JsonSchemaText =>
  object({ [name]: listOf(item), 'next-page-token': nextPageToken }, title);

export const contractSchemas = {
  contractParams: object({ contract: contractId }),
  versionParams: object({ contract: contractId, version: { anyOf: [version, { enum: ['latest', 'active'] }] } }),
  tableParams: object({ table: tableName }),
  pageQuery: pageQuerySchema,
  registerBody: object(
    {
      document: {
        type: 'string',
        minLength: 1,
        maxLength: registryLimits.documentBytes,
        description: 'ODCS, JSON Schema with x-contract, or DCS',
      },
      documentName: { type: 'string', pattern: documentNamePattern.source },
      activate: effective,
      note,
      acceptUnknown,
      expectedRevision,
    },
    'RegisterContract',
    ['activate', 'note', 'acceptUnknown', 'expectedRevision'],
  ),
  stateBody: object(
    { to: { type: 'string', enum: ['active', 'deprecated', 'retired'] }, effective, note, acceptUnknown, expectedRevision },
    'ChangeContractState',
    ['effective', 'note', 'acceptUnknown', 'expectedRevision'],
  ),
  registered: object(
    {
      outcome: { type: 'string', enum: ['registered', 'activated', 'unchanged'] },
      version,
      contract,
      warnings: listOf(text),
      consumers: listOf(affectedTable),
    },
    'RegisteredContract',
  ),
  contract,
  contracts: foundPage('contracts', contract, 'ContractList'),
  history: foundPage('events', event, 'ContractHistory'),
  versionDocument: object(
    {
      ...versionProperties,
      id: contractId,
      document: { ...text, description: 'As it was registered, byte for byte' },
      contract: { type: 'object', description: 'What the document says, in one form whatever it was written in' },
    },
    'ContractDocument',
  ),
  inForce: object({ contracts: listOf(object({ ...versionProperties, id: contractId }, 'ContractInForce')) }, 'ContractsInForce'),
  error: object(
    {
      error: object(
        { message: text, type: text, code: { type: 'integer', minimum: 400, maximum: 599 }, detail: { type: 'object' } },
        undefined,
        ['detail'],
      ),
    },
    'Error',
  ),
  openApi: { type: 'object', description: 'OpenAPI 3.1' },
} as const satisfies Record<string, JsonSchemaText>;
