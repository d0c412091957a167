// Spec: open-api /v1/{prefix}/namespaces/{namespace}/tables, /v1/{prefix}/tables/rename, /v1/{prefix}/transactions/commit

import type { FastifyInstance } from 'fastify';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { longKey } from '../../lake/iceberg/metadata-draft.ts';
import { loadedAnswer } from '../service/loaded-answer.ts';
import type { MetadataFile } from '../service/metadata-files.ts';
import type { TableService } from '../service/table-service.ts';
import { contextOf, may } from './guard.ts';
import { allOrPage } from './namespace-routes.ts';
import { answerJson, answerNothing, answerRelation } from './reply.ts';
import { commitBody, createTableBody, member, namespaceParam, pageQuery, registerBody, renameBody, tableParam } from './request.ts';
import { transactionBody } from './request.ts';

const kind = 'table';
const tablesPath = '/v1/namespaces/:namespace/tables';
const tablePath = `${tablesPath}/:table`;

export function tableRoutes(app: FastifyInstance, tables: TableService): void {
  app.get(tablesPath, may('reader'), async (request, reply) => {
    const namespace = namespaceParam(request.params);
    const listed = await allOrPage(pageQuery(request.query), (page) => tables.list(namespace, page));
    return answerJson(reply, listed, (page) => ({ identifiers: page.items, 'next-page-token': page.nextToken }));
  });
  app.post(tablesPath, may('writer'), async (request, reply) => {
    const namespace = namespaceParam(request.params);
    const create = createTableBody(request.body);
    // A staged table has no metadata-location: it is nowhere yet.
    if (create.stage) return answerJson(reply, await tables.stage(namespace, create), (metadata) => ({ metadata, config: {} }));
    const answer = await tables.create(namespace, create, contextOf(request));
    return answerRelation(request, reply, { kind, ident: { namespace, name: create.name }, answer });
  });
  app.get(tablePath, may('reader'), async (request, reply) => {
    const ident = tableParam(request.params);
    const variant = snapshotsQuery(request.query);
    const answer = await tables.load(ident);
    return answerRelation(request, reply, { kind, ident, answer, variant }, variant === 'refs' ? refsAnswer : undefined);
  });
  app.head(tablePath, may('reader'), async (request, reply) => {
    const found = await tables.exists(tableParam(request.params));
    return reply.code(found.kind === 'ok' ? 204 : 404).send();
  });
  app.post(tablePath, may('writer'), async (request, reply) => {
    const ident = tableParam(request.params);
    const answer = await tables.commit(commitBody(request.body, ident), contextOf(request));
    return answerRelation(request, reply, { kind, ident, answer });
  });
  app.delete(tablePath, may('writer'), async (request, reply) => {
    const purge = member(request.query, 'purgeRequested')?.toLowerCase() === 'true';
    return answerNothing(reply, await tables.drop(tableParam(request.params), { purge }, contextOf(request)));
  });
  // Reports come before the table exists, too, and must never hurt.
  app.post(`${tablePath}/metrics`, may('reader'), async (_request, reply) => reply.code(204).send());
  namingRoutes(app, tables);
  app.post('/v1/transactions/commit', may('writer'), async (request, reply) =>
    answerNothing(reply, await tables.commitAll(transactionBody(request.body), contextOf(request))),
  );
}

/** Which names there are, and which metadata files they point to. */
function namingRoutes(app: FastifyInstance, tables: TableService): void {
  app.post('/v1/namespaces/:namespace/register', may('writer'), async (request, reply) => {
    const namespace = namespaceParam(request.params);
    const register = registerBody(request.body);
    const answer = await tables.register(namespace, register, contextOf(request));
    return answerRelation(request, reply, { kind, ident: { namespace, name: register.name }, answer });
  });
  app.post(`${tablePath}/unregister`, may('writer'), async (request, reply) => {
    const ident = tableParam(request.params);
    return answerRelation(request, reply, { kind, ident, answer: await tables.unregister(ident, contextOf(request)) });
  });
  app.post('/v1/tables/rename', may('writer'), async (request, reply) => {
    const { source, destination } = renameBody(request.body);
    return answerNothing(reply, await tables.rename(source, destination, contextOf(request)));
  });
}

function snapshotsQuery(query: unknown): 'all' | 'refs' {
  const snapshots = member(query, 'snapshots') ?? 'all';
  if (snapshots === 'all' || snapshots === 'refs') return snapshots;
  throw new SyntaxError(`snapshots must be all or refs, not ${JSON.stringify(snapshots.slice(0, 40))}`);
}

function refsAnswer({ location, metadata }: MetadataFile): Buffer {
  return loadedAnswer(location, [stringifyJson(referencedOnly(metadata))]).answer;
}

function referencedOnly(metadata: TableMetadata): TableMetadata {
  const wanted = new Set(Object.values(metadata.refs).map((ref) => longKey(ref['snapshot-id'])));
  return { ...metadata, snapshots: metadata.snapshots.filter((snapshot) => wanted.has(longKey(snapshot['snapshot-id']))) };
}
