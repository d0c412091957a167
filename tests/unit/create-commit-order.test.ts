// The order in which clients make a table differs: Trino and Spark make the schema current before they say how it is
// partitioned, DuckDB last of all.

import assert from 'node:assert/strict';
import test from 'node:test';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import type { Update } from '../../lake/iceberg/commit.ts';

const location = 's3://lake/demo/orders';
const uuid = '7ac5fef9-f16d-43cb-af17-56b7cd129d15';
const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'at', required: false, type: 'timestamptz' }] } as const;
const spec = { 'spec-id': 0, fields: [{ 'source-id': 1, 'field-id': 1000, name: 'at_day', transform: 'day' }] };
const order = {
  'order-id': 1,
  fields: [{ 'source-id': 1, transform: 'identity', direction: 'asc', 'null-order': 'nulls-first' }],
} as const;

const begin: readonly Update[] = [
  { action: 'assign-uuid', uuid },
  { action: 'upgrade-format-version', 'format-version': 2 },
  { action: 'add-schema', schema },
];
const current: Update = { action: 'set-current-schema', 'schema-id': 0 };
const layout: readonly Update[] = [
  { action: 'add-spec', spec },
  { action: 'set-default-spec', 'spec-id': 0 },
  { action: 'add-sort-order', 'sort-order': order },
  { action: 'set-default-sort-order', 'sort-order-id': 1 },
  { action: 'set-location', location },
];

const applied = (updates: readonly Update[]) =>
  applyCommit(null, { requirements: [{ type: 'assert-create' }], updates }, { now: 1000, defaultLocation: location });

test('a table is the same whether its schema becomes current before its partition spec or after it', () => {
  const [before, after] = [applied([...begin, current, ...layout]), applied([...begin, ...layout, current])];
  assert.equal(after.kind, 'applied', after.kind === 'applied' ? '' : after.message);
  assert.deepEqual(after, before);
});

test('a partition spec without any schema is refused, and so is one whose column the schema lacks', () => {
  const none = applied([...layout, current]);
  assert.match(none.kind === 'applied' ? '' : none.message, /no schema yet/);
  const lost = applied([
    ...begin,
    { action: 'add-spec', spec: { ...spec, fields: [{ ...spec.fields[0], 'source-id': 9 }] } as typeof spec },
    current,
  ]);
  assert.notEqual(lost.kind, 'applied');
});
