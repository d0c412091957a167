// Reading from S3: whole, in part, into a file, and listing. Reads have no side effect, so a failed one is simply tried
// again from the start; what makes one succeed is that as many bytes came as were announced.

import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { LakeError } from '../../runtime/errors.ts';
import { retry, type RetryContext, type RetryPolicy } from '../../runtime/retry.ts';
import { fromFileError } from './file-error.ts';
import { checkKey, checkPrefix, checkRange, compareKeys, objectMissing } from './object-key.ts';
import type { ByteRange, ObjectHead } from './object-store.ts';
import { S3Failure } from './s3-failure.ts';
import type { S3Body, S3Requests } from './s3-requests.ts';

export interface S3Reading {
  readonly root: string;
  /** `prefix/` or nothing: what stands before every key. */
  readonly before: string;
  readonly requests: S3Requests;
  readonly policy: RetryPolicy;
  readonly retryContext: (signal: AbortSignal | undefined) => RetryContext;
}

export function fullKey(reading: Pick<S3Reading, 'before'>, key: string): string {
  return reading.before + checkKey(key);
}

export async function readBytes(reading: S3Reading, key: string, range: ByteRange | undefined, signal?: AbortSignal): Promise<Uint8Array> {
  const full = fullKey(reading, key);
  if (range !== undefined) checkRange(key, range);
  return orMissing(reading, key, () =>
    reading.requests.get(
      full,
      range,
      async (body) => {
        const chunks: Uint8Array[] = [];
        await drain(reading, full, body, async (chunk) => void chunks.push(chunk));
        return Buffer.concat(chunks);
      },
      signal,
    ),
  );
}

/** Streamed into a file beside `path`, renamed when whole. */
export async function readIntoFile(reading: S3Reading, key: string, path: string, signal?: AbortSignal): Promise<number> {
  const full = fullKey(reading, key);
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const bytes = await orMissing(reading, key, () =>
      reading.requests.get(
        full,
        undefined,
        async (body) => {
          await using file = await local(open(partial, 'wx'), reading.root, key);
          return await drain(reading, full, body, (chunk) => local(file.writeFile(chunk), reading.root, key));
        },
        signal,
      ),
    );
    await local(rename(partial, path), reading.root, key);
    return bytes;
  } finally {
    await rm(partial, { force: true });
  }
}

async function local<T>(work: Promise<T>, root: string, key: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fromFileError(error, 'copy to a local file', root, key);
  }
}

/** Hands every chunk on and checks that as many bytes came as were announced: a cut connection can look like an end. */
async function drain(reading: S3Reading, full: string, body: S3Body, write: (chunk: Uint8Array) => Promise<void>): Promise<number> {
  let bytes = 0;
  for await (const chunk of body.chunks) {
    bytes += chunk.byteLength;
    await write(chunk);
  }
  if (body.bytes >= 0 && bytes !== body.bytes) {
    throw new LakeError('STORE_UNREACHABLE', `get ${reading.root} ${full}: expected ${body.bytes} bytes, found ${bytes}`, {
      context: { key: full, bytes },
    });
  }
  return bytes;
}

async function orMissing<T>(reading: S3Reading, key: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof S3Failure && error.kind === 'absent') throw objectMissing(reading.root, key);
    throw error;
  }
}

export async function* listKeys(reading: S3Reading, prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectHead> {
  const full = reading.before + checkPrefix(prefix);
  let token: string | undefined;
  let last = '';
  do {
    const page = await retry(reading.policy, () => reading.requests.listPage(full, token, signal), reading.retryContext(signal));
    for (const head of page.heads) {
      if (last !== '' && compareKeys(last, head.key) >= 0) {
        throw new LakeError('STORE_REFUSED', `list ${reading.root}: expected keys in order, found ${head.key} after ${last}`, {
          context: { key: head.key },
        });
      }
      last = head.key;
      yield { ...head, key: head.key.slice(reading.before.length) };
    }
    token = page.next;
  } while (token !== undefined);
}
