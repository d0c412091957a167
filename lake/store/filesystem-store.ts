// Objects as files under one directory: the embedded store. An object appears whole or not at all: its bytes are
// written to a temporary file under the same root (`.foz-tmp/`, invisible to `list`), flushed to disk, then given their
// name by link(2), which refuses a taken name, or by rename(2), which replaces it. With `fsync` (the default) the
// directory entries are flushed too, so `stored` survives a power cut. Symbolic links below the root are refused on
// reading and writing and invisible to `list`: no key leads out of the directory. Deleting leaves empty directories.

import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { copyFile, link, lstat, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemClock, type Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { testConditionalWrite } from './conditional-write-test.ts';
import { durableDirectories, type DurableDirectories } from './durable-directories.ts';
import { codeOf, fromFileError, isAbsent } from './file-error.ts';
import { existingPathOfKey, pathOfKey, realRoot, tempDirectory, type RealRoot } from './file-paths.ts';
import { listFiles } from './list-files.ts';
import { checkPrefix, clipRange, objectMissing } from './object-key.ts';
import type { ByteRange, ObjectStore, PutOptions, PutOutcome, StoreSelfTest } from './object-store.ts';

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

/** What the methods share. */
interface Place {
  readonly directory: string;
  readonly rootPath: RealRoot;
  readonly root: string;
  readonly fsync: boolean;
  readonly directories: DurableDirectories;
}

export function filesystemStore(options: FilesystemStoreOptions, deps: FilesystemStoreDeps = {}): ObjectStore {
  const directory = resolve(options.root);
  if (directory === '/') throw new LakeError('CONFIG_INVALID', 'a file store needs a directory of its own, found "/"');
  const fsync = options.fsync ?? true;
  const rootPath = realRoot(directory);
  const directories = durableDirectories(directory, rootPath, fsync);
  const place: Place = { directory, rootPath, root: `file://${directory}`, fsync, directories };
  const clock = deps.clock ?? systemClock;

  return {
    root: place.root,
    async put(key, body, putOptions, signal) {
      signal?.throwIfAborted();
      return putTemp(place, key, putOptions, (temp) => writeBytes(place, temp, body, signal));
    },
    async putFile(key, path, putOptions, signal) {
      signal?.throwIfAborted();
      return putTemp(place, key, putOptions, (temp) => copyIn(place, temp, path));
    },
    async get(key, range, signal) {
      signal?.throwIfAborted();
      return read(place, key, range, signal);
    },
    async getFile(key, path, signal) {
      signal?.throwIfAborted();
      return copyOut(place, key, path);
    },
    async head(key, signal) {
      signal?.throwIfAborted();
      const found = await statOf(place, key);
      return found === null ? null : { key, bytes: found.size, modifiedAt: Math.floor(found.mtimeMs) };
    },
    list: (prefix, signal) => listFiles(directory, checkPrefix(prefix), tempDirectory, signal),
    delete: (keys, signal) => deleteAll(place, keys, signal),
    selfTest: (signal) => selfTest(place, clock.now() - (options.tempAgeMaxMs ?? 24 * 3_600_000), signal),
    async [Symbol.asyncDispose]() {
      // Nothing is held open between calls.
    },
  };
}

/** Writes a temporary file with `write`, which says how long it is, then gives it its name. */
async function putTemp(
  place: Place,
  key: string,
  options: PutOptions | undefined,
  write: (temp: string) => Promise<number>,
): Promise<PutOutcome> {
  const path = pathOfKey(place.directory, key);
  const temp = join(place.directory, tempDirectory, randomUUID());
  try {
    await place.directories.ensure(key.split('/').slice(0, -1));
    const bytes = await intoTempDirectory(place, () => write(temp));
    if (options?.ifAbsent !== true) await rename(temp, path);
    else if (!(await renameIfAbsent(temp, path))) return { kind: 'exists' };
    await flushEntries(place, key, dirname(path));
    return { kind: 'stored', bytes };
  } catch (error) {
    await rm(temp, { force: true });
    throw fromFileError(error, 'put', place.root, key);
  }
}

/** Somebody may have tidied it away. */
async function intoTempDirectory<T>(place: Place, write: () => Promise<T>): Promise<T> {
  await place.directories.ensureOnce([tempDirectory]);
  try {
    return await write();
  } catch (error) {
    if (!isAbsent(error)) throw error;
    await place.directories.ensure([tempDirectory]);
    return write();
  }
}

async function writeBytes(place: Place, temp: string, body: Uint8Array, signal?: AbortSignal): Promise<number> {
  await using file = await open(temp, 'wx');
  await file.writeFile(body, signal === undefined ? {} : { signal });
  if (place.fsync) await file.sync();
  return body.length;
}

/** A copy (shared blocks where the disk can) and not a link: what the caller does to its file later must not reach the object. */
async function copyIn(place: Place, temp: string, path: string): Promise<number> {
  await copyFile(path, temp, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await using file = await open(temp, 'r');
  if (place.fsync) await file.sync();
  return (await file.stat()).size;
}

/** False where the name is taken; the temporary one is gone all the same. */
async function renameIfAbsent(temp: string, path: string): Promise<boolean> {
  try {
    await link(temp, path);
    // What a crash leaves here, the self-test sweeps.
    await unlink(temp);
    return true;
  } catch (error) {
    await rm(temp, { force: true });
    if (codeOf(error) !== 'EEXIST') throw error;
    if ((await lstat(path).catch(() => null))?.isDirectory() !== true) return false;
    throw new LakeError('STORE_REFUSED', `${path} is a directory: other keys lie below it`, { context: { path } });
  }
}

/** Once a name is given, a failing disk leaves open whether it stays. */
async function flushEntries(place: Place, key: string, directory: string): Promise<void> {
  try {
    await place.directories.flush(directory);
  } catch (cause) {
    const context = { root: place.root, key };
    throw new LakeError('STORE_OUTCOME_UNKNOWN', `put of ${place.root}/${key}: it is there, but its directory could not be flushed`, {
      context,
      cause,
    });
  }
}

async function statOf(place: Place, key: string): Promise<Stats | null> {
  const path = await existingPathOfKey(place.directory, place.rootPath, key);
  if (path === null) return null;
  try {
    const found = await stat(path);
    return found.isFile() ? found : null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw fromFileError(error, 'head', place.root, key);
  }
}

async function read(place: Place, key: string, range: ByteRange | undefined, signal?: AbortSignal): Promise<Uint8Array> {
  const path = await existingPathOfKey(place.directory, place.rootPath, key);
  if (path === null) throw objectMissing(place.root, key);
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const found = await file.stat();
    if (!found.isFile()) throw objectMissing(place.root, key);
    const { start, end } = clipRange(key, found.size, range);
    const body = Buffer.allocUnsafeSlow(end - start);
    for (let filled = 0; filled < body.length;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(body, filled, body.length - filled, start + filled);
      if (bytesRead === 0)
        throw new LakeError('STORE_UNREACHABLE', `${place.root}/${key} shrank while it was read`, { context: { root: place.root, key } });
      filled += bytesRead;
    }
    return body;
  } catch (error) {
    if (isAbsent(error)) throw objectMissing(place.root, key);
    throw fromFileError(error, 'get', place.root, key);
  }
}

async function copyOut(place: Place, key: string, path: string): Promise<number> {
  const source = await existingPathOfKey(place.directory, place.rootPath, key);
  if (source === null || (await statOf(place, key)) === null) throw objectMissing(place.root, key);
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    await copyFile(source, partial, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const { size } = await stat(partial);
    await rename(partial, path);
    return size;
  } catch (error) {
    await rm(partial, { force: true });
    throw fromFileError(error, 'get', place.root, key);
  }
}

/** Not flushed: a delete that a power cut undoes is done again by the sweeper. */
async function deleteAll(place: Place, keys: readonly string[], signal?: AbortSignal): Promise<void> {
  for (const key of keys) pathOfKey(place.directory, key);
  for (const key of keys) {
    signal?.throwIfAborted();
    const path = await existingPathOfKey(place.directory, place.rootPath, key);
    if (path !== null)
      await deleteFile(path).catch((error: unknown) => {
        if (!isAbsent(error)) throw fromFileError(error, 'delete', place.root, key);
      });
  }
}

async function deleteFile(path: string): Promise<void> {
  if ((await stat(path)).isFile()) await unlink(path);
}

async function selfTest(place: Place, removeTempsBefore: number, signal?: AbortSignal): Promise<StoreSelfTest> {
  await removeTemps(place, removeTempsBefore);
  const prefix = `foz-self-test-${randomUUID()}`;
  const write = (key: string, body: Uint8Array) => putTemp(place, key, { ifAbsent: true }, (temp) => writeBytes(place, temp, body, signal));
  try {
    const report = await testConditionalWrite({ write, read: (key) => read(place, key, undefined, signal) }, prefix, undefined, signal);
    // `put` and `putFile` end in the same link(2), so what holds for one holds for the other.
    return {
      conditionalPut: report.holds,
      conditionalComplete: report.holds,
      raceRounds: report.raceRounds,
      raceFailures: report.raceFailures,
    };
  } finally {
    for await (const head of listFiles(place.directory, `${prefix}/`, tempDirectory)) await deleteAll(place, [head.key]);
    await rmdir(join(place.directory, prefix)).catch(() => undefined);
  }
}

async function removeTemps(place: Place, before: number): Promise<void> {
  const temps = join(place.directory, tempDirectory);
  for (const name of await readdir(temps).catch(() => [])) {
    const found = await lstat(join(temps, name)).catch(() => null);
    if (found !== null && found.mtimeMs < before) await rm(join(temps, name), { force: true });
  }
}
