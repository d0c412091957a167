// A table or view leaves the store. What is told of it is what it was, so it must still be that: the drop expects the row that
// was looked at. Where another process moves it again and again, looking never ends, and a drop needs no look to be right:
// after a few it goes as it is, and the store itself tells which row went.

import type { TableIdent } from '../catalog.ts';
import type { ChangeRecord } from '../store/change-record.ts';
import type { Drop, RelationKind, RelationStore, StoredRelation } from '../store/relation-store.ts';

/** Of one drop. */
const looksMax = 4;

/** The row that went; null when there is none. `recordOf` null: of a row that nobody has seen. */
export async function dropRelation(
  store: RelationStore,
  kind: RelationKind,
  ident: TableIdent,
  drop: Drop,
  recordOf: (row: StoredRelation | null) => ChangeRecord | Promise<ChangeRecord>,
): Promise<StoredRelation | null> {
  for (let look = 1; look <= looksMax; look++) {
    const row = await store.getRelation(kind, ident);
    if (!row) return null;
    const dropped = await store.dropRelation(kind, ident, drop, await recordOf(row), row.metadataLocation);
    if (dropped) return dropped;
  }
  return store.dropRelation(kind, ident, drop, await recordOf(null));
}
