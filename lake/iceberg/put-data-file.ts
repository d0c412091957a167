// A data file on local disk becomes an object of its table. Durable when this returns, and visible to nobody until a commit
// names it (I3).

import { randomUUID } from 'node:crypto';
import { keyOf, locationOf, type ObjectStore } from '../store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { DataFile } from './data-file.ts';
import type { TableMetadata } from './metadata.ts';

export interface LocalFile {
  readonly path: string;
  readonly dataFile: Omit<DataFile, 'filePath'>;
}

/**
 * A fresh key for every try: an upload with an unknown outcome is left to the sweeper, to which `suffix` tells whose it is.
 * The local file stays. Errors: CONFIG_INVALID where the table lies outside the store, those of the store.
 */
export async function putDataFile(
  { path, dataFile }: LocalFile,
  metadata: TableMetadata,
  store: ObjectStore,
  signal?: AbortSignal,
  suffix = '.parquet',
): Promise<DataFile> {
  const base = keyOf(store, metadata.location);
  if (base === null)
    throw new LakeError('CONFIG_INVALID', `table location ${metadata.location} lies outside the object store ${store.root}`);
  const key = `${base}/data/${dayFolder(dataFile, metadata)}${randomUUID()}${suffix}`;
  const outcome = await store.putFile(key, path, { ifAbsent: true, contentType: 'application/vnd.apache.parquet' }, signal);
  if (outcome.kind === 'exists') throw new LakeError('STORE_OUTCOME_UNKNOWN', `object ${key} exists already`);
  return { ...dataFile, filePath: locationOf(store, key) };
}

/** Tables by day lie in folders by date. Others need none: every engine takes partition values from the manifests. */
function dayFolder({ partition }: Pick<DataFile, 'partition'>, metadata: TableMetadata): string {
  for (const { 'field-id': id, transform } of metadata['partition-specs'].flatMap(({ fields }) => fields)) {
    const days = partition[id];
    if (transform !== 'day' || days === null || days === undefined) continue;
    const date = new Date(days * 86_400_000);
    return Number.isNaN(date.getTime()) ? '' : `date=${date.toISOString().slice(0, 10)}/`;
  }
  return '';
}
