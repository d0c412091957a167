// Views: SQL text for several engines under a name that a table could have. A commit is applied to exactly the metadata
// that the pointer names, and the pointer moves only from there; a lost swap starts over with the new state.

import { randomUUID } from 'node:crypto';
import { applyViewCommit, createViewMetadata, type AppliedViewCommit } from '../../lake/iceberg/apply-view-commit.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import type { ViewCommit } from '../../lake/iceberg/view-commit.ts';
import type { ViewMetadata, ViewVersion } from '../../lake/iceberg/view-metadata.ts';
import type { Clock } from '../../runtime/clock.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import type { AuditAction, AuditEntry, StoredReply } from '../store/change-record.ts';
import { namespaceMissing, ok, refused, type Answer, type Page, type Paged } from './answer.ts';
import { dropRelation } from './drop-relation.ts';
import { keyedQueue } from './keyed-queue.ts';
import type { MetadataFile, MetadataFiles } from './metadata-files.ts';
import type { ObjectStores } from './object-stores.ts';
import type { Placement } from './placement.ts';
import { registeredFile } from './registered-file.ts';
import { relations, type RecordOf, type Relations } from './relations.ts';
import { doneReply, recordOf, type RequestContext } from './request-context.ts';

export type ViewFile = MetadataFile<ViewMetadata>;

export interface CreateView {
  readonly name: string;
  readonly schema: Schema;
  readonly version: ViewVersion;
  readonly location: string | null;
  readonly properties: Readonly<Record<string, string>>;
}

export interface ViewService {
  list(namespace: readonly string[], page: Page): Promise<Answer<Paged<TableIdent>>>;
  exists(ident: TableIdent): Promise<Answer<null>>;
  load(ident: TableIdent): Promise<Answer<ViewFile>>;
  /** What a change once answered, for a request that comes again. */
  answered(ident: TableIdent, metadataLocation: string): Promise<Answer<ViewFile>>;
  create(namespace: readonly string[], view: CreateView, context: RequestContext): Promise<Answer<ViewFile>>;
  /** Gives a name to a view whose metadata file is there already. */
  register(ident: TableIdent, metadataLocation: string, context: RequestContext): Promise<Answer<ViewFile>>;
  commit(ident: TableIdent, commit: ViewCommit, context: RequestContext): Promise<Answer<ViewFile>>;
  rename(from: TableIdent, to: TableIdent, context: RequestContext): Promise<Answer<null>>;
  /** The name is forgotten; metadata files stay. */
  drop(ident: TableIdent, context: RequestContext): Promise<Answer<null>>;
}

export interface ViewServiceOptions {
  readonly store: CatalogStore;
  readonly files: MetadataFiles<ViewMetadata>;
  readonly clock: Clock;
  readonly objectStores: ObjectStores;
  readonly placement: Placement;
  /** Tries of one commit against a view that keeps moving. */
  readonly swapAttemptsMax?: number;
}

interface Deps extends ViewServiceOptions {
  readonly views: Relations<ViewMetadata>;
}

const swapAttemptsDefault = 4;

export function viewService(options: ViewServiceOptions): ViewService {
  const { store, files, clock } = options;
  const views = relations({ kind: 'view', store, files, placement: options.placement });
  const deps: Deps = { ...options, views };
  const queue = keyedQueue();
  return {
    list: views.list,
    exists: views.exists,
    load: views.load,
    answered: views.answered,
    create: (namespace, view, context) => createView(deps, namespace, view, context),
    register: (ident, metadataLocation, context) => registerView(deps, ident, metadataLocation, context),
    commit: (ident, commit, context) => queue.run(identText(ident), () => commitView(deps, ident, commit, context)),
    async rename(from, to, context) {
      const renamed = entryOf(deps, context, 'view.rename', from, { name: identText(from) }, { name: identText(to) });
      return views.rename(from, to, recordOf(context, [renamed], doneReply));
    },
    async drop(ident, context) {
      const drop = { at: clock.now(), keepUntil: null, purge: false };
      const row = await dropRelation(store, 'view', ident, drop, (found) => {
        const before = found && { metadataLocation: found.metadataLocation };
        return recordOf(context, [entryOf(deps, context, 'view.drop', ident, before, null)], doneReply);
      });
      return row ? ok(null) : views.missing(ident);
    },
  };
}

async function createView(deps: Deps, namespace: readonly string[], view: CreateView, context: RequestContext): Promise<Answer<ViewFile>> {
  const ident = { namespace, name: view.name };
  const row = await deps.store.getNamespace(namespace);
  if (!row) return namespaceMissing(namespace);
  const unavailable = await deps.views.unavailable(ident);
  if (unavailable) return unavailable;
  const uuid = randomUUID();
  const location = view.location?.replace(/\/+$/, '') ?? deps.placement.locationOf(row, view.name, uuid);
  const created = createViewMetadata({ ...view, uuid, location }, deps.clock.now());
  if (created.kind !== 'applied') return refusedCommit(created);
  const misplaced = await deps.placement.problem(created.metadata, null);
  if (misplaced !== null) return refused('invalid', misplaced);
  return deps.views.insert(ident, uuid, created.metadata, recordFor(deps, context, 'view.create', ident, null, created.metadata));
}

async function registerView(deps: Deps, ident: TableIdent, metadataLocation: string, context: RequestContext): Promise<Answer<ViewFile>> {
  const { store, views } = deps;
  const unavailable = await views.unavailable(ident);
  if (unavailable) return unavailable;
  const read = await registeredFile(deps.files, deps.objectStores, metadataLocation);
  if (read.kind === 'refused') return read;
  const { metadata } = read.value;
  const misplaced = await deps.placement.problem(metadata, null);
  if (misplaced !== null) return refused('invalid', misplaced);
  const row = { ident, kind: 'view', uuid: metadata['view-uuid'], metadataLocation } as const;
  const record = recordFor(deps, context, 'view.register', ident, null, metadata)(metadataLocation);
  const outcome = await store.insertRelation(row, record, deps.placement.claim(metadata, null));
  return outcome === 'inserted' ? read : views.insertRefused(outcome, ident, metadata, null);
}

async function commitView(deps: Deps, ident: TableIdent, commit: ViewCommit, context: RequestContext): Promise<Answer<ViewFile>> {
  const attemptsMax = deps.swapAttemptsMax ?? swapAttemptsDefault;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const current = await deps.views.current(ident);
    if (!current) return deps.views.missing(ident);
    const applied = applyViewCommit(current.metadata, commit, deps.clock.now());
    if (applied.kind !== 'applied') return refusedCommit(applied);
    const { metadata } = applied;
    if (metadata === current.metadata) return ok(current);
    const misplaced = await deps.placement.problem(metadata, current.metadata);
    if (misplaced !== null) return refused('invalid', misplaced);
    const answer = await deps.views.swap(ident, current, metadata, recordFor(deps, context, 'view.replace', ident, current, metadata));
    if (answer !== 'lost') return answer;
  }
  return refused('conflict', `${identText(ident)} kept changing; tried ${attemptsMax} times`);
}

function refusedCommit(applied: Exclude<AppliedViewCommit, { kind: 'applied' }>): Answer<never> {
  return refused(applied.kind === 'conflict' ? 'conflict' : 'view-invalid', applied.message);
}

/** Told with the change: who did it, and the answer of a request that comes again. */
function recordFor(
  deps: Deps,
  context: RequestContext,
  action: AuditAction,
  ident: TableIdent,
  before: ViewFile | null,
  after: ViewMetadata,
): RecordOf {
  return (metadataLocation) => {
    const reply: StoredReply = { kind: 'metadata', relation: 'view', ident, metadataLocation };
    const was = before && stateOf(before.metadata, before.location);
    return recordOf(context, [entryOf(deps, context, action, ident, was, stateOf(after, metadataLocation))], reply);
  };
}

function entryOf(
  { clock }: Deps,
  { actor }: RequestContext,
  action: AuditAction,
  ident: TableIdent,
  before: unknown,
  after: unknown,
): AuditEntry {
  return { at: clock.now(), actor, action, subject: identText(ident), before, after };
}

function stateOf(metadata: ViewMetadata, metadataLocation: string): Readonly<Record<string, unknown>> {
  return { 'version-id': metadata['current-version-id'], metadataLocation };
}
