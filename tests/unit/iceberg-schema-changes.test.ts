// A column is its field id: what happened to it between two schemas, and in a table's whole history.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnChanges, schemaVersions } from '../../lake/iceberg/schema-changes.ts';
import type { Snapshot, TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { IcebergType, Schema, StructField } from '../../lake/iceberg/schema.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';

test('columns are added, renamed, retyped, required and dropped by their field id', () => {
  const before = schemaOf(0, [field(1, 'id', 'int', true), field(2, 'mail', 'string'), field(3, 'old', 'date')]);
  const after = schemaOf(1, [
    field(1, 'id', 'long'),
    { ...field(2, 'email', 'string'), doc: 'where to write' },
    field(4, 'city', 'string'),
  ]);
  assert.deepEqual(columnChanges(before, after).map(told), [
    '1 id retyped int → long',
    '1 id optional',
    '2 email renamed mail → email',
    '2 email documented ∅ → where to write',
    '4 city added ∅ → string',
    '3 old dropped date → ∅',
  ]);
  assert.deepEqual(columnChanges(after, after), []);
});

test('a struct that is renamed changes itself, not what is in it; one that goes takes its columns along', () => {
  const before = schemaOf(0, [address('address')]);
  assert.deepEqual(columnChanges(before, schemaOf(1, [address('home')])).map(told), ['1 home renamed address → home']);
  assert.deepEqual(columnChanges(before, schemaOf(1, [])).map(told), ['1 address dropped struct → ∅']);
  assert.deepEqual(columnChanges(null, before).map(told), [
    '1 address added ∅ → struct',
    '2 address.street added ∅ → string',
    '3 address.lines added ∅ → list',
    '4 address.lines.element added ∅ → decimal(10,2)',
  ]);
});

test('the history of a table says with which snapshot each of its schemas was first used', () => {
  const created = createMetadata(
    { uuid: '0b1e2f3a-0000-4000-8000-000000000001', location: 'memory://lake/t', schema: schemaOf(0, [field(1, 'id', 'int')]) },
    1000,
  );
  assert.equal(created.kind, 'applied');
  const metadata: TableMetadata = {
    ...created.metadata,
    schemas: [schemaOf(2, [field(1, 'key', 'long')]), schemaOf(0, [field(1, 'id', 'int')]), schemaOf(1, [field(1, 'id', 'long')])],
    'current-schema-id': 1,
    snapshots: [snapshot(7, 1), snapshot(5, 1), snapshot(9, 2)],
  };
  assert.deepEqual(
    schemaVersions(metadata).map(({ schemaId, isCurrent, changes, firstSnapshot }) => [
      schemaId,
      isCurrent,
      changes.map(told),
      firstSnapshot?.['snapshot-id'] ?? null,
    ]),
    [
      [0, false, ['1 id added ∅ → int'], null],
      [1, true, ['1 id retyped int → long'], 5],
      [2, false, ['1 key renamed id → key'], 9],
    ],
  );
});

function told({ fieldId, column, kind, from, to }: ReturnType<typeof columnChanges>[number]): string {
  const change = from === null && to === null ? '' : ` ${from ?? '∅'} → ${to ?? '∅'}`;
  return `${fieldId} ${column} ${kind}${change}`;
}

function schemaOf(id: number, fields: readonly StructField[]): Schema {
  return { type: 'struct', 'schema-id': id, fields };
}

function field(id: number, name: string, type: IcebergType, required = false): StructField {
  return { id, name, required, type };
}

function listField(id: number): StructField {
  return field(id, 'lines', { type: 'list', 'element-id': id + 1, element: 'decimal(10, 2)', 'element-required': false });
}

function address(name: string): StructField {
  return field(1, name, { type: 'struct', fields: [field(2, 'street', 'string'), listField(3)] });
}

function snapshot(id: number, schemaId: number): Snapshot {
  return {
    'snapshot-id': id,
    'sequence-number': id,
    'timestamp-ms': 1000 + id,
    'manifest-list': 'x',
    summary: { operation: 'append' },
    'schema-id': schemaId,
  };
}
