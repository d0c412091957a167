// Tables of other format versions than the one Foz writes: carried, committed to, upgraded.

import assert from 'node:assert/strict';
import test from 'node:test';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import { manifestListOf } from '../../lake/iceberg/metadata-object.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { readCommit } from '../../lake/iceberg/read-commit.ts';
import { readMetadata } from '../../lake/iceberg/read-metadata.ts';

const uuid = '2df0d066-9102-4097-acae-ead53542ca76';
const fields = [{ id: 1, name: 'day', required: false, type: 'date' }];

function newTable(version: string): TableMetadata {
  const table = {
    uuid,
    location: 's3://lake/t',
    schema: { type: 'struct', 'schema-id': 0, fields } as const,
    properties: { 'format-version': version },
  };
  const created = createMetadata(table, 1000);
  assert.equal(created.kind, 'applied');
  return created.metadata;
}

function apply(metadata: TableMetadata, updates: readonly unknown[]): TableMetadata {
  const applied = applyCommit(metadata, readCommit({ updates }), { now: 2000 });
  assert.equal(applied.kind, 'applied', applied.kind === 'applied' ? '' : applied.message);
  return applied.metadata;
}

/** As a writer of 2018 left it: one schema, one spec, snapshots without lists, sequence numbers or summaries. */
const oldest = {
  'format-version': 1,
  'table-uuid': uuid,
  location: 's3://lake/t',
  'last-updated-ms': 5,
  'last-column-id': 1,
  schema: { type: 'struct', fields },
  'partition-spec': [{ name: 'day', transform: 'identity', 'source-id': 1 }],
  'current-snapshot-id': 8269702249027976535n,
  snapshots: [{ 'snapshot-id': 8269702249027976535n, 'timestamp-ms': 5, manifests: ['s3://lake/t/metadata/m.avro'] }],
};

test('format v1 metadata reads as later formats have it, and keeps what it said', () => {
  const table = readMetadata(oldest);
  assert.deepEqual(table.schemas, [{ type: 'struct', 'schema-id': 0, fields }]);
  const spec = { name: 'day', transform: 'identity', 'source-id': 1, 'field-id': 1000 };
  assert.deepEqual(table['partition-specs'], [{ 'spec-id': 0, fields: [spec] }]);
  assert.equal(table['last-partition-id'], 1000);
  assert.deepEqual(table.refs, { main: { 'snapshot-id': 8269702249027976535n, type: 'branch' } });
  assert.deepEqual(table.snapshots, [{ ...oldest.snapshots[0], 'sequence-number': 0, summary: {} }]);
  assert.deepEqual(table['schema'], oldest.schema);
  const [snapshot] = table.snapshots;
  assert.ok(snapshot);
  assert.throws(() => manifestListOf(snapshot), /no manifest list/);
});

test('a commit to a format v1 table keeps the members that v1 readers look at; an upgrade takes them away', () => {
  const table = newTable('1');
  assert.equal(table['format-version'], 1);
  assert.deepEqual([table['schema'], table['partition-spec']], [table.schemas[0], []]);
  const column = { id: 2, name: 'n', required: false, type: 'long' };
  const evolved = apply(table, [
    { action: 'add-schema', schema: { type: 'struct', 'schema-id': 1, fields: [...fields, column] } },
    { action: 'set-current-schema', 'schema-id': -1 },
    { action: 'add-spec', spec: { fields: [{ name: 'day', transform: 'identity', 'source-id': 1 }] } },
    { action: 'set-default-spec', 'spec-id': -1 },
  ]);
  assert.deepEqual(evolved['schema'], evolved.schemas[1]);
  assert.partialDeepStrictEqual(evolved['partition-spec'], [{ name: 'day', 'field-id': 1000 }]);
  const upgraded = apply(evolved, [{ action: 'upgrade-format-version', 'format-version': 2 }]);
  assert.deepEqual([upgraded['format-version'], 'schema' in upgraded, 'partition-spec' in upgraded], [2, false, false]);
});

const add = (id: number, other: object) => ({
  action: 'add-snapshot',
  snapshot: { 'snapshot-id': id, 'timestamp-ms': 1500, 'manifest-list': `s3://lake/t/${id}.avro`, ...other },
});

test('format v1 snapshots carry no sequence number, so none is asked for', () => {
  const table = apply(apply(newTable('1'), [add(1, {})]), [add(2, { 'parent-snapshot-id': 1 })]);
  assert.deepEqual(
    table.snapshots.map((snapshot) => [snapshot['snapshot-id'], snapshot['sequence-number']]),
    [
      [1, 0],
      [2, 0],
    ],
  );
  const refused = applyCommit(newTable('2'), readCommit({ updates: [add(1, { 'manifest-list': undefined, manifests: [] })] }), { now: 1 });
  assert.partialDeepStrictEqual(refused, { kind: 'invalid', message: 'add-snapshot: the manifest list has no location' });
});

const refused = (version: string, update: object) => {
  const applied = applyCommit(newTable(version), readCommit({ updates: [update] }), { now: 1 });
  assert.equal(applied.kind, 'invalid');
  return applied.message;
};

const schemaWith = (field: object) => ({
  action: 'add-schema',
  schema: { type: 'struct', 'schema-id': 1, fields: [...fields, { id: 2, name: 'n', required: false, ...field }] },
});

test('format v1 has no sequence numbers, and before v3 there are no types and defaults of v3', () => {
  assert.match(refused('1', add(1, { 'sequence-number': 1 })), /sequence number 1 in format version 1/);
  for (const field of [{ type: 'variant' }, { type: 'timestamptz_ns' }, { type: 'int', 'initial-default': 5 }]) {
    assert.match(refused('2', schemaWith(field)), /format version 2 does not know/);
    const evolved = apply(newTable('3'), [schemaWith(field)]);
    assert.partialDeepStrictEqual(evolved.schemas[1]?.fields[1], field);
  }
});

test('a table without a snapshot says so with -1, and with null since format v3', () => {
  assert.deepEqual([newTable('2')['current-snapshot-id'], newTable('3')['current-snapshot-id']], [-1, null]);
  const upgraded = apply(newTable('2'), [{ action: 'upgrade-format-version', 'format-version': 3 }]);
  assert.equal(upgraded['current-snapshot-id'], null);
  assert.deepEqual(readMetadata(upgraded).refs, {});
});

test('encryption keys are added once and removed when no snapshot needs them', () => {
  const key = { 'key-id': 'k1', 'encrypted-key-metadata': 'c2VjcmV0', 'encrypted-by-id': 'kms' };
  const addKey = { action: 'add-encryption-key', 'encryption-key': key };
  const table = apply(newTable('3'), [addKey, addKey]);
  assert.deepEqual(table['encryption-keys'], [key]);
  const snapshot = { 'snapshot-id': 1, 'sequence-number': 1, 'timestamp-ms': 9, 'manifest-list': 's3://lake/t/1.avro', summary: {} };
  const used = apply(table, [{ action: 'add-snapshot', snapshot: { ...snapshot, 'first-row-id': 0, 'added-rows': 1, 'key-id': 'k1' } }]);
  const removal = readCommit({ updates: [{ action: 'remove-encryption-key', 'key-id': 'k1' }] });
  assert.partialDeepStrictEqual(applyCommit(used, removal, { now: 1 }), { kind: 'invalid' });
  assert.equal('encryption-keys' in apply(table, removal.updates), false);
});
