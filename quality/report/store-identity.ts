// Which quality store this is: positions that tables keep are of one store, and mean nothing in another, nor in an older copy
// of the same.

import { randomUUID } from 'node:crypto';
import type { QualityStore } from '../../catalog/store/quality-store.ts';

const place = { kind: 'report', name: 'store' } as const;

export async function storeIdentity(store: QualityStore): Promise<string> {
  for (;;) {
    const known = await store.getState(place.kind, place.name);
    if (known !== null) return known.record;
    await store.putState({ ...place, expectedRevision: null, record: randomUUID() });
  }
}

/** The store is an older copy of itself: what it numbers from now on are other results under numbers given before. */
export async function renewIdentity(store: QualityStore, found: string): Promise<void> {
  const known = await store.getState(place.kind, place.name);
  if (known?.record === found) await store.putState({ ...place, expectedRevision: known.revision, record: randomUUID() });
}
