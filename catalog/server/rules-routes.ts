// Trino's access rules over HTTP. Trino sends no header for them, so that their address holds a token of the role `rules`,
// which opens nothing else: unguessable, revocable, and in the audit log with each new text that went out by it.

import type { FastifyInstance } from 'fastify';
import type { RulesService } from '../policy/rules-service.ts';
import { listOf, object, text } from './contract-schemas.ts';
import { describeRoute } from './describe-route.ts';
import { contextOf } from './guard.ts';
import { sendJson } from './reply.ts';

const rulesPath = '/v1/foz/trino/rules';

const rulesSchema = { type: 'object', title: 'TrinoRules', description: 'Rules of Trino’s file-based access control, of one catalog' };

const compiledSchema = object({ rules: rulesSchema, digest: text, notes: listOf(text) }, 'CompiledRules');

export function rulesRoutes(app: FastifyInstance, rules: RulesService): void {
  app.get(
    rulesPath,
    describeRoute('operator', 'getTrinoRules', 'Trino’s access rules, to look at, with what stays closed and why', compiledSchema, []),
    async (_request, reply) => {
      const { text: compiled, digest, notes } = await rules.compiled();
      return sendJson(
        reply.header('cache-control', 'no-store'),
        200,
        `{"rules":${compiled},"digest":"${digest}","notes":${JSON.stringify(notes)}}`,
      );
    },
  );
  app.get(
    `${rulesPath}/:token`,
    describeRoute('rules', 'fetchTrinoRules', 'Trino’s access rules, for Trino: security.config-file', rulesSchema, [], {
      params: object({ token: text }),
    }),
    async (request, reply) => {
      const { text: found } = await rules.published(contextOf(request).actor);
      return sendJson(reply.header('cache-control', 'no-store'), 200, found);
    },
  );
}
