// How far the store's clock is from ours. Ages of objects are told by the store and judged by us, so whoever deletes by age asks
// first; a listing alone cannot tell, since everything in it may be old. Asked with an object that is written, looked at
// and deleted.

import { randomUUID } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import type { ObjectStore } from './object-store.ts';

/** Milliseconds by which the store's clock is ahead, below zero: behind; null where the store does not tell. Errors: those of the store. */
export async function clockOffset(store: ObjectStore, clock: Clock, signal?: AbortSignal): Promise<number | null> {
  const key = `foz-clock-${randomUUID()}`;
  const before = clock.now();
  await store.put(key, Buffer.from('now'), {}, signal);
  try {
    const written = (await store.head(key, signal))?.modifiedAt;
    const after = clock.now();
    if (written === undefined) return null;
    return written < before ? written - before : Math.max(0, written - after);
  } finally {
    await store.delete([key]);
  }
}
