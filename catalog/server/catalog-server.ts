// The Iceberg REST protocol over the catalog's services: routes, limits and error bodies. It says honestly which
// endpoints it has, so that clients do not call the others. The contract registry and the lineage stand beside it
// under /v1/foz; OpenLineage events are taken where its clients send them.

import { fastify, type FastifyInstance } from 'fastify';
import { parseJson } from '../../lake/iceberg/json.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { LakeRegistry } from '../lake-registry.ts';
import type { LineageService } from '../lineage/lineage-service.ts';
import type { RegistryService } from '../registry/registry-service.ts';
import type { DroppedTableService } from '../service/dropped-table-service.ts';
import type { NamespaceService } from '../service/namespace-service.ts';
import type { Answer } from '../service/answer.ts';
import type { TableService } from '../service/table-service.ts';
import type { ViewService } from '../service/view-service.ts';
import type { ReplyStore } from '../store/reply-store.ts';
import type { AccessControl } from '../access/access-control.ts';
import { isLoopbackHost } from '../access/loopback.ts';
import type { RulesService } from '../policy/rules-service.ts';
import { auditRoutes } from './audit-routes.ts';
import { configRoute } from './config-route.ts';
import { contractRoutes } from './contract-routes.ts';
import { droppedTableRoutes } from './dropped-table-routes.ts';
import { entityRoutes } from './entity-routes.ts';
import { guardRoutes } from './guard.ts';
import { lineageRoutes } from './lineage-routes.ts';
import { healthRoutes, type HealthOptions } from './health-routes.ts';
import { idempotentRequests, lifetimeText, type AnsweredRelation } from './idempotency.ts';
import { namespaceRoutes } from './namespace-routes.ts';
import { oauthRoutes } from './oauth-routes.ts';
import { unitSeparated, unitSeparator } from './namespace-separator.ts';
import { openApiRoute } from './openapi.ts';
import { sendError, type ServedFile } from './reply.ts';
import { thrownError } from './rest-error.ts';
import { rulesRoutes } from './rules-routes.ts';
import { searchRoutes } from './search-routes.ts';
import { tableFactsRoutes } from './table-facts-routes.ts';
import { tableRoutes } from './table-routes.ts';
import { viewRoutes } from './view-routes.ts';

export interface CatalogServerOptions extends HealthOptions {
  readonly namespaces: NamespaceService;
  readonly tables: TableService;
  readonly views: ViewService;
  readonly dropped: DroppedTableService;
  /** What requests with an Idempotency-Key were answered. */
  readonly replies: ReplyStore;
  readonly clock: Clock;
  readonly registry: RegistryService;
  readonly lineage: LineageService;
  readonly lake: LakeRegistry;
  readonly warehouse: string;
  /** Who may do what. */
  readonly access: AccessControl;
  /** What Trino is to show. */
  readonly rules: RulesService;
  /** A commit carries one snapshot and the offset chain: 1,000 partitions are 30 KB. */
  readonly bodyBytesMax?: number;
  readonly jsonDepthMax?: number;
  readonly requestTimeoutMs?: number;
  /** Between the levels of a namespace in a path, percent-encoded; `%1F` unless something in between refuses that. */
  readonly namespaceSeparator?: string;
  /** For how long a request may come again under its Idempotency-Key. */
  readonly idempotencyLifetimeMs?: number;
  /** Listening on loopback only: then a request that came by another host name was sent by a web page (DNS rebinding). */
  readonly isLoopbackOnly: boolean;
}

const bodyBytesDefault = 16 * 1024 * 1024;
const jsonDepthDefault = 200;
const requestTimeoutDefaultMs = 60_000;
/** Above the idle time of common clients, so that the client and not the server drops a quiet connection. */
const keepAliveTimeoutMs = 120_000;
const pathParameterMax = 4096;
/** Longer than any client tries again. */
const idempotencyLifetimeDefaultMs = 30 * 60_000;

export function catalogServer(options: CatalogServerOptions): FastifyInstance {
  const { logger, warehouse, idempotencyLifetimeMs: lifetimeMs = idempotencyLifetimeDefaultMs } = options;
  const { namespaceSeparator: separator = unitSeparator } = options;
  const toUnits = unitSeparated(separator);
  const app = fastify({
    logger: false,
    bodyLimit: options.bodyBytesMax ?? bodyBytesDefault,
    requestTimeout: options.requestTimeoutMs ?? requestTimeoutDefaultMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    rewriteUrl: ({ url = '/' }) => toUnits(url),
    routerOptions: { maxParamLength: pathParameterMax },
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // A request is what it says: nothing is converted, left out or filled in.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
  });
  const jsonLimits = { depthMax: options.jsonDepthMax ?? jsonDepthDefault };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, body: string | Buffer) => {
    const text = body.toString();
    // Java clients send the header on requests without a body.
    return text === '' ? undefined : parseJson(text, jsonLimits);
  });
  app.setErrorHandler((error, request, reply) => {
    const taken = idempotency.answerTaken(error, request, reply);
    if (taken) return taken;
    const rest = thrownError(error);
    const fields = { method: request.method, path: request.url, status: rest.status, error };
    if (rest.status >= 500) logger.error(fields, 'request failed');
    else logger.debug(fields, 'request refused');
    return sendError(reply, rest);
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, {
      status: 404,
      type: 'NotFoundException',
      message: `No such endpoint: ${request.method} ${request.url.split('?', 1)[0]}`,
    }),
  );
  if (options.isLoopbackOnly) {
    app.addHook('onRequest', async (request, reply) => {
      if (isLoopbackHost(request.hostname)) return;
      const message = `This catalog listens on loopback only and does not answer to ${request.hostname.slice(0, 200)}`;
      return sendError(reply, { status: 403, type: 'ForbiddenException', message });
    });
  }
  guardRoutes(app, options.access.authenticate);
  const idempotency = idempotentRequests(app, { ...options, answered: answeredRelation(options), lifetimeMs });
  app.addHook('onResponse', async (request, reply) => {
    const fields = { method: request.method, path: request.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    logger.debug(fields, 'request');
  });
  configRoute(app, { warehouse, overrides: { 'namespace-separator': separator }, idempotencyKeyLifetime: lifetimeText(lifetimeMs) });
  namespaceRoutes(app, options.namespaces);
  tableRoutes(app, options.tables);
  viewRoutes(app, options.views);
  openApiRoute(app);
  contractRoutes(app, options.registry);
  lineageRoutes(app, options.lineage);
  entityRoutes(app, options.lake.entities);
  tableFactsRoutes(app, options.lake.facts);
  searchRoutes(app, options.lake.search);
  auditRoutes(app, options.lake.audit);
  droppedTableRoutes(app, options.dropped);
  rulesRoutes(app, options.rules);
  oauthRoutes(app, options.access.grant);
  healthRoutes(app, options);
  return app;
}

function answeredRelation({ tables, views }: CatalogServerOptions): (reply: AnsweredRelation) => Promise<Answer<ServedFile>> {
  return ({ relation, ident, metadataLocation }) => (relation === 'table' ? tables : views).answered(ident, metadataLocation);
}
