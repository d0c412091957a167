// What the catalog knows of the lake, as the command line asks for it: entities, facts of tables, search, the audit log.
// Adapters: rest-lake-facts.ts, memory-lake-facts.ts.

import type { AuditView } from './audit/audit-service.ts';
import type { Declaration } from './entities/declare-entity.ts';
import type { EntityView } from './entities/entity-view.ts';
import type { SearchAnswer } from './search/search-service.ts';
import type { Answer } from './service/answer.ts';
import type { AuditFilter } from './store/audit-store.ts';
import type { TableDetail, TableHistory } from './tables/table-facts-service.ts';
import type { TableSummary } from './tables/table-summary.ts';

/** Errors: CATALOG_UNREACHABLE, CATALOG_REFUSED where the catalog keeps no such thing, CATALOG_OUTCOME_UNKNOWN of a change. */
export interface LakeFacts extends AsyncDisposable {
  entities(signal?: AbortSignal): Promise<Answer<readonly EntityView[]>>;
  entity(name: string, signal?: AbortSignal): Promise<Answer<EntityView>>;
  declare(name: string, said: Declaration, signal?: AbortSignal): Promise<Answer<EntityView>>;
  /** Takes back what was declared. */
  removeEntity(name: string, signal?: AbortSignal): Promise<Answer<null>>;
  /** `namespace`: with all below it; null: all. */
  tables(namespace: string | null, signal?: AbortSignal): Promise<Answer<readonly TableSummary[]>>;
  table(name: string, signal?: AbortSignal): Promise<Answer<TableDetail>>;
  history(table: string, snapshotsMax: number, signal?: AbortSignal): Promise<Answer<TableHistory>>;
  search(query: string, kind: string | null, limit: number, signal?: AbortSignal): Promise<Answer<SearchAnswer>>;
  /** The newest `limit`, newest first. */
  audit(filter: AuditFilter, limit: number, signal?: AbortSignal): Promise<Answer<readonly AuditView[]>>;
}
