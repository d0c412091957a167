// Dropped tables in this process: the service that answers over HTTP, called directly.

import type { DroppedTables } from './dropped-tables.ts';
import { everyPage } from './registry/client-answers.ts';
import type { DroppedTableService } from './service/dropped-table-service.ts';
import type { RequestContext } from './service/request-context.ts';

/** `context`: who takes them back. What is behind the service stays open: it is the caller's. */
export function memoryDroppedTables(service: DroppedTableService, context: RequestContext): DroppedTables {
  return {
    list: () => everyPage((page) => service.list(page)),
    undrop: (which, as) => service.undrop(which, as, context),
    async [Symbol.asyncDispose]() {
      // Nothing of its own.
    },
  };
}
