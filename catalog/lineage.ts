// The lineage port of the catalog: who reads and writes which dataset, as jobs told it in OpenLineage events. Adapters:
// rest-lineage.ts, memory-lineage.ts.

import type { Consumers } from './lineage/consumers.ts';
import type { LineageQuery, LineageView } from './lineage/lineage-views.ts';
import type { Answer } from './service/answer.ts';

/** Errors: CATALOG_UNREACHABLE, and CATALOG_REFUSED where the catalog keeps no lineage. */
export interface Lineage extends AsyncDisposable {
  /** OpenLineage events: all are kept, or none. Idempotent. */
  record(events: readonly unknown[], signal?: AbortSignal): Promise<Answer<{ readonly events: number }>>;
  view(query: LineageQuery, signal?: AbortSignal): Promise<Answer<LineageView>>;
  /** Who is reached by a change of these columns of a table of the lake (null: all of them). */
  consumersOf(table: string, columns: readonly string[] | null, signal?: AbortSignal): Promise<Consumers>;
}
