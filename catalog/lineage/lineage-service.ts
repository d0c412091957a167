// Lineage as the catalog serves it: takes OpenLineage events, and tells who stands before and behind a table. Beside the
// registry, which names the consumers that a change of a contract reaches.

import type { Clock } from '../../runtime/clock.ts';
import { ok, refused, type Answer } from '../service/answer.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import { consumersOf, type Consumers } from './consumers.ts';
import { lakeTableNamed } from './lake-table-named.ts';
import { lineageIndex, type LineageIndex } from './lineage-index.ts';
import { lineageLimits } from './lineage-limits.ts';
import { lineageOfEvents } from './lineage-of-events.ts';
import { lineageView, type LineageQuery, type LineageView } from './lineage-views.ts';
import { readLineageEvent, type LineageEvent } from './openlineage-event.ts';

export interface LineageService {
  /** One event or a list of them: all are kept or none. Throws SyntaxError for what is no event. Idempotent. */
  record(body: unknown): Promise<Answer<{ readonly events: number }>>;
  view(query: LineageQuery): Promise<Answer<LineageView>>;
  /** `table`: `users` or `raw.users`. `columns`: the ones that change; null: all. Nobody, for a table never seen. */
  consumers(table: string, columns: readonly string[] | null): Promise<Consumers>;
}

export interface LineageServiceOptions {
  readonly store: Pick<CatalogStore, 'lineage' | 'getNamespace'>;
  readonly clock: Clock;
}

/** What Foz calls them where no catalog says otherwise: events may come before the first table. */
const usualNamespaces: readonly string[] = ['raw', 'current'];

export function lineageService({ store, clock }: LineageServiceOptions): LineageService {
  const index = async (): Promise<LineageIndex> => lineageIndex(await store.lineage.graph(), clock.now() - lineageLimits.keepMs);
  return {
    async record(body) {
      const events = eventsOf(body, clock.now());
      const namespaces = await lakeNamespaces(store, events);
      const said = lineageOfEvents(events, (names) => lakeTableNamed(names, (name) => namespaces.has(name)));
      const { rows: rowsMax, characters: charactersMax, keepMs } = lineageLimits;
      const outcome = await store.lineage.record(said, { rowsMax, charactersMax, keepFrom: clock.now() - keepMs });
      if (outcome === 'recorded') return ok({ events: events.length });
      return refused(
        'lineage-full',
        `The lineage has no room for more: ${rowsMax} datasets, jobs and edges of the last ${keepMs / 86_400_000} days, or ${charactersMax} characters`,
      );
    },
    async view(query) {
      const view = lineageView(await index(), query);
      if (view) return ok(view);
      return refused('lineage-missing', `No event has named the dataset ${query.dataset}`);
    },
    consumers: async (table, columns) => consumersOf(await index(), table, columns),
  };
}

function eventsOf(body: unknown, now: number): readonly LineageEvent[] {
  if (!Array.isArray(body)) return [readLineageEvent(body, 'event', now)];
  if (body.length > lineageLimits.events)
    throw new SyntaxError(`the list has ${body.length} events; at most ${lineageLimits.events} are taken at once`);
  return body.map((event: unknown, at) => readLineageEvent(event, `[${at}]`, now));
}

/** Of the names that could be a table's, those that are namespaces here. */
async function lakeNamespaces(store: LineageServiceOptions['store'], events: readonly LineageEvent[]): Promise<ReadonlySet<string>> {
  const asked = new Set<string>();
  const note = (name: string): boolean => {
    asked.add(name);
    return false;
  };
  lineageOfEvents(events, (names) => lakeTableNamed(names, note));
  const known = new Set(usualNamespaces);
  for (const name of asked) if (!known.has(name) && (await store.getNamespace([name]))) known.add(name);
  return known;
}
