// What is told of a table's columns and history, from metadata made by hand: which bounds are kept back, what counts as hidden,
// who is named.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableColumns } from '../../catalog/tables/table-columns.ts';
import { schemaViews, snapshotAt, snapshotNamed, snapshotViews } from '../../catalog/tables/table-history.ts';
import { identsOf } from '../../catalog/tables/table-name.ts';
import type { ColumnFacts } from '../../catalog/entities/column-facts.ts';
import type { NumberedEntry } from '../../catalog/store/audit-store.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import type { Snapshot, TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Schema, StructField } from '../../lake/iceberg/schema.ts';
import type { TableStatistics } from '../../lake/iceberg/table-statistics.ts';

test('once anything is said of a table, bounds are told only of columns that are known to be harmless', () => {
  const metadata = tableOf([
    schemaOf(0, [
      field(1, '_log_offset'),
      field(2, '_log_key'),
      struct(3, 'after', [field(4, 'email'), field(5, 'city'), field(6, '_dropped_6_phone'), field(7, 'added_later')]),
      struct(8, 'source', [field(9, 'lsn')]),
    ]),
  ]);
  const told = (facts: readonly ColumnFacts[]) =>
    tableColumns(metadata, everyBound(metadata), facts).map(
      ({ column, lower, isWithheld }) => `${column} ${lower ?? 'kept back'} ${isWithheld}`,
    );
  const apartFromEmail = [
    '_log_offset 1 false',
    '_log_key kept back true',
    'after.email kept back true',
    'after.city 5 false',
    'after._dropped_6_phone kept back true',
    'after.added_later kept back true',
    'source.lsn 9 false',
  ];
  assert.deepEqual(told([fact('email', { pii: 'email' }), fact('city', {})]), apartFromEmail);
  assert.deepEqual(told([fact('city', {})]), apartFromEmail, 'the contract does not speak of the classified column any more');
  assert.ok(told([fact('email', { classification: 'a word of our own' })]).includes('after.email kept back true'));
  assert.ok(told([fact('email', { classification: 'Internal' })]).includes('after.email 4 false'));
  assert.ok(
    told([]).every((line) => line.endsWith('false')),
    'nobody said anything of the table',
  );
  for (const facts of [
    [fact('EMAIL', { classification: 'restricted' }), fact('email', {})],
    [fact('email', {}), fact('EMAIL', { classification: 'restricted' })],
  ])
    assert.ok(told(facts).includes('after.email kept back true'), 'names differ in case alone');
  const part = fact('after.city.postcode', { pii: 'address' });
  assert.ok(told([fact('city', {}), part]).includes('after.city kept back true'), 'a part of it is classified');
  const plain = tableOf([schemaOf(0, [field(1, 'value')])]);
  const [column] = tableColumns(plain, everyBound(plain), [fact('value', { classification: 'public' })]);
  assert.deepEqual([column?.lower, column?.classification], ['1', 'public'], 'a column that is called like a struct of rows');
});

test('bounds of a column called like a struct that holds rows are kept back as its mask is; what is told of another column opens none', () => {
  const columns = (from: number) => [struct(from, 'value', [field(from + 1, 'email'), field(from + 2, 'city')]), field(from + 3, 'city')];
  const flat = tableOf([schemaOf(0, [...columns(2), field(9, 'source')])]);
  const rows = tableOf([
    schemaOf(0, [field(1, '_log_offset'), struct(2, 'after', columns(3)), struct(10, 'message', [field(11, 'content')])]),
  ]);
  const open = [fact('value', { classification: 'internal' }), fact('city', {}), fact('message', {})];
  assert.deepEqual(boundsTold(flat, ...open), ['value.email', 'value.city', 'city']);
  assert.deepEqual(boundsTold(rows, ...open), ['_log_offset', 'after.value.email', 'after.value.city', 'after.city']);
  for (const part of ['value.email', 'Value.email.domain']) {
    const pii = fact(part, { pii: 'email' });
    assert.deepEqual(boundsTold(flat, ...open, pii), ['city'], part);
    assert.deepEqual(boundsTold(rows, ...open, pii), ['_log_offset', 'after.city'], part);
  }
  assert.deepEqual(boundsTold(rows, ...open, fact('after.value.email', { pii: 'email' })), ['_log_offset', 'after.city']);
  assert.deepEqual(boundsTold(flat, fact('city', {})), ['city'], 'a column of the same name as a part');
});

test('a column that Foz dropped is told as such; who changed the columns is named, and the contract of that time', () => {
  const metadata = tableOf([
    schemaOf(0, [field(1, 'phone')]),
    schemaOf(1, [{ ...field(1, 'phone'), name: '_dropped_1_phone' }]),
    schemaOf(2, [{ ...field(1, 'phone'), name: '_dropped_1_phone' }, field(2, 'city')]),
  ]);
  const entries = [entry(30, 'ana', 'table.alter', { 'current-schema-id': 1 }), entry(10, 'worker', 'table.create', { 'schema-id': 0 })];
  const event = { revision: 1, version: '1.0.0', from: null, to: 'active', effective: null, note: null } as const;
  const contract = {
    id: 'users',
    events: [
      { ...event, at: 20, action: 'activated' },
      { ...event, at: 40, version: '2.0.0', action: 'activated' },
    ],
  } as const;
  const withUse = { ...metadata, snapshots: [snapshot(7, null, 50, 2)] };
  const views = schemaViews({ metadata: withUse, entries, contract });
  assert.deepEqual(
    views.map(({ schemaId, at, known, by, contract: inForce }) => [schemaId, at && Date.parse(at), known, by, inForce]),
    [
      [2, 50, 'snapshot', null, 'users 2.0.0'],
      [1, 30, 'audit', 'ana', 'users 1.0.0'],
      [0, 10, 'audit', 'worker', null],
    ],
  );
  assert.deepEqual(views[1]?.changes, [{ fieldId: 1, column: 'phone', kind: 'hidden', from: 'phone', to: '_dropped_1_phone' }]);
});

test('a snapshot is named by who made it, not by who went back to it; those off main are told apart', () => {
  const metadata: TableMetadata = {
    ...tableOf([schemaOf(0, [field(1, 'id')])]),
    snapshots: [snapshot(1, null, 10, 0), snapshot(2, 1, 20, 0), snapshot(3, 2, 30, 0)],
    refs: { main: { type: 'branch', 'snapshot-id': 2 }, audited: { type: 'tag', 'snapshot-id': 1 } },
  };
  const entries = [
    { ...entry(40, 'ana', 'table.rollback', { snapshot: '2' }), before: { snapshot: '3' } },
    entry(30, 'spark', 'table.commit', { snapshot: '3' }),
    entry(20, 'worker', 'table.commit', { snapshot: '2' }),
  ];
  const views = snapshotViews({ metadata, entries, contract: null });
  assert.deepEqual(
    views.map((view) => [view.snapshot, view.by, view.isCurrent, view.isOnMain, view.refs]),
    [
      ['3', 'spark', false, false, []],
      ['2', 'worker', true, true, ['main']],
      ['1', null, false, true, ['audited']],
    ],
  );
  const forgotten = snapshotViews({ metadata, entries: entries.slice(0, 1), contract: null });
  assert.equal(forgotten[1]?.by, null, 'who went back to it did not make it');
  assert.equal(snapshotAt(metadata, 19)?.['snapshot-id'], 1);
  assert.equal(snapshotAt(metadata, 99)?.['snapshot-id'], 2, 'as main was: not what has left it');
  assert.equal(snapshotAt(metadata, 9), null);
  assert.deepEqual(
    ['3', 'audited', 'toString', '9'].map((name) => snapshotNamed(metadata, name)?.['snapshot-id'] ?? null),
    [3, 1, null, null],
  );
});

test('a dotted name is read in the order of its likelihood, and in one way with the separator of levels', () => {
  assert.deepEqual(readings('users'), ['raw users', 'current users']);
  assert.deepEqual(readings('a.b.c'), ['a/b c', 'a b.c']);
  assert.deepEqual(readings('a.b\u001fc.d'), ['a.b c.d']);
});

function boundsTold(metadata: TableMetadata, ...facts: readonly ColumnFacts[]): readonly string[] {
  return tableColumns(metadata, everyBound(metadata), facts).flatMap(({ column, isWithheld }) => (isWithheld ? [] : [column]));
}

function readings(text: string): readonly string[] {
  return identsOf(text).map(({ namespace, name }) => `${namespace.join('/')} ${name}`);
}

function fact(column: string, said: Partial<ColumnFacts>): ColumnFacts {
  return { column, description: null, classification: null, pii: null, mask: null, tags: [], isDeclared: false, ...said };
}

function entry(at: number, actor: string, action: NumberedEntry['action'], after: unknown): NumberedEntry {
  return { number: at, at, actor, action, subject: 'raw.users', before: null, after };
}

function snapshot(id: number, parent: number | null, at: number, schemaId: number): Snapshot {
  const base = { 'snapshot-id': id, 'sequence-number': id, 'timestamp-ms': at, 'manifest-list': 'x', 'schema-id': schemaId };
  return { ...base, summary: { operation: 'append' }, ...(parent === null ? {} : { 'parent-snapshot-id': parent }) };
}

function tableOf(schemas: readonly Schema[]): TableMetadata {
  const [first] = schemas;
  assert.ok(first);
  const created = createMetadata({ uuid: '0b1e2f3a-0000-4000-8000-000000000001', location: 'memory://lake/t', schema: first }, 5);
  assert.equal(created.kind, 'applied');
  return { ...created.metadata, schemas, 'current-schema-id': schemas.at(-1)?.['schema-id'] ?? 0 };
}

/** Of each column the number of its field. */
function everyBound({ schemas }: TableMetadata): TableStatistics {
  const ids = Array.from({ length: 20 }, (_, id) => id);
  assert.equal(schemas.length, 1);
  const columns = new Map(ids.map((id) => [id, { type: 'long', nulls: 0, bytes: 1, lower: BigInt(id), upper: BigInt(id) }]));
  return { snapshotId: 1, rows: 1, bytes: 1, fileBytes: [1], deleteFiles: 0, columns };
}

function schemaOf(id: number, fields: readonly StructField[]): Schema {
  return { type: 'struct', 'schema-id': id, fields };
}

function field(id: number, name: string): StructField {
  return { id, name, required: false, type: 'long' };
}

function struct(id: number, name: string, fields: readonly StructField[]): StructField {
  return { id, name, required: false, type: { type: 'struct', fields } };
}
