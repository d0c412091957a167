// A route's description, for the server to check requests by and for the OpenAPI document.

import type { FastifySchema } from 'fastify';
import { contractSchemas, type JsonSchemaText } from './contract-schemas.ts';

export interface FozSchema extends FastifySchema {
  readonly summary: string;
  readonly operationId: string;
  readonly response: Readonly<Record<string, JsonSchemaText>>;
}

/** Every route can refuse a malformed request (400) and fail (500, 503). */
export function describeRoute(
  operationId: string,
  summary: string,
  ok: JsonSchemaText,
  refusals: readonly number[],
  request: FastifySchema = {},
) {
  const errors = Object.fromEntries([400, ...refusals, 500, 503].map((status) => [status, contractSchemas.error]));
  const schema: FozSchema = { ...request, operationId, summary, response: { 200: ok, ...errors } };
  return { schema };
}
