// The audit log over HTTP, for operators: it names people and what they did.

import type { FastifyInstance } from 'fastify';
import type { AuditService } from '../audit/audit-service.ts';
import { readTime, timePattern } from '../registry/effective.ts';
import { foundPage, object, pageQueryProperties, text, time, type JsonSchemaText } from './contract-schemas.ts';
import { describeRoute } from './describe-route.ts';
import { answerJson } from './reply.ts';
import { member, pageOf } from './request.ts';

const entry = object(
  {
    number: { type: 'integer', minimum: 1 },
    at: time,
    actor: text,
    action: { ...text, description: '`table.commit`, `table.drop`, `entity.update` …' },
    subject: text,
    before: { description: 'What was, as far as it changed; null: there was nothing' },
    after: { description: 'What is since; null: there is nothing' },
  },
  'AuditEntry',
);

const name: JsonSchemaText = { type: 'string', minLength: 1, maxLength: 1000 };
const moment: JsonSchemaText = { type: 'string', pattern: timePattern.source };
const query = {
  ...pageQueryProperties,
  subject: { ...name, description: 'A name, with everything in it' },
  actor: name,
  action: { ...name, description: 'An action, or the first part of one: `table`' },
  from: moment,
  until: { ...moment, description: 'Not within' },
  data: { type: 'string', enum: ['true', 'false'], description: 'false: without plain data commits' },
};

export function auditRoutes(app: FastifyInstance, audit: AuditService): void {
  const list = describeRoute('operator', 'listAudit', 'Who changed what, newest first', foundPage('entries', entry, 'AuditLog'), [], {
    querystring: object(query, undefined, Object.keys(query)),
  });
  app.get('/v1/foz/audit', list, async ({ query: asked }, reply) => {
    const [subject = null, actor = null, action = null] = ['subject', 'actor', 'action'].map((part) => member(asked, part));
    const [from = null, until = null] = ['from', 'until'].map((part) => timeIn(asked, part));
    const filter = { subject, actor, action, from, until, isDataLeftOut: member(asked, 'data') === 'false' };
    return answerJson(reply, await audit.list(filter, pageOf(asked)), ({ items, nextToken }) => ({
      entries: items,
      'next-page-token': nextToken,
    }));
  });
}

function timeIn(asked: unknown, part: string): number | null {
  const given = member(asked, part);
  return given === undefined ? null : readTime(given);
}
