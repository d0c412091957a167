// Manifest lists that no snapshot names: dead, or waiting. A commit on its way can name one only while its snapshot's sequence
// number is not taken: a table's last one never goes back, and no catalog adds a snapshot that does not lie above it. A worker
// may send the same commit for days while its catalog is away; its list waits with it, and all that the list leads to.

import { readAvroFile } from '../../lake/iceberg/avro-file.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { ObjectHead, ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { kindOfObject } from './object-kind.ts';

export interface JudgedLists {
  readonly dead: readonly string[];
  /** Young ones too: what an old object waits for may have been written a moment ago. */
  readonly waiting: readonly string[];
  /** Old ones that do not say of which snapshot they are. */
  readonly unclear: readonly string[];
}

/** By how much the store's times of two objects may stand in the wrong order. */
const storeClockSlackMs = 300_000;

export async function judgeLists(
  candidates: ReadonlyMap<string, ObjectHead>,
  objects: ReadonlyMap<string, ObjectHead>,
  metadata: TableMetadata,
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<JudgedLists> {
  const [dead, waiting, unclear]: [string[], string[], string[]] = [[], [], []];
  const named = new Set(metadata.snapshots.map((snapshot) => snapshot['manifest-list']));
  const since = newestListAt(metadata, objects) - storeClockSlackMs;
  for (const [location, object] of objects) {
    const isOld = candidates.has(location);
    // Over the newest snapshot, so written after it.
    const mayWait = object.modifiedAt >= since && !named.has(location);
    if (kindOfObject(location) !== 'list' || !(isOld || mayWait)) continue;
    signal?.throwIfAborted();
    const sequence = await sequenceOf(location, object.key, store, signal);
    if (sequence !== null && sequence > BigInt(metadata['last-sequence-number'])) waiting.push(location);
    else if (isOld) (sequence === null ? unclear : dead).push(location);
  }
  return { dead, waiting, unclear };
}

/** When the list of the newest snapshot was written, by the store's clock; 0 where it is not there. */
function newestListAt({ snapshots }: TableMetadata, objects: ReadonlyMap<string, ObjectHead>): number {
  const numbers = snapshots.map((snapshot) => Number(snapshot['sequence-number'] ?? 0));
  const newest = snapshots[numbers.indexOf(Math.max(...numbers))];
  return objects.get(newest?.['manifest-list'] ?? '')?.modifiedAt ?? 0;
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
