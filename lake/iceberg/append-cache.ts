// What one writer remembers between its commits, bounded: the manifest lists it wrote or read last, so that a commit on
// top of one's own reads nothing; and the manifest of a commit that is still being tried, so that a rebase after a
// conflict writes nothing but a new list. Losing it costs one read.

import { createAvroTypes, type AvroTypes } from './avro-file.ts';
import { createBoundedMap, type BoundedMap } from './bounded-map.ts';
import type { ManifestFile } from './manifest-list.ts';

export interface AppendCache {
  /** By location. */
  readonly lists: BoundedMap<readonly ManifestFile[]>;
  /** By commit id. */
  readonly manifests: BoundedMap<ManifestFile>;
  readonly types: AvroTypes;
}

export function createAppendCache(entriesMax = 16): AppendCache {
  return { lists: createBoundedMap(entriesMax), manifests: createBoundedMap(entriesMax), types: createAvroTypes() };
}
