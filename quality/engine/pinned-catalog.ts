// A catalog that answers for one session with the same metadata every time: each table as it was when it was first asked
// for, or at a snapshot given. Nothing can be written through it.

import type { Catalog, LoadedTable, TableIdent } from '../../catalog/catalog.ts';
import { snapshotById, type Long, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { LakeError } from '../../runtime/errors.ts';

/** `snapshots`: by table name, decimal text; a table that it does not name is pinned where main stands. */
export function pinnedCatalog(catalog: Catalog, snapshots: ReadonlyMap<string, string> = new Map()): Catalog {
  const pinned = new Map<string, LoadedTable | null>();
  const refuse = (): never => {
    throw new LakeError('CATALOG_REFUSED', 'a session of checks only reads');
  };
  return {
    ensureNamespace: refuse,
    createTable: refuse,
    commitTable: refuse,
    dropTable: refuse,
    listTables: (namespace, signal) => catalog.listTables(namespace, signal),
    loadTable: async (ident, signal) => {
      const name = JSON.stringify([...ident.namespace, ident.name]);
      const known = pinned.get(name);
      if (known !== undefined) return known;
      const loaded = await catalog.loadTable(ident, signal);
      // Asked for twice at once: the first answer stands.
      const table = pinned.get(name) ?? (loaded && atSnapshot(loaded, snapshots.get(ident.name), ident));
      pinned.set(name, table);
      return table;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The table as if main had not gone beyond the snapshot: its rows, under the columns of today. */
function atSnapshot(table: LoadedTable, snapshotId: string | undefined, ident: TableIdent): LoadedTable {
  if (snapshotId === undefined) return table;
  const snapshot = snapshotById(table.metadata, BigInt(snapshotId));
  if (!snapshot)
    throw new LakeError('OBJECT_MISSING', `snapshot ${snapshotId} of ${ident.name} has expired or never was`, {
      context: { table: ident.name, snapshotId },
    });
  return { ...table, metadata: withHead(table.metadata, snapshot['snapshot-id']) };
}

function withHead(metadata: TableMetadata, id: Long): TableMetadata {
  return { ...metadata, 'current-snapshot-id': id, refs: { ...metadata.refs, main: { 'snapshot-id': id, type: 'branch' } } };
}
