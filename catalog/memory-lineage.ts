// The lineage port in this process: the service that answers over HTTP, called directly.

import type { Lineage } from './lineage.ts';
import type { LineageService } from './lineage/lineage-service.ts';
import { refused } from './service/answer.ts';

/** The store behind the service stays open: it is the caller's. */
export function memoryLineage(service: LineageService): Lineage {
  return {
    async record(events) {
      try {
        return await service.record(events);
      } catch (error) {
        if (error instanceof SyntaxError) return refused('invalid', error.message);
        throw error;
      }
    },
    view: (query) => service.view(query),
    consumersOf: (table, columns) => service.consumers(table, columns),
    async [Symbol.asyncDispose]() {
      // Nothing of its own.
    },
  };
}
