// Objects as files under one directory: the embedded store. An object appears whole or not at all: its bytes are
// written to a temporary file beside the others (`.foz-tmp/`, invisible to `list`), flushed to disk, then given their
// name by link(2), which refuses a taken name, or by rename(2), which replaces it. With `fsync` (the default) the
// directory entries are flushed too, so `stored` survives a power cut. Symbolic links below the root are refused on
// reading and writing and invisible to `list`: no key leads out of the directory. Deleting leaves empty directories.

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, open, readdir, realpath, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemClock, type Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { testConditionalWrite } from './conditional-write-test.ts';
import { durableDirectories } from './durable-directories.ts';
import { codeOf, fromFileError } from './file-error.ts';
import { listFiles } from './list-files.ts';
import { checkKey, checkPrefix, clipRange, objectMissing } from './object-key.ts';
import type { ByteRange, ObjectStore, PutOptions, PutOutcome } from './object-store.ts';

export interface FilesystemStoreOptions {
  /** The directory; created when it is missing. */
  readonly root: string;
  /** Flush files and directory entries to disk before a put returns. Default true; false only for throw-away lakes. */
  readonly fsync?: boolean;
  /** Temporary files a crash left are removed by the self-test once they are this old. Default one day. */
  readonly tempAgeMaxMs?: number;
}

export interface FilesystemStoreDeps {
  readonly clock?: Clock;
}

/** The first segment no key may have. */
const tempDirectory = '.foz-tmp';

export function filesystemStore(options: FilesystemStoreOptions, deps: FilesystemStoreDeps = {}): ObjectStore {
  const directory = resolve(options.root);
  if (directory === '/') throw new LakeError('CONFIG_INVALID', 'a file store needs a directory of its own, found "/"');
  const root = `file://${directory}`;
  const files = filesUnder(directory, options.fsync ?? true);
  const clock = deps.clock ?? systemClock;

  const store: ObjectStore = {
    root,
    async put(key, body, putOptions, signal) {
      signal?.throwIfAborted();
      return files.place(key, putOptions, async (temp) => {
        await using file = await open(temp, 'wx');
        await file.writeFile(body, signal === undefined ? {} : { signal });
        await files.flush(file);
      });
    },
    async putFile(key, path, putOptions, signal) {
      signal?.throwIfAborted();
      return files.place(key, putOptions, async (temp) => {
        // A copy and not a link of the caller's file: what the caller does to its file later must not reach the object.
        await copyFile(path, temp, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        await using file = await open(temp, 'r+');
        await files.flush(file);
      });
    },
    async get(key, range, signal) {
      signal?.throwIfAborted();
      return files.read(key, range, signal);
    },
    async getFile(key, path, signal) {
      signal?.throwIfAborted();
      return files.copyOut(key, path);
    },
    async head(key, signal) {
      signal?.throwIfAborted();
      const found = await files.statOf(key);
      return found === null ? null : { key, bytes: found.size, modifiedAt: Math.floor(found.mtimeMs) };
    },
    list: (prefix, signal) => listFiles(directory, checkPrefix(prefix), tempDirectory, signal),
    async delete(keys, signal) {
      for (const key of keys) files.pathOf(key);
      for (const key of keys) {
        signal?.throwIfAborted();
        await files.remove(key);
      }
    },
    async selfTest(signal) {
      await files.removeOldTemps(clock.now() - (options.tempAgeMaxMs ?? 24 * 3_600_000));
      const prefix = `foz-self-test-${randomUUID()}`;
      const way = {
        write: (key: string, body: Uint8Array) => store.put(key, body, { ifAbsent: true }, signal),
        read: (key: string) => store.get(key),
      };
      const report = await testConditionalWrite(way, prefix, undefined, signal);
      await store.delete(report.keys);
      await rmdir(join(directory, prefix));
      // Every write of a directory ends in the same link(2), so what holds for `put` holds for `putFile`.
      return {
        conditionalPut: report.holds,
        conditionalComplete: report.holds,
        raceRounds: report.raceRounds,
        raceFailures: report.raceFailures,
      };
    },
    async [Symbol.asyncDispose]() {
      // Nothing is held open between calls.
    },
  };
  return store;
}

/** Files of one directory by key: the only place that touches paths. */
function filesUnder(directory: string, fsync: boolean) {
  const root = `file://${directory}`;
  const directories = durableDirectories(directory, fsync);

  const pathOf = (key: string): string => {
    checkKey(key);
    if (key === tempDirectory || key.startsWith(`${tempDirectory}/`)) {
      throw new LakeError('STORE_REFUSED', `object key refused: ${tempDirectory} is where unfinished files are`, {
        context: { root, key },
      });
    }
    const path = resolve(directory, key);
    // checkKey already refuses what could lead here; a second, independent look costs nothing.
    if (!path.startsWith(`${directory}/`))
      throw new LakeError('STORE_REFUSED', 'object key refused: it leaves the root', { context: { root, key } });
    return path;
  };

  /** The real path of a key that exists, null when it does not; refuses when a symbolic link was met on the way. */
  const existingPathOf = async (key: string): Promise<string | null> => {
    const path = pathOf(key);
    try {
      const real = await realpath(path);
      const expected = join(await realpath(directory), key);
      if (real !== expected)
        throw new LakeError('STORE_REFUSED', `${root}/${key} leads through a symbolic link`, { context: { root, key } });
      return real;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw fromFileError(error, 'read', root, key);
    }
  };

  const statOf = async (key: string) => {
    const path = await existingPathOf(key);
    if (path === null) return null;
    const found = await stat(path).catch((error: unknown) => {
      if (isAbsent(error)) return null;
      throw fromFileError(error, 'head', root, key);
    });
    return found?.isFile() === true ? found : null;
  };

  const flush = async (file: { sync(): Promise<void> }): Promise<void> => {
    if (fsync) await file.sync();
  };

  const place = async (key: string, options: PutOptions | undefined, write: (temp: string) => Promise<void>): Promise<PutOutcome> => {
    const path = pathOf(key);
    const temp = join(directory, tempDirectory, randomUUID());
    try {
      await directories.ensure([tempDirectory]);
      const segments = key.split('/').slice(0, -1);
      await directories.ensure(segments);
      if (options?.ifAbsent === true && (await isTaken(path))) return { kind: 'exists' };
      await write(temp);
      const { size } = await stat(temp);
      const isPlaced = options?.ifAbsent === true ? await linkIfAbsent(temp, path) : await replace(temp, path);
      if (!isPlaced) return { kind: 'exists' };
      await flushed(() => directories.flush(dirname(path)), root, key);
      return { kind: 'stored', bytes: size };
    } catch (error) {
      throw fromFileError(error, 'put', root, key);
    } finally {
      await rm(temp, { force: true });
    }
  };

  const read = async (key: string, range: ByteRange | undefined, signal?: AbortSignal): Promise<Uint8Array> => {
    const path = await existingPathOf(key);
    if (path === null) throw objectMissing(root, key);
    try {
      await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      const found = await file.stat();
      if (!found.isFile()) throw objectMissing(root, key);
      if (range === undefined) return await file.readFile(signal === undefined ? {} : { signal });
      const { start, end } = clipRange(key, found.size, range);
      const buffer = Buffer.allocUnsafe(end - start);
      for (let filled = 0; filled < buffer.length;) {
        const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled);
        if (bytesRead === 0)
          throw new LakeError('STORE_UNREACHABLE', `${root}/${key} shrank while it was read`, { context: { root, key } });
        filled += bytesRead;
      }
      return buffer;
    } catch (error) {
      if (isAbsent(error)) throw objectMissing(root, key);
      throw fromFileError(error, 'get', root, key);
    }
  };

  const copyOut = async (key: string, path: string): Promise<number> => {
    const source = await existingPathOf(key);
    if (source === null || (await statOf(key)) === null) throw objectMissing(root, key);
    const partial = `${path}.${randomUUID()}.partial`;
    try {
      await copyFile(source, partial, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      const { size } = await stat(partial);
      await rename(partial, path);
      return size;
    } catch (error) {
      await rm(partial, { force: true });
      throw fromFileError(error, 'get', root, key);
    }
  };

  const remove = async (key: string): Promise<void> => {
    const path = await existingPathOf(key);
    if (path === null) return;
    await unlink(path).catch((error: unknown) => {
      // A directory of that name is not an object of that name.
      if (!isAbsent(error) && codeOf(error) !== 'EISDIR' && codeOf(error) !== 'EPERM') throw fromFileError(error, 'delete', root, key);
    });
  };

  const removeOldTemps = async (before: number): Promise<void> => {
    const temps = join(directory, tempDirectory);
    for (const name of await readdir(temps).catch(() => [])) {
      const found = await lstat(join(temps, name)).catch(() => null);
      if (found !== null && found.mtimeMs < before) await rm(join(temps, name), { force: true });
    }
  };

  return { pathOf, statOf, flush, place, read, copyOut, remove, removeOldTemps };
}

/** Only an early answer that spares writing; link(2) decides. */
async function isTaken(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  if (found?.isDirectory() === true)
    throw new LakeError('STORE_REFUSED', `${path} is a directory: other keys lie below it`, { context: { path } });
  return found !== null;
}

/** Once a name is given, a failing disk leaves open whether it stays. */
async function flushed(flush: () => Promise<void>, root: string, key: string): Promise<void> {
  try {
    await flush();
  } catch (cause) {
    throw new LakeError('STORE_OUTCOME_UNKNOWN', `put of ${root}/${key}: the object is there, but its directory could not be flushed`, {
      context: { root, key },
      cause,
    });
  }
}

async function linkIfAbsent(temp: string, path: string): Promise<boolean> {
  try {
    await link(temp, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function replace(temp: string, path: string): Promise<true> {
  await rename(temp, path);
  return true;
}

function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}
