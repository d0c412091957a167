// Full-text search over what the catalog knows. The index lives in memory and follows the store: before a search it looks
// whether anything but rows has changed, and takes in what did. So a restart loses nothing, and a commit of rows costs
// nothing. Tables are read again only where the audit log says that they changed.

import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { EntityService } from '../entities/entity-service.ts';
import { ownJobNamespace } from '../lineage/consumers.ts';
import { ok, refused, type Answer } from '../service/answer.ts';
import type { AuditRevision } from '../store/audit-store.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import { everyRelation } from '../store/every-relation.ts';
import type { StoredRelation } from '../store/relation-store.ts';
import type { LoadMetadata } from '../tables/table-facts-service.ts';
import {
  consumerDocument,
  contractDocument,
  entityDocument,
  foundKinds,
  relationDocument,
  type SearchDocument,
} from './search-documents.ts';
import { searchIndex, type Found } from './search-index.ts';

export interface SearchAnswer {
  readonly found: readonly Found[];
  /** Found altogether. */
  readonly total: number;
}

export interface SearchService {
  search(query: string, kind: string | null, limit: number): Promise<Answer<SearchAnswer>>;
}

export interface SearchServiceOptions {
  readonly store: Pick<CatalogStore, 'allRelations' | 'audit' | 'lineage'>;
  readonly entities: EntityService;
  readonly load: LoadMetadata;
  readonly clock: Clock;
}

/** Lineage says nothing of its changes: consumers are looked at again after this. */
const consumersMaxAgeMs = 60_000;
const loadsAtOnce = 8;
/** Of one look at what changed; more, and everything is read again. */
const changedMax = 1000;

export function searchService(options: SearchServiceOptions): SearchService {
  const index = searchIndex();
  const tables = new Map<string, SearchDocument>();
  let revision: AuditRevision | null = null;
  let readAt = Number.NEGATIVE_INFINITY;
  let refreshed: Promise<void> = Promise.resolve();
  const refresh = async (): Promise<void> => {
    const { store, clock } = options;
    const now = await store.audit.auditRevision();
    const isSame = revision?.number === now.number && revision.entries === now.entries;
    if (isSame && clock.now() - readAt < consumersMaxAgeMs) return;
    const at = clock.now();
    const changed = isSame ? new Set<string>() : await changedSubjects(options, revision, now);
    const documents = [...(await relationDocuments(options, tables, changed)), ...(await otherDocuments(options))];
    await index.update(new Map(documents.map((document) => [document.id, document])));
    [revision, readAt] = [now, at];
  };
  return {
    async search(query, kind, limit) {
      const asked = foundKinds.find((known) => known === kind) ?? null;
      if (kind !== null && asked === null) return refused('invalid', `kind must be one of ${foundKinds.join(', ')}, not ${kind}`);
      // One after the other: each sees what was changed before it was asked.
      refreshed = refreshed.then(refresh, refresh);
      await refreshed;
      return ok(index.search(query, asked, limit));
    },
  };
}

/** Null: too much, or not to be told: everything is read again. */
async function changedSubjects(
  { store }: SearchServiceOptions,
  before: AuditRevision | null,
  now: AuditRevision,
): Promise<ReadonlySet<string> | null> {
  if (before === null || now.entries - before.entries > changedMax) return null;
  const entries = await store.audit.changesAfter(before.number, changedMax);
  // Another process may have written a lower number later.
  return before.entries + entries.length === now.entries ? new Set(entries.map(({ subject }) => subject)) : null;
}

/** `tables` is what is known already, brought up to date. */
async function relationDocuments(
  { store, load }: SearchServiceOptions,
  tables: Map<string, SearchDocument>,
  changed: ReadonlySet<string> | null,
): Promise<readonly SearchDocument[]> {
  const seen = new Set<string>();
  const unread: StoredRelation[] = [];
  for await (const row of everyRelation(store)) {
    seen.add(row.uuid);
    if (!tables.has(row.uuid) || changed === null || changed.has(identText(row.ident))) unread.push(row);
  }
  for (const uuid of tables.keys()) if (!seen.has(uuid)) tables.delete(uuid);
  for (let from = 0; from < unread.length; from += loadsAtOnce) {
    const batch = unread.slice(from, from + loadsAtOnce);
    const read = await Promise.all(batch.map((row) => (row.kind === 'view' ? null : readable(load, row.ident))));
    for (const [at, row] of batch.entries()) tables.set(row.uuid, relationDocument(row, read[at] ?? null));
  }
  return [...tables.values()];
}

async function otherDocuments({ store, entities }: SearchServiceOptions): Promise<readonly SearchDocument[]> {
  const views = await entities.all();
  const { jobs } = await store.lineage.graph();
  return [
    ...views.map(entityDocument),
    ...views.flatMap((view) => contractDocument(view) ?? []),
    ...jobs.filter(({ namespace }) => namespace !== ownJobNamespace).map(consumerDocument),
  ];
}

/** A table that cannot be read is found by its name. */
async function readable(load: LoadMetadata, ident: TableIdent): Promise<TableMetadata | null> {
  try {
    const loaded = await load(ident);
    return loaded.kind === 'ok' ? loaded.value.metadata : null;
  } catch (error) {
    if (error instanceof LakeError) return null;
    throw error;
  }
}
