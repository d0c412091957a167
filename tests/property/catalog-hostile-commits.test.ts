// Commits with one member replaced by anything: whoever sends them, the catalog answers with a refusal or with metadata
// that can be written and read again. It never throws anything but SyntaxError, so it never answers 500.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import { parseJson, stringifyJson } from '../../lake/iceberg/json.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { readCommit } from '../../lake/iceberg/read-commit.ts';
import { isRecord, readMetadata } from '../../lake/iceberg/read-metadata.ts';
import { checkChainCommit } from '../../lake/raw/offset-chain.ts';

const schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'a', required: true, type: 'long' },
    { id: 2, name: 'b', required: false, type: { type: 'list', 'element-id': 3, element: 'decimal(9,2)', 'element-required': true } },
    {
      id: 4,
      name: 'c',
      required: false,
      type: { type: 'map', 'key-id': 5, key: 'string', 'value-id': 6, value: 'date', 'value-required': false },
    },
  ],
  'identifier-field-ids': [1],
};
const spec = { 'spec-id': 0, fields: [{ 'source-id': 1, 'field-id': 1000, name: 'p', transform: 'bucket[4]' }] };
const snapshot = {
  'snapshot-id': 7,
  'sequence-number': 1,
  'timestamp-ms': 5,
  'manifest-list': 'memory://m',
  summary: { operation: 'append', 'foz.commit-id': 'c', 'foz.offsets': '{"T":{"0":{"from":"0","to":"9"}}}' },
  'schema-id': 0,
};
const whole = {
  requirements: [
    { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null },
    { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 6 },
  ],
  updates: [
    { action: 'upgrade-format-version', 'format-version': 2 },
    { action: 'add-schema', schema: { ...schema, 'identifier-field-ids': [] }, 'last-column-id': 6 },
    { action: 'set-current-schema', 'schema-id': -1 },
    { action: 'add-spec', spec },
    { action: 'set-default-spec', 'spec-id': 0 },
    { action: 'add-sort-order', 'sort-order': { 'order-id': 1, fields: [{ 'source-id': 1, transform: 'identity' }] } },
    { action: 'set-default-sort-order', 'sort-order-id': -1 },
    { action: 'add-snapshot', snapshot },
    { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 7, 'min-snapshots-to-keep': 1 },
    { action: 'set-statistics', 'snapshot-id': 7, statistics: { 'snapshot-id': 7, 'statistics-path': 's' } },
    { action: 'set-partition-statistics', 'partition-statistics': { 'snapshot-id': 7 } },
    { action: 'set-properties', updates: { a: '1', 'foz.next': '{"commitId":"c","clusterId":"C","next":{"T":["9"]}}' } },
    { action: 'remove-properties', removals: ['x'] },
    { action: 'set-location', location: 'memory://t2' },
    { action: 'remove-snapshot-ref', 'ref-name': 'gone' },
    { action: 'remove-snapshots', 'snapshot-ids': [8] },
    { action: 'remove-schemas', 'schema-ids': [9] },
    { action: 'remove-partition-specs', 'spec-ids': [9] },
    { action: 'remove-statistics', 'snapshot-id': 9 },
  ],
};

const anything = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    'constructor',
    '-1',
    -1,
    0,
    1.5,
    2 ** 31,
    2 ** 53,
    1e300,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 70n,
    [],
    {},
    [null],
    [[]],
    { type: 'struct' },
  ),
  fc.integer({ min: -3, max: 12 }),
  fc.string({ maxLength: 8 }),
);

/** Walks down by the numbers given, and replaces, removes or repeats what it ends at. */
function mutate(value: unknown, path: readonly number[], replacement: unknown, how: number): unknown {
  const [step = 0, ...rest] = path;
  const isEnd = path.length === 0;
  if (Array.isArray(value) && value.length > 0 && !isEnd) {
    const index = step % value.length;
    const changed = mutate(value[index], rest, replacement, how);
    const doubled = rest.length === 0 && how === 2 ? [value[index], value[index]] : [changed];
    return [...value.slice(0, index), ...doubled, ...value.slice(index + 1)];
  }
  if (isRecord(value) && Object.keys(value).length > 0 && !isEnd) {
    const name = Object.keys(value)[step % Object.keys(value).length] ?? '';
    const entries = Object.entries(value).flatMap(([key, member]) => {
      if (key !== name) return [[key, member]];
      return rest.length === 0 && how === 1 ? [] : [[key, mutate(member, rest, replacement, how)]];
    });
    return Object.fromEntries(entries);
  }
  return replacement;
}

function newTable(): TableMetadata {
  const created = createMetadata({ uuid: '2df0d066-9102-4097-acae-ead53542ca76', location: 'memory://t', schema: readMetadataSchema() }, 0);
  assert.equal(created.kind, 'applied');
  return created.metadata;
}

function readMetadataSchema(): TableMetadata['schemas'][number] {
  const commit = readCommit({ updates: [{ action: 'add-schema', schema }] });
  const update = commit.updates[0];
  assert.ok(update?.action === 'add-schema');
  return update.schema;
}

test('the commit before any change to it applies', () => {
  const applied = applyCommit(newTable(), readCommit(parseJson(stringifyJson(whole))), { now: 1 });
  assert.equal(applied.kind, 'applied', applied.kind === 'applied' ? '' : applied.message);
});

test('a commit with any members changed is refused or gives metadata that reads back the same', () => {
  const change = fc.tuple(fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }), anything, fc.nat(3));
  const seen = { refused: 0, unreadable: 0, applied: 0 };
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const hostile = changes.reduce<unknown>((value, [path, replacement, how]) => mutate(value, path, replacement, how), whole);
      let commit;
      try {
        commit = readCommit(parseJson(stringifyJson(hostile)));
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
        seen.unreadable++;
        return;
      }
      const table = newTable();
      checkChainCommit(table, commit);
      const applied = applyCommit(table, commit, { now: 1 });
      if (applied.kind !== 'applied') {
        seen.refused++;
        return;
      }
      seen.applied++;
      assert.deepEqual(readMetadata(parseJson(stringifyJson(applied.metadata))), applied.metadata);
    }),
    { numRuns: 3000 },
  );
  // Usually 120, 2,700 and 200.
  assert.ok(seen.refused > 20 && seen.unreadable > 100 && seen.applied > 20, JSON.stringify(seen));
});
