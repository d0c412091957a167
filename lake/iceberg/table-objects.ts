// The objects in a table's folder, and the metadata that was the table's before: for sweeps, which alone delete (I4).

import { keyOf, locationOf, type ObjectHead, type ObjectStore } from '../store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { parseJson } from './json.ts';
import { storeKey } from './metadata-object.ts';
import type { TableMetadata } from './metadata.ts';
import { readMetadata } from './read-metadata.ts';

/** By location. TABLE_UNSUPPORTED where the table lies outside the store, LIMIT_EXCEEDED for more objects than `objectsMax`. */
export async function objectsUnder(
  { location }: Pick<TableMetadata, 'location'>,
  store: ObjectStore,
  objectsMax = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ObjectHead>> {
  const key = keyOf(store, location.replace(/\/+$/, ''));
  if (key === null) throw new LakeError('TABLE_UNSUPPORTED', `table location ${location} lies outside the object store ${store.root}`);
  const objects = new Map<string, ObjectHead>();
  for await (const object of store.list(`${key}/`, signal)) {
    objects.set(locationOf(store, object.key), object);
    if (objects.size > objectsMax)
      throw new LakeError('LIMIT_EXCEEDED', `more than ${objectsMax} objects lie under ${location}: they are not looked through`);
  }
  return objects;
}

/** Null for one that is gone, as the catalog deletes those that fall off the log, and for what is no table's metadata. */
export async function metadataAt(location: string, store: ObjectStore, signal?: AbortSignal): Promise<TableMetadata | null> {
  try {
    return readMetadata(parseJson(Buffer.from(await store.get(storeKey(store, location), undefined, signal)).toString('utf8')));
  } catch (error) {
    if ((error instanceof LakeError && error.code === 'OBJECT_MISSING') || error instanceof SyntaxError) return null;
    throw error;
  }
}

const deletesAtOnce = 500;

/** The first alone, so that a test can cut a deletion of any length short in its middle. */
export async function deleteObjects(
  locations: readonly string[],
  store: ObjectStore,
  between: () => void | Promise<void> = () => undefined,
  signal?: AbortSignal,
): Promise<void> {
  const [first, ...rest] = locations.map((location) => storeKey(store, location));
  if (first === undefined) return;
  await store.delete([first], signal);
  await between();
  for (let at = 0; at < rest.length; at += deletesAtOnce) await store.delete(rest.slice(at, at + deletesAtOnce), signal);
}
