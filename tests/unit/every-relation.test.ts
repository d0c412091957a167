// All relations of a catalog come page by page, each once, and no page is read that nobody asks for.

import assert from 'node:assert/strict';
import test from 'node:test';
import { everyRelation } from '../../catalog/store/every-relation.ts';
import type { RelationStore, StoredRelation } from '../../catalog/store/relation-store.ts';

const relationOf = (at: number): StoredRelation => ({
  ident: { namespace: ['raw'], name: `t${String(at).padStart(5, '0')}` },
  kind: 'table',
  uuid: `u${at}`,
  metadataLocation: `m://${at}`,
});

function storeOf(count: number) {
  const rows = Array.from({ length: count }, (_, at) => relationOf(at));
  const asked: (string | null)[] = [];
  return {
    rows,
    asked,
    async allRelations({ after, limit }: Parameters<RelationStore['allRelations']>[0]) {
      asked.push(after?.name ?? null);
      return rows.filter(({ ident }) => after === null || ident.name > after.name).slice(0, limit);
    },
  };
}

test('every relation comes once and in order, whether or not they fill their pages', async () => {
  for (const count of [0, 1, 999, 1_000, 1_001, 2_000]) {
    const store = storeOf(count);
    const found: StoredRelation[] = [];
    for await (const relation of everyRelation(store)) found.push(relation);
    assert.deepEqual(found, store.rows);
  }
});

test('it begins behind the one that is named, and who stops early reads no further page', async () => {
  const store = storeOf(5_000);
  const found: StoredRelation[] = [];
  for await (const relation of everyRelation(store, relationOf(1_999).ident)) {
    found.push(relation);
    if (found.length === 3) break;
  }
  assert.deepEqual(found, store.rows.slice(2_000, 2_003));
  assert.deepEqual(store.asked, ['t01999']);
});
