// Spec: open-api /v1/{prefix}/namespaces

import type { FastifyInstance } from 'fastify';
import type { Answer, Page, Paged } from '../service/answer.ts';
import type { NamespaceService } from '../service/namespace-service.ts';
import { contextOf, may } from './guard.ts';
import { answerJson, answerNothing } from './reply.ts';
import { createNamespaceBody, namespaceParam, pageQuery, pageSizeMax, parentQuery, propertiesBody } from './request.ts';

export function namespaceRoutes(app: FastifyInstance, namespaces: NamespaceService): void {
  app.get('/v1/namespaces', may('reader'), async (request, reply) => {
    const parent = parentQuery(request.query);
    const listed = await allOrPage(pageQuery(request.query), (page) => namespaces.list(parent, page));
    return answerJson(reply, listed, (page) => ({ namespaces: page.items, 'next-page-token': page.nextToken }));
  });
  app.post('/v1/namespaces', may('writer'), async (request, reply) => {
    const { namespace, properties } = createNamespaceBody(request.body);
    return answerJson(reply, await namespaces.create(namespace, properties, contextOf(request)), (row) => row);
  });
  app.get('/v1/namespaces/:namespace', may('reader'), async (request, reply) =>
    answerJson(reply, await namespaces.get(namespaceParam(request.params)), (row) => row),
  );
  app.head('/v1/namespaces/:namespace', may('reader'), async (request, reply) => {
    const found = await namespaces.get(namespaceParam(request.params));
    return reply.code(found.kind === 'ok' ? 204 : 404).send();
  });
  app.delete('/v1/namespaces/:namespace', may('writer'), async (request, reply) =>
    answerNothing(reply, await namespaces.drop(namespaceParam(request.params), contextOf(request))),
  );
  app.post('/v1/namespaces/:namespace/properties', may('writer'), async (request, reply) => {
    const changes = propertiesBody(request.body);
    return answerJson(reply, await namespaces.update(namespaceParam(request.params), changes, contextOf(request)), (changed) => changed);
  });
}

/** A client that asks for no page gets every item, gathered page by page. */
export async function allOrPage<T>(page: Page | null, list: (page: Page) => Promise<Answer<Paged<T>>>): Promise<Answer<Paged<T>>> {
  if (page) return list(page);
  const items: T[] = [];
  for (let token: string | null = null; ;) {
    const next: Answer<Paged<T>> = await list({ token, size: pageSizeMax });
    if (next.kind === 'refused') return next;
    items.push(...next.value.items);
    token = next.value.nextToken;
    if (token === null) return { kind: 'ok', value: { items, nextToken: null } };
  }
}
