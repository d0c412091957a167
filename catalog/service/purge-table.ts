// The objects of a table that is gone: everything in its folder, unless another table has come to lie there.

import type { Logger } from '../../runtime/log.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import type { MetadataFiles } from './metadata-files.ts';
import type { ObjectStores } from './object-stores.ts';

export interface PurgeParts {
  readonly store: CatalogStore;
  readonly files: Pick<MetadataFiles, 'read'>;
  readonly objectStores: ObjectStores;
  readonly logger: Logger;
}

const purgeBatchSize = 1000;

/** The folder of a dropped table, to be read before its metadata goes; null where it cannot be: then its objects stay. */
export async function folderToPurge({ files, logger }: PurgeParts, metadataLocation: string): Promise<string | null> {
  try {
    return (await files.read(metadataLocation)).metadata.location;
  } catch (error) {
    logger.warn({ metadataLocation, error }, 'a dropped table is not purged: its metadata cannot be read');
    return null;
  }
}

/** Whether all of it is gone: what stays is logged, and found again by whoever asks again. */
export async function purgeFolder({ store, objectStores, logger }: PurgeParts, location: string): Promise<boolean> {
  const place = objectStores.at(location);
  if (place === null || place.key === '' || (await store.hasTableUnder(`${location}/`))) return false;
  try {
    let batch: string[] = [];
    for await (const object of place.store.list(`${place.key}/`)) {
      batch.push(object.key);
      if (batch.length < purgeBatchSize) continue;
      await place.store.delete(batch);
      batch = [];
    }
    if (batch.length > 0) await place.store.delete(batch);
    return true;
  } catch (error) {
    logger.warn({ location, error }, 'objects of a dropped table could not be purged');
    return false;
  }
}
