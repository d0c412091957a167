// How a Cassandra table is made, from system_schema: columns with their types, roles and clustering order, the primary
// key in order, the table's comment. Columns have neither number nor comment there: only key columns can be renamed.

import type { CassandraQuery, CassandraRow } from './cassandra-client.ts';
import { parseCassandraType, type CassandraUserTypes } from './cassandra-type.ts';
import type { SourceColumn, SourceTable, SourceTableName } from './source.ts';

const roles = { partition_key: 'partition', clustering: 'clustering', static: 'static', regular: 'regular' } as const;
const roleOrder = { partition: 0, clustering: 1, static: 2, regular: 3 } as const;

/** Null when the keyspace or table does not exist. Columns: partition key, clustering, static, regular; then by name. */
export async function introspectCassandra(query: CassandraQuery, name: SourceTableName, signal?: AbortSignal): Promise<SourceTable | null> {
  const rows = await query(
    'SELECT column_name, kind, position, type, clustering_order FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?',
    [name.namespace, name.table],
    signal,
  );
  if (rows.length === 0) return null;
  const userTypes = await readUserTypes(query, name.namespace, signal);
  const partitionKeys = rows.filter((row) => row['kind'] === 'partition_key').length;
  const columns = rows.map((row) => columnOf(row, userTypes, partitionKeys)).toSorted(compareColumns);
  const comment = await readComment(query, name, signal);
  const key = columns.filter((column) => column.keyIndex !== null).map((column) => column.name);
  return { name, columns, key, ...(comment === '' ? {} : { comment }) };
}

async function readComment(query: CassandraQuery, name: SourceTableName, signal?: AbortSignal): Promise<string> {
  const [row] = await query(
    'SELECT comment FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?',
    [name.namespace, name.table],
    signal,
  );
  const comment = row?.['comment'];
  return typeof comment === 'string' ? comment : '';
}

async function readUserTypes(query: CassandraQuery, keyspace: string, signal?: AbortSignal): Promise<CassandraUserTypes> {
  const rows = await query(
    'SELECT type_name, field_names, field_types FROM system_schema.types WHERE keyspace_name = ?',
    [keyspace],
    signal,
  );
  return new Map(
    rows.map((row) => {
      const names = textList(row['field_names']);
      const types = textList(row['field_types']);
      return [String(row['type_name']), names.map((field, index) => [field, types[index] ?? 'text'] as const)] as const;
    }),
  );
}

function textList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function columnOf(row: CassandraRow, userTypes: CassandraUserTypes, partitionKeys: number): SourceColumn {
  const kind = row['kind'];
  const role = kind === 'partition_key' || kind === 'clustering' || kind === 'static' ? roles[kind] : roles.regular;
  const position = Number(row['position'] ?? 0);
  const keyIndex = role === 'partition' ? position : role === 'clustering' ? partitionKeys + position : null;
  return {
    name: String(row['column_name']),
    type: parseCassandraType(String(row['type']), userTypes),
    isNullable: keyIndex === null,
    keyIndex,
    role,
    isGenerated: false,
    ...(role === 'clustering' ? { clusteringOrder: row['clustering_order'] === 'desc' ? ('desc' as const) : ('asc' as const) } : {}),
  };
}

function compareColumns(left: SourceColumn, right: SourceColumn): number {
  const byRole = roleOrder[left.role] - roleOrder[right.role];
  if (byRole !== 0) return byRole;
  const byKey = (left.keyIndex ?? 0) - (right.keyIndex ?? 0);
  return byKey !== 0 ? byKey : left.name < right.name ? -1 : 1;
}
