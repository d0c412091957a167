// The lineage store over the operations of lineage-operations.ts.

import { oneOf, rowsOf } from './answers.ts';
import type { LineageMessage } from './lineage-operations.ts';
import { graphOf } from './lineage-rows.ts';
import type { LineageStore } from './lineage-store.ts';
import type { SqlCall } from './sql.ts';

export function sqlLineageStore(call: SqlCall): LineageStore {
  return {
    async record(said, bounds) {
      const message: LineageMessage = { said, bounds };
      return oneOf(await call('recordLineage', JSON.stringify(message)), ['recorded', 'full'] as const);
    },
    async graph() {
      const found = rowsOf(await call('lineageGraph'));
      return graphOf((wanted) => found.flatMap(([kind, record]) => (kind === wanted ? [String(record)] : [])));
    },
  };
}
