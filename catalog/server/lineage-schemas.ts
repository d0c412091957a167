// Requests and answers of the lineage as JSON Schema. Of an OpenLineage event the schema says the outline; what is kept of it
// is checked when it is read (lineage/openlineage-event.ts), with the place.

import { lineageLimits } from '../lineage/lineage-limits.ts';
import { consumersProperties, listOf, object, orNull, tableName, text, time, type JsonSchemaText } from './contract-schemas.ts';

const event: JsonSchemaText = {
  title: 'OpenLineageEvent',
  description: 'A RunEvent, JobEvent or DatasetEvent of OpenLineage 2-0-2, or of an older version',
  type: 'object',
  properties: {
    eventTime: { type: 'string', format: 'date-time' },
    producer: { type: 'string' },
    schemaURL: { type: 'string' },
    eventType: { type: 'string', enum: ['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER'] },
    run: { type: 'object' },
    job: { type: 'object' },
    dataset: { type: 'object' },
    inputs: listOf({ type: 'object' }),
    outputs: listOf({ type: 'object' }),
  },
};

const columnNames: JsonSchemaText = {
  type: 'string',
  maxLength: 20_000,
  description: 'Names of columns, joined by commas; absent: all',
};

export const lineageSchemas = {
  /** Read by hand: a schema's error on one of several shapes says less. */
  events: {
    title: 'OpenLineageEvents',
    anyOf: [event, { type: 'array', items: event, minItems: 1, maxItems: lineageLimits.events }],
  },
  recorded: object({ events: { type: 'integer', minimum: 0, description: 'Taken: all of the request' } }, 'LineageRecorded'),
  lineageQuery: object(
    {
      dataset: {
        type: 'string',
        minLength: 1,
        maxLength: 2 * lineageLimits.nameLength + 1,
        description: 'A table of the lake, users or raw.users; or a namespace and a name joined by a slash',
      },
      direction: { type: 'string', enum: ['upstream', 'downstream', 'both'], description: 'both when absent' },
      depth: { type: 'string', pattern: '^([1-9]|1[0-9]|20)$', description: 'Jobs passed, at most; 10 when absent' },
    },
    undefined,
    ['direction', 'depth'],
  ),
  lineage: object(
    {
      datasets: listOf(object({ id: text, namespace: text, name: text, table: orNull(text), lastSeen: time }, 'LineageDataset')),
      jobs: listOf(
        object(
          { id: text, namespace: text, name: text, type: orNull(text), owners: listOf(text), description: orNull(text) },
          'LineageJob',
        ),
      ),
      edges: listOf(
        object(
          {
            from: text,
            to: text,
            lastSeen: time,
            columns: {
              ...orNull({ type: 'object', additionalProperties: listOf(text) }),
              description: 'Of what a job writes: each column with the ones it is made of; null: not known',
            },
          },
          'LineageEdge',
        ),
      ),
      isTruncated: { type: 'boolean', description: 'There is more, deeper than asked or than is told' },
    },
    'Lineage',
  ),
  consumersParams: object({ table: tableName }),
  consumersQuery: object({ columns: columnNames }, undefined, ['columns']),
  consumers: object(consumersProperties, 'Consumers'),
} as const satisfies Record<string, JsonSchemaText>;
