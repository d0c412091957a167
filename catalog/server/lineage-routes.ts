// Lineage over HTTP: OpenLineage's own path for events, and under /v1/foz what they add up to.
// Spec: OpenLineage HTTP transport, POST {url}/api/v1/lineage

import type { FastifyInstance } from 'fastify';
import { lineageLimits } from '../lineage/lineage-limits.ts';
import type { LineageDirection } from '../lineage/lineage-views.ts';
import type { LineageService } from '../lineage/lineage-service.ts';
import { describeRoute } from './describe-route.ts';
import { lineageSchemas as schemas } from './lineage-schemas.ts';
import { answerJson, sendJson } from './reply.ts';
import { member } from './request.ts';

const depthDefault = 10;

export function lineageRoutes(app: FastifyInstance, lineage: LineageService): void {
  const { consumersParams, consumersQuery, lineageQuery } = schemas;
  const events = describeRoute('writer', 'recordLineage', 'Take OpenLineage events: one, or a list', schemas.recorded, [409, 413], {
    body: schemas.events,
  });
  app.post(
    '/api/v1/lineage',
    // What is wrong with an event is said with its place by the service, which reads it whole.
    { ...events, bodyLimit: lineageLimits.bodyBytes, attachValidation: true },
    async ({ body }, reply) => answerJson(reply, await lineage.record(body), (recorded) => recorded),
  );
  app.get(
    '/v1/foz/lineage',
    describeRoute('reader', 'getLineage', 'What stands before and behind a dataset', schemas.lineage, [404], { querystring: lineageQuery }),
    async ({ query }, reply) =>
      answerJson(
        reply,
        await lineage.view({
          dataset: member(query, 'dataset') ?? '',
          direction: directionOf(member(query, 'direction')),
          depth: Number(member(query, 'depth') ?? depthDefault),
        }),
        (view) => view,
      ),
  );
  app.get(
    '/v1/foz/tables/:table/consumers',
    describeRoute('reader', 'getConsumers', 'Who reads a table of the lake, or these columns of it', schemas.consumers, [], {
      params: consumersParams,
      querystring: consumersQuery,
    }),
    async ({ params, query }, reply) => {
      const columns = member(query, 'columns')?.split(',') ?? null;
      return sendJson(reply, 200, JSON.stringify(await lineage.consumers(member(params, 'table') ?? '', columns)));
    },
  );
}

function directionOf(text: string | undefined): LineageDirection {
  return text === 'upstream' || text === 'downstream' ? text : 'both';
}
