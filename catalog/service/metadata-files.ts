// Metadata files: written once under a unique name before the pointer moves to them, and immutable from then on, so a
// parsed one can be cached by its location for as long as there is room. A commit reads nothing from the object store.

import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { parseJson } from '../../lake/iceberg/json.ts';
import { metadataWriter } from '../../lake/iceberg/metadata-writer.ts';
import type { PutOptions } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { loadedAnswer } from './loaded-answer.ts';
import { isMetadataFile } from './locations.ts';
import type { ObjectStores, PlacedObject } from './object-stores.ts';

/** Of a table, unless it says otherwise. */
export interface MetadataFile<Metadata = TableMetadata> {
  readonly location: string;
  readonly metadata: Metadata;
  /** What a client is answered that loads it. */
  readonly answer: Buffer;
}

export interface MetadataFiles<Metadata = TableMetadata> {
  read(location: string): Promise<MetadataFile<Metadata>>;
  /** Whether the store still has the file, cached or not. */
  isThere(location: string): Promise<boolean>;
  /** Durable when it resolves. Refuses to replace a file. */
  write(location: string, metadata: Metadata): Promise<MetadataFile<Metadata>>;
  /** It has been superseded: nobody is expected to ask for it again. */
  forget(location: string): void;
  /** Best effort: what cannot be deleted is logged and left to the sweeper. Only metadata files, never data. */
  discard(locations: readonly string[]): Promise<void>;
  /** As well, beside what comes next: no commit waits for files that it made old, unless very many wait already. */
  retire(locations: readonly string[]): Promise<void>;
  /** Nothing is being retired any more. */
  settled(): Promise<void>;
}

export interface MetadataFilesOptions<Metadata> {
  readonly objectStores: ObjectStores;
  readonly logger: Logger;
  /** From a file's JSON value; throws where it is not such metadata. */
  readonly readValue: (value: unknown) => Metadata;
  /** Its long list of objects that stay from one metadata to the next: `snapshots`, `versions`. */
  readonly list: string;
  /** Bytes of cached files. */
  readonly cacheBytesMax: number;
}

/** Deletions under way at a time. */
const retiringMax = 64;

export function metadataFiles<Metadata extends object>(options: MetadataFilesOptions<Metadata>): MetadataFiles<Metadata> {
  const { objectStores, logger } = options;
  const cache = recentFiles<Metadata>(options.cacheBytesMax);
  const writer = metadataWriter(options.list);
  const placeOf = (location: string): PlacedObject => {
    const place = isMetadataFile(location) ? objectStores.at(location) : null;
    if (place) return place;
    const allowed = objectStores.prefixes.join(', ');
    // A lake may be older than what its catalog's warehouse is set to.
    const next = 'if its table belongs to this lake, add the folder to catalog.allowLocations (or --allow-location)';
    throw new LakeError('CATALOG_REFUSED', `metadata file ${location} is not under ${allowed}`, { context: { location, next } });
  };
  const discard = async (locations: readonly string[]): Promise<void> => {
    for (const location of locations) {
      cache.remove(location);
      const place = isMetadataFile(location) ? objectStores.at(location) : null;
      try {
        await place?.store.delete([place.key]);
      } catch (error) {
        logger.warn({ location, error }, 'a superseded metadata file could not be deleted');
      }
    }
  };
  const retiring = new Set<Promise<void>>();
  return {
    async read(location) {
      const cached = cache.get(location);
      if (cached) return cached;
      const { store, key } = placeOf(location);
      const bytes = await orUnreachable(location, store.get(key));
      const text = Buffer.from(bytes).toString('utf8');
      const metadata = parseMetadata(location, text, options.readValue);
      const file: MetadataFile<Metadata> = { location, metadata, answer: loadedAnswer(location, [bytes]).answer };
      cache.add(file);
      return file;
    },
    async write(location, metadata) {
      const { answer, file: body } = loadedAnswer(location, writer.parts(metadata));
      const putOptions: PutOptions = { ifAbsent: true, contentType: 'application/json' };
      const { store, key } = placeOf(location);
      const put = await orUnreachable(location, store.put(key, body, putOptions));
      if (put.kind === 'exists')
        throw new LakeError('CATALOG_UNREACHABLE', `metadata file ${location} exists already`, { context: { location } });
      const file: MetadataFile<Metadata> = { location, metadata, answer };
      cache.add(file);
      return file;
    },
    async isThere(location) {
      const { store, key } = placeOf(location);
      return (await orUnreachable(location, store.head(key))) !== null;
    },
    forget: (location) => cache.remove(location),
    discard,
    async retire(locations) {
      if (locations.length === 0) return;
      const work = discard(locations).finally(() => retiring.delete(work));
      retiring.add(work);
      if (retiring.size > retiringMax) await Promise.race(retiring);
    },
    async settled() {
      await Promise.all(retiring);
    },
  };
}

/** No pointer names a file before its write has returned, so whatever the store says of it, the table has not changed. */
async function orUnreachable<T>(location: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    if (!(cause instanceof LakeError) || (cause.code !== 'STORE_UNREACHABLE' && cause.code !== 'STORE_OUTCOME_UNKNOWN')) throw cause;
    throw new LakeError('CATALOG_UNREACHABLE', `the catalog cannot reach metadata file ${location}: ${cause.message}`, {
      cause,
      context: { location },
    });
  }
}

function parseMetadata<Metadata>(location: string, text: string, readValue: (value: unknown) => Metadata): Metadata {
  try {
    return readValue(parseJson(text));
  } catch (error) {
    throw new LakeError('CATALOG_REFUSED', `metadata file ${location} cannot be read`, { cause: error, context: { location } });
  }
}

interface RecentFiles<Metadata> {
  get(location: string): MetadataFile<Metadata> | undefined;
  add(file: MetadataFile<Metadata>): void;
  remove(location: string): void;
}

/** Least recently used goes first; a Map keeps insertion order. */
function recentFiles<Metadata>(bytesMax: number): RecentFiles<Metadata> {
  const files = new Map<string, MetadataFile<Metadata>>();
  let bytes = 0;
  const remove = (location: string) => {
    bytes -= files.get(location)?.answer.length ?? 0;
    files.delete(location);
  };
  return {
    get(location) {
      const file = files.get(location);
      if (file) {
        files.delete(location);
        files.set(location, file);
      }
      return file;
    },
    add(file) {
      remove(file.location);
      if (file.answer.length > bytesMax) return;
      files.set(file.location, file);
      bytes += file.answer.length;
      for (const oldest of files.keys()) {
        if (bytes <= bytesMax) break;
        remove(oldest);
      }
    },
    remove,
  };
}
