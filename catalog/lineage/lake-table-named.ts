// Which table of this lake a dataset is, by its names: engines call the same table by its address in the store, by the
// catalog's address and name (Spark's symlink), or as Trino sees it.
// Spec: OpenLineage naming: s3://bucket and a path; trino://host:port and catalog.schema.table

import type { LineageName } from '../store/lineage-store.ts';

/** `namespace.table`, or null. `isNamespace`: whether this catalog has a namespace of that name. */
export function lakeTableNamed(names: readonly LineageName[], isNamespace: (name: string) => boolean): string | null {
  for (const { namespace, name } of names) {
    const parts = name.split('.');
    const isTrino = namespace.startsWith('trino://') && parts.length === 3;
    const isCatalog = /^https?:\/\//.test(namespace) && parts.length === 2;
    const [schema, table] = isTrino ? parts.slice(1) : isCatalog ? parts : [];
    // Trino names in lower case, and so do we.
    if (schema && table && isNamespace(schema)) return `${schema}.${table}`;
  }
  return null;
}
