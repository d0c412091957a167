// One HTTP exchange with a catalog, and what its failure means. A write that was sent and not answered may have happened
// (CATALOG_OUTCOME_UNKNOWN, I5); one that never left has not (CATALOG_UNREACHABLE). Nothing is tried again here.

import { parseJson, stringifyJson } from '../lake/iceberg/json.ts';
import { isRecord, isString } from '../lake/iceberg/read-metadata.ts';
import { LakeError } from '../runtime/errors.ts';

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly body?: unknown;
  /** A lost answer to it leaves the outcome unknown. */
  readonly isWrite: boolean;
}

export interface RestResponse {
  readonly status: number;
  /** Undefined when there was no body. */
  readonly body: unknown;
}

/** A token, or where one is had that is valid now. */
export type BearerToken = string | (() => Promise<string>);

export interface RestHttpOptions {
  readonly token?: BearerToken | undefined;
  readonly requestTimeoutMs: number;
  readonly responseBytesMax: number;
}

/** Nothing was sent: the connection was never made. */
const unsentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Answers every status below 500 but 429; throws LakeError for the rest, and the signal's reason when aborted. */
export async function restExchange(options: RestHttpOptions, request: RestRequest, signal?: AbortSignal): Promise<RestResponse> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(options.requestTimeoutMs);
  const body = request.body === undefined ? null : stringifyJson(request.body);
  // Had before anything is sent: where it cannot be had, nothing has happened.
  const token = typeof options.token === 'function' ? await options.token() : options.token;
  let isAnswered = false;
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: headersOf(token, body),
      body,
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    isAnswered = true;
    const text = await boundedText(response, options.responseBytesMax);
    if (response.status < 500 && response.status !== 429) return { status: response.status, body: bodyOf(text, response.status) };
    throw failedStatus(request, response.status, messageOf(text));
  } catch (cause) {
    if (cause instanceof LakeError) throw cause;
    if (signal?.aborted) throw signal.reason;
    throw lostExchange(request, cause, isAnswered);
  }
}

export function refusedBy(request: Pick<RestRequest, 'method' | 'url'>, response: RestResponse): LakeError {
  return new LakeError(
    'CATALOG_REFUSED',
    `${request.method} ${request.url} was refused with ${response.status}: ${errorMessage(response.body)}`,
    {
      context: { url: request.url, status: response.status },
    },
  );
}

/** The protocol's error message, or what there is. */
export function errorMessage(body: unknown): string {
  return errorMember(body, 'message') ?? 'no message';
}

export function errorType(body: unknown): string | null {
  return errorMember(body, 'type');
}

function errorMember(body: unknown, name: string): string | null {
  const error = isRecord(body) ? body['error'] : undefined;
  const member = isRecord(error) ? error[name] : undefined;
  return isString(member) ? member : null;
}

function headersOf(token: string | undefined, body: string | null): Record<string, string> {
  return {
    accept: 'application/json',
    ...(body === null ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}

function failedStatus(request: RestRequest, status: number, message: string): LakeError {
  // 429 is said before the request is worked on.
  const code = request.isWrite && status !== 429 ? 'CATALOG_OUTCOME_UNKNOWN' : 'CATALOG_UNREACHABLE';
  return new LakeError(code, `${request.method} ${request.url} failed with ${status}: ${message}`, {
    context: { url: request.url, status },
  });
}

function lostExchange(request: RestRequest, cause: unknown, isAnswered: boolean): LakeError {
  const code = causeCode(cause);
  const isUnsent = !isAnswered && code !== null && unsentCodes.has(code);
  const reason = cause instanceof Error ? [cause.message, code].filter((part) => part !== null).join(', ') : String(cause);
  return new LakeError(
    request.isWrite && !isUnsent ? 'CATALOG_OUTCOME_UNKNOWN' : 'CATALOG_UNREACHABLE',
    `${request.method} ${request.url} got no usable answer: ${reason}`,
    { cause, context: { url: request.url } },
  );
}

/** fetch wraps the socket's error, and that may be one per address tried: all must be of the same kind to count. */
function causeCode(error: unknown): string | null {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(causeCode);
    return codes.length > 0 && codes.every((code) => code !== null && unsentCodes.has(code)) ? (codes[0] ?? null) : null;
  }
  if (!(error instanceof Error)) return null;
  if ('code' in error && isString(error.code)) return error.code;
  return error.cause === undefined ? null : causeCode(error.cause);
}

async function boundedText(response: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An error's body may be anything; a success we cannot read is a lost answer. */
function bodyOf(text: string, status: number): unknown {
  if (text === '') return undefined;
  if (status < 300) return parseJson(text);
  try {
    return parseJson(text);
  } catch {
    return { error: { message: text.slice(0, 300) } };
  }
}

function messageOf(text: string): string {
  return errorMessage(bodyOf(text, 599));
}
