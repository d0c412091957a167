// A commit that changes what a table's columns are, as an empty append: main moves, so that of two writers that change
// them at once one loses the swap, and looks again (ADR 16).

import type { TableCommit, Update } from '../lake/iceberg/commit.ts';
import { mainSnapshot, type Snapshot, type TableMetadata } from '../lake/iceberg/metadata.ts';
import type { Schema } from '../lake/iceberg/schema.ts';

/** `schema`: null where only properties change. `snapshot`: the empty append, prepared on the same metadata. */
export function evolveCommit(
  metadata: TableMetadata,
  schema: Schema | null,
  properties: Readonly<Record<string, string>>,
  snapshot: Snapshot,
): TableCommit {
  const schemaUpdates: readonly Update[] = schema
    ? [
        { action: 'add-schema', schema },
        { action: 'set-current-schema', 'schema-id': -1 },
      ]
    : [];
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null },
      { type: 'assert-current-schema-id', 'current-schema-id': metadata['current-schema-id'] },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': metadata['last-column-id'] },
    ],
    updates: [
      ...schemaUpdates,
      { action: 'set-properties', updates: properties },
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshot['snapshot-id'] },
    ],
  };
}
