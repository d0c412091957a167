// The lineage store in this process's memory: rows of text, as the SQLite one has them.

import { graphOf, recordLineage, type LineageKind, type LineageRows } from './lineage-rows.ts';
import type { LineageStore } from './lineage-store.ts';

export function memoryLineageStore(): LineageStore {
  const kinds: Readonly<Record<LineageKind, Map<string, string>>> = { dataset: new Map(), job: new Map(), edge: new Map() };
  const rows: LineageRows = {
    get: (kind, key) => kinds[kind].get(key) ?? null,
    put: (kind, key, record) => void kinds[kind].set(key, record),
    remove: (kind, key) => void kinds[kind].delete(key),
    all: (kind) => [...kinds[kind].values()],
    totals() {
      const records = Object.values(kinds).flatMap((map) => [...map.values()]);
      return { rows: records.length, characters: records.reduce((sum, record) => sum + record.length, 0) };
    },
  };
  return { record: async (said, bounds) => recordLineage(rows, said, bounds), graph: async () => graphOf(rows) };
}
