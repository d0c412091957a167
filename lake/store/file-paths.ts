// Where a key is on disk, and the certainty that it is inside the root: the key's own rules first, then the resolved
// path, then, for what exists, the real path. A symbolic link anywhere below the root is refused, even one that stays
// inside: two keys must not name one file.

import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LakeError } from '../../runtime/errors.ts';
import { fromFileError, isAbsent } from './file-error.ts';
import { checkKey } from './object-key.ts';

/** Unfinished files; the first segment no key may have. */
export const tempDirectory = '.foz-tmp';

export function pathOfKey(directory: string, key: string): string {
  checkKey(key);
  const context = { root: `file://${directory}`, key };
  if (key === tempDirectory || key.startsWith(`${tempDirectory}/`)) {
    throw new LakeError('STORE_REFUSED', `object key refused: ${tempDirectory} is where unfinished files are`, { context });
  }
  const path = resolve(directory, key);
  // checkKey already refuses what could lead here; a second, independent look costs nothing.
  if (!path.startsWith(`${directory}/`)) throw new LakeError('STORE_REFUSED', 'object key refused: it leaves the root', { context });
  return path;
}

/**
 * The root as it really is: it may be reached through a link itself. Found once, since every put and read needs it; a root
 * that is moved afterwards is refused.
 */
export type RealRoot = () => Promise<string>;

export function realRoot(directory: string): RealRoot {
  let found: string | null = null;
  return async () => (found ??= await realpath(directory));
}

/** The real path of what stands under `key`, null when nothing does. */
export async function existingPathOfKey(directory: string, rootPath: RealRoot, key: string): Promise<string | null> {
  const path = pathOfKey(directory, key);
  const root = `file://${directory}`;
  try {
    const real = await realpath(path);
    if (real === join(await rootPath(), key)) return real;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw fromFileError(error, 'read', root, key);
  }
  throw new LakeError('STORE_REFUSED', `${root}/${key} leads through a symbolic link`, { context: { root, key } });
}
