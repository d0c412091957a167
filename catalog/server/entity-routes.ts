// Entities over HTTP: what the lake holds, whose it is, and what was declared of it.

import type { FastifyInstance } from 'fastify';
import { isRecord } from '../../lake/iceberg/read-metadata.ts';
import type { ColumnDeclaration, Declaration } from '../entities/declare-entity.ts';
import { entityLimits, entityNamePattern, tagPattern } from '../entities/entity-limits.ts';
import type { EntityService } from '../entities/entity-service.ts';
import { foundPage, listOf, object, orNull, pageQuerySchema, text, time, type JsonSchemaText } from './contract-schemas.ts';
import { describeRoute } from './describe-route.ts';
import { contextOf } from './guard.ts';
import { answerJson } from './reply.ts';
import { member, pageOf } from './request.ts';

const entityName: JsonSchemaText = { type: 'string', pattern: entityNamePattern.source };
const word: JsonSchemaText = { type: 'string', maxLength: entityLimits.wordLength };
const tag: JsonSchemaText = { type: 'string', pattern: tagPattern.source };
const tags: JsonSchemaText = { type: 'array', items: tag, maxItems: entityLimits.tags };
const tables: JsonSchemaText = { type: 'array', items: { type: 'string', minLength: 1, maxLength: 1000 }, maxItems: entityLimits.tables };
const description: JsonSchemaText = { type: 'string', maxLength: entityLimits.textLength };

export const columnFacts = object(
  {
    column: text,
    description: orNull(text),
    classification: orNull(text),
    pii: { ...orNull(text), description: 'What personal data it is; null: none is known' },
    mask: { ...orNull(text), description: 'How it is masked before it reaches the lake' },
    tags: listOf(text),
    isDeclared: { type: 'boolean', description: 'Some of it was declared of the entity; else it is the contract that says it' },
  },
  'ColumnFacts',
);

const entity = object(
  {
    name: text,
    revision: { type: 'integer', minimum: 0, description: 'Rises with each declaration; 0: nothing was declared' },
    description: orNull(text),
    owner: orNull(text),
    team: orNull(text),
    domain: orNull(text),
    tags: listOf(text),
    declared: { ...listOf(text), description: 'Which of these were declared; the others are said by the contract in force' },
    tables: listOf(object({ name: text, kind: { type: 'string', enum: ['table', 'view'] } }, 'EntityTable')),
    contract: orNull(
      object(
        {
          id: text,
          inForce: orNull(text),
          versions: listOf(object({ version: text, state: text, activatedAt: orNull(time) }, 'EntityContractVersion')),
        },
        'EntityContract',
      ),
    ),
    columns: listOf(columnFacts),
    updatedAt: orNull(time),
    updatedBy: orNull(text),
  },
  'Entity',
);

const columnDeclaration = object({ description, classification: word, pii: word, addTags: tags, removeTags: tags }, 'ColumnDeclaration', [
  'description',
  'classification',
  'pii',
  'addTags',
  'removeTags',
]);
const declarationProperties = {
  description,
  owner: word,
  team: word,
  addTags: tags,
  removeTags: tags,
  addTables: tables,
  removeTables: tables,
  columns: { type: 'object', additionalProperties: columnDeclaration, maxProperties: entityLimits.columns },
  expectedRevision: { type: 'integer', minimum: 0, description: 'Refused (409) when the entity has another revision' },
};
const declaration: JsonSchemaText = {
  ...object(declarationProperties, 'EntityDeclaration', Object.keys(declarationProperties)),
  description: 'What it does not name stays; an empty text takes a word back. Of a classification or pii, `none` says that there is none.',
};

const path = '/v1/foz/entities';

export function entityRoutes(app: FastifyInstance, entities: EntityService): void {
  const params = object({ entity: entityName });
  app.get(
    path,
    describeRoute('reader', 'listEntities', 'Entities by name', foundPage('entities', entity, 'EntityList'), [], {
      querystring: pageQuerySchema,
    }),
    async ({ query }, reply) =>
      answerJson(reply, await entities.list(pageOf(query)), ({ items, nextToken }) => ({ entities: items, 'next-page-token': nextToken })),
  );
  app.get(
    `${path}/:entity`,
    describeRoute('reader', 'getEntity', 'An entity with its tables, contract and columns', entity, [404], { params }),
    async ({ params: of }, reply) => answerJson(reply, await entities.get(member(of, 'entity') ?? ''), (view) => view),
  );
  app.post(
    `${path}/:entity`,
    describeRoute('contract-admin', 'declareEntity', 'Declare owner, team, description, tags and columns', entity, [404, 409], {
      params,
      body: declaration,
    }),
    async (request, reply) => {
      const revision = isRecord(request.body) ? request.body['expectedRevision'] : undefined;
      const expected = typeof revision === 'number' ? revision : null;
      const name = member(request.params, 'entity') ?? '';
      return answerJson(reply, await entities.declare(name, declarationOf(request.body), expected, contextOf(request)), (view) => view);
    },
  );
  app.delete(
    `${path}/:entity`,
    describeRoute('contract-admin', 'removeEntity', 'Take back what was declared', object({}, 'Removed'), [404, 409], { params }),
    async (request, reply) =>
      answerJson(reply, await entities.remove(member(request.params, 'entity') ?? '', contextOf(request)), () => ({})),
  );
}

/** The schema has held the shape. */
function declarationOf(body: unknown): Declaration {
  return {
    ...words(body, ['description', 'owner', 'team']),
    ...lists(body, ['addTags', 'removeTags', 'addTables', 'removeTables']),
    columns: Object.fromEntries(
      Object.entries(isRecord(body) && isRecord(body['columns']) ? body['columns'] : {}).map(
        ([name, said]): [string, ColumnDeclaration] => [
          name,
          { ...words(said, ['description', 'classification', 'pii']), ...lists(said, ['addTags', 'removeTags']) },
        ],
      ),
    ),
  };
}

function words<K extends string>(holder: unknown, names: readonly K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const name of names) {
    const value = member(holder, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function lists<K extends string>(holder: unknown, names: readonly K[]): Partial<Record<K, readonly string[]>> {
  const found: Partial<Record<K, readonly string[]>> = {};
  for (const name of names) {
    const value = isRecord(holder) ? holder[name] : undefined;
    if (Array.isArray(value)) found[name] = value.map(String);
  }
  return found;
}
