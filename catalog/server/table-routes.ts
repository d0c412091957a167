// Spec: open-api /v1/{prefix}/namespaces/{namespace}/tables

import type { FastifyInstance } from 'fastify';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { longKey } from '../../lake/iceberg/metadata-draft.ts';
import type { MetadataFile } from '../service/metadata-files.ts';
import type { TableService } from '../service/table-service.ts';
import { may } from './guard.ts';
import { allOrPage } from './namespace-routes.ts';
import { answerJson, answerNothing, answerText } from './reply.ts';
import { commitBody, createTableBody, member, namespaceParam, pageQuery, tableParam } from './request.ts';

export const tableEndpoints = [
  'GET /v1/{prefix}/namespaces/{namespace}/tables',
  'POST /v1/{prefix}/namespaces/{namespace}/tables',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics',
];

export function tableRoutes(app: FastifyInstance, tables: TableService): void {
  app.get('/v1/namespaces/:namespace/tables', may('reader'), async (request, reply) => {
    const namespace = namespaceParam(request.params);
    const listed = await allOrPage(pageQuery(request.query), (page) => tables.list(namespace, page));
    return answerJson(reply, listed, (page) => ({ identifiers: page.items, 'next-page-token': page.nextToken }));
  });
  app.post('/v1/namespaces/:namespace/tables', may('writer'), async (request, reply) => {
    const namespace = namespaceParam(request.params);
    const create = createTableBody(request.body);
    // A staged table has no metadata-location: it is nowhere yet.
    if (create.stage) return answerJson(reply, await tables.stage(namespace, create), (metadata) => ({ metadata, config: {} }));
    return answerText(reply, await tables.create(namespace, create), tableText);
  });
  app.get('/v1/namespaces/:namespace/tables/:table', may('reader'), async (request, reply) => {
    const snapshots = member(request.query, 'snapshots') ?? 'all';
    const loaded = await tables.load(tableParam(request.params));
    return answerText(reply, loaded, snapshots === 'refs' ? refsText : tableText);
  });
  app.head('/v1/namespaces/:namespace/tables/:table', may('reader'), async (request, reply) => {
    const found = await tables.exists(tableParam(request.params));
    return reply.code(found.kind === 'ok' ? 204 : 404).send();
  });
  app.post('/v1/namespaces/:namespace/tables/:table', may('writer'), async (request, reply) => {
    const ident = tableParam(request.params);
    return answerText(reply, await tables.commit(ident, commitBody(request.body, ident)), tableText);
  });
  app.delete('/v1/namespaces/:namespace/tables/:table', may('writer'), async (request, reply) => {
    const purge = member(request.query, 'purgeRequested')?.toLowerCase() === 'true';
    return answerNothing(reply, await tables.drop(tableParam(request.params), { purge }));
  });
  // Reports come before the table exists, too, and must never hurt.
  app.post('/v1/namespaces/:namespace/tables/:table/metrics', may('reader'), async (_request, reply) => reply.code(204).send());
}

function tableText(file: MetadataFile): string {
  return `{"metadata-location":${JSON.stringify(file.location)},"metadata":${file.text},"config":{}}`;
}

function refsText(file: MetadataFile): string {
  return tableText({ ...file, text: stringifyJson(referencedOnly(file.metadata)) });
}

function referencedOnly(metadata: TableMetadata): TableMetadata {
  const wanted = new Set(Object.values(metadata.refs).map((ref) => longKey(ref['snapshot-id'])));
  return { ...metadata, snapshots: metadata.snapshots.filter((snapshot) => wanted.has(longKey(snapshot['snapshot-id']))) };
}
