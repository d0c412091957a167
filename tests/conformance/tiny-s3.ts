// A small S3 server over memory, for tests: enough of the protocol for the store, with the ways real servers differ
// (no metadata kept, conditions ignored or not atomic, no batch delete). `handle` is one request; `faulty-http.ts` puts
// a socket and scripted faults before it.

import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

export interface HttpRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | string;
}

export interface TinyS3Options {
  readonly bucket?: string;
  readonly conditions?: 'atomic' | 'racy' | 'ignored' | 'refused';
  readonly keepsMetadata?: boolean;
  readonly hasBatchDelete?: boolean;
  /** Keys in one list page at most. */
  readonly pageMax?: number;
}

interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly metadata: Record<string, string>;
  readonly modifiedAt: Date;
}

interface Upload {
  readonly key: string;
  readonly metadata: Record<string, string>;
  readonly parts: Map<number, Buffer>;
}

export interface TinyS3 {
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
  handle(request: HttpRequest): Promise<HttpAnswer>;
}

/** The name S3 gives the operation of a request. */
export function operationOf(request: Pick<HttpRequest, 'method' | 'url'>): string {
  const url = new URL(request.url, 'http://localhost');
  const has = (name: string) => url.searchParams.has(name);
  if (request.method === 'POST')
    return has('uploads') ? 'CreateMultipartUpload' : has('uploadId') ? 'CompleteMultipartUpload' : 'DeleteObjects';
  if (request.method === 'PUT') return has('partNumber') ? 'UploadPart' : 'PutObject';
  if (request.method === 'DELETE') return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  if (request.method === 'HEAD') return 'HeadObject';
  return has('list-type') ? 'ListObjectsV2' : 'GetObject';
}

export function tinyS3(options: TinyS3Options = {}): TinyS3 {
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, Upload>();
  const state = { objects, uploads, options };
  return {
    objects,
    uploads,
    async handle(request) {
      const url = new URL(request.url, 'http://localhost');
      const [, bucket = '', ...rest] = url.pathname.split('/');
      if (decodeURIComponent(bucket) !== (options.bucket ?? 'lake')) return failure(404, 'NoSuchBucket');
      const key = rest.map(decodeURIComponent).join('/');
      const md5 = request.headers['content-md5'];
      if (md5 !== undefined && md5 !== createHash('md5').update(request.body).digest('base64')) return failure(400, 'BadDigest');
      const operation = operations[operationOf(request)];
      return operation === undefined ? failure(501, 'NotImplemented') : operation(state, key, request, url.searchParams);
    },
  };
}

interface State {
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
  readonly options: TinyS3Options;
}

type Operation = (state: State, key: string, request: HttpRequest, query: URLSearchParams) => HttpAnswer | Promise<HttpAnswer>;

const operations: Readonly<Record<string, Operation>> = {
  PutObject: (state, key, request) => place(state, key, request, md5Hex(request.body), request.body, metadataOf(state, request)),
  HeadObject: (state, key) => {
    const found = state.objects.get(key);
    return found === undefined ? { status: 404 } : { status: 200, headers: headersOf(found) };
  },
  GetObject: (state, key, request) => {
    const found = state.objects.get(key);
    if (found === undefined) return failure(404, 'NoSuchKey');
    const range = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers['range'] ?? ''));
    if (range === null) return { status: 200, headers: headersOf(found), body: found.body };
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, found.body.length)];
    if (start >= found.body.length) return failure(416, 'InvalidRange');
    const body = found.body.subarray(start, end);
    const contentRange = `bytes ${start}-${end - 1}/${found.body.length}`;
    return { status: 206, headers: { ...headersOf(found), 'content-length': body.length, 'content-range': contentRange }, body };
  },
  DeleteObject: (state, key) => {
    state.objects.delete(key);
    return { status: 204 };
  },
  DeleteObjects: (state, _key, request) => {
    if (state.options.hasBatchDelete === false) return failure(501, 'NotImplemented');
    for (const [, key = ''] of request.body.toString().matchAll(/<Key>(.*?)<\/Key>/gs)) state.objects.delete(unescapeXml(key));
    return xml('<DeleteResult></DeleteResult>');
  },
  ListObjectsV2: (state, _key, _request, query) => listPage(state, query),
  CreateMultipartUpload: (state, key, request) => {
    const uploadId = randomUUID();
    state.uploads.set(uploadId, { key, metadata: metadataOf(state, request), parts: new Map() });
    return xml(`<InitiateMultipartUploadResult><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`);
  },
  UploadPart: (state, _key, request, query) => {
    const upload = state.uploads.get(query.get('uploadId') ?? '');
    if (upload === undefined) return failure(404, 'NoSuchUpload');
    upload.parts.set(Number(query.get('partNumber')), request.body);
    return { status: 200, headers: { etag: `"${md5Hex(request.body)}"` } };
  },
  CompleteMultipartUpload: async (state, key, request, query) => {
    const uploadId = query.get('uploadId') ?? '';
    const upload = state.uploads.get(uploadId);
    if (upload === undefined) return failure(404, 'NoSuchUpload');
    const parts = [...upload.parts].toSorted(([left], [right]) => left - right).map(([, body]) => body);
    const listed = [...request.body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, number]) => Number(number));
    if (listed.length !== parts.length || listed.some((number, index) => number !== index + 1)) return failure(400, 'InvalidPart');
    const etag = `${createHash('md5')
      .update(Buffer.concat(parts.map((part) => createHash('md5').update(part).digest())))
      .digest('hex')}-${parts.length}`;
    const answer = await place(state, key, request, etag, Buffer.concat(parts), upload.metadata);
    if (answer.status !== 200) return answer;
    state.uploads.delete(uploadId);
    return xml(`<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`);
  },
  AbortMultipartUpload: (state, _key, _request, query) =>
    state.uploads.delete(query.get('uploadId') ?? '') ? { status: 204 } : failure(404, 'NoSuchUpload'),
};

async function place(
  state: State,
  key: string,
  request: HttpRequest,
  etag: string,
  body: Buffer,
  metadata: Record<string, string>,
): Promise<HttpAnswer> {
  const conditions = state.options.conditions ?? 'atomic';
  const isConditional = request.headers['if-none-match'] === '*' && conditions !== 'ignored';
  if (isConditional && conditions === 'refused') return failure(501, 'NotImplemented');
  if (isConditional && state.objects.has(key)) return failure(412, 'PreconditionFailed');
  if (conditions === 'racy') await pause(20);
  state.objects.set(key, { body, etag, metadata, modifiedAt: new Date() });
  return { status: 200, headers: { etag: `"${etag}"` } };
}

function listPage(state: State, query: URLSearchParams): HttpAnswer {
  const [prefix, after] = [query.get('prefix') ?? '', query.get('continuation-token')];
  const pageMax = Math.min(Number(query.get('max-keys') ?? 1000), state.options.pageMax ?? 1000);
  const keys = [...state.objects.keys()]
    .filter((key) => key.startsWith(prefix))
    .toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const rest = after === null ? keys : keys.filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(after, 'base64url')) > 0);
  const page = rest.slice(0, pageMax);
  const contents = page.map((key) => {
    const found = state.objects.get(key);
    return `<Contents><Key>${escapeXml(key)}</Key><Size>${found?.body.length}</Size><LastModified>${found?.modifiedAt.toISOString()}</LastModified></Contents>`;
  });
  const isTruncated = rest.length > page.length;
  const next = isTruncated ? `<NextContinuationToken>${Buffer.from(page.at(-1) ?? '').toString('base64url')}</NextContinuationToken>` : '';
  return xml(`<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`);
}

function metadataOf(state: State, request: HttpRequest): Record<string, string> {
  if (state.options.keepsMetadata === false) return {};
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) => (name.startsWith('x-amz-meta-') ? [[name, String(value)]] : [])),
  );
}

function headersOf(found: StoredObject): Record<string, string | number> {
  return {
    ...found.metadata,
    etag: `"${found.etag}"`,
    'content-length': found.body.length,
    'last-modified': found.modifiedAt.toUTCString(),
  };
}

function md5Hex(body: Buffer): string {
  return createHash('md5').update(body).digest('hex');
}

export function failure(status: number, code: string): HttpAnswer {
  return { ...xml(`<Error><Code>${code}</Code><Message>${code} from the test server</Message></Error>`), status };
}

function xml(inner: string): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: `<?xml version="1.0" encoding="UTF-8"?>${inner}` };
}

function escapeXml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function unescapeXml(value: string): string {
  return value.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');
}
