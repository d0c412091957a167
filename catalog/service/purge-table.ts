// The files of a table that was dropped with them: everything in its folder, unless another one has come to lie there or sent
// files there, or the table said that other tables may share its files (gc.enabled=false): then it is forgotten, and they stay. A purge
// that dies is done again: the metadata file goes last of all, so that it tells what there is to delete until nothing is
// left, and only then the table is forgotten.

import { isGcEnabled } from '../../lake/iceberg/gc-enabled.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { identText } from '../catalog.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import type { DroppedRelation } from '../store/relation-store.ts';
import type { MetadataFiles } from './metadata-files.ts';
import type { ObjectStores } from './object-stores.ts';
import type { RequestContext } from './request-context.ts';

export interface PurgeParts {
  readonly store: CatalogStore;
  readonly files: Pick<MetadataFiles, 'read'>;
  readonly objectStores: ObjectStores;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PurgeOptions {
  /** Told before a deletion, between two and before the table is forgotten: for fault tests. */
  readonly pass?: (point: 'purge:before-delete' | 'purge:between-deletes' | 'purge:before-forget') => void | Promise<void>;
}

const batchSize = 1_000;

/** Throws LakeError where something is left: ask again. */
export async function purgeDropped(
  parts: PurgeParts,
  row: DroppedRelation,
  context: RequestContext,
  options: PurgeOptions = {},
  signal?: AbortSignal,
): Promise<void> {
  const { store, clock, logger } = parts;
  const table = identText(row.ident);
  const folder = row.purge && row.kind === 'table' ? await folderOf(parts, row) : null;
  const location = folder?.location ?? null;
  const why =
    folder === null ? null : !folder.isDeletable ? isClosed : (await store.hasTableUnder(`${folder.location}/`, row)) ? isShared : null;
  if (why !== null) logger.warn({ table, location }, `the files of a dropped table stay: ${why}`);
  const deleted = location === null || why !== null ? 0 : await deleteFolder(parts, row, location, options, signal);
  await options.pass?.('purge:before-forget');
  const facts = { uuid: row.uuid, ...(location === null ? {} : { location }), objects: deleted };
  const entry = { at: clock.now(), actor: context.actor, action: 'table.purge' as const, subject: table, before: facts, after: null };
  await store.forgetDropped(row, { audit: [entry], reply: null });
  logger.info({ table, location, objects: deleted }, 'a dropped table is purged');
}

const isClosed = 'it says gc.enabled=false, so other tables may share them';
const isShared = 'another table lies in its folder, or sent files there';

/** Null where its metadata file is gone: that went last. */
async function folderOf(
  { files }: PurgeParts,
  { metadataLocation }: DroppedRelation,
): Promise<{ readonly location: string; readonly isDeletable: boolean } | null> {
  try {
    const { metadata } = await files.read(metadataLocation);
    return { location: metadata.location.replace(/\/+$/, ''), isDeletable: isGcEnabled(metadata) };
  } catch (error) {
    if (error instanceof LakeError && error.code === 'OBJECT_MISSING') return null;
    throw error;
  }
}

async function deleteFolder(
  { objectStores, store }: PurgeParts,
  row: DroppedRelation,
  location: string,
  options: PurgeOptions,
  signal?: AbortSignal,
): Promise<number> {
  const [place, pointer] = [objectStores.at(location), objectStores.at(row.metadataLocation)];
  if (place === null || place.key === '') throw new LakeError('TABLE_UNSUPPORTED', `${location} lies outside the catalog's object stores`);
  let [batch, deleted]: [string[], number] = [[], 0];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    // The same table may be registered again from its files while they go: what is left of them is that one's.
    if (await store.hasTableUnder(`${location}/`, row))
      throw new LakeError('CATALOG_REFUSED', `another table has come to lie in ${location} while it was purged`);
    await options.pass?.(deleted === 0 ? 'purge:before-delete' : 'purge:between-deletes');
    await place.store.delete(batch, signal);
    deleted += batch.length;
    batch = [];
  };
  for await (const { key } of place.store.list(`${place.key}/`, signal)) {
    if (key === pointer?.key) continue;
    batch.push(key);
    if (batch.length >= batchSize) await flush();
  }
  await flush();
  if (pointer === null) return deleted;
  await options.pass?.('purge:between-deletes');
  await pointer.store.delete([pointer.key], signal);
  return deleted + 1;
}
