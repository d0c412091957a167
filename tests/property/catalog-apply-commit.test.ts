// Random commits, most of them legal and some not, against the invariants every reader of table metadata relies on.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import type { Update } from '../../lake/iceberg/commit.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import { parseJson, stringifyJson } from '../../lake/iceberg/json.ts';
import type { Long, TableMetadata } from '../../lake/iceberg/metadata.ts';
import { readCommit } from '../../lake/iceberg/read-commit.ts';
import { readMetadata } from '../../lake/iceberg/read-metadata.ts';
import { highestFieldId, type Schema } from '../../lake/iceberg/schema.ts';

const key = (id: Long | null | undefined) => String(id ?? -1);

function assertInvariants(table: TableMetadata): void {
  const ids = table.snapshots.map((snapshot) => key(snapshot['snapshot-id']));
  assert.equal(new Set(ids).size, ids.length, 'snapshot ids are unique');
  const sequences = table.snapshots.map((snapshot) => BigInt(snapshot['sequence-number']));
  for (const snapshot of table.snapshots) {
    const parent = table.snapshots.find((other) => key(other['snapshot-id']) === key(snapshot['parent-snapshot-id']));
    if (parent) assert.ok(BigInt(snapshot['sequence-number']) > BigInt(parent['sequence-number']), 'a child follows its parent');
  }
  assert.ok(
    sequences.every((sequence) => sequence <= BigInt(table['last-sequence-number'])),
    'none is above the last',
  );
  for (const ref of Object.values(table.refs))
    assert.ok(ids.includes(key(ref['snapshot-id'])), 'every ref points to a snapshot that is there');
  assert.equal(key(table['current-snapshot-id']), key(table.refs['main']?.['snapshot-id']), 'main is the current snapshot');
  const log = table['snapshot-log'];
  for (const [index, entry] of log.entries()) {
    assert.ok(ids.includes(key(entry['snapshot-id'])), 'the log names snapshots that are there');
    assert.ok(index === 0 || entry['timestamp-ms'] >= (log[index - 1]?.['timestamp-ms'] ?? 0), 'the log is in time order');
  }
  if (table.refs['main'])
    assert.equal(key(log.at(-1)?.['snapshot-id']), key(table['current-snapshot-id']), 'the log ends at the current snapshot');
  assert.ok(table['last-updated-ms'] >= (log.at(-1)?.['timestamp-ms'] ?? 0), 'the update is not before the log');
  assert.ok(table['metadata-log'].length <= 20, 'the metadata log is bounded');
  const schemaIds = table.schemas.map((schema) => schema['schema-id']);
  assert.equal(new Set(schemaIds).size, schemaIds.length, 'schema ids are unique');
  assert.ok(schemaIds.includes(table['current-schema-id']), 'the current schema is there');
  assert.ok(
    table.schemas.every((schema) => highestFieldId(schema) <= table['last-column-id']),
    'no field id is above the last assigned',
  );
  assert.ok(
    table['partition-specs'].some((spec) => spec['spec-id'] === table['default-spec-id']),
    'the default spec is there',
  );
}

type Step = { readonly updates: (table: TableMetadata) => readonly Update[] };

const bigId = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map((id): Long => (id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ id: bigId, time: fc.integer({ min: 1, max: 100_000 }), gap: fc.integer({ min: 0, max: 2 }) }).map(appendStep),
  },
  { weight: 1, arbitrary: fc.nat(20).map((n): Step => ({ updates: (table) => removeNth(table, n) })) },
  { weight: 1, arbitrary: fc.nat(20).map((n): Step => ({ updates: (table) => refNth(table, n, 'main', 'branch') })) },
  { weight: 1, arbitrary: fc.nat(20).map((n): Step => ({ updates: (table) => refNth(table, n, `tag${n % 3}`, 'tag') })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('main', 'tag0', 'tag1')
      .map((name): Step => ({ updates: () => [{ action: 'remove-snapshot-ref', 'ref-name': name }] })),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }).map((id): Step => ({ updates: (table) => addColumn(table, id) })) },
  {
    weight: 1,
    arbitrary: fc
      .dictionary(fc.constantFrom('a', 'b'), fc.string(), { maxKeys: 2, noNullPrototype: true })
      .map((updates): Step => ({ updates: () => [{ action: 'set-properties', updates }] })),
  },
);

function appendStep({ id, time, gap }: { id: Long; time: number; gap: number }): Step {
  return {
    updates: (table) => {
      const parent = table.refs['main']?.['snapshot-id'];
      const sequence = BigInt(table['last-sequence-number']) + BigInt(gap);
      const snapshot = {
        'snapshot-id': id,
        ...(parent === undefined ? {} : { 'parent-snapshot-id': parent }),
        'sequence-number': Number(sequence),
        'timestamp-ms': time,
        'manifest-list': `memory://m/${id}`,
        summary: { operation: 'append' },
      };
      return [
        { action: 'add-snapshot', snapshot },
        { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': id },
      ];
    },
  };
}

function removeNth(table: TableMetadata, n: number): readonly Update[] {
  const id = table.snapshots[n % Math.max(1, table.snapshots.length)]?.['snapshot-id'];
  return [{ action: 'remove-snapshots', 'snapshot-ids': id === undefined ? [1] : [id] }];
}

function refNth(table: TableMetadata, n: number, name: string, type: 'branch' | 'tag'): readonly Update[] {
  const id = table.snapshots[n % Math.max(1, table.snapshots.length)]?.['snapshot-id'] ?? 1;
  return [{ action: 'set-snapshot-ref', 'ref-name': name, type, 'snapshot-id': id }];
}

function addColumn(table: TableMetadata, id: number): readonly Update[] {
  const current = table.schemas.find((schema) => schema['schema-id'] === table['current-schema-id']);
  if (!current) return [];
  const schema: Schema = { ...current, fields: [...current.fields, { id, name: `c${id}`, required: false, type: 'long' }] };
  return [
    { action: 'add-schema', schema },
    { action: 'set-current-schema', 'schema-id': -1 },
  ];
}

const schema: Schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'long' }] };

function newTable(): TableMetadata {
  const created = createMetadata({ uuid: '2df0d066-9102-4097-acae-ead53542ca76', location: 'memory://t', schema }, 0);
  assert.equal(created.kind, 'applied');
  return created.metadata;
}

test('after any commits the metadata keeps what readers rely on, and a refused commit leaves it as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 40 }), (commits) => {
      let table = newTable();
      for (const [index, steps] of commits.entries()) {
        const updates = steps.flatMap((one) => one.updates(table));
        const before = stringifyJson(table);
        const applied = applyCommit(
          table,
          { requirements: [], updates },
          { now: index * 100, previousMetadataLocation: `memory://m${index}` },
        );
        assert.equal(stringifyJson(table), before, 'the input is not touched');
        if (applied.kind === 'applied') table = applied.metadata;
        assertInvariants(table);
      }
    }),
    { numRuns: 300 },
  );
});

test('metadata and commits are the same after their JSON, 64-bit ids included', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      let table = newTable();
      for (const [index, one] of steps.entries()) {
        const commit = { requirements: [], updates: one.updates(table) };
        assert.deepEqual(readCommit(parseJson(stringifyJson(commit))), commit);
        const applied = applyCommit(table, commit, { now: index });
        if (applied.kind === 'applied') table = applied.metadata;
      }
      assert.deepEqual(readMetadata(parseJson(stringifyJson(table))), table);
    }),
    { numRuns: 200 },
  );
});

test('any JSON value is the same after parse and stringify, long integers exactly', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.oneof(
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
      ),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((long) => (Number.isSafeInteger(Number(long)) ? Number(long) : long)),
      fc.array(tie('value')),
      fc.dictionary(
        fc.string().filter((name) => name !== '__proto__'),
        tie('value'),
        { noNullPrototype: true },
      ),
    ),
  })).value;
  fc.assert(
    fc.property(value, (original) => {
      const text = stringifyJson(original);
      assert.equal(stringifyJson(parseJson(text)), text);
    }),
    { numRuns: 500 },
  );
});
