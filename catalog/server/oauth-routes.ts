// The token endpoint, where Iceberg's clients look for it: they send a form. The specification calls the path deprecated, since
// a catalog need not issue tokens; ours issues for the tokens of its own store, and is named only where it is asked for.
// Spec: open-api /v1/oauth/tokens; RFC 6749, section 5

import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AccessControl } from '../access/access-control.ts';
import type { GrantRequest } from '../access/token-grants.ts';
import { may } from './guard.ts';
import { sendJson } from './reply.ts';

const formBytesMax = 32 * 1024;

export function oauthRoutes(app: FastifyInstance, grant: AccessControl['grant']): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: formBytesMax },
      async (_request: unknown, body: string | Buffer) => formOf(body.toString()),
    );
    scope.post('/v1/oauth/tokens', { ...may('public'), bodyLimit: formBytesMax }, async (request, reply) => {
      const form = request.body instanceof Map ? request.body : new Map<string, string>();
      const outcome = await grant({ form, basic: basicOf(request.headers.authorization) }, request.ip);
      reply.header('cache-control', 'no-store');
      if (outcome.kind === 'limited') {
        reply.header('retry-after', String(outcome.retryAfterSeconds));
        return sendOauthError(
          reply,
          429,
          'slow_down',
          `Too many failed logins from this address; try again in ${outcome.retryAfterSeconds} s`,
        );
      }
      if (outcome.kind === 'error') {
        if (outcome.status === 401) reply.header('www-authenticate', 'Basic realm="foz"');
        return sendOauthError(reply, outcome.status, outcome.error, outcome.description);
      }
      const answer = {
        access_token: outcome.token,
        token_type: 'bearer',
        expires_in: outcome.lifeSeconds,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        scope: outcome.roles.join(' '),
      };
      return sendJson(reply, 200, JSON.stringify(answer));
    });
  });
}

function sendOauthError(reply: FastifyReply, status: number, error: string, description: string): FastifyReply {
  return sendJson(reply, status, JSON.stringify({ error, error_description: description }));
}

function formOf(text: string): ReadonlyMap<string, string> {
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (form.has(name)) throw new SyntaxError(`${name.slice(0, 100)} must be given once`);
    form.set(name, value);
  }
  return form;
}

/** Spec: RFC 6749, section 2.3.1: both parts are form-encoded; Iceberg's clients send them as they are. */
function basicOf(header: string | undefined): GrantRequest['basic'] {
  const [scheme, encoded] = (header ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'basic' || encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}
