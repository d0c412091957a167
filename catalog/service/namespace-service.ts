// Namespaces: create, look up, list and drop. Each carries its `location`, since some engines choose the places of new
// tables themselves from it.

import type { CatalogStore, StoredNamespace } from '../store/catalog-store.ts';
import { namespaceMissing, ok, pagedFrom, refused, type Answer, type Page, type Paged } from './answer.ts';
import { defaultNamespaceLocation, locationProblem, namespaceProblem } from './locations.ts';

export interface NamespaceService {
  get(namespace: readonly string[]): Promise<Answer<StoredNamespace>>;
  create(namespace: readonly string[], properties: Readonly<Record<string, string>>): Promise<Answer<StoredNamespace>>;
  list(parent: readonly string[], page: Page): Promise<Answer<Paged<readonly string[]>>>;
  drop(namespace: readonly string[]): Promise<Answer<null>>;
}

export interface NamespaceServiceOptions {
  readonly store: CatalogStore;
  /** Absolute prefix without a trailing slash. */
  readonly warehouse: string;
}

export function namespaceService(options: NamespaceServiceOptions): NamespaceService {
  const { store, warehouse } = options;
  return {
    async get(namespace) {
      const row = await store.getNamespace(namespace);
      return row ? ok(row) : namespaceMissing(namespace);
    },
    async create(namespace, properties) {
      const problem = namespaceProblem(namespace);
      if (problem !== null) return refused('invalid', problem);
      const given = Object.hasOwn(properties, 'location') ? properties['location'] : undefined;
      const location = given?.replace(/\/+$/, '') ?? (await inheritedLocation(store, warehouse, namespace));
      const outside = locationProblem(warehouse, location);
      if (outside !== null) return refused('invalid', outside);
      const row: StoredNamespace = { namespace, properties: { ...properties, location } };
      const outcome = await store.insertNamespace(row);
      if (outcome === 'exists') return refused('namespace-exists', `Namespace already exists: ${namespace.join('.')}`);
      if (outcome === 'parent-missing') return namespaceMissing(namespace.slice(0, -1));
      return ok(row);
    },
    async list(parent, page) {
      if (parent.length > 0 && !(await store.getNamespace(parent))) return namespaceMissing(parent);
      const rows = await store.listNamespaces(parent, { after: page.token, limit: page.size + 1 });
      return ok(
        pagedFrom(
          rows.map((row) => row.namespace),
          page.size,
          (namespace) => namespace.at(-1) ?? '',
        ),
      );
    },
    async drop(namespace) {
      const outcome = await store.deleteNamespace(namespace);
      if (outcome === 'missing') return namespaceMissing(namespace);
      if (outcome === 'not-empty') return refused('namespace-not-empty', `Namespace is not empty: ${namespace.join('.')}`);
      return ok(null);
    },
  };
}

async function inheritedLocation(store: CatalogStore, warehouse: string, namespace: readonly string[]): Promise<string> {
  const parent = namespace.length > 1 ? await store.getNamespace(namespace.slice(0, -1)) : null;
  const above = parent?.properties['location'];
  return above === undefined ? defaultNamespaceLocation(warehouse, namespace) : `${above}/${namespace.at(-1) ?? ''}`;
}
