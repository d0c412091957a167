// What a word finds, and that the index follows what there is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SearchDocument } from '../../catalog/search/search-documents.ts';
import { searchIndex, type SearchIndex } from '../../catalog/search/search-index.ts';

test('a name counts more than a column, a column more than a description', async () => {
  const index = await indexOf(
    document('table', 'raw.orders', { columns: 'after.email\nafter.total' }),
    document('entity', 'email', {}),
    document('table', 'raw.rides', { description: 'No email in here.' }),
  );
  assert.deepEqual(names(index, 'email'), ['entity email', 'table raw.orders', 'table raw.rides']);
  const [, orders] = index.search('email', null, 10).found;
  assert.deepEqual([orders?.where, orders?.columns], [['columns'], ['after.email']]);
});

test('parts of a name, its beginning and a slip of the finger find it', async () => {
  const index = await indexOf(document('table', 'raw.customer_orders', { columns: 'shippingAddress' }));
  for (const asked of [
    'customer',
    'orders',
    'customerorders',
    'custo',
    'CUSTOMER',
    'custmer',
    'address',
    'shipping address',
    'raw.customer_orders',
  ])
    assert.deepEqual(names(index, asked), ['table raw.customer_orders'], asked);
  for (const asked of ['xrd3rs', 'payments', '', '___', 'customer payments']) assert.deepEqual(names(index, asked), [], asked);
});

test('the index follows what there is: what changes, comes and goes', async () => {
  const index = await indexOf(document('table', 'raw.users', { tags: 'gdpr' }), document('table', 'raw.rides', {}));
  await index.update(mapOf(document('table', 'raw.users', { tags: 'finance' }), document('view', 'current.users', {})));
  assert.deepEqual(names(index, 'gdpr'), []);
  assert.deepEqual(names(index, 'finance'), ['table raw.users']);
  assert.deepEqual(names(index, 'rides'), []);
  assert.deepEqual(names(index, 'users').toSorted(), ['table raw.users', 'view current.users']);
  assert.deepEqual(
    index.search('users', 'view', 10).found.map(({ name }) => name),
    ['current.users'],
  );
  assert.deepEqual([index.search('users', null, 1).found.length, index.search('users', null, 1).total], [1, 2]);
});

async function indexOf(...documents: readonly SearchDocument[]): Promise<SearchIndex> {
  const index = searchIndex();
  await index.update(mapOf(...documents));
  return index;
}

function mapOf(...documents: readonly SearchDocument[]): ReadonlyMap<string, SearchDocument> {
  return new Map(documents.map((of) => [of.id, of]));
}

function document(kind: SearchDocument['kind'], name: string, words: Partial<SearchDocument>): SearchDocument {
  return { id: `${kind} ${name}`, kind, name, columns: '', tags: '', people: '', description: '', told: null, ...words };
}

function names(index: SearchIndex, query: string): readonly string[] {
  return index.search(query, null, 10).found.map(({ kind, name }) => `${kind} ${name}`);
}
