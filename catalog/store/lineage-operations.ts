// What the database does for lineage: one table of records, told apart by their kind and key.

import { recordLineage, type LineageRows } from './lineage-rows.ts';
import type { LineageBounds, LineageGraph } from './lineage-store.ts';
import type { SqlOperations, SqlTransaction } from './sql.ts';
import { readStoredJson } from './stored-json.ts';

export const lineageMigration = `
  CREATE TABLE lineage (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
`;

/** What is recorded as it crosses the thread's border, one JSON text. */
export interface LineageMessage {
  readonly said: LineageGraph;
  readonly bounds: LineageBounds;
}

export const lineageOperations: SqlOperations = {
  reads: {
    lineageGraph: ({ rows }) => rows('SELECT kind, record FROM lineage ORDER BY kind, key'),
  },
  steps: {},
  transactions: {
    async recordLineage(sql, text) {
      const message: unknown = readStoredJson(String(text));
      if (!isMessage(message)) throw new Error('recordLineage needs what was said and bounds');
      return recordLineage(lineageRows(sql), message.said, message.bounds);
    },
  },
};

function lineageRows({ row, rows, change }: SqlTransaction): LineageRows {
  return {
    async get(kind, key) {
      const found = await row('SELECT record FROM lineage WHERE kind = ? AND key = ?', kind, key);
      return found === null ? null : String(found[0]);
    },
    async put(kind, key, record) {
      await change(
        'INSERT INTO lineage (kind, key, record) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET record = excluded.record',
        kind,
        key,
        record,
      );
    },
    async remove(kind, key) {
      await change('DELETE FROM lineage WHERE kind = ? AND key = ?', kind, key);
    },
    async all(kind) {
      return (await rows('SELECT record FROM lineage WHERE kind = ? ORDER BY key', kind)).map(([record]) => String(record));
    },
    async totals() {
      const [count = 0, characters = 0] = (await row('SELECT count(*), coalesce(sum(length(record)), 0) FROM lineage')) ?? [];
      return { rows: Number(count), characters: Number(characters) };
    },
  };
}

function isMessage(value: unknown): value is LineageMessage {
  return typeof value === 'object' && value !== null && 'said' in value && 'bounds' in value;
}
