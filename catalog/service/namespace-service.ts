// Namespaces: create, look up, list, change and drop. Each carries its `location`, since some engines choose the places of
// new tables themselves from it.

import type { Clock } from '../../runtime/clock.ts';
import { namespaceKey, type CatalogStore, type StoredNamespace } from '../store/catalog-store.ts';
import type { AuditEntry, StoredReply } from '../store/change-record.ts';
import { namespaceMissing, ok, pagedFrom, refused, type Answer, type Page, type Paged, type Refusal } from './answer.ts';
import { keyedQueue } from './keyed-queue.ts';
import { defaultNamespaceLocation, folderProblem, namespaceProblem } from './locations.ts';
import type { ObjectStores } from './object-stores.ts';
import { doneReply, recordOf, type RequestContext } from './request-context.ts';

type Properties = Readonly<Record<string, string>>;

export interface NamespaceService {
  get(namespace: readonly string[]): Promise<Answer<StoredNamespace>>;
  create(namespace: readonly string[], properties: Properties, context: RequestContext): Promise<Answer<StoredNamespace>>;
  list(parent: readonly string[], page: Page): Promise<Answer<Paged<readonly string[]>>>;
  update(namespace: readonly string[], changes: PropertyChanges, context: RequestContext): Promise<Answer<ChangedProperties>>;
  drop(namespace: readonly string[], context: RequestContext): Promise<Answer<null>>;
}

export interface PropertyChanges {
  readonly updates: Properties;
  readonly removals: readonly string[];
}

/** Names of properties. */
export interface ChangedProperties {
  readonly updated: readonly string[];
  readonly removed: readonly string[];
  /** To be removed, and not there. */
  readonly missing: readonly string[];
}

export interface NamespaceServiceOptions {
  readonly store: CatalogStore;
  readonly objectStores: ObjectStores;
  readonly clock: Clock;
}

/** Of one change against a namespace that another process keeps changing. */
const attemptsMax = 4;

export function namespaceService(options: NamespaceServiceOptions): NamespaceService {
  const { store } = options;
  const queue = keyedQueue();
  // In line, so that only other processes can be in the way of a change.
  const inLine = <T>(namespace: readonly string[], work: () => Promise<T>): Promise<T> => queue.run(namespaceKey(namespace), work);
  return {
    async get(namespace) {
      const row = await store.getNamespace(namespace);
      return row ? ok(row) : namespaceMissing(namespace);
    },
    create: (namespace, properties, context) => createNamespace(options, namespace, properties, context),
    async list(parent, page) {
      if (parent.length > 0 && !(await store.getNamespace(parent))) return namespaceMissing(parent);
      const rows = await store.listNamespaces(parent, { after: page.token, limit: page.size + 1 });
      const namespaces = rows.map((row) => row.namespace);
      return ok(pagedFrom(namespaces, page.size, (namespace) => namespace.at(-1) ?? ''));
    },
    update: (namespace, changes, context) => inLine(namespace, () => updateNamespace(options, namespace, changes, context)),
    drop: (namespace, context) => inLine(namespace, () => dropNamespace(options, namespace, context)),
  };
}

async function createNamespace(
  options: NamespaceServiceOptions,
  namespace: readonly string[],
  properties: Properties,
  context: RequestContext,
): Promise<Answer<StoredNamespace>> {
  const { store, objectStores } = options;
  const problem = namespaceProblem(namespace);
  if (problem !== null) return refused('invalid', problem);
  const location = givenLocation(properties) ?? (await inheritedLocation(options, namespace));
  const outside = folderProblem(objectStores.prefixes, location);
  if (outside !== null) return refused('invalid', outside);
  const row: StoredNamespace = { namespace, properties: { ...properties, location } };
  const entry = entryOf(options, context, 'namespace.create', namespace, null, row.properties);
  const outcome = await store.insertNamespace(row, recordOf(context, [entry], bodyReply(row)));
  if (outcome === 'exists') return refused('namespace-exists', `Namespace already exists: ${namespace.join('.')}`);
  if (outcome === 'parent-missing') return namespaceMissing(namespace.slice(0, -1));
  return ok(row);
}

async function updateNamespace(
  options: NamespaceServiceOptions,
  namespace: readonly string[],
  { updates, removals }: PropertyChanges,
  context: RequestContext,
): Promise<Answer<ChangedProperties>> {
  const { store, objectStores } = options;
  const twice = removals.find((name) => Object.hasOwn(updates, name));
  if (twice !== undefined) return refused('unprocessable', `Request cannot set and remove the same property: ${twice}`);
  if (removals.includes('location')) return refused('invalid', 'the property location cannot be removed: set it to another place');
  const location = givenLocation(updates);
  const outside = location === null ? null : folderProblem(objectStores.prefixes, location);
  if (outside !== null) return refused('invalid', outside);
  const set = { ...updates, ...(location === null ? {} : { location }) };
  const remove = [...new Set(removals)];
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const row = await store.getNamespace(namespace);
    if (!row) return namespaceMissing(namespace);
    const { properties } = row;
    const removed = remove.filter((name) => Object.hasOwn(properties, name));
    const missing = remove.filter((name) => !Object.hasOwn(properties, name));
    const answer: ChangedProperties = { updated: Object.keys(set), removed, missing };
    const kept = Object.entries(properties).filter(([name]) => !removed.includes(name));
    const entry = entryOf(options, context, 'namespace.update', namespace, properties, { ...Object.fromEntries(kept), ...set });
    // What is answered, now and when the request comes again, is what was changed, so it must still be that.
    const outcome = await store.updateNamespace(namespace, { set, remove }, recordOf(context, [entry], bodyReply(answer)), properties);
    if (outcome.kind === 'updated') return ok(answer);
  }
  return keptChanging(namespace);
}

async function dropNamespace(
  options: NamespaceServiceOptions,
  namespace: readonly string[],
  context: RequestContext,
): Promise<Answer<null>> {
  const { store } = options;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const row = await store.getNamespace(namespace);
    if (!row) return namespaceMissing(namespace);
    const entry = entryOf(options, context, 'namespace.drop', namespace, row.properties, null);
    // What is told of it is what it was, so it must still be that.
    const outcome = await store.deleteNamespace(namespace, recordOf(context, [entry], doneReply), row.properties);
    if (outcome === 'not-empty') return refused('namespace-not-empty', `Namespace is not empty: ${namespace.join('.')}`);
    if (outcome === 'deleted') return ok(null);
  }
  return keptChanging(namespace);
}

function keptChanging(namespace: readonly string[]): Refusal {
  return refused('conflict', `${namespace.join('.')} kept changing; tried ${attemptsMax} times`);
}

function givenLocation(properties: Properties): string | null {
  return (Object.hasOwn(properties, 'location') ? properties['location']?.replace(/\/+$/, '') : null) ?? null;
}

async function inheritedLocation({ store, objectStores }: NamespaceServiceOptions, namespace: readonly string[]): Promise<string> {
  const parent = namespace.length > 1 ? await store.getNamespace(namespace.slice(0, -1)) : null;
  const above = parent?.properties['location'];
  const [warehouse = ''] = objectStores.prefixes;
  return above === undefined ? defaultNamespaceLocation(warehouse, namespace) : `${above}/${namespace.at(-1) ?? ''}`;
}

function entryOf(
  { clock }: NamespaceServiceOptions,
  { actor }: RequestContext,
  action: 'namespace.create' | 'namespace.update' | 'namespace.drop',
  namespace: readonly string[],
  before: Properties | null,
  after: Properties | null,
): AuditEntry {
  return { at: clock.now(), actor, action, subject: namespace.join('.'), before, after };
}

function bodyReply(body: unknown): StoredReply {
  return { kind: 'body', status: 200, body: JSON.stringify(body) };
}
