// Manifest lists that no snapshot names and that no commit on its way can name: their snapshot's sequence number is taken. A table's
// last one never goes back, and no catalog adds a snapshot that does not lie above it. A worker may send the same commit
// for days while its catalog is away; its list waits with it.

import { readAvroFile } from '../../lake/iceberg/avro-file.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { ObjectHead, ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { kindOfObject } from './object-kind.ts';

export async function deadLists(
  candidates: ReadonlyMap<string, ObjectHead>,
  metadata: TableMetadata,
  leave: (location: string, why: string) => void,
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [location, { key }] of candidates) {
    if (kindOfObject(location) !== 'list') continue;
    signal?.throwIfAborted();
    const sequence = await sequenceOf(location, key, store, signal);
    if (sequence === null) leave(location, 'it does not say of which snapshot it is');
    else if (sequence > BigInt(metadata['last-sequence-number'])) leave(location, 'its snapshot may still be committed');
    else found.push(location);
  }
  return found;
}

/** Spec: the key-value metadata of a manifest list tells its snapshot (v2 and later). */
async function sequenceOf(location: string, key: string, store: ObjectStore, signal?: AbortSignal): Promise<bigint | null> {
  try {
    const text = readAvroFile(await store.get(key, undefined, signal), location).metadata.get('sequence-number') ?? '';
    return /^\d{1,19}$/.test(text) ? BigInt(text) : null;
  } catch (error) {
    if (error instanceof LakeError && ['OBJECT_CORRUPT', 'OBJECT_MISSING'].includes(error.code)) return null;
    throw error;
  }
}
