// Answers as bytes. Bodies are built as text here, because they carry 64-bit integers and metadata that is text already.

import type { FastifyReply } from 'fastify';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import type { Answer } from '../service/answer.ts';
import { errorBody, refusalError, type RestError } from './rest-error.ts';

export function sendJson(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('content-type', 'application/json').send(text);
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
