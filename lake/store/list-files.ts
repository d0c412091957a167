// A walk of a directory in the order S3 lists: by the bytes of the whole key. Inside one directory that is the order of
// names where a directory counts as `name/` (`a-b` comes before `a/…`, since `-` < `/`). One directory level is in
// memory at a time, never the whole tree.

import { opendir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromFileError, isAbsent } from './file-error.ts';
import { compareKeys } from './object-key.ts';
import type { ObjectHead } from './object-store.ts';

interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** Every file of `root` whose key starts with `prefix`, leaving out the top-level directory `hidden` and symbolic links. */
export async function* listFiles(root: string, prefix: string, hidden: string, signal?: AbortSignal): AsyncGenerator<ObjectHead> {
  const parent = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (parent.startsWith(`${hidden}/`)) return;
  yield* walk({ root, prefix, hidden, signal }, parent);
}

interface Walk {
  readonly root: string;
  readonly prefix: string;
  readonly hidden: string;
  readonly signal: AbortSignal | undefined;
}

async function* walk(what: Walk, parent: string): AsyncGenerator<ObjectHead> {
  for (const entry of await entriesOf(what, parent)) {
    what.signal?.throwIfAborted();
    const key = parent + entry.name;
    if (entry.isDirectory) {
      yield* walk(what, key);
      continue;
    }
    const head = await headOf(what, key);
    if (head !== null) yield head;
  }
}

async function entriesOf(what: Walk, parent: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  try {
    const directory = await realpath(join(what.root, parent));
    // A prefix must not lead out of the root either.
    if (directory !== join(await realpath(what.root), parent.slice(0, -1))) return [];
    for await (const found of await opendir(directory)) {
      if (parent === '' && found.name === what.hidden) continue;
      const isDirectory = found.isDirectory();
      if (!isDirectory && !found.isFile()) continue;
      const name = isDirectory ? `${found.name}/` : found.name;
      const key = parent + name;
      if (key.startsWith(what.prefix)) entries.push({ name, isDirectory });
    }
  } catch (error) {
    if (isAbsent(error)) return [];
    throw fromFileError(error, 'list', `file://${what.root}`, parent);
  }
  return entries.toSorted((left, right) => compareKeys(left.name, right.name));
}

/** Null when the file was deleted since its directory was read. */
async function headOf(what: Walk, key: string): Promise<ObjectHead | null> {
  try {
    const found = await stat(join(what.root, key));
    return { key, bytes: found.size, modifiedAt: Math.floor(found.mtimeMs) };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw fromFileError(error, 'list', `file://${what.root}`, key);
  }
}
