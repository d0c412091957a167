// Spec: open-api /v1/{prefix}/namespaces/{namespace}/views

import type { FastifyInstance } from 'fastify';
import { isMapOf, isSchema, isString } from '../../lake/iceberg/read-metadata.ts';
import { readViewCommit, type ViewCommit } from '../../lake/iceberg/view-commit.ts';
import { isViewVersion } from '../../lake/iceberg/view-metadata.ts';
import type { TableIdent } from '../catalog.ts';
import type { CreateView, ViewService } from '../service/view-service.ts';
import { contextOf, may } from './guard.ts';
import { allOrPage } from './namespace-routes.ts';
import { answerJson, answerNothing, answerRelation } from './reply.ts';
import { member, namespaceParam, objectBody, pageQuery, renameBody } from './request.ts';

const kind = 'view';
const viewsPath = '/v1/namespaces/:namespace/views';
const viewPath = `${viewsPath}/:view`;

export function viewRoutes(app: FastifyInstance, views: ViewService): void {
  app.get(viewsPath, may('reader'), async (request, reply) => {
    const namespace = namespaceParam(request.params);
    const listed = await allOrPage(pageQuery(request.query), (page) => views.list(namespace, page));
    return answerJson(reply, listed, (page) => ({ identifiers: page.items, 'next-page-token': page.nextToken }));
  });
  app.post(viewsPath, may('writer'), async (request, reply) => {
    const namespace = namespaceParam(request.params);
    const view = createViewBody(request.body);
    const answer = await views.create(namespace, view, contextOf(request));
    return answerRelation(request, reply, { kind, ident: { namespace, name: view.name }, answer });
  });
  app.get(viewPath, may('reader'), async (request, reply) => {
    const ident = viewParam(request.params);
    return answerRelation(request, reply, { kind, ident, answer: await views.load(ident) });
  });
  app.head(viewPath, may('reader'), async (request, reply) => {
    const found = await views.exists(viewParam(request.params));
    return reply.code(found.kind === 'ok' ? 204 : 404).send();
  });
  app.post(viewPath, may('writer'), async (request, reply) => {
    const ident = viewParam(request.params);
    const answer = await views.commit(ident, commitBody(request.body, ident), contextOf(request));
    return answerRelation(request, reply, { kind, ident, answer });
  });
  app.delete(viewPath, may('writer'), async (request, reply) =>
    answerNothing(reply, await views.drop(viewParam(request.params), contextOf(request))),
  );
  app.post('/v1/views/rename', may('writer'), async (request, reply) => {
    const { source, destination } = renameBody(request.body);
    return answerNothing(reply, await views.rename(source, destination, contextOf(request)));
  });
  app.post('/v1/namespaces/:namespace/register-view', may('writer'), async (request, reply) => {
    const { name, 'metadata-location': location } = objectBody(request.body);
    if (!isString(name)) throw new SyntaxError('name must be a string');
    if (!isString(location)) throw new SyntaxError('metadata-location must be a string');
    const ident = { namespace: namespaceParam(request.params), name };
    return answerRelation(request, reply, { kind, ident, answer: await views.register(ident, location, contextOf(request)) });
  });
}

function viewParam(parameters: unknown): TableIdent {
  return { namespace: namespaceParam(parameters), name: member(parameters, 'view') ?? '' };
}

function createViewBody(body: unknown): CreateView {
  const { name, schema, location = null, properties = {}, 'view-version': version } = objectBody(body);
  if (!isString(name)) throw new SyntaxError('name must be a string');
  if (!isSchema(schema)) throw new SyntaxError('schema is missing or malformed');
  if (!isViewVersion(version)) throw new SyntaxError('view-version is missing or malformed');
  if (location !== null && !isString(location)) throw new SyntaxError('location must be a string');
  if (!isMapOf(isString)(properties)) throw new SyntaxError('properties must be an object of strings');
  return { name, schema, version, location, properties };
}

/** An identifier in the body must be the one in the path. */
function commitBody(body: unknown, ident: TableIdent): ViewCommit {
  const named = objectBody(body)['identifier'];
  const name = member(named, 'name');
  if (name !== undefined && name !== ident.name) throw new SyntaxError(`the commit names view ${name} but was sent to ${ident.name}`);
  return readViewCommit(body);
}
