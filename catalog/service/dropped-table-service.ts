// Tables that were dropped with their files: for a while they can be taken back, then their files go. The store knows who
// is first, the one who takes it back or the purge: from the moment a purge begins there is no way back, and one that dies
// is done again. The metadata file goes last of all, so that it tells what there is to delete until nothing is left.

import { identText, type TableIdent } from '../catalog.ts';
import { tableEntry } from '../audit/table-entry.ts';
import type { DroppedTableView } from '../dropped-tables.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import type { DroppedRelation } from '../store/relation-store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { namespaceMissing, ok, pagedFrom, refused, type Answer, type Page, type Paged } from './answer.ts';
import type { MetadataFiles } from './metadata-files.ts';
import type { ObjectStores } from './object-stores.ts';
import { recordOf, type RequestContext } from './request-context.ts';

export interface DroppedTableService {
  list(page: Page): Promise<Answer<Paged<DroppedTableView>>>;
  undrop(which: string, as: string | null, context: RequestContext): Promise<Answer<{ readonly name: string }>>;
  /** Deletes the files of tables whose time is over, at most `limit` of them; how many. What fails is told and tried again. */
  purgeDue(limit: number, context: RequestContext, options?: PurgeOptions, signal?: AbortSignal): Promise<number>;
}

export interface PurgeOptions {
  /** Told before a deletion, between two and before the table is forgotten: for fault tests. */
  readonly pass?: (point: 'purge:before-delete' | 'purge:between-deletes' | 'purge:before-forget') => void | Promise<void>;
}

export interface DroppedTableParts {
  readonly store: CatalogStore;
  readonly files: Pick<MetadataFiles, 'read'>;
  readonly objectStores: ObjectStores;
  readonly clock: Clock;
  readonly logger: Logger;
}

const pageSize = 1_000;

export function droppedTableService(parts: DroppedTableParts): DroppedTableService {
  const { store, clock } = parts;
  return {
    async list({ token, size }) {
      const rows = await store.listDropped({ after: token, limit: size + 1 });
      const page = pagedFrom(rows, size, ({ uuid }) => uuid);
      return ok({ ...page, items: page.items.map(viewOf) });
    },
    undrop: (which, as, context) => undrop(parts, which, as, context),
    async purgeDue(limit, context, options = {}, signal) {
      let purged = 0;
      for (const row of await store.takeDropped(clock.now(), limit)) {
        signal?.throwIfAborted();
        try {
          await purge(parts, row, context, options, signal);
          purged++;
        } catch (error) {
          // The next one has its turn; this one is found again.
          if (!(error instanceof LakeError)) throw error;
          parts.logger.warn({ table: identText(row.ident), error }, 'a dropped table could not be purged; it is tried again');
        }
      }
      return purged;
    },
  };
}

function viewOf({ uuid, ident, droppedAt, keepUntil }: DroppedRelation): DroppedTableView {
  return { uuid, name: identText(ident), droppedAt: new Date(droppedAt).toISOString(), keepUntil: new Date(keepUntil).toISOString() };
}

async function undrop(
  parts: DroppedTableParts,
  which: string,
  as: string | null,
  context: RequestContext,
): Promise<Answer<{ readonly name: string }>> {
  const { store, clock } = parts;
  const found = (await allDropped(store)).filter(
    ({ uuid, ident, kind }) => kind === 'table' && (uuid === which || identText(ident) === which),
  );
  const [row, ...others] = found;
  if (row === undefined) return refused('table-missing', `No dropped table can be taken back as ${which}`);
  if (others.length > 0)
    return refused(
      'conflict',
      `${found.length} dropped tables were called ${which}: say which by its uuid, ${found.map(({ uuid }) => uuid).join(' or ')}`,
    );
  const levels = as === null ? null : as.split('.');
  const to: TableIdent = levels === null ? row.ident : { namespace: levels.slice(0, -1), name: levels.at(-1) ?? '' };
  if (to.namespace.length === 0 || to.name === '') return refused('invalid', `${as ?? ''} is no name of a table: namespace.name`);
  const { metadata } = await parts.files.read(row.metadataLocation);
  const entry = tableEntry(context.actor, clock.now(), to, null, metadata, 'table.undrop');
  const reply = { kind: 'body' as const, status: 200, body: JSON.stringify({ name: identText(to) }) };
  const outcome = await store.undropRelation(row.uuid, to, recordOf(context, [entry], reply));
  switch (outcome) {
    case 'restored':
      return ok({ name: identText(to) });
    case 'missing':
      return refused('table-missing', `No dropped table can be taken back as ${which}`);
    case 'purging':
      return refused('conflict', `${identText(row.ident)} cannot be taken back any more: its files are being deleted`);
    case 'namespace-missing':
      return namespaceMissing(to.namespace);
    default:
      return refused('table-exists', `${identText(to)} is there already: take it back under another name`);
  }
}

async function allDropped(store: CatalogStore): Promise<readonly DroppedRelation[]> {
  const rows: DroppedRelation[] = [];
  for (let after: string | null = null; ;) {
    const page: readonly DroppedRelation[] = await store.listDropped({ after, limit: pageSize });
    rows.push(...page);
    after = page.at(-1)?.uuid ?? null;
    if (page.length < pageSize) return rows;
  }
}

async function purge(
  parts: DroppedTableParts,
  row: DroppedRelation,
  context: RequestContext,
  options: PurgeOptions,
  signal?: AbortSignal,
): Promise<void> {
  const { store, clock, logger } = parts;
  const table = identText(row.ident);
  const location = row.purge && row.kind === 'table' ? await folderOf(parts, row) : null;
  const other = location === null ? null : await otherIn(store, location, row);
  if (other !== null) logger.warn({ table, location, other }, 'a dropped table is not purged: another one lies in its folder');
  const deleted = location === null || other !== null ? 0 : await deleteFolder(parts, row, location, options, signal);
  await options.pass?.('purge:before-forget');
  const facts = { uuid: row.uuid, ...(location === null ? {} : { location }), objects: deleted };
  const entry = { at: clock.now(), actor: context.actor, action: 'table.purge' as const, subject: table, before: facts, after: null };
  await store.forgetDropped(row.uuid, { audit: [entry], reply: null });
  logger.info({ table, location, objects: deleted }, 'a dropped table is purged');
}

/** Null where its metadata file is gone: that went last. */
async function folderOf({ files }: DroppedTableParts, { metadataLocation }: DroppedRelation): Promise<string | null> {
  try {
    return (await files.read(metadataLocation)).metadata.location.replace(/\/+$/, '');
  } catch (error) {
    if (error instanceof LakeError && error.code === 'OBJECT_MISSING') return null;
    throw error;
  }
}

/** Of another uuid, or the same one under a name: registered from its files meanwhile, they are that one's now. */
async function otherIn(store: CatalogStore, location: string, row: DroppedRelation): Promise<string | null> {
  const isInside = ({ metadataLocation }: { readonly metadataLocation: string }): boolean => metadataLocation.startsWith(`${location}/`);
  for (let after: TableIdent | null = null; ;) {
    const page = await store.allRelations({ after, limit: pageSize });
    const found = page.find(isInside);
    if (found) return identText(found.ident);
    after = page.at(-1)?.ident ?? null;
    if (page.length < pageSize) break;
  }
  const dropped = (await allDropped(store)).find((other) => other.uuid !== row.uuid && isInside(other));
  return dropped === undefined ? null : `${identText(dropped.ident)} (dropped)`;
}

async function deleteFolder(
  { objectStores, store }: DroppedTableParts,
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
    const other = await otherIn(store, location, row);
    if (other !== null) throw new LakeError('CATALOG_REFUSED', `${other} has come to lie in ${location} while it was purged`);
    await options.pass?.(deleted === 0 ? 'purge:before-delete' : 'purge:between-deletes');
    await place.store.delete(batch, signal);
    deleted += batch.length;
    batch = [];
  };
  for await (const { key } of place.store.list(`${place.key}/`, signal)) {
    if (key === pointer?.key) continue;
    batch.push(key);
    if (batch.length >= pageSize) await flush();
  }
  await flush();
  if (pointer === null) return deleted;
  await options.pass?.('purge:between-deletes');
  await pointer.store.delete([pointer.key], signal);
  return deleted + 1;
}
