// The lineage store in the catalog's SQLite file, through the thread that owns its connection.

import { LakeError } from '../../runtime/errors.ts';
import { graphOf, type LineageKind } from './lineage-rows.ts';
import type { LineageStore } from './lineage-store.ts';
import type { Parameters } from './sqlite-contract-operations.ts';
import type { LineageMessage } from './sqlite-lineage-operations.ts';

type Call = (operation: string, parameters: Parameters) => Promise<unknown>;

const kinds: readonly LineageKind[] = ['dataset', 'job', 'edge'];

export function sqliteLineageStore(call: Call): LineageStore {
  return {
    async record(said, bounds) {
      const message: LineageMessage = { said, bounds };
      const outcome = await call('recordLineage', [JSON.stringify(message)]);
      if (outcome === 'recorded' || outcome === 'full') return outcome;
      throw new LakeError('INTERNAL', `the catalog store answered ${String(outcome)}`);
    },
    async graph() {
      const found = await call('lineageGraph', []);
      const lists: readonly unknown[] = Array.isArray(found) ? found : [];
      return graphOf({
        all(kind) {
          const list = lists[kinds.indexOf(kind)];
          return Array.isArray(list) ? list.map(String) : [];
        },
      });
    },
  };
}
