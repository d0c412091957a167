// What a failed request to an S3 store means. The SDK hands over exceptions of many shapes; this file reads each once
// and says what is known of the outcome, which is what decides between trying again, looking first and giving up.

import { LakeError, type ErrorCode } from '../../runtime/errors.ts';

/**
 * - `passing`: nothing happened, it may work later (not connected, throttled, bytes damaged on the way).
 * - `answered`: the store said it failed (5xx, or 200 with an error body); looking shows whether it happened.
 * - `hung`: no answer (time-out, reset, gateway): it may have happened, or may still happen.
 * - `conflict`: another conditional write to the key was under way (409).
 * - `condition`: the key is taken (412).
 * - `absent`: no such object. `upload-gone`: no such multipart upload.
 * - `refused`: it will never work as asked.
 */
export type S3FailureKind = 'passing' | 'answered' | 'hung' | 'conflict' | 'condition' | 'absent' | 'upload-gone' | 'refused';

export interface S3Target {
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
}

export interface S3Answer {
  readonly code: string;
  readonly status?: number | undefined;
  readonly text?: string | undefined;
}

export class S3Failure extends LakeError {
  readonly kind: S3FailureKind;
  readonly #target: S3Target;
  readonly #found: S3Answer;

  constructor(kind: S3FailureKind, target: S3Target, found: S3Answer) {
    const status = found.status === undefined || found.code.startsWith('HTTP ') ? '' : ` (HTTP ${found.status})`;
    const text = found.text === undefined || found.text === '' ? '' : `: ${found.text}`;
    super(errorCodes[kind], `${target.action} s3://${target.bucket}/${target.key} failed with ${found.code}${status}${text}`, {
      context: { bucket: target.bucket, key: target.key, action: target.action, s3Code: found.code, status: found.status },
    });
    this.name = 'S3Failure';
    this.kind = kind;
    this.#target = target;
    this.#found = found;
  }

  /** The same failure where the caller knows better what it means. */
  as(kind: S3FailureKind): S3Failure {
    return new S3Failure(kind, this.#target, this.#found);
  }
}

const errorCodes: Readonly<Record<S3FailureKind, ErrorCode>> = {
  passing: 'STORE_UNREACHABLE',
  answered: 'STORE_UNREACHABLE',
  hung: 'STORE_UNREACHABLE',
  conflict: 'STORE_UNREACHABLE',
  condition: 'STORE_REFUSED',
  absent: 'OBJECT_MISSING',
  'upload-gone': 'STORE_REFUSED',
  refused: 'STORE_REFUSED',
};

/** Codes whose meaning the HTTP status alone would get wrong. */
const kindsByCode: ReadonlyMap<string, S3FailureKind> = new Map([
  ['SlowDown', 'passing'],
  ['Throttling', 'passing'],
  ['TooManyRequests', 'passing'],
  ['RequestTimeout', 'passing'],
  ['RequestTimeoutException', 'passing'],
  ['BadDigest', 'passing'],
  ['IncompleteBody', 'passing'],
  ['XAmzContentSHA256Mismatch', 'passing'],
  ['CredentialsProviderError', 'passing'],
  // The SDK learns the store's clock from this answer; the next try is signed with it.
  ['RequestTimeTooSkewed', 'passing'],
  ['ConditionalRequestConflict', 'conflict'],
  ['OperationAborted', 'conflict'],
  ['PreconditionFailed', 'condition'],
  ['NoSuchKey', 'absent'],
  ['NoSuchBucket', 'refused'],
  ['NoSuchUpload', 'upload-gone'],
  ['AccessDenied', 'refused'],
]);

/** System codes of a request that never left. */
const neverSent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EMFILE',
]);

/** System codes of an endpoint that is not what the configuration says it is. */
const wrongEndpoint = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|ERR_INVALID_URL$)/;

/** Reads one SDK exception. Nothing of it is kept but its code, status and text: its other fields can hold signatures and tokens. */
export function s3Failure(error: unknown, target: S3Target, secrets: readonly string[]): S3Failure {
  if (error instanceof S3Failure) return error;
  const status = statusOf(error);
  const name = textField(error, 'name') ?? 'UnknownError';
  const systemCode = textField(error, 'code');
  const text = redacted(error instanceof Error ? error.message : String(error), secrets);
  if (status === undefined && name !== 'CredentialsProviderError') {
    const code = systemCode ?? name;
    return new S3Failure(kindWithoutAnswer(code, text), target, { code, text });
  }
  // A HEAD answer has no body, so its failure no code.
  const isNameless = name === 'Unknown' || name === 'UnknownError';
  const code = isNameless ? `HTTP ${status}` : name;
  return new S3Failure(kindOfAnswer(name, status ?? 0), target, { code, status, text: isNameless || name === text ? undefined : text });
}

function kindWithoutAnswer(code: string, text: string): S3FailureKind {
  if (neverSent.has(code)) return 'passing';
  if (wrongEndpoint.test(code)) return 'refused';
  // The SDK gives its connection time-out no code of its own.
  if (text.includes('did not establish a connection')) return 'passing';
  return 'hung';
}

function kindOfAnswer(code: string, status: number): S3FailureKind {
  const known = kindsByCode.get(code);
  if (known !== undefined) return known;
  if (status === 412) return 'condition';
  if (status === 404) return 'absent';
  if (status === 408 || status === 429) return 'passing';
  // A gateway gave up waiting; what stands behind it may still be at work.
  if (status === 502 || status === 504) return 'hung';
  if (status === 501) return 'refused';
  if (status >= 500) return 'answered';
  // A 2xx that could not be read: cut off or not XML.
  if (status >= 200 && status < 300) return 'hung';
  return 'refused';
}

function statusOf(error: unknown): number | undefined {
  const status =
    numberField(objectField(error, '$metadata'), 'httpStatusCode') ?? numberField(objectField(error, '$response'), 'statusCode');
  return status === undefined || status < 100 ? undefined : status;
}

function redacted(text: string, secrets: readonly string[]): string {
  let clean = text.replaceAll(/\s+/g, ' ').slice(0, 300);
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[redacted]');
  return clean;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textField(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function numberField(value: unknown, name: string): number | undefined {
  const found = field(value, name);
  return typeof found === 'number' ? found : undefined;
}

function objectField(value: unknown, name: string): object | undefined {
  const found = field(value, name);
  return typeof found === 'object' && found !== null ? found : undefined;
}
