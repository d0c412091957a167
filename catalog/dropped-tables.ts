// Tables that were dropped with their files and can still be taken back, as the command line asks for them.
// Adapters: rest-dropped-tables.ts, memory-dropped-tables.ts.

import type { Answer } from './service/answer.ts';

export interface DroppedTableView {
  readonly uuid: string;
  /** Dotted, as it was called. */
  readonly name: string;
  readonly droppedAt: string;
  /** From then on its files go. */
  readonly keepUntil: string;
}

/** Errors: CATALOG_UNREACHABLE, CATALOG_REFUSED where the catalog keeps no such thing, CATALOG_OUTCOME_UNKNOWN of `undrop`. */
export interface DroppedTables extends AsyncDisposable {
  list(signal?: AbortSignal): Promise<Answer<readonly DroppedTableView[]>>;
  /** `which`: a uuid, or a name that one of them had. `as`: dotted; null: its old name. Returns the name that it has now. */
  undrop(which: string, as: string | null, signal?: AbortSignal): Promise<Answer<{ readonly name: string }>>;
}
