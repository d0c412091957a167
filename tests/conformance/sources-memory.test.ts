import { memorySource } from '../../sources/memory-source.ts';
import type { SourceColumn, SourceTable } from '../../sources/source.ts';
import { registerSourceTests } from './source.ts';

const column = (name: string, keyIndex: number | null): SourceColumn => ({
  name,
  type: { name: 'text', declared: 'text', arguments: [], fields: [], length: null, isFrozen: true },
  isNullable: keyIndex === null,
  keyIndex,
  role: keyIndex === null ? 'regular' : 'partition',
  isGenerated: false,
});

const table: SourceTable = {
  name: { namespace: 'public', table: 'users' },
  columns: [column('region', 0), column('name', null), column('id', 1)],
  key: ['region', 'id'],
};

const rows = ['1', '2', '3', '4', '5'].map((id) => ({ values: ['eu', id === '3' ? null : `name ${id}`, id] }));

void registerSourceTests({
  name: 'memory source',
  open: async () => memorySource({ tables: [{ table, rows }], pageRowsMax: 2 }),
  table: table.name,
  keys: rows.map((_row, index) => ['eu', String(index + 1)]),
});
