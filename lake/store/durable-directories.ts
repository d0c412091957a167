// A file is only as durable as the directory entries that lead to it: a new directory is flushed into its parent, up to
// the root, once per directory and process. Directories are remembered because four extra flushes on every put would
// cost more than the put.

import { lstat, mkdir, open, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LakeError } from '../../runtime/errors.ts';
import { codeOf } from './file-error.ts';
import type { RealRoot } from './file-paths.ts';

/** Memory bound: forgetting costs flushes, never safety. */
const rememberedMax = 10_000;

export interface DurableDirectories {
  /** Makes root/segments… a directory whose entries are on disk. Refuses symbolic links on the way. */
  ensure(segments: readonly string[]): Promise<void>;
  /** As well, but looks at it only the first time: for a directory that nobody else is to touch. */
  ensureOnce(segments: readonly string[]): Promise<void>;
  /** Flushes the entries of one directory. */
  flush(directory: string): Promise<void>;
}

export function durableDirectories(root: string, rootPath: RealRoot, fsync: boolean): DurableDirectories {
  const remembered = new Set<string>();

  const flush = async (directory: string): Promise<void> => {
    if (!fsync) return;
    await using handle = await open(directory, 'r');
    await handle.sync();
  };

  const ensure = async (segments: readonly string[]): Promise<void> => {
    const target = join(root, ...segments);
    if (remembered.has(target) && (await isRealDirectory(root, rootPath, segments))) return;
    await makeRoot(root, flush);
    let path = root;
    for (const segment of segments) {
      const parent = path;
      path = join(path, segment);
      await mkdir(path).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      });
      await refuseUnlessDirectory(path);
      // Also when it was there already: whoever made it may not have flushed it yet.
      await flush(parent);
    }
    if (remembered.size >= rememberedMax) remembered.clear();
    remembered.add(target);
  };

  const ensureOnce = async (segments: readonly string[]): Promise<void> => {
    if (!remembered.has(join(root, ...segments))) await ensure(segments);
  };

  return { ensure, ensureOnce, flush };
}

async function makeRoot(root: string, flush: (directory: string) => Promise<void>): Promise<void> {
  const first = await mkdir(root, { recursive: true });
  if (first === undefined) return;
  for (let path = root; path.length >= first.length; path = dirname(path)) await flush(dirname(path));
}

async function refuseUnlessDirectory(path: string): Promise<void> {
  const found = await lstat(path);
  if (found.isDirectory()) return;
  const what = found.isSymbolicLink() ? 'a symbolic link' : 'an object';
  throw new LakeError('STORE_REFUSED', `put needs the directory ${path}, found ${what}`, { context: { path } });
}

async function isRealDirectory(root: string, rootPath: RealRoot, segments: readonly string[]): Promise<boolean> {
  try {
    return (await realpath(join(root, ...segments))) === join(await rootPath(), ...segments);
  } catch {
    return false;
  }
}
