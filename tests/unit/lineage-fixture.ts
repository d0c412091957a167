// Lineage events as jobs send them, and a catalog's lineage in memory at a fixed time.

import { lineageService, type LineageService } from '../../catalog/lineage/lineage-service.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { systemClock } from '../../runtime/clock.ts';

export const startedAt = Date.parse('2026-11-21T12:00:00Z');
export const day = 86_400_000;

export const at = (ms: number): string => new Date(startedAt + ms).toISOString();

export interface LineageFixture {
  readonly lineage: LineageService;
  /** Consumers as `name: columns`, in order. */
  readonly readers: (table: string, columns?: readonly string[]) => Promise<readonly string[]>;
}

export function smallLineage({
  store = memoryCatalogStore(),
  now = startedAt,
}: { store?: CatalogStore; now?: number } = {}): LineageFixture {
  const lineage = lineageService({ store, clock: { ...systemClock, now: () => now } });
  return {
    lineage,
    async readers(table, columns) {
      const { consumers } = await lineage.consumers(table, columns ?? null);
      return consumers.map(({ name, columns: read }) => `${name}: ${read === null ? 'any' : read.join(' ')}`);
    },
  };
}

export const trino = (name: string) => ({ namespace: 'trino://trino:8080', name });
export const rawUsers = trino('foz.raw.users');

type Name = ReturnType<typeof trino>;
/** Output column → input columns. */
type Columns = Readonly<Record<string, readonly string[]>>;

/** `columns`: of the output, all from `from`; `whole`: what the output depends on as a whole. */
export function output(name: string, from: Name, columns: Columns, whole: readonly string[] = []): object {
  const source = (field: string) => ({ ...from, field });
  const fields = Object.fromEntries(Object.entries(columns).map(([field, inputs]) => [field, { inputFields: inputs.map(source) }]));
  return { ...trino(name), facets: { columnLineage: { fields, dataset: whole.map(source) } } };
}

export interface Said {
  readonly job: string;
  readonly inputs?: readonly object[];
  readonly outputs?: readonly object[];
  /** Milliseconds after the fixture's time. */
  readonly ms?: number;
  readonly type?: 'START' | 'COMPLETE' | 'FAIL';
  readonly facets?: object;
}

const producer = 'https://example.org/etl';

export const runOf = ({ job, inputs = [], outputs = [], ms = 0, type = 'COMPLETE', facets = {} }: Said) => ({
  eventType: type,
  eventTime: at(ms),
  producer,
  schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
  run: { runId: '01939f5e-0000-7000-8000-000000000001' },
  job: { namespace: 'etl', name: job, facets },
  inputs,
  outputs,
});

export const jobOf = ({ job, inputs = [], outputs = [], ms = 0 }: Said) => ({
  eventTime: at(ms),
  producer,
  schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent',
  job: { namespace: 'etl', name: job },
  inputs,
  outputs,
});
