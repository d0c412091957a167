// All tables and views of a catalog, page by page; and those that were dropped and are kept.

import type { TableIdent } from '../catalog.ts';
import type { DroppedRelation, RelationStore, StoredRelation } from './relation-store.ts';

const pageRows = 1_000;

/** In the order of namespace and name, from behind `after` on; null: from the first. Who has seen enough stops. */
export async function* everyRelation(
  store: Pick<RelationStore, 'allRelations'>,
  after: TableIdent | null = null,
): AsyncGenerator<StoredRelation, void> {
  for (let last = after; ;) {
    const rows = await store.allRelations({ after: last, limit: pageRows });
    yield* rows;
    last = rows.at(-1)?.ident ?? null;
    if (rows.length < pageRows) return;
  }
}

export async function* everyDropped(
  store: Pick<RelationStore, 'listDropped'>,
  which: Parameters<RelationStore['listDropped']>[0],
): AsyncGenerator<DroppedRelation, void> {
  for (let after: string | null = null; ;) {
    const rows: readonly DroppedRelation[] = await store.listDropped(which, { after, limit: pageRows });
    yield* rows;
    after = rows.at(-1)?.uuid ?? null;
    if (rows.length < pageRows) return;
  }
}
