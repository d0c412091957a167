// What Foz tells its catalog of its own jobs, told to another OpenLineage backend as well (Marquez, DataHub, OpenMetadata): one
// event a request, since some take no lists. The catalog comes first, and what the other says is no answer of the catalog's.

import type { Lineage } from '../../catalog/lineage.ts';
import { refusedBy, restExchange, type RestRequest } from '../../catalog/rest-http.ts';
import type { LineageConfig } from '../options/lineage.ts';

const requestTimeoutMs = 10_000;
const responseBytesMax = 1024 * 1024;

/** Throws where the other backend is away or refuses: after the catalog was told. */
export function emittedLineage(lineage: Lineage, { url, token }: LineageConfig): Lineage {
  const http = { requestTimeoutMs, responseBytesMax, ...(token === undefined ? {} : { token: token.reveal() }) };
  return {
    ...lineage,
    async record(events, signal) {
      const answer = await lineage.record(events, signal);
      for (const event of events) {
        const request: RestRequest = { method: 'POST', url: `${url.replace(/\/+$/, '')}/api/v1/lineage`, body: event, isWrite: true };
        const response = await restExchange(http, request, signal);
        if (response.status >= 300) throw refusedBy(request, response);
      }
      return answer;
    },
  };
}
