// Facts of the lake in this process: the services that answer over HTTP, called directly.

import type { LakeFacts } from './lake-facts.ts';
import type { LakeRegistry } from './lake-registry.ts';
import { everyPage } from './registry/client-answers.ts';
import type { RequestContext } from './service/request-context.ts';

/** `context`: who declares. What is behind the registry stays open: it is the caller's. */
export function memoryLakeFacts({ entities, facts, search, audit }: LakeRegistry, context: RequestContext): LakeFacts {
  return {
    entities: () => everyPage((page) => entities.list(page)),
    entity: (name) => entities.get(name),
    declare: (name, said) => entities.declare(name, said, null, context),
    removeEntity: (name) => entities.remove(name, context),
    tables: (namespace) => everyPage((page) => facts.list(namespace, page)),
    table: (name) => facts.show(name),
    history: (table, snapshotsMax) => facts.history(table, snapshotsMax),
    search: (query, kind, limit) => search.search(query, kind, limit),
    async audit(filter, limit) {
      const page = await audit.list(filter, { token: null, size: limit });
      return page.kind === 'refused' ? page : { kind: 'ok', value: page.value.items };
    },
    async [Symbol.asyncDispose]() {
      // Nothing of its own.
    },
  };
}
