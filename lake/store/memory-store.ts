// Objects in this process's memory: a real store (conditions hold, bytes are copied in and out, lists are in key order),
// used by tests, by `--dry-run` and wherever nothing must outlive the process.

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '../../runtime/clock.ts';
import { testConditionalWrite } from './conditional-write-test.ts';
import { fromFileError } from './file-error.ts';
import { checkKey, checkPrefix, clipRange, compareKeys, objectMissing } from './object-key.ts';
import type { ByteRange, ObjectHead, ObjectStore, PutOptions, PutOutcome } from './object-store.ts';

export interface MemoryStoreDeps {
  readonly clock?: Clock;
}

interface StoredObject {
  readonly body: Uint8Array;
  readonly modifiedAt: number;
}

export function memoryStore(name: string, deps: MemoryStoreDeps = {}): ObjectStore {
  const clock = deps.clock ?? systemClock;
  const root = `memory://${name}`;
  const objects = new Map<string, StoredObject>();

  const put = (key: string, body: Uint8Array, options: PutOptions = {}): PutOutcome => {
    if (options.ifAbsent === true && objects.has(key)) return { kind: 'exists' };
    objects.set(key, { body: Uint8Array.from(body), modifiedAt: clock.now() });
    return { kind: 'stored', bytes: body.byteLength };
  };

  const get = (key: string, range?: ByteRange): Uint8Array => {
    const object = objects.get(checkKey(key));
    if (object === undefined) throw objectMissing(root, key);
    const clipped = clipRange(key, object.body.byteLength, range);
    return object.body.slice(clipped.start, clipped.end);
  };

  const store: ObjectStore = {
    root,
    async put(key, body, options, signal) {
      signal?.throwIfAborted();
      return put(checkKey(key), body, options);
    },
    async putFile(key, path, options, signal) {
      checkKey(key);
      signal?.throwIfAborted();
      return put(key, await local(readFile(path), root, key), options);
    },
    async get(key, range, signal) {
      signal?.throwIfAborted();
      return get(key, range);
    },
    async getFile(key, path, signal) {
      signal?.throwIfAborted();
      const body = get(key);
      const partial = `${path}.${randomUUID()}.partial`;
      try {
        await local(writeFile(partial, body), root, key);
        await local(rename(partial, path), root, key);
      } catch (error) {
        await rm(partial, { force: true });
        throw error;
      }
      return body.byteLength;
    },
    async head(key, signal) {
      signal?.throwIfAborted();
      const object = objects.get(checkKey(key));
      return object === undefined ? null : { key, bytes: object.body.byteLength, modifiedAt: object.modifiedAt };
    },
    list: (prefix, signal) => listObjects(objects, checkPrefix(prefix), signal),
    async delete(keys, signal) {
      signal?.throwIfAborted();
      for (const key of keys) checkKey(key);
      for (const key of keys) objects.delete(key);
    },
    async selfTest(signal) {
      const way = {
        write: async (key: string, body: Uint8Array) => put(key, body, { ifAbsent: true }),
        read: async (key: string) => get(key),
      };
      const report = await testConditionalWrite(way, `foz-self-test-${randomUUID()}`, undefined, signal);
      for (const key of report.keys) objects.delete(key);
      return {
        conditionalPut: report.holds,
        conditionalComplete: report.holds,
        raceRounds: report.raceRounds,
        raceFailures: report.raceFailures,
      };
    },
    async [Symbol.asyncDispose]() {
      // Objects outlive their handle as they would anywhere else: a test may dispose of a worker's store and look inside.
    },
  };
  return store;
}

async function local<T>(work: Promise<T>, root: string, key: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fromFileError(error, 'copy of a local file', root, key);
  }
}

async function* listObjects(objects: ReadonlyMap<string, StoredObject>, prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectHead> {
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).toSorted(compareKeys);
  for (const key of keys) {
    signal?.throwIfAborted();
    const object = objects.get(key);
    if (object !== undefined) yield { key, bytes: object.body.byteLength, modifiedAt: object.modifiedAt };
  }
}
