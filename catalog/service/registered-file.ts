// The metadata file that a table or view is registered with: another catalog wrote it, or this one before the name was
// dropped. It must lie where files may lie, and be what it is said to be.

import { LakeError } from '../../runtime/errors.ts';
import { ok, refused, type Answer } from './answer.ts';
import { isMetadataFile, locationProblem } from './locations.ts';
import type { MetadataFile, MetadataFiles } from './metadata-files.ts';
import type { ObjectStores } from './object-stores.ts';

export async function registeredFile<Metadata>(
  files: MetadataFiles<Metadata>,
  { prefixes }: ObjectStores,
  location: string,
): Promise<Answer<MetadataFile<Metadata>>> {
  const problem = locationProblem(prefixes, location);
  if (problem !== null) return refused('invalid', problem);
  if (!isMetadataFile(location))
    return refused('invalid', `${location.slice(0, 500)} is not the name of a metadata file (*.metadata.json)`);
  const missing = refused('invalid', `there is no metadata file ${location}`);
  try {
    const file = await files.read(location);
    // It may come from the cache and be gone from the store: nobody could read a table that points to it.
    return (await files.isThere(location)) ? ok(file) : missing;
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    if (error.code === 'OBJECT_MISSING') return missing;
    if (error.code === 'CATALOG_REFUSED')
      return refused('invalid', `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`);
    throw error;
  }
}
