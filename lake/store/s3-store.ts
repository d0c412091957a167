// Objects in a bucket of S3 or a store that speaks its protocol. Promises of the port kept here: a write is retried only
// after looking for it (s3-write.ts), big files go in parts with the condition on completion (s3-upload.ts), requests and
// memory are bounded, and every error names bucket, key, the store's code and the HTTP status, never a secret.

import { createHash, randomUUID } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { systemClock, type Clock } from '../../runtime/clock.ts';
import { silentLogger, type Logger } from '../../runtime/log.ts';
import { systemRandom, type Random } from '../../runtime/random.ts';
import { retry, type RetryContext } from '../../runtime/retry.ts';
import { testConditionalWrite } from './conditional-write-test.ts';
import { fromFileError } from './file-error.ts';
import { limiter } from './limiter.ts';
import { checkKey } from './object-key.ts';
import type { ObjectHead, ObjectStore, PutOptions, PutOutcome, StoreSelfTest } from './object-store.ts';
import { S3Failure } from './s3-failure.ts';
import { fullKey, listKeys, readBytes, readIntoFile, type S3Reading } from './s3-read.ts';
import { s3Requests, type S3Connection, type S3Credentials } from './s3-requests.ts';
import { readExactly, uploadFile, type S3Uploading } from './s3-upload.ts';
import { settleWrite } from './s3-write.ts';

export interface S3StoreOptions {
  readonly bucket: string;
  /** Folder inside the bucket, without slashes at its ends. Left out or empty: the whole bucket. */
  readonly prefix?: string;
  readonly region: string;
  /** URL of the server. Left out: AWS. */
  readonly endpoint?: string;
  /** Default: true with an endpoint, false without. */
  readonly pathStyle?: boolean;
  /** Default: the SDK's chain. */
  readonly credentials?: S3Credentials;
  /** Files from this size go in parts. Default 16 MiB. */
  readonly multipartThresholdBytes?: number;
  /** Size of a part; S3 wants at least 5 MiB for all but the last. Default 8 MiB. */
  readonly partBytes?: number;
  /** Bodies of file uploads in memory at once, over all uploads of this store. Default 4. */
  readonly concurrency?: number;
  /** Requests under way at once. Default 32. */
  readonly socketsMax?: number;
  /** Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Request sent whole and answer begun. Default 120 s. */
  readonly requestTimeoutMs?: number;
  /** Silence on a socket. Default 20 s. */
  readonly idleTimeoutMs?: number;
  /** Tries of one request, the first included. Default 5. */
  readonly attemptsMax?: number;
  /** First and longest pause between tries. Default 100 ms and 5 s. */
  readonly retryDelayMinMs?: number;
  readonly retryDelayMaxMs?: number;
  /** `off` for a store without If-None-Match: `ifAbsent` then only looks first, which does not hold in a race. Default `on`. */
  readonly conditionalWrites?: 'on' | 'off';
}

export interface S3StoreDeps {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

const mebibyte = 1024 * 1024;

/** S3's limit on one DeleteObjects request. */
const deleteBatchMax = 1000;

/** What the methods share. */
interface Context extends S3Reading {
  readonly uploading: (signal: AbortSignal | undefined) => S3Uploading;
  readonly multipartThresholdBytes: number;
  readonly conditionalWrites: 'on' | 'off';
}

export function s3Store(options: S3StoreOptions, deps: S3StoreDeps = {}): ObjectStore {
  const context = contextOf(options, deps);
  const { requests, policy, retryContext } = context;
  const read = <T>(signal: AbortSignal | undefined, request: () => Promise<T>): Promise<T> => retry(policy, request, retryContext(signal));

  return {
    root: context.root,
    put: (key, body, putOptions, signal) => put(context, key, body, putOptions, signal),
    putFile: (key, path, putOptions, signal) => putFile(context, key, path, putOptions, signal),
    get: (key, range, signal) => read(signal, () => readBytes(context, key, range, signal)),
    getFile: (key, path, signal) => read(signal, () => readIntoFile(context, key, path, signal)),
    async head(key, signal) {
      const found = await read(signal, () => requests.head(fullKey(context, key), signal));
      return found === null ? null : { key, bytes: found.bytes, modifiedAt: found.modifiedAt };
    },
    list: (prefix, signal) => listKeys(context, prefix, signal),
    delete: (keys, signal) => deleteAll(context, keys, signal),
    selfTest: (signal) => selfTest(context, signal),
    async [Symbol.asyncDispose]() {
      requests.close();
    },
  };
}

function contextOf(options: S3StoreOptions, deps: S3StoreDeps): Context {
  const prefix = options.prefix === undefined || options.prefix === '' ? '' : checkKey(options.prefix);
  const logger = deps.logger ?? silentLogger;
  const requests = s3Requests(connectionOf(options));
  const policy = {
    attemptsMax: options.attemptsMax ?? 5,
    delayMinMs: options.retryDelayMinMs ?? 100,
    delayMaxMs: options.retryDelayMaxMs ?? 5_000,
  };
  const retryContext = (signal: AbortSignal | undefined): RetryContext => ({
    clock: deps.clock ?? systemClock,
    random: deps.random ?? systemRandom,
    signal,
    onRetry: (error, attempt, delayMs) => logger.warn({ ...error.context, attempt, delayMs }, `${error.message}; trying again`),
  });
  const partBytes = options.partBytes ?? 8 * mebibyte;
  const limitParts = limiter(options.concurrency ?? 4);
  return {
    root: prefix === '' ? `s3://${options.bucket}` : `s3://${options.bucket}/${prefix}`,
    before: prefix === '' ? '' : `${prefix}/`,
    requests,
    policy,
    retryContext,
    uploading: (signal) => ({ requests, policy, retryContext: retryContext(signal), limitParts, partBytes, logger }),
    multipartThresholdBytes: options.multipartThresholdBytes ?? 16 * mebibyte,
    conditionalWrites: options.conditionalWrites ?? 'on',
  };
}

function connectionOf(options: S3StoreOptions): S3Connection {
  return {
    bucket: options.bucket,
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    pathStyle: options.pathStyle ?? options.endpoint !== undefined,
    credentials: options.credentials ?? { kind: 'default' },
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 120_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 20_000,
    socketsMax: options.socketsMax ?? 32,
  };
}

async function put(context: Context, key: string, body: Uint8Array, options: PutOptions = {}, signal?: AbortSignal): Promise<PutOutcome> {
  const full = fullKey(context, key);
  const ifAbsent = options.ifAbsent === true;
  if (ifAbsent && context.conditionalWrites === 'off' && (await isTaken(context, full, signal))) return { kind: 'exists' };
  return putBytes(context, full, body, { ...options, ifAbsent: ifAbsent && context.conditionalWrites === 'on' }, signal);
}

async function putFile(context: Context, key: string, path: string, options: PutOptions = {}, signal?: AbortSignal): Promise<PutOutcome> {
  const full = fullKey(context, key);
  const wanted = options.ifAbsent === true;
  if (wanted && context.conditionalWrites === 'off' && (await isTaken(context, full, signal))) return { kind: 'exists' };
  const ifAbsent = wanted && context.conditionalWrites === 'on';
  await using file = await openLocal(path, context.root, key);
  const { size } = await file.stat();
  if (size >= context.multipartThresholdBytes) {
    return await uploadFile(context.uploading(signal), {
      key: full,
      read: (start, length) => readExactly(file, path, start, length),
      bytes: size,
      ifAbsent,
      mark: markOf(options),
    });
  }
  const { limitParts } = context.uploading(signal);
  return await limitParts(
    async () => putBytes(context, full, await readExactly(file, path, 0, size), { ...options, ifAbsent }, signal),
    signal,
  );
}

async function openLocal(path: string, root: string, key: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw fromFileError(error, `open ${path} for put`, root, key);
  }
}

function putBytes(context: Context, full: string, body: Uint8Array, options: PutOptions, signal?: AbortSignal): Promise<PutOutcome> {
  const md5 = createHash('md5').update(body).digest();
  const mark = markOf(options);
  const ifAbsent = options.ifAbsent === true;
  const write = { key: full, bytes: body.byteLength, writeId: mark.writeId, etag: md5.toString('hex'), ifAbsent };
  return settleWrite(context.uploading(signal), write, () => context.requests.put(full, body, md5, ifAbsent, mark, signal));
}

function markOf(options: PutOptions) {
  return { writeId: randomUUID(), ...(options.contentType === undefined ? {} : { contentType: options.contentType }) };
}

async function isTaken(context: Context, full: string, signal: AbortSignal | undefined): Promise<boolean> {
  return (await retry(context.policy, () => context.requests.head(full, signal), context.retryContext(signal))) !== null;
}

async function deleteAll(context: Context, keys: readonly string[], signal?: AbortSignal): Promise<void> {
  const full = keys.map((key) => fullKey(context, key));
  for (let start = 0; start < full.length; start += deleteBatchMax) {
    await deleteBatch(context, full.slice(start, start + deleteBatchMax), signal);
  }
}

/** Keys the batch refused, or all of them where the store has no batch delete, go one by one, which names the first that cannot. */
async function deleteBatch(context: Context, keys: readonly string[], signal?: AbortSignal): Promise<void> {
  const retried = <T>(request: () => Promise<T>): Promise<T> => retry(context.policy, request, context.retryContext(signal));
  const left = await retried(() => context.requests.deleteMany(keys, signal)).then(
    (refused) => refused.map((error) => error.key),
    (error: unknown) => {
      if (error instanceof S3Failure && error.kind === 'refused' && error.context['s3Code'] !== 'NoSuchBucket') return keys;
      throw error;
    },
  );
  for (const key of left) await retried(() => context.requests.deleteOne(key, signal));
}

/** Conditions are tried even when they are configured off: the answer is what the configuration should be. */
async function selfTest(context: Context, signal?: AbortSignal): Promise<StoreSelfTest> {
  const prefix = `${context.before}foz-self-test-${randomUUID()}`;
  const scratch = `${prefix}/`.slice(context.before.length);
  const read = (key: string) => readBytes(context, key.slice(context.before.length), undefined, signal);
  try {
    const byPut = (key: string, body: Uint8Array) => putBytes(context, key, body, { ifAbsent: true }, signal);
    const byPutReport = await testConditionalWrite({ write: byPut, read }, `${prefix}/put`, undefined, signal);
    const byUpload = (key: string, body: Uint8Array) =>
      uploadFile(context.uploading(signal), {
        key,
        read: async (start, length) => body.subarray(start, start + length),
        bytes: body.byteLength,
        ifAbsent: true,
        mark: markOf({}),
      });
    const byUploadReport = await testConditionalWrite({ write: byUpload, read }, `${prefix}/complete`, { rounds: 8, writers: 4 }, signal);
    return {
      conditionalPut: byPutReport.holds,
      conditionalComplete: byUploadReport.holds,
      raceRounds: byPutReport.raceRounds + byUploadReport.raceRounds,
      raceFailures: byPutReport.raceFailures + byUploadReport.raceFailures,
    };
  } finally {
    const left: ObjectHead[] = [];
    for await (const head of listKeys(context, scratch)) left.push(head);
    await deleteAll(
      context,
      left.map((head) => head.key),
    );
  }
}
