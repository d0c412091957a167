// The OpenAPI document of what stands beside the Iceberg catalog, generated from the schemas that the routes are served with.
// Every route under /v1/foz that is added to the server is in it, and where OpenLineage clients send their events.
// Spec: https://spec.openapis.org/oas/v3.1

import type { FastifyInstance } from 'fastify';
import type { Access } from '../access/roles.ts';
import type { JsonSchemaText } from './contract-schemas.ts';
import { contractSchemas } from './contract-schemas.ts';
import { may } from './guard.ts';
import { sendJson } from './reply.ts';
import { isRecord, isString } from '../../lake/iceberg/read-metadata.ts';

const prefix = '/v1/foz/';
/** The path is OpenLineage's. */
const lineagePath = '/api/v1/lineage';

interface RouteDescription {
  readonly method: string;
  readonly url: string;
  readonly schema: JsonSchemaText;
  readonly access: Access;
}

/** Call it before the routes are added. */
export function openApiRoute(app: FastifyInstance): void {
  const routes: RouteDescription[] = [];
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    if (url.startsWith(prefix) || url === lineagePath)
      for (const name of [method].flat())
        routes.push({ method: name.toLowerCase(), url, schema: { ...schema }, access: config?.access ?? 'operator' });
  });
  let text: string | null = null;
  const schema = { operationId: 'getOpenApi', summary: 'This document', response: { 200: contractSchemas.openApi } };
  app.get(`${prefix}openapi.json`, { schema, ...may('reader') }, async (_request, reply) =>
    sendJson(reply, 200, (text ??= JSON.stringify(openApiDocument(routes)))),
  );
}

export function openApiDocument(routes: readonly RouteDescription[]): JsonSchemaText {
  const components = new Map<string, unknown>();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, url, schema, access } of routes) {
    const path = url.replaceAll(/:([A-Za-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [method]: operation(schema, access, components) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Foz registry',
      version: '1',
      description:
        'What the lake holds and whose it is: entities, tables with their figures and histories, data contracts, lineage, search, and who changed what. Served beside the Iceberg REST catalog.',
    },
    paths,
    // An open catalog asks nobody.
    security: [{ bearer: [] }],
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A token of the catalog or of its identity provider' } },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(schema: JsonSchemaText, access: Access, components: Map<string, unknown>): JsonSchemaText {
  const { operationId, summary, body, params, querystring, response } = schema;
  const parameters = [...parametersOf('path', params, components), ...parametersOf('query', querystring, components)];
  const content = (of: unknown): JsonSchemaText => ({ [mediaType(of)]: { schema: referenced(of, components) } });
  const responses = Object.entries(isRecord(response) ? response : {}).map(([status, of]) => [
    status,
    { description: Number(status) < 300 ? 'Done' : 'Refused: nothing was changed, except perhaps after 500', content: content(of) },
  ]);
  return {
    operationId,
    summary,
    description: `Needs the role ${access}.`,
    'x-role': access,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: content(body) } }),
    responses: Object.fromEntries(responses),
  };
}

function parametersOf(place: 'path' | 'query', schema: unknown, components: Map<string, unknown>): readonly JsonSchemaText[] {
  const properties = isRecord(schema) ? schema['properties'] : undefined;
  return Object.entries(isRecord(properties) ? properties : {}).map(([name, of]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: referenced(of, components),
  }));
}

/** Documents are text of their own kind. */
function mediaType(schema: unknown): string {
  return isRecord(schema) && schema['type'] === 'string' ? 'text/plain' : 'application/json';
}

/** Schemas with a title are told once, under that name. */
function referenced(schema: unknown, components: Map<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((item: unknown) => referenced(item, components));
  if (!isRecord(schema)) return schema;
  const title = schema['title'];
  if (!isString(title)) return mapped(schema, components);
  if (!components.has(title)) {
    components.set(title, {});
    components.set(title, mapped(schema, components));
  }
  return { $ref: `#/components/schemas/${title}` };
}

function mapped(schema: Readonly<Record<string, unknown>>, components: Map<string, unknown>): unknown {
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, referenced(value, components)]));
}
