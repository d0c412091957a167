// Whether the store's clock and ours agree. Ages of objects are told by the store and judged by us, so whoever deletes by age asks
// first; a listing alone cannot tell, since everything in it may be old. Asked with an object that is written, looked at
// and deleted.

import { randomUUID } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import type { ObjectStore } from './object-store.ts';

/** Machines that keep their time are seconds apart. */
export const clocksApartMaxMs = 300_000;

/** Why ages mean nothing here, as a clause; null where they do. Errors: those of the store. */
export async function clocksApart(store: ObjectStore, clock: Clock, signal?: AbortSignal): Promise<string | null> {
  const offsetMs = await storeAhead(store, clock, signal);
  if (offsetMs === null) return 'the store does not tell its time, so how old objects are is not known';
  if (Math.abs(offsetMs) <= clocksApartMaxMs) return null;
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  return `the store's clock is ${minutes} minutes ${offsetMs > 0 ? 'ahead of' : 'behind'} this machine's: how old objects are is not known until they agree`;
}

/** Milliseconds; zero as far as the two cannot be told apart. */
async function storeAhead(store: ObjectStore, clock: Clock, signal?: AbortSignal): Promise<number | null> {
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
