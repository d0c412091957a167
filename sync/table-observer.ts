// Who listens to the tables of a worker.

import type { Halt } from './halt.ts';
import type { CommittedEvent } from './pipeline.ts';

/** What a table's writer tells about itself: metrics and tests listen. */
export interface TableObserver {
  committed(table: string, event: CommittedEvent): void;
  fenced(table: string, reason: string): void;
  halted(table: string, halt: Halt): void;
}
