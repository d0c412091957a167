// Tables in memory behind the Source port: the double for tests of verify and of checks that ask a source.

import { keyOrder } from './key-order.ts';
import {
  keyOf,
  type KeyRange,
  type Source,
  type SourceReading,
  type SourceRow,
  type SourceSelection,
  type SourceTable,
  type SourceTableName,
} from './source.ts';

export interface MemoryTable {
  readonly table: SourceTable;
  readonly rows: readonly SourceRow[];
}

export interface MemorySourceOptions {
  readonly tables: readonly MemoryTable[];
  readonly pageRowsMax?: number;
  readonly nowMs?: number;
}

export function memorySource(options: MemorySourceOptions): Source {
  const pageRowsMax = options.pageRowsMax ?? 1000;
  const atMs = options.nowMs ?? 0;
  const find = (name: SourceTableName) =>
    options.tables.find(({ table }) => table.name.namespace === name.namespace && table.name.table === name.table);
  return {
    health: async () => ({ product: 'memory', version: '1', roundTripMs: 0 }),
    introspect: async (name) => find(name)?.table ?? null,
    read: async (table, selection, signal): Promise<SourceReading> => {
      signal?.throwIfAborted();
      const rows = find(table.name)?.rows ?? [];
      const chosen = (wanted: SourceSelection) => rows.filter((row) => isSelected(table, row, wanted));
      return {
        position: { kind: 'memory', atMs },
        pages: pagesOf(chosen(selection), pageRowsMax, signal),
        again: (wanted, againSignal) => pagesOf(chosen(wanted), pageRowsMax, againSignal),
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function* pagesOf(rows: readonly SourceRow[], pageRowsMax: number, signal?: AbortSignal): AsyncGenerator<readonly SourceRow[]> {
  for (let from = 0; from < rows.length; from += pageRowsMax) {
    signal?.throwIfAborted();
    yield rows.slice(from, from + pageRowsMax);
  }
}

function isSelected(table: SourceTable, row: SourceRow, selection: SourceSelection): boolean {
  if (selection.kind === 'all') return true;
  if (selection.kind === 'keys') return selection.keys.some((key) => hasKey(table, row, key));
  return selection.ranges.some((range) => isInRange(table, row, range));
}

function isInRange(table: SourceTable, row: SourceRow, { from, to }: KeyRange): boolean {
  const order = keyOrder(table);
  if (order === null) return true;
  const place = order.place(keyOf(table, row));
  return (from === null || place >= order.place(from)) && (to === null || place < order.place(to));
}

function hasKey(table: SourceTable, row: SourceRow, key: readonly string[]): boolean {
  return table.key.every((name, index) => row.values[table.columns.findIndex((column) => column.name === name)] === key[index]);
}
