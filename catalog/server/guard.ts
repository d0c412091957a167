// One guard before all routes, deny by default: a route that does not say who may use it cannot be registered, and a
// request that is not allowed ends before its body is read. Paths that lead nowhere are told apart only for those who
// may read.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticate, Principal } from '../access/authenticate.ts';
import { isPermitted, type Access } from '../access/roles.ts';
import type { RequestContext } from '../service/request-context.ts';
import { sendError } from './reply.ts';
import { member } from './request.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly access?: Access;
  }
  interface FastifyRequest {
    /** Null where nobody needed to say who they are. */
    principal: Principal | null;
    idempotency: RequestContext['idempotency'];
  }
}

/** The part of a route's options that says who may use it. */
export function may(access: Access): { readonly config: { readonly access: Access } } {
  return { config: { access } };
}

/** Who asks, and under which Idempotency-Key. */
export function contextOf(request: FastifyRequest): RequestContext {
  return { actor: request.principal?.actor ?? 'anonymous', idempotency: request.idempotency };
}

/** Call it before the routes are added. */
export function guardRoutes(app: FastifyInstance, authenticate: Authenticate): void {
  app.decorateRequest('principal', null);
  app.decorateRequest('idempotency', null);
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.access === undefined) throw new Error(`${String(method)} ${url} does not say who may use it: add may('…') to its options`);
  });
  app.addHook('onRequest', async (request, reply) => {
    // Where there is no route, the answer is for readers.
    const access = request.is404 ? 'reader' : request.routeOptions.config.access;
    if (access === 'public') return;
    const found = await authenticate({ bearer: bearerOf(request, access), address: request.ip });
    if (found.kind === 'limited') return limited(reply, found.retryAfterSeconds);
    if (found.kind === 'refused') return unauthenticated(reply, found.reason);
    if (access === undefined || !isPermitted(found.principal.roles, access)) return forbidden(request, reply, found.principal, access);
    request.principal = found.principal;
  });
}

/** Trino cannot send a header for its rules: there the token is the last part of the path. */
function bearerOf(request: FastifyRequest, access: Access | undefined): string | null {
  if (access === 'rules') return member(request.params, 'token') ?? null;
  const [scheme, token, ...rest] = (request.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && token !== '' && rest.length === 0 ? token : null;
}

function unauthenticated(reply: FastifyReply, message: string): FastifyReply {
  reply.header('www-authenticate', 'Bearer realm="foz"');
  return sendError(reply, { status: 401, type: 'NotAuthorizedException', message });
}

function limited(reply: FastifyReply, retryAfterSeconds: number): FastifyReply {
  reply.header('retry-after', String(retryAfterSeconds));
  const message = `Too many failed logins from this address; try again in ${retryAfterSeconds} s`;
  return sendError(reply, { status: 429, type: 'TooManyRequestsException', message });
}

function forbidden(request: FastifyRequest, reply: FastifyReply, principal: Principal, access: Access | undefined): FastifyReply {
  const what = `${request.method} ${request.is404 ? 'of this path' : request.routeOptions.url}`;
  const message = `${principal.actor} (${principal.roles.join(', ')}) may not ${what}: it needs the role ${access ?? 'of nobody'}`;
  return sendError(reply, { status: 403, type: 'ForbiddenException', message });
}
