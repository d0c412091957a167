// Tables that were dropped with their files and can still be taken back: for operators.

import type { FastifyInstance } from 'fastify';
import type { DroppedTableService } from '../service/dropped-table-service.ts';
import { foundPage, object, pageQueryProperties, tableName, text, time, type JsonSchemaText } from './contract-schemas.ts';
import { describeRoute } from './describe-route.ts';
import { contextOf } from './guard.ts';
import { answerJson } from './reply.ts';
import { member, pageOf } from './request.ts';

const dropped = object({ uuid: text, name: text, droppedAt: time, keepUntil: time }, 'DroppedTable');
const which: JsonSchemaText = { type: 'string', minLength: 1, maxLength: 1000, description: 'Its uuid, or the name that it had' };

export function droppedTableRoutes(app: FastifyInstance, service: DroppedTableService): void {
  const list = describeRoute(
    'operator',
    'listDroppedTables',
    'Tables that were dropped with their files and can still be taken back',
    foundPage('tables', dropped, 'DroppedTables'),
    [],
    { querystring: object(pageQueryProperties, undefined, Object.keys(pageQueryProperties)) },
  );
  app.get('/v1/foz/dropped-tables', list, async ({ query }, reply) =>
    answerJson(reply, await service.list(pageOf(query)), ({ items, nextToken }) => ({ tables: items, 'next-page-token': nextToken })),
  );
  const undrop = describeRoute(
    'operator',
    'undropTable',
    'Take a dropped table back, under its old name or another',
    object({ name: text }, 'UndroppedTable'),
    [404, 409],
    { params: object({ which }), body: object({ as: { ...tableName, description: 'namespace.name' } }, 'Undrop', ['as']) },
  );
  app.post('/v1/foz/dropped-tables/:which/undrop', undrop, async (request, reply) => {
    const { params, body } = request;
    const answer = await service.undrop(member(params, 'which') ?? '', member(body, 'as') ?? null, contextOf(request));
    return answerJson(reply, answer, (value) => value);
  });
}
