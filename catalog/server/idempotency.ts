// Requests with an Idempotency-Key have one effect and one answer, however often they arrive. The first reply that is
// written under a key decides: a change writes it in its own transaction, a refusal is written before it is sent. So no
// request waits for another: of two that run side by side with one key, the later one loses its transaction
// (CATALOG_KEY_TAKEN) or finds the key taken when it is refused, and answers what is stored. That holds across processes,
// restarts and lost replies. Spec: open-api Idempotency-Key

import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Answer } from '../service/answer.ts';
import type { IdempotentReply, StoredReply } from '../store/change-record.ts';
import type { ReplyStore } from '../store/reply-store.ts';
import { etagOf, sendError, type ServedFile } from './reply.ts';
import { errorBody, refusalError, type RestError } from './rest-error.ts';

export interface IdempotencyOptions {
  readonly replies: ReplyStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a table or view was answered with, or what is current by now. */
  readonly answered: (reply: AnsweredRelation) => Promise<Answer<ServedFile>>;
  readonly lifetimeMs: number;
}

export type AnsweredRelation = Extract<StoredReply, { kind: 'metadata' }>;

export interface Idempotency {
  /** Null: the error says something else than that the request's key was taken by another one. */
  answerTaken(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> | null;
}

/** Clients make UUIDs of version 7; what matters is that nobody else makes the same. */
const keyPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Of answers that are not a table or view: they are small. A staged table, which changed nothing, may be larger and is not kept. */
const bodyCharsMax = 64 * 1024;
const forgetPauseMs = 60_000;
const forgottenMax = 1000;
/** Refusals that stay: coming again changes nothing about them. */
const finalRefusals: ReadonlySet<number> = new Set([400, 404, 406, 409, 422]);

interface Rendered {
  readonly status: number;
  readonly body: string | Buffer;
  readonly etag: string | null;
}

/** Call it before the routes are added. */
export function idempotentRequests(app: FastifyInstance, options: IdempotencyOptions): Idempotency {
  const { replies, clock, logger, lifetimeMs } = options;
  const forgetOldReplies = forgetting(options);
  app.decorateRequest('answered', null);
  app.addHook('preHandler', async (request, reply) => {
    const key = isChange(request) ? request.headers['idempotency-key'] : undefined;
    if (key === undefined) return;
    if (typeof key !== 'string' || !keyPattern.test(key)) return sendError(reply, malformedKey);
    const known = await replies.findReply(key.toLowerCase());
    const digest = digestOf(request);
    if (known) return sendRendered(reply, await rendered(options, known, digest));
    request.idempotency = { key: key.toLowerCase(), digest, expiresAt: clock.now() + lifetimeMs };
  });
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    const { idempotency } = request;
    const stored = idempotency && finalReply(request, reply, payload);
    if (!idempotency || !stored) return payload;
    try {
      await forgetOldReplies();
      if ((await replies.addReply({ ...idempotency, reply: stored })) === 'added' || reply.statusCode < 300) return payload;
      const first = await replies.findReply(idempotency.key);
      return first ? replaced(reply, await rendered(options, first, idempotency.digest)) : payload;
    } catch (error) {
      logger.warn({ error, key: idempotency.key }, 'a reply could not be kept for its Idempotency-Key');
      return payload;
    }
  });
  return {
    answerTaken(error, request, reply) {
      const { idempotency } = request;
      if (!(error instanceof LakeError) || error.code !== 'CATALOG_KEY_TAKEN' || !idempotency) return null;
      request.idempotency = null;
      return answerFirst(options, idempotency, reply);
    },
  };
}

/** ISO 8601, as `/v1/config` tells it. */
export function lifetimeText(lifetimeMs: number): string {
  const seconds = Math.floor(lifetimeMs / 1000);
  return seconds % 60 === 0 ? `PT${seconds / 60}M` : `PT${seconds}S`;
}

/** What changes tables, views and namespaces; the routes of the registry compare revisions instead. */
function isChange({ routeOptions }: FastifyRequest): boolean {
  const { url = '', config } = routeOptions;
  return config.access === 'writer' && url.startsWith('/v1/') && !url.startsWith('/v1/foz/');
}

/** The body as it was understood: the same request may be written with other spaces. */
function digestOf(request: FastifyRequest): string {
  const { method, url, body, principal } = request;
  const parts = [method, url, principal?.actor ?? '', body === undefined ? '' : stringifyJson(body)];
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

function finalReply(request: FastifyRequest, reply: FastifyReply, payload: unknown): StoredReply | null {
  const status = reply.statusCode;
  if (status < 300 && request.answered) return request.answered;
  if (status >= 300 && !finalRefusals.has(status)) return null;
  const body = payload === undefined || payload === null ? '' : payload;
  return typeof body === 'string' && body.length <= bodyCharsMax ? { kind: 'body', status, body } : null;
}

async function answerFirst(options: IdempotencyOptions, asked: { readonly key: string; readonly digest: string }, reply: FastifyReply) {
  const first = await options.replies.findReply(asked.key);
  return first ? sendRendered(reply, await rendered(options, first, asked.digest)) : sendError(reply, keyForgotten);
}

async function rendered(options: IdempotencyOptions, { digest, reply }: IdempotentReply, asked: string): Promise<Rendered> {
  if (digest !== asked) return renderedError(otherRequest);
  if (reply.kind === 'body') return { status: reply.status, body: reply.body, etag: null };
  const answer = await options.answered(reply);
  if (answer.kind === 'refused') return renderedError(refusalError(answer));
  return { status: 200, body: answer.value.answer, etag: etagOf(answer.value.location, 'all') };
}

function renderedError(error: RestError): Rendered {
  return { status: error.status, body: errorBody(error), etag: null };
}

function sendRendered(reply: FastifyReply, answer: Rendered): FastifyReply {
  const body = replaced(reply, answer);
  return body === '' ? reply.send() : reply.send(body);
}

/** Status and headers of the first answer in place of the reply's own; its body comes back. */
function replaced(reply: FastifyReply, { status, body, etag }: Rendered): string | Buffer {
  reply.code(status).removeHeader('etag').removeHeader('content-length');
  if (body === '') reply.removeHeader('content-type');
  else reply.header('content-type', 'application/json; charset=utf-8');
  if (etag !== null) reply.header('etag', etag);
  return body;
}

/** Little at a time, with the requests that add to them: a store that forgets does nothing else. */
function forgetting({ replies, clock }: IdempotencyOptions): () => Promise<void> {
  let nextAt = 0;
  return async () => {
    const now = clock.now();
    if (now < nextAt) return;
    nextAt = now + forgetPauseMs;
    if ((await replies.forgetReplies(now, forgottenMax)) === forgottenMax) nextAt = now;
  };
}

const malformedKey: RestError = { status: 400, type: 'BadRequestException', message: 'Idempotency-Key must be one UUID' };
const otherRequest: RestError = {
  status: 422,
  type: 'UnprocessableEntityException',
  message: 'This Idempotency-Key was used for another request: take a new one for each',
};
const keyForgotten: RestError = {
  status: 503,
  type: 'ServiceUnavailableException',
  message: 'The reply to this Idempotency-Key has just been forgotten: send the request again',
};
