// What clients ask first: `/v1/config`. The endpoints it tells are the routes that were registered, so the list cannot
// be wrong: clients do not call what is not in it, and count on what is.

import type { FastifyInstance } from 'fastify';
import { may } from './guard.ts';
import { sendError, sendJson } from './reply.ts';
import { member } from './request.ts';

export interface ConfigRouteOptions {
  readonly warehouse: string;
  /** For clients, above their own settings. */
  readonly overrides: Readonly<Record<string, string>>;
  /** ISO 8601: how long a request may come again under its Idempotency-Key. */
  readonly idempotencyKeyLifetime: string;
}

/** Iceberg's resources; what else is under /v1 is not told as an endpoint. */
const resource = /^\/v1\/(namespaces|tables|views|transactions)(\/|$)/;

/** Call it before the routes are added. */
export function configRoute(app: FastifyInstance, { warehouse, overrides, idempotencyKeyLifetime }: ConfigRouteOptions): void {
  const endpoints: string[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (resource.test(url)) for (const name of [method].flat()) endpoints.push(`${name} ${specifiedPath(url)}`);
  });
  app.get('/v1/config', may('reader'), async (request, reply) => {
    const asked = member(request.query, 'warehouse')?.replace(/\/+$/, '');
    if (asked !== undefined && asked !== '' && plainFile(asked) !== plainFile(warehouse)) {
      const message = `Warehouse does not exist: ${asked}; this catalog has ${warehouse}`;
      return sendError(reply, { status: 404, type: 'NoSuchWarehouseException', message });
    }
    const config = { defaults: {}, overrides, endpoints, 'idempotency-key-lifetime': idempotencyKeyLifetime };
    return sendJson(reply, 200, JSON.stringify(config));
  });
}

/** `file:/lake` and `file:///lake` are one folder; here nothing but a name is asked for. */
function plainFile(location: string): string {
  return location.replace(/^file:\/+/, 'file:/');
}

/** As the specification spells it: this catalog has no prefix of its own. */
function specifiedPath(url: string): string {
  return url.replace('/v1/', '/v1/{prefix}/').replaceAll(/:([a-z]+)/g, '{$1}');
}
