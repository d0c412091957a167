// What is known of tables, over HTTP: a list, one with its columns and figures, its history.

import type { FastifyInstance } from 'fastify';
import type { TableFactsService } from '../tables/table-facts-service.ts';
import { foundPage, listOf, object, orNull, pageQueryProperties, text, time, type JsonSchemaText } from './contract-schemas.ts';
import { describeRoute } from './describe-route.ts';
import { answerJson } from './reply.ts';
import { member, pageOf } from './request.ts';

const figure: JsonSchemaText = orNull({ type: 'integer', minimum: 0 });
const whole: JsonSchemaText = { type: 'integer', minimum: 0 };
const flag: JsonSchemaText = { type: 'boolean' };
/** Dotted; levels that hold dots themselves are joined by the unit separator, %1F. */
const tableParam = object({ table: { type: 'string', pattern: '^[^/\\u0000-\\u001e\\u007f]{1,1000}$' } });

const summaryProperties = {
  table: text,
  kind: { type: 'string', enum: ['table', 'view'] },
  entity: text,
  owner: orNull(text),
  team: orNull(text),
  tags: listOf(text),
  contract: { ...orNull(text), description: 'In force: id and version' },
  formatVersion: figure,
  rows: figure,
  bytes: figure,
  files: figure,
  snapshot: { ...orNull(text), description: 'Decimal text: ids of other writers go beyond 2^53' },
  committedAt: orNull(time),
  problem: { ...orNull(text), description: 'Why nothing is known of it' },
};

const column = object(
  {
    fieldId: whole,
    column: { ...text, description: 'Dotted path' },
    type: text,
    required: flag,
    description: orNull(text),
    classification: orNull(text),
    pii: orNull(text),
    tags: listOf(text),
    nulls: { ...figure, description: 'Rows in which it is null; null: not known' },
    bytes: figure,
    lower: { ...orNull(text), description: 'Values lie between the bounds; texts may be cut' },
    upper: orNull(text),
    isWithheld: {
      ...flag,
      description: 'The bounds are known and kept back: they are values of a column that is not known to be harmless',
    },
  },
  'TableColumn',
);

const table = object(
  {
    ...summaryProperties,
    uuid: text,
    location: text,
    partitionedBy: listOf(text),
    schemaId: whole,
    snapshots: whole,
    refs: {
      type: 'object',
      additionalProperties: object({ type: { type: 'string', enum: ['branch', 'tag'] }, snapshot: text }, 'TableRef'),
    },
    columns: listOf(column),
    statistics: orNull(
      object(
        {
          rows: whole,
          bytes: whole,
          files: whole,
          deleteFiles: { ...whole, description: 'Of other writers: the table has fewer rows than its data files' },
          fileBytes: orNull(object({ smallest: whole, median: whole, largest: whole }, 'FileSizes')),
        },
        'TableStatistics',
      ),
    ),
    statisticsProblem: orNull(text),
    lineage: object({ upstream: listOf(text), consumers: listOf(text) }, 'TableLineage'),
  },
  'TableFacts',
);

const snapshot = object(
  {
    snapshot: text,
    parent: orNull(text),
    at: time,
    operation: orNull(text),
    isCurrent: flag,
    isOnMain: { ...flag, description: 'Main descends from it; where not, it was rolled back or lies on another branch' },
    refs: listOf(text),
    addedRows: figure,
    deletedRows: figure,
    rows: figure,
    files: figure,
    bytes: figure,
    schemaId: figure,
    by: { ...orNull(text), description: 'Who committed it, as far as the audit log goes back' },
    engine: orNull(text),
    contract: orNull(text),
    note: orNull(text),
  },
  'TableSnapshot',
);

const schemaVersion = object(
  {
    schemaId: whole,
    isCurrent: flag,
    at: orNull(time),
    known: {
      ...orNull({ type: 'string', enum: ['audit', 'snapshot'] }),
      description: 'audit: when it was changed; snapshot: when it was first written with, so it is no later',
    },
    by: orNull(text),
    contract: { ...orNull(text), description: 'In force at the time' },
    changes: listOf(
      object(
        {
          fieldId: whole,
          column: text,
          kind: { type: 'string', enum: ['added', 'dropped', 'renamed', 'retyped', 'required', 'optional', 'documented', 'hidden'] },
          from: orNull(text),
          to: orNull(text),
        },
        'ColumnChange',
      ),
    ),
  },
  'TableSchema',
);

const history = object({ table: text, snapshots: listOf(snapshot), more: whole, schemas: listOf(schemaVersion) }, 'TableHistory');

const path = '/v1/foz/tables';
const snapshotsDefault = 100;

export function tableFactsRoutes(app: FastifyInstance, facts: TableFactsService): void {
  const namespaceQuery = { namespace: { type: 'string', maxLength: 1000, description: 'Dotted; with all below it' } };
  const listQuery = { ...pageQueryProperties, ...namespaceQuery };
  app.get(
    path,
    describeRoute(
      'reader',
      'listTableFacts',
      'Tables and views with rows, bytes and owners',
      foundPage('tables', object(summaryProperties, 'TableSummary'), 'TableList'),
      [],
      {
        querystring: object(listQuery, undefined, Object.keys(listQuery)),
      },
    ),
    async ({ query }, reply) =>
      answerJson(reply, await facts.list(member(query, 'namespace') ?? null, pageOf(query)), ({ items, nextToken }) => ({
        tables: items,
        'next-page-token': nextToken,
      })),
  );
  app.get(
    `${path}/:table`,
    describeRoute('reader', 'getTableFacts', 'A table with its columns, figures and lineage', table, [404], { params: tableParam }),
    async ({ params }, reply) => answerJson(reply, await facts.show(member(params, 'table') ?? ''), (detail) => detail),
  );
  const limit = {
    type: 'string',
    pattern: '^[1-9][0-9]{0,4}$',
    description: `Snapshots told, the newest; ${snapshotsDefault} when absent`,
  };
  app.get(
    `${path}/:table/history`,
    describeRoute('reader', 'getTableHistory', 'Its snapshots and schemas, newest first', history, [404], {
      params: tableParam,
      querystring: object({ snapshots: limit }, undefined, ['snapshots']),
    }),
    async ({ params, query }, reply) =>
      answerJson(
        reply,
        await facts.history(member(params, 'table') ?? '', Number(member(query, 'snapshots') ?? snapshotsDefault)),
        (told) => told,
      ),
  );
}
