// A file to S3 in parts. Memory is bounded by the limiter that all uploads of a store share: a part's bytes are read
// when its turn comes and let go when it is sent. The condition travels on the completion, which is the one moment the
// object can appear; an upload that does not end in an object is aborted, so that its parts do not stay and cost.

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { retry } from '../../runtime/retry.ts';
import type { Limiter } from './limiter.ts';
import type { PutOutcome } from './object-store.ts';
import { S3Failure } from './s3-failure.ts';
import type { S3Requests, UploadedPart, WriteMark } from './s3-requests.ts';
import { settleWrite, type S3Settling } from './s3-write.ts';

export interface S3Uploading extends S3Settling {
  readonly requests: S3Requests;
  readonly limitParts: Limiter;
  readonly partBytes: number;
  readonly logger: Logger;
}

export interface S3UploadRequest {
  readonly key: string;
  /** Reads bytes [start, start + length) of what is uploaded. */
  readonly read: (start: number, length: number) => Promise<Uint8Array>;
  readonly bytes: number;
  readonly ifAbsent: boolean;
  readonly mark: WriteMark;
}

/** S3's limit on the parts of one upload. */
const partsMax = 10_000;

/** An upload may be lost by the store (swept, or spoiled by a conflict at completion); then it starts over, this often in all. */
const startsMax = 3;

export async function uploadFile(uploading: S3Uploading, request: S3UploadRequest): Promise<PutOutcome> {
  for (let start = 1; ; start++) {
    try {
      return await uploadOnce(uploading, request);
    } catch (error) {
      const isLost = error instanceof S3Failure && error.kind === 'upload-gone';
      if (!isLost) throw error;
      if (start >= startsMax) throw error.as('passing');
      uploading.logger.warn({ key: request.key, start }, 'multipart upload lost by the store: starting over');
    }
  }
}

async function uploadOnce(uploading: S3Uploading, request: S3UploadRequest): Promise<PutOutcome> {
  const { requests, policy, retryContext } = uploading;
  const { key, ifAbsent } = request;
  const uploadId = await retry(policy, () => requests.createUpload(key, request.mark, retryContext.signal), retryContext);
  let isCompleted = false;
  try {
    const { parts, etag } = await uploadParts(uploading, request, uploadId);
    const write = { key, bytes: request.bytes, writeId: request.mark.writeId, etag, ifAbsent };
    const outcome = await settleWrite(uploading, write, () => complete(uploading, request, uploadId, parts));
    isCompleted = outcome.kind === 'stored';
    return outcome;
  } finally {
    if (!isCompleted) await abort(uploading, key, uploadId);
  }
}

async function complete(uploading: S3Uploading, request: S3UploadRequest, uploadId: string, parts: readonly UploadedPart[]): Promise<void> {
  try {
    await uploading.requests.completeUpload(request.key, uploadId, parts, request.ifAbsent, uploading.retryContext.signal);
  } catch (error) {
    // S3 says of a 409 at completion: start a new upload with its parts. (Of one at put: send it again.)
    throw error instanceof S3Failure && error.kind === 'conflict' ? error.as('upload-gone') : error;
  }
}

async function uploadParts(uploading: S3Uploading, request: S3UploadRequest, uploadId: string) {
  const partBytes = Math.max(uploading.partBytes, Math.ceil(request.bytes / partsMax));
  const count = Math.max(1, Math.ceil(request.bytes / partBytes));
  // One failed part ends its siblings; the caller's signal ends them all.
  const failed = new AbortController();
  const caller = uploading.retryContext.signal;
  const signal = caller === undefined ? failed.signal : AbortSignal.any([caller, failed.signal]);
  const sent = await Promise.allSettled(
    Array.from({ length: count }, (_, index) =>
      uploading
        .limitParts(() => uploadPart(uploading, request, uploadId, index, partBytes, signal), signal)
        .catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
    ),
  );
  caller?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  const done = sent.flatMap((part) => (part.status === 'fulfilled' ? [part.value] : []));
  const md5OfMd5s = createHash('md5')
    .update(Buffer.concat(done.map((part) => part.md5)))
    .digest('hex');
  return { parts: done.map((part) => part.uploaded), etag: `${md5OfMd5s}-${count}` };
}

async function uploadPart(
  uploading: S3Uploading,
  request: S3UploadRequest,
  uploadId: string,
  index: number,
  partBytes: number,
  signal: AbortSignal,
): Promise<{ uploaded: UploadedPart; md5: Buffer }> {
  const start = index * partBytes;
  const body = await request.read(start, Math.min(partBytes, request.bytes - start));
  const md5 = createHash('md5').update(body).digest();
  const context = { ...uploading.retryContext, signal };
  // Sending a part again replaces it, so no outcome of a part is unknown.
  const uploaded = await retry(
    uploading.policy,
    () => uploading.requests.uploadPart(request.key, uploadId, index + 1, body, md5, signal),
    context,
  );
  return { uploaded, md5 };
}

export async function readExactly(file: FileHandle, path: string, start: number, bytes: number): Promise<Buffer> {
  const body = Buffer.allocUnsafeSlow(bytes);
  for (let filled = 0; filled < bytes;) {
    const { bytesRead } = await file.read(body, filled, bytes - filled, start + filled);
    if (bytesRead === 0) {
      throw new LakeError('STORE_REFUSED', `upload of ${path}: expected ${start + bytes} bytes, found ${start + filled}: the file shrank`, {
        context: { path },
      });
    }
    filled += bytesRead;
  }
  return body;
}

/** Best effort: what cannot be aborted now is left to the bucket's rule for incomplete uploads. Also runs after the caller's abort. */
async function abort(uploading: S3Uploading, key: string, uploadId: string): Promise<void> {
  try {
    const { signal: _, ...context } = uploading.retryContext;
    await retry(
      { ...uploading.policy, attemptsMax: Math.min(2, uploading.policy.attemptsMax) },
      () => uploading.requests.abortUpload(key, uploadId),
      context,
    );
  } catch (error) {
    if (error instanceof S3Failure && (error.kind === 'upload-gone' || error.kind === 'absent')) return;
    uploading.logger.warn(
      { key, uploadId, error: error instanceof Error ? error.message : String(error) },
      'multipart upload could not be aborted',
    );
  }
}
