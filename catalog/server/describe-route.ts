// A route's description, for the server to check requests by and for the OpenAPI document.

import type { FastifySchema } from 'fastify';
import type { Access } from '../access/roles.ts';
import { contractSchemas, type JsonSchemaText } from './contract-schemas.ts';
import { may } from './guard.ts';

export interface FozSchema extends FastifySchema {
  readonly summary: string;
  readonly operationId: string;
  readonly response: Readonly<Record<string, JsonSchemaText>>;
}

/** Every route can refuse a malformed request (400), one it does not know or allow (401, 403), or too many such (429), and fail (500, 503). */
export function describeRoute(
  access: Access,
  operationId: string,
  summary: string,
  ok: JsonSchemaText,
  refusals: readonly number[],
  request: FastifySchema = {},
) {
  const errors = Object.fromEntries([400, 401, 403, ...refusals, 429, 500, 503].map((status) => [status, contractSchemas.error]));
  const schema: FozSchema = { ...request, operationId, summary, response: { 200: ok, ...errors } };
  return { schema, ...may(access) };
}
