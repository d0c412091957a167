// What the audit log says of a commit: rows alone, or what else differs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableEntry } from '../../catalog/audit/table-entry.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import type { Snapshot, TableMetadata } from '../../lake/iceberg/metadata.ts';

const ident = { namespace: ['raw'], name: 'users' };

test('a commit of rows, of expiry and of hour tags is rows alone', () => {
  const before = withSnapshots([1], 1);
  const after: TableMetadata = {
    ...withSnapshots([1, 2], 2),
    properties: { 'foz.next': '{"commitId":"b"}' },
    refs: { main: { type: 'branch', 'snapshot-id': 2 }, 'hour-2026-11-21T10': { type: 'tag', 'snapshot-id': 1 } },
  };
  const entry = tableEntry('worker', 5, ident, before, after);
  assert.deepEqual(entry, {
    at: 5,
    actor: 'worker',
    action: 'table.commit',
    subject: 'raw.users',
    before: { snapshot: '1', operation: 'append', records: 10 },
    after: { snapshot: '2', operation: 'append', records: 20 },
  });
  assert.equal(tableEntry('worker', 5, ident, after, { ...after, snapshots: after.snapshots.slice(1) }).action, 'table.commit', 'expiry');
});

test('main on an older snapshot, or on another line, is a roll-back', () => {
  const now = withSnapshots([1, 2, 3], 3);
  assert.equal(tableEntry('ana', 5, ident, now, withSnapshots([1, 2, 3], 1)).action, 'table.rollback');
  const sideways = { ...withSnapshots([1, 2, 3, 4], 4), snapshots: [...now.snapshots, snapshot(4, 1)] };
  assert.equal(tableEntry('ana', 5, ident, now, sideways).action, 'table.rollback');
});

test('anything else says what differs, on both sides', () => {
  const before: TableMetadata = { ...withSnapshots([1], 1), properties: { owner: 'x', 's3.secret-access-key': 'aaaa', gone: '1' } };
  const [schema] = before.schemas;
  assert.ok(schema);
  const after: TableMetadata = {
    ...before,
    'current-schema-id': 1,
    schemas: [schema, { ...schema, 'schema-id': 1, fields: [...schema.fields, { id: 2, name: 'city', required: false, type: 'string' }] }],
    properties: { owner: 'y', 's3.secret-access-key': 'bbbb', comment: 'c'.repeat(300) },
    refs: { ...before.refs, audited: { type: 'tag', 'snapshot-id': 1 } },
  };
  const entry = tableEntry('ana', 5, ident, before, after);
  assert.equal(entry.action, 'table.alter');
  const head = { snapshot: '1', operation: 'append', records: 10 };
  assert.deepEqual(entry.before, {
    ...head,
    'current-schema-id': 0,
    properties: { comment: null, gone: '1', owner: 'x', 's3.secret-access-key': '[redacted]' },
    refs: { audited: null },
  });
  assert.deepEqual(entry.after, {
    ...head,
    'current-schema-id': 1,
    columns: ['added city: ∅ → string'],
    properties: { comment: `${'c'.repeat(200)}…`, gone: null, owner: 'y', 's3.secret-access-key': '[redacted]' },
    refs: { audited: 'tag 1' },
  });
});

test('a table that comes or goes is told by where it lies; what the caller knows better stands', () => {
  const table = withSnapshots([], null);
  const created = tableEntry('ana', 5, ident, null, table);
  assert.deepEqual([created.action, created.before], ['table.create', null]);
  assert.deepEqual(created.after, {
    uuid: table['table-uuid'],
    location: 'memory://lake/users',
    'format-version': 2,
    'schema-id': 0,
    snapshot: null,
  });
  assert.equal(tableEntry('ana', 5, ident, null, table, 'table.register').action, 'table.register');
  assert.deepEqual([tableEntry('ana', 5, ident, table, null).action, tableEntry('ana', 5, ident, table, null).after], ['table.drop', null]);
});

function withSnapshots(ids: readonly number[], main: number | null): TableMetadata {
  const schema = { type: 'struct' as const, 'schema-id': 0, fields: [{ id: 1, name: 'id', required: false, type: 'long' }] };
  const created = createMetadata({ uuid: '0b1e2f3a-0000-4000-8000-000000000001', location: 'memory://lake/users', schema }, 1000);
  assert.equal(created.kind, 'applied');
  const refs: TableMetadata['refs'] = main === null ? {} : { main: { type: 'branch', 'snapshot-id': main } };
  return { ...created.metadata, snapshots: ids.map((id) => snapshot(id, id - 1)), refs };
}

function snapshot(id: number, parent: number): Snapshot {
  const summary = { operation: 'append', 'total-records': String(id * 10) };
  const base = { 'snapshot-id': id, 'sequence-number': id, 'timestamp-ms': id, 'manifest-list': 'x', summary };
  return parent === 0 ? base : { ...base, 'parent-snapshot-id': parent };
}
