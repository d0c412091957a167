// How rows are clustered inside a compacted file. Who declares an order of the table gets that one where it is one of plain
// columns. Rows of a raw table lie by key, each key's changes in the order of the log: then a lookup of a key, its current
// row and its erasure read one row group of a file instead of all.

import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { fieldNamed } from '../../lake/iceberg/schema.ts';

const rawOrder = ['_log_key', '_log_partition', '_log_offset'];

/** Top-level columns, first the most significant; none: as they are. */
export function sortColumns(metadata: TableMetadata): readonly string[] {
  const declared = declaredOrder(metadata);
  if (declared.length > 0) return declared;
  const schema = currentSchema(metadata);
  return rawOrder.every((name) => fieldNamed(schema, name) !== undefined) ? rawOrder : [];
}

/** The leading columns that are sorted ascending by their own values; others of a declared order are for engines that know them. */
function declaredOrder(metadata: TableMetadata): readonly string[] {
  const order = metadata['sort-orders'].find((candidate) => candidate['order-id'] === metadata['default-sort-order-id']);
  const columns: string[] = [];
  for (const field of order?.fields ?? []) {
    const name = ascendingColumn(field, metadata);
    if (name === null) break;
    columns.push(name);
  }
  return columns;
}

function ascendingColumn(field: unknown, metadata: TableMetadata): string | null {
  if (typeof field !== 'object' || field === null || !('source-id' in field) || !('transform' in field)) return null;
  const isAscending = !('direction' in field) || field.direction === 'asc';
  if (field.transform !== 'identity' || !isAscending) return null;
  return currentSchema(metadata).fields.find(({ id, type }) => id === field['source-id'] && typeof type === 'string')?.name ?? null;
}
