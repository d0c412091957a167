import assert from 'node:assert/strict';
import test from 'node:test';
import { personalColumns } from '../../quality/plan/personal-columns.ts';
import { contractOf } from '../conformance/quality-session.ts';

test('values are kept back of whatever is not known to be open, at any depth; nothing is known of no contract', () => {
  const classes: Readonly<Record<string, string | null>> = {
    id: null,
    internal: 'internal',
    shown: 'Public',
    confidential: 'confidential',
    secret: 'top secret',
    nested: null,
    mail: null,
  };
  const base = contractOf('users', Object.keys(classes), ['mail']);
  const open = { type: 'object', properties: { a: { type: 'string', 'x-classification': 'internal' } } };
  const kept = { type: 'array', items: { type: 'object', properties: { a: { type: 'string', 'x-classification': 'confidential' } } } };
  const table = {
    ...base.table,
    columns: base.table.columns.map((column) => ({ ...column, classification: classes[column.name] ?? null })),
    body: { type: 'object', properties: { internal: open, nested: kept } },
  };
  assert.deepEqual([...personalColumns({ ...base, table })], ['confidential', 'secret', 'nested', 'mail']);
  assert.deepEqual([...personalColumns(null)], []);
});
