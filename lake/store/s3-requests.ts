// The S3 requests the store needs, one function each: the only file of the room that knows the SDK. The SDK's own
// retries are off (`maxAttempts: 1`), since a hidden second attempt would turn an unknown outcome into a false "taken";
// its default checksum trailers are off too (other S3 servers refuse them): Content-MD5, which every server checks,
// guards the bytes on the way. Every failure leaves as an S3Failure, except an abort, which leaves as the signal's reason.

import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { LakeError } from '../../runtime/errors.ts';
import { limiter } from './limiter.ts';
import type { ByteRange, ObjectHead } from './object-store.ts';
import { S3Failure, s3Failure } from './s3-failure.ts';

export type S3Credentials =
  | { readonly kind: 'static'; readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  /** A profile of the shared AWS files; the profile may assume a role (role_arn with source_profile, credential_source or web_identity_token_file). */
  | { readonly kind: 'profile'; readonly profile: string }
  /** The SDK's chain: environment, web identity (AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN), shared files, SSO, container, instance. */
  | { readonly kind: 'default' };

export interface S3Connection {
  readonly bucket: string;
  readonly region: string;
  /** Left out: AWS itself. */
  readonly endpoint?: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`; most servers other than AWS need it. */
  readonly pathStyle: boolean;
  readonly credentials: S3Credentials;
  readonly connectTimeoutMs: number;
  /** From the first byte sent to the first byte of the answer. */
  readonly requestTimeoutMs: number;
  /** Silence on a socket, either way, that ends a request. */
  readonly idleTimeoutMs: number;
  /** Requests under way at once; more wait. */
  readonly socketsMax: number;
}

/** What one write is known by afterwards: HEAD gives it back. */
export interface WriteMark {
  readonly writeId: string;
  readonly contentType?: string;
}

export interface S3Head extends ObjectHead {
  /** Without quotes. Of a plain put the hex MD5 of its bytes, on most servers. */
  readonly etag: string | null;
  /** The id its writer gave it, where the store keeps metadata. */
  readonly writeId: string | null;
}

export interface S3Body {
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface UploadedPart {
  readonly number: number;
  readonly etag: string;
}

export interface S3Requests {
  put(key: string, body: Uint8Array, md5: Buffer, ifAbsent: boolean, mark: WriteMark, signal?: AbortSignal): Promise<void>;
  /** Hands the body to `read` while the connection is held; the answer's length is checked. */
  get<T>(key: string, range: ByteRange | undefined, read: (body: S3Body) => Promise<T>, signal?: AbortSignal): Promise<T>;
  head(key: string, signal?: AbortSignal): Promise<S3Head | null>;
  listPage(
    prefix: string,
    token: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ heads: readonly ObjectHead[]; next: string | undefined }>;
  /** Returns the keys that were refused, each with the store's code. */
  deleteMany(keys: readonly string[], signal?: AbortSignal): Promise<readonly { key: string; code: string }[]>;
  deleteOne(key: string, signal?: AbortSignal): Promise<void>;
  createUpload(key: string, mark: WriteMark, signal?: AbortSignal): Promise<string>;
  uploadPart(key: string, uploadId: string, number: number, body: Uint8Array, md5: Buffer, signal?: AbortSignal): Promise<UploadedPart>;
  completeUpload(key: string, uploadId: string, parts: readonly UploadedPart[], ifAbsent: boolean, signal?: AbortSignal): Promise<void>;
  abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Lower case: user metadata travels as HTTP headers. */
const writeIdName = 'foz-write';

export function s3Requests(connection: S3Connection): S3Requests {
  const client = new S3Client(clientConfig(connection));
  const limit = limiter(connection.socketsMax);
  const secrets = secretsOf(connection.credentials);
  const Bucket = connection.bucket;

  /** Runs one request within the socket limit and reads its failure. */
  const run = <T>(
    action: string,
    key: string,
    signal: AbortSignal | undefined,
    request: (options: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> =>
    limit(async () => {
      signal?.throwIfAborted();
      try {
        return await request(signal === undefined ? {} : { abortSignal: signal });
      } catch (error) {
        signal?.throwIfAborted();
        // Errors of our own (a local file, a length) already say what they are.
        if (error instanceof LakeError) throw error;
        throw s3Failure(error, { action, bucket: Bucket, key }, secrets);
      }
    }, signal);

  return {
    ...objectRequests(client, Bucket, run),
    ...uploadRequests(client, Bucket, run),
    close: () => client.destroy(),
  };
}

type Run = <T>(
  action: string,
  key: string,
  signal: AbortSignal | undefined,
  request: (options: { abortSignal?: AbortSignal }) => Promise<T>,
) => Promise<T>;

type ObjectRequests = Pick<S3Requests, 'put' | 'get' | 'head' | 'listPage' | 'deleteMany' | 'deleteOne'>;

function objectRequests(client: S3Client, Bucket: string, run: Run): ObjectRequests {
  return {
    put: (key, body, md5, ifAbsent, mark, signal) =>
      run('put', key, signal, async (options) => {
        const ContentMD5 = md5.toString('base64');
        await client.send(
          new PutObjectCommand({ Bucket, Key: key, Body: body, ContentMD5, ...markInput(mark), ...conditionInput(ifAbsent) }),
          options,
        );
      }),
    get: (key, range, read, signal) =>
      run('get', key, signal, async (options) => {
        const Range = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` };
        const found = await client.send(new GetObjectCommand({ Bucket, Key: key, ...Range }), options);
        if (range !== undefined && found.ContentRange === undefined) {
          throw new S3Failure(
            'refused',
            { action: 'get', bucket: Bucket, key },
            { code: 'RangeIgnored', text: 'the store answered a range request with the whole object' },
          );
        }
        return read({ bytes: found.ContentLength ?? -1, chunks: chunksOf(found.Body) });
      }),
    head: (key, signal) =>
      run('head', key, signal, async (options) => {
        const found = await client.send(new HeadObjectCommand({ Bucket, Key: key }), options);
        return {
          key,
          bytes: found.ContentLength ?? 0,
          modifiedAt: found.LastModified?.getTime() ?? 0,
          etag: found.ETag?.replaceAll('"', '') ?? null,
          writeId: found.Metadata?.[writeIdName] ?? null,
        };
      }).catch((error: unknown) => {
        if (error instanceof S3Failure && error.kind === 'absent') return null;
        throw error;
      }),
    listPage: (prefix, token, signal) =>
      run('list', prefix, signal, async (options) => {
        const ContinuationToken = token === undefined ? {} : { ContinuationToken: token };
        const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: prefix, MaxKeys: 1000, ...ContinuationToken }), options);
        const heads = (page.Contents ?? []).flatMap((found) =>
          found.Key === undefined ? [] : [{ key: found.Key, bytes: found.Size ?? 0, modifiedAt: found.LastModified?.getTime() ?? 0 }],
        );
        return { heads, next: page.IsTruncated === true ? page.NextContinuationToken : undefined };
      }),
    deleteMany: (keys, signal) =>
      run('delete', keys[0] ?? '', signal, async (options) => {
        const Objects = keys.map((Key) => ({ Key }));
        const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }), options);
        const refused = (answer.Errors ?? []).map((error) => ({ key: error.Key ?? '', code: error.Code ?? 'UnknownError' }));
        return refused.filter((error) => error.code !== 'NoSuchKey');
      }),
    deleteOne: (key, signal) =>
      run('delete', key, signal, async (options) => {
        await client.send(new DeleteObjectCommand({ Bucket, Key: key }), options);
      }).catch((error: unknown) => {
        if (!(error instanceof S3Failure) || error.kind !== 'absent') throw error;
      }),
  };
}

type UploadRequests = Pick<S3Requests, 'createUpload' | 'uploadPart' | 'completeUpload' | 'abortUpload'>;

function uploadRequests(client: S3Client, Bucket: string, run: Run): UploadRequests {
  return {
    createUpload: (key, mark, signal) =>
      run('start upload of', key, signal, async (options) => {
        const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: key, ...markInput(mark) }), options);
        if (UploadId === undefined) throw new S3Failure('hung', { action: 'start upload of', bucket: Bucket, key }, { code: 'NoUploadId' });
        return UploadId;
      }),
    uploadPart: (key, UploadId, number, body, md5, signal) =>
      run('upload part of', key, signal, async (options) => {
        const ContentMD5 = md5.toString('base64');
        const { ETag } = await client.send(
          new UploadPartCommand({ Bucket, Key: key, UploadId, PartNumber: number, Body: body, ContentMD5 }),
          options,
        );
        if (ETag === undefined) throw new S3Failure('hung', { action: 'upload part of', bucket: Bucket, key }, { code: 'NoETag' });
        return { number, etag: ETag };
      }),
    completeUpload: (key, UploadId, parts, ifAbsent, signal) =>
      run('complete upload of', key, signal, async (options) => {
        const MultipartUpload = { Parts: parts.map((part) => ({ PartNumber: part.number, ETag: part.etag })) };
        // A store that fails after it sent the 200 puts the error into the body; the SDK turns that, and an empty body, into a 5xx.
        const answer = await client.send(
          new CompleteMultipartUploadCommand({ Bucket, Key: key, UploadId, MultipartUpload, ...conditionInput(ifAbsent) }),
          options,
        );
        if (answer.ETag === undefined)
          throw new S3Failure('hung', { action: 'complete upload of', bucket: Bucket, key }, { code: 'NoETag' });
      }),
    abortUpload: (key, UploadId, signal) =>
      run('abort upload of', key, signal, async (options) => {
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key: key, UploadId }), options);
      }),
  };
}

function markInput(mark: WriteMark) {
  return {
    Metadata: { [writeIdName]: mark.writeId },
    ...(mark.contentType === undefined ? {} : { ContentType: mark.contentType }),
  };
}

function conditionInput(ifAbsent: boolean) {
  return ifAbsent ? { IfNoneMatch: '*' } : {};
}

async function* chunksOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Readable)) return;
  for await (const chunk of body) if (chunk instanceof Uint8Array) yield chunk;
}

function clientConfig(connection: S3Connection): S3ClientConfig {
  const agent = { keepAlive: true, maxSockets: connection.socketsMax };
  return {
    region: connection.region,
    forcePathStyle: connection.pathStyle,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connection.connectTimeoutMs,
      requestTimeout: connection.requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: connection.idleTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(connection.endpoint === undefined ? {} : { endpoint: connection.endpoint }),
    ...credentialsConfig(connection.credentials),
  };
}

function credentialsConfig(credentials: S3Credentials): S3ClientConfig {
  if (credentials.kind === 'default') return {};
  if (credentials.kind === 'profile') return { profile: credentials.profile };
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } };
}

function secretsOf(credentials: S3Credentials): readonly string[] {
  if (credentials.kind !== 'static') return [];
  return [credentials.secretAccessKey, credentials.sessionToken ?? ''];
}
