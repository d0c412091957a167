// Full-text search over HTTP.

import type { FastifyInstance } from 'fastify';
import { foundKinds, searchFields } from '../search/search-documents.ts';
import type { SearchService } from '../search/search-service.ts';
import { listOf, object, orNull, text } from './contract-schemas.ts';
import { describeRoute } from './describe-route.ts';
import { answerJson } from './reply.ts';
import { member } from './request.ts';

const found = object(
  {
    kind: { type: 'string', enum: foundKinds },
    name: text,
    where: { ...listOf({ type: 'string', enum: Object.keys(searchFields) }), description: 'Which parts of it the words were found in' },
    columns: { ...listOf(text), description: 'Some of those that have one of the words in their name' },
    description: orNull(text),
    score: { type: 'number' },
  },
  'Found',
);

const limitDefault = 20;

export function searchRoutes(app: FastifyInstance, search: SearchService): void {
  const querystring = object(
    {
      query: { type: 'string', minLength: 1, maxLength: 500 },
      kind: { type: 'string', enum: foundKinds },
      limit: { type: 'string', pattern: '^([1-9]|[1-9][0-9]|100)$', description: `${limitDefault} when absent` },
    },
    undefined,
    ['kind', 'limit'],
  );
  const answer = object({ found: listOf(found), total: { type: 'integer', minimum: 0 } }, 'SearchAnswer');
  app.get(
    '/v1/foz/search',
    describeRoute('reader', 'search', 'Entities, tables, views, contracts and consumers by any of their words', answer, [], {
      querystring,
    }),
    async ({ query }, reply) =>
      answerJson(
        reply,
        await search.search(member(query, 'query') ?? '', member(query, 'kind') ?? null, Number(member(query, 'limit') ?? limitDefault)),
        (told) => told,
      ),
  );
}
