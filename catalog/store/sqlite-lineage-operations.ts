// What the SQLite thread does for lineage: one table of records, told apart by their kind and key.

import { recordLineage, type LineageKind, type LineageRows } from './lineage-rows.ts';
import type { LineageBounds, LineageGraph } from './lineage-store.ts';
import type { Operation, SqliteStatements } from './sqlite-contract-operations.ts';

/** What is recorded as it crosses the thread's border, one JSON text. */
export interface LineageMessage {
  readonly said: LineageGraph;
  readonly bounds: LineageBounds;
}

export function sqliteLineageOperations(sql: SqliteStatements): readonly (readonly [string, Operation])[] {
  const rows = lineageRows(sql);
  return [
    [
      'recordLineage',
      (text = '') => {
        const message: unknown = JSON.parse(String(text));
        if (!isMessage(message)) throw new Error('recordLineage needs what was said and bounds');
        return sql.inTransaction(() => recordLineage(rows, message.said, message.bounds));
      },
    ],
    ['lineageGraph', () => sql.inTransaction(() => (['dataset', 'job', 'edge'] as const).map(rows.all))],
  ];
}

function lineageRows({ row, rows, change }: SqliteStatements): LineageRows {
  return {
    get(kind, key) {
      const found = row('SELECT record FROM lineage WHERE kind = ? AND key = ?', kind, key);
      return found === null ? null : String(found[0]);
    },
    put(kind, key, record) {
      change(
        'INSERT INTO lineage (kind, key, record) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET record = excluded.record',
        kind,
        key,
        record,
      );
    },
    remove(kind, key) {
      change('DELETE FROM lineage WHERE kind = ? AND key = ?', kind, key);
    },
    all: (kind: LineageKind) => rows('SELECT record FROM lineage WHERE kind = ? ORDER BY key', kind).map(([record]) => String(record)),
    totals() {
      const [count = 0, characters = 0] = row('SELECT count(*), coalesce(sum(length(record)), 0) FROM lineage') ?? [];
      return { rows: Number(count), characters: Number(characters) };
    },
  };
}

function isMessage(value: unknown): value is LineageMessage {
  return typeof value === 'object' && value !== null && 'said' in value && 'bounds' in value;
}
