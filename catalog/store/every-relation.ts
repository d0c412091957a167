// All tables and views of a catalog, page by page.

import type { TableIdent } from '../catalog.ts';
import type { RelationStore, StoredRelation } from './relation-store.ts';

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
