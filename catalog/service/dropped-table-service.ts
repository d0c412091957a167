// Tables that were dropped with their files: for a while they can be taken back, then their files go (purge-table.ts). The
// store knows who is first, the one who takes it back or the purge: from the moment a purge begins there is no way back.

import { identText, type TableIdent } from '../catalog.ts';
import { tableEntry } from '../audit/table-entry.ts';
import type { DroppedTableView } from '../dropped-tables.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import { everyDropped } from '../store/every-relation.ts';
import type { DroppedRelation } from '../store/relation-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { namespaceMissing, ok, pagedFrom, refused, type Answer, type Page, type Paged, type Refusal } from './answer.ts';
import { purgeDropped, type PurgeOptions, type PurgeParts } from './purge-table.ts';
import { recordOf, type RequestContext } from './request-context.ts';

export interface DroppedTableService {
  list(page: Page): Promise<Answer<Paged<DroppedTableView>>>;
  undrop(which: string, as: string | null, context: RequestContext): Promise<Answer<{ readonly name: string }>>;
  /** Deletes the files of tables whose time is over, at most `limit` of them; how many. What fails is told and tried again. */
  purgeDue(limit: number, context: RequestContext, options?: PurgeOptions, signal?: AbortSignal): Promise<number>;
}

export function droppedTableService(parts: PurgeParts): DroppedTableService {
  const { store, clock } = parts;
  return {
    async list({ token, size }) {
      const rows = await store.listDropped('kept', { after: token, limit: size + 1 });
      const page = pagedFrom(rows, size, ({ uuid }) => uuid);
      return ok({ ...page, items: page.items.map(viewOf) });
    },
    undrop: (which, as, context) => undrop(parts, which, as, context),
    async purgeDue(limit, context, options = {}, signal) {
      let purged = 0;
      for (const row of await store.takeDropped(clock.now(), limit)) {
        signal?.throwIfAborted();
        try {
          await purgeDropped(parts, row, context, options, signal);
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
  parts: PurgeParts,
  which: string,
  as: string | null,
  context: RequestContext,
): Promise<Answer<{ readonly name: string }>> {
  const { store, clock } = parts;
  const found = await called(store, 'kept', which);
  const [row, ...others] = found;
  if (row === undefined) {
    const [going] = await called(store, 'all', which);
    return going === undefined ? refused('table-missing', `No dropped table can be taken back as ${which}`) : tooLate(going);
  }
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
      return tooLate(row);
    case 'namespace-missing':
      return namespaceMissing(to.namespace);
    default:
      return refused('table-exists', `${identText(to)} is there already: take it back under another name`);
  }
}

/** Those of that uuid or name. */
async function called(store: CatalogStore, which: 'kept' | 'all', asked: string): Promise<readonly DroppedRelation[]> {
  const found: DroppedRelation[] = [];
  for await (const row of everyDropped(store, which))
    if (row.kind === 'table' && (row.uuid === asked || identText(row.ident) === asked)) found.push(row);
  return found;
}

function tooLate({ ident }: DroppedRelation): Refusal {
  return refused('conflict', `${identText(ident)} cannot be taken back any more: its files are being deleted`);
}
