// The pointers of a catalog, made again from the metadata files. A file does not know its table's name, so that is told from
// its place, `<warehouse>/<namespace>/<name>-<uuid>`: what was renamed has its first name again, what was put elsewhere is not
// named. Nor does it know that its table was dropped without its files: those come back. Each of them is told.
//
// A store that holds pointers already (an old copy) is only brought forward: what is missing is added, and a pointer moves to the
// newest file that came out of the one it names, unless that one was registered when there was the newest already. Nothing is ever
// moved back, over to another line, or taken away.

import type { Clock } from '../../runtime/clock.ts';
import { identText, type TableIdent } from '../catalog.ts';
import { namespaceProblem, nameProblem, prefixOf } from '../service/locations.ts';
import { snapshotAheadDefaultMs } from '../service/table-parts.ts';
import { namespaceKey, type CatalogStore } from '../store/catalog-store.ts';
import { everyDropped, everyRelation } from '../store/every-relation.ts';
import type { AuditAction, ChangeRecord } from '../store/change-record.ts';
import type { RelationKind, StoredRelation } from '../store/relation-store.ts';
import type { MetadataHead } from './metadata-heads.ts';
import { registeredFiles, restoreActor } from './registered-files.ts';

export type RestoreStep =
  /** It is not there. */
  | 'add'
  /** The store names an older file of the same table. */
  | 'forward'
  /** The store names this file already. */
  | 'same'
  /** The store names something else under this name, or a file that the head does not follow or that was registered since: it stays. */
  | 'kept'
  /** A newer table has the name. */
  | 'shadowed'
  /** It was dropped with its files: `foz table undrop` while its grace lasts. */
  | 'dropped'
  /** Its place says no name. */
  | 'unnamed';

export interface RestoreEntry {
  readonly step: RestoreStep;
  readonly kind: RelationKind;
  /** Null: its place says none. */
  readonly ident: TableIdent | null;
  readonly head: MetadataHead;
  /** What the store names now. */
  readonly current: StoredRelation | null;
}

/** `store` null: there is none yet. `prefixes`: of the warehouse first. */
export async function planRestore(
  heads: readonly MetadataHead[],
  store: CatalogStore | null,
  prefixes: readonly string[],
): Promise<readonly RestoreEntry[]> {
  const stored = await storedRelations(store);
  const taken = new Set<string>();
  const entries: RestoreEntry[] = [];
  for (const head of heads.toSorted((a, b) => b.updatedAt - a.updatedAt || (a.uuid < b.uuid ? -1 : 1))) {
    // Who is there already keeps the name it has, also where by its place another would have it: it may have been renamed.
    const own = stored.byUuid.get(uuidKey(head));
    if (own) {
      taken.add(nameKey(own.ident));
      entries.push({ step: ownStep(head, own, stored.registered), kind: head.kind, ident: own.ident, head, current: own });
      continue;
    }
    const ident = identOf(head, prefixes);
    const name = ident && nameKey(ident);
    const current = name === null ? null : (stored.byName.get(name) ?? null);
    const step = newStep(name, { isDropped: stored.dropped.has(head.uuid), current, taken });
    if (name !== null && step === 'add') taken.add(name);
    entries.push({ step, kind: head.kind, ident, head, current });
  }
  return entries.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

interface Stored {
  readonly byName: ReadonlyMap<string, StoredRelation>;
  /** And kind. */
  readonly byUuid: ReadonlyMap<string, StoredRelation>;
  /** By uuid. */
  readonly dropped: ReadonlySet<string>;
  readonly registered: Awaited<ReturnType<typeof registeredFiles>>;
}

async function storedRelations(store: CatalogStore | null): Promise<Stored> {
  const relations: StoredRelation[] = [];
  if (store !== null) for await (const relation of everyRelation(store)) relations.push(relation);
  const dropped = new Set<string>();
  if (store !== null) for await (const { uuid } of everyDropped(store, 'all')) dropped.add(uuid);
  return {
    byName: new Map(relations.map((relation) => [nameKey(relation.ident), relation])),
    byUuid: new Map(relations.map((relation) => [uuidKey(relation), relation])),
    dropped,
    registered: store === null ? new Map() : await registeredFiles(store.audit),
  };
}

/** Applies the plan; an entry that another process was faster with comes back as `kept`. */
export async function restorePointers(
  entries: readonly RestoreEntry[],
  store: CatalogStore,
  { warehouse, clock }: { readonly warehouse: string; readonly clock: Clock },
): Promise<readonly RestoreEntry[]> {
  const done: RestoreEntry[] = [];
  for (const entry of entries) {
    const { step, ident, head, current } = entry;
    if (ident === null || (step !== 'add' && step !== 'forward')) {
      done.push(entry);
      continue;
    }
    await ensureNamespaces(store, ident.namespace, warehouse);
    const record = recordOf(entry, ident, clock);
    const { kind, uuid, metadataLocation, paths } = head;
    // Only remembered, not asked for: tables that lie so lay so before.
    const claim = { uuid, folder: null, within: [], paths };
    const outcome =
      current === null
        ? await store.insertRelation({ ident, kind, uuid, metadataLocation }, record, claim)
        : await store.moveRelation(kind, ident, current.metadataLocation, metadataLocation, claim, record);
    done.push(outcome === 'inserted' || outcome === 'swapped' ? entry : { ...entry, step: 'kept' });
  }
  return done;
}

/** Whether anything is in the store that a restore could get in the way of. */
export async function isEmptyStore(store: CatalogStore): Promise<boolean> {
  return (await store.listNamespaces([], { after: null, limit: 1 })).length === 0;
}

function ownStep(
  { metadataLocation, updatedAt, isFollowed }: MetadataHead,
  current: StoredRelation,
  registered: Stored['registered'],
): RestoreStep {
  if (current.metadataLocation === metadataLocation) return 'same';
  if (!isFollowed(current.metadataLocation)) return 'kept';
  // Somebody took it up from there when the head was written already, as far as times tell.
  const registeredAt = registered.get(current.metadataLocation);
  return registeredAt !== undefined && updatedAt <= registeredAt + snapshotAheadDefaultMs ? 'kept' : 'forward';
}

interface NameFacts {
  readonly isDropped: boolean;
  /** What the store names so. */
  readonly current: StoredRelation | null;
  /** Names of those that are newer. */
  readonly taken: ReadonlySet<string>;
}

function newStep(name: string | null, { isDropped, current, taken }: NameFacts): RestoreStep {
  if (isDropped) return 'dropped';
  if (name === null) return 'unnamed';
  if (taken.has(name)) return 'shadowed';
  return current === null ? 'add' : 'kept';
}

/** `<prefix>/<levels>/<name>-<uuid>`; without the uuid, the folder's own name. */
function identOf({ location, uuid }: MetadataHead, prefixes: readonly string[]): TableIdent | null {
  const prefix = prefixOf(prefixes, location);
  if (prefix === null) return null;
  const parts = location.slice(prefix.length + 1).split('/');
  const suffix = `-${uuid.replaceAll('-', '')}`;
  const folder = parts.at(-1) ?? '';
  const name = folder.endsWith(suffix) ? folder.slice(0, -suffix.length) : folder;
  const namespace = parts.slice(0, -1);
  return nameProblem(name) === null && namespaceProblem(namespace) === null ? { namespace, name } : null;
}

async function ensureNamespaces(store: CatalogStore, namespace: readonly string[], warehouse: string): Promise<void> {
  for (let depth = 1; depth <= namespace.length; depth++) {
    const levels = namespace.slice(0, depth);
    await store.insertNamespace({ namespace: levels, properties: { location: `${warehouse}/${levels.join('/')}` } });
  }
}

function recordOf({ kind, head, current }: RestoreEntry, ident: TableIdent, clock: Clock): ChangeRecord {
  const action: AuditAction = kind === 'table' ? 'table.register' : 'view.register';
  const before = current && { metadataLocation: current.metadataLocation };
  const after = { uuid: head.uuid, metadataLocation: head.metadataLocation };
  return { audit: [{ at: clock.now(), actor: restoreActor, action, subject: identText(ident), before, after }], reply: null };
}

function uuidKey({ kind, uuid }: Pick<StoredRelation, 'kind' | 'uuid'>): string {
  return `${kind} ${uuid}`;
}

function nameKey({ namespace, name }: TableIdent): string {
  return `${namespaceKey(namespace)}\u001f${name}`;
}

function nameOf({ ident, head }: RestoreEntry): string {
  return ident === null ? `\u{10ffff}${head.location}` : identText(ident);
}
