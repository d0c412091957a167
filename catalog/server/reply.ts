// Answers as bytes. Bodies are built as text here, because they carry 64-bit integers; loaded tables and views are bytes already.

import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import type { TableIdent } from '../catalog.ts';
import type { Answer } from '../service/answer.ts';
import type { StoredReply } from '../store/change-record.ts';
import type { RelationKind } from '../store/relation-store.ts';
import { errorBody, refusalError, type RestError } from './rest-error.ts';

export function sendJson(reply: FastifyReply, status: number, body: string | Buffer): FastifyReply {
  return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(body);
}

export function sendError(reply: FastifyReply, error: RestError): FastifyReply {
  return sendJson(reply, error.status, errorBody(error));
}

export function answerText<T>(reply: FastifyReply, answer: Answer<T>, textOf: (value: T) => string): FastifyReply {
  return answer.kind === 'ok' ? sendJson(reply, 200, textOf(answer.value)) : sendError(reply, refusalError(answer));
}

export function answerJson<T>(reply: FastifyReply, answer: Answer<T>, bodyOf: (value: T) => unknown): FastifyReply {
  return answerText(reply, answer, (value) => stringifyJson(bodyOf(value)));
}

export function answerNothing(reply: FastifyReply, answer: Answer<null>): FastifyReply {
  return answer.kind === 'ok' ? reply.code(204).send() : sendError(reply, refusalError(answer));
}

/** The part of a metadata file that is served. */
export interface ServedFile {
  readonly location: string;
  readonly answer: Buffer;
}

/**
 * A table or view as it was loaded or changed, under an ETag; 304 where a client that loads it has it already. The note on
 * the request is for the case that it comes again (idempotency.ts).
 */
export function answerRelation<File extends ServedFile>(
  request: FastifyRequest,
  reply: FastifyReply,
  { kind, ident, answer, variant = 'all' }: RelationAnswer<File>,
  answerOf: (file: File) => Buffer = (file) => file.answer,
): FastifyReply {
  if (answer.kind === 'refused') return sendError(reply, refusalError(answer));
  const { location } = answer.value;
  request.answered = { kind: 'metadata', relation: kind, ident, metadataLocation: location };
  const tag = etagOf(location, variant);
  reply.header('etag', tag);
  if (request.method === 'GET' && isKnownTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return sendJson(reply, 200, answerOf(answer.value));
}

export interface RelationAnswer<File> {
  readonly kind: RelationKind;
  readonly ident: TableIdent;
  readonly answer: Answer<File>;
  /** What of the metadata is told: the same file told otherwise has another ETag. */
  readonly variant?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    answered: Extract<StoredReply, { kind: 'metadata' }> | null;
  }
}

/** Metadata files never change, so their place says which content it is. */
export function etagOf(location: string, variant: string): string {
  return `"${createHash('sha256').update(`${variant} ${location}`).digest('base64url')}"`;
}

/** Spec: RFC 9110 If-None-Match, where a weak tag is as good as a strong one. */
function isKnownTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const tags = new Set(header.split(',').map((text) => text.trim().replace(/^W\//, '')));
  return tags.has(tag) || tags.has('*');
}
