// A table leaves the catalog: dropped, its files left as the protocol says; dropped with its files, which go after a grace
// period in which it can be taken back; or unregistered, for another catalog to take over.

import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { LakeError } from '../../runtime/errors.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { DroppedRelation, StoredRelation } from '../store/relation-store.ts';
import { ok, refused, type Answer } from './answer.ts';
import { dropRelation } from './drop-relation.ts';
import type { MetadataFile } from './metadata-files.ts';
import { purgeDropped } from './purge-table.ts';
import { doneReply, type RequestContext } from './request-context.ts';
import { loadedRecord, tablesRecord, type TableParts } from './table-parts.ts';

export async function dropTable(parts: TableParts, ident: TableIdent, isPurge: boolean, context: RequestContext): Promise<Answer<null>> {
  const { store, tables, clock, dropGraceMs } = parts;
  const at = clock.now();
  const keepUntil = isPurge ? at + dropGraceMs : null;
  const row = await dropRelation(store, 'table', ident, { at, keepUntil, purge: isPurge }, async (found) => {
    const before = found && (await readable(parts, found));
    return tablesRecord(parts, context, [{ ident, before, after: null, action: 'table.drop' }], doneReply);
  });
  if (!row) return tables.missing(ident);
  if (keepUntil === at) await purgeNow(parts, { ...row, droppedAt: at, keepUntil, purge: true }, context);
  return ok(null);
}

/** The table is gone already; what cannot be deleted now is left to the upkeep, which asks again. */
async function purgeNow(parts: TableParts, row: DroppedRelation, context: RequestContext): Promise<void> {
  try {
    await purgeDropped(parts, row, context);
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    parts.logger.warn({ table: identText(row.ident), error }, 'a dropped table could not be purged; it is tried again');
  }
}

/** Of one table that keeps changing. */
const unregisterAttemptsMax = 4;

/** The last metadata, every commit before it included: none can come after. So it has to be read before the table goes. */
export async function unregisterTable(parts: TableParts, ident: TableIdent, context: RequestContext): Promise<Answer<MetadataFile>> {
  const { store, tables, clock } = parts;
  for (let attempt = 1; attempt <= unregisterAttemptsMax; attempt++) {
    const current = await tables.current(ident);
    if (!current) return tables.missing(ident);
    const { location, metadata } = current;
    const record = loadedRecord(parts, context, { ident, before: metadata, after: null, action: 'table.drop' })(location);
    const drop = { at: clock.now(), keepUntil: null, purge: false };
    if (await store.dropRelation('table', ident, drop, record, location)) return ok(current);
  }
  return refused('conflict', `${identText(ident)} kept changing; tried ${unregisterAttemptsMax} times: stop its writers first`);
}

/** A table whose metadata cannot be read can still be dropped. */
async function readable({ files }: TableParts, { metadataLocation }: StoredRelation): Promise<TableMetadata | null> {
  try {
    return (await files.read(metadataLocation)).metadata;
  } catch (error) {
    if (error instanceof LakeError) return null;
    throw error;
  }
}
