// Manifests that no snapshot names, no list that waits leads to, and no commit on its way can name: every file that they add is
// named by the table, gone already, or dead itself. One that names a file which still waits for its commit waits with it. One whose
// files are all named, as a merge or a compaction leaves it, could be taken into a new list: both send nothing after half an hour.

import { readManifest } from '../../lake/iceberg/manifest.ts';
import { keyOf, type ObjectHead, type ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { kindOfObject } from './object-kind.ts';

export async function deadManifests(
  candidates: ReadonlyMap<string, ObjectHead>,
  objects: ReadonlyMap<string, ObjectHead>,
  dead: ReadonlySet<string>,
  leave: (location: string, why: string) => void,
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [location, { key }] of candidates) {
    if (kindOfObject(location) !== 'manifest') continue;
    signal?.throwIfAborted();
    const files = await filesOf(location, key, store, signal);
    const waiting = files?.find((file) => candidates.has(file) && !dead.has(file));
    // A young file beside an old manifest: nobody writes them in that order, so nobody's rule is known.
    const isUnclear =
      files === null ||
      files.some((file) => !candidates.has(file) && objects.has(file) && isYoung(objects.get(file), candidates.get(location)));
    if (waiting !== undefined) leave(location, `it names ${waiting}, which may still be committed`);
    else if (isUnclear) leave(location, 'what it names is not clear');
    else found.push(location);
  }
  return found;
}

async function filesOf(location: string, key: string, store: ObjectStore, signal?: AbortSignal): Promise<readonly string[] | null> {
  try {
    const files = readManifest(await store.get(key, undefined, signal), location).entries.map(({ file }) => file.filePath);
    return files.every((file) => keyOf(store, file) !== null) ? files : null;
  } catch (error) {
    if (error instanceof LakeError && error.code === 'OBJECT_CORRUPT') return null;
    if (error instanceof LakeError && error.code === 'OBJECT_MISSING') return [];
    throw error;
  }
}

function isYoung(file: ObjectHead | undefined, manifest: ObjectHead | undefined): boolean {
  return (file?.modifiedAt ?? 0) > (manifest?.modifiedAt ?? 0);
}
