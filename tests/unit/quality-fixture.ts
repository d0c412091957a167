// Checks, a catalog of one table, and a measurer that answers what a test says: runs and schedules without data.

import type { LoadedTable } from '../../catalog/catalog.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import type { Check } from '../../quality/check.ts';
import type { CheckEngine } from '../../quality/engine.ts';
import { exactly, type Measurer } from '../../quality/measurer.ts';
import type { RunParts } from '../../quality/run/run-checks.ts';
import { snapshotIdOf } from '../../quality/run/pinned-catalog.ts';
import type { Run } from '../../quality/run/run-record.ts';
import type { Catalog } from '../../catalog/catalog.ts';

export function checkOf(name: string, given: Partial<Check> = {}): Check {
  const table = given.table ?? 'users';
  return {
    id: `${table}.${name}`,
    name,
    table,
    view: 'current',
    measure: { kind: 'nulls', column: 'email' },
    filter: null,
    fail: { operator: 'equal', values: [0], unit: 'value' },
    warn: null,
    severity: 'error',
    dimension: null,
    scope: 'all',
    when: { kind: 'command' },
    samplesMax: 5,
    engine: 'duckdb',
    description: null,
    owner: null,
    tags: [],
    origin: { document: 'quality/users.yaml', line: 1, contract: null },
    ...given,
  };
}

export function runOf(id: string, given: Partial<Run> = {}): Run {
  return { id, trigger: 'cron', startedAt: Date.parse('2026-11-21T12:00:00Z'), slots: new Map(), pins: new Map(), ...given };
}

/** Tables without rows: a snapshot each. `commit` adds another. */
export async function tablesOf(names: readonly string[]): Promise<{ catalog: Catalog; commit: (name: string) => Promise<string> }> {
  const catalog = memoryCatalog({ objectStore: memoryStore('lake'), store: memoryCatalogStore(), logger: silentLogger });
  await catalog.ensureNamespace(['raw']);
  let last = 1000;
  const commit = async (name: string): Promise<string> => {
    const ident = { namespace: ['raw'], name };
    const table = await catalog.loadTable(ident);
    const parent = table && snapshotIdOf(table.metadata);
    const id = ++last;
    const outcome = await catalog.commitTable(ident, {
      requirements: [],
      updates: [
        {
          action: 'add-snapshot',
          snapshot: {
            'snapshot-id': id,
            ...(parent === null || parent === undefined ? {} : { 'parent-snapshot-id': Number(parent) }),
            'sequence-number': last,
            'timestamp-ms': Date.now(),
            'manifest-list': `${table?.metadata.location ?? ''}/metadata/snap-${id}.avro`,
            summary: { operation: 'append', 'total-records': '0' },
          },
        },
        { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': id },
      ],
    });
    if (outcome.kind !== 'committed') throw new Error(outcome.message);
    return String(id);
  };
  for (const name of names) {
    await catalog.createTable(
      { namespace: ['raw'], name },
      { schema: { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: false, type: 'long' }] } },
    );
    await commit(name);
  }
  return { catalog, commit };
}

/** Pins as real engines do; asks nothing. */
export function emptyEngine(catalog: Catalog): CheckEngine {
  return {
    dialect: 'duckdb',
    pin: async (name, signal) => {
      const table: LoadedTable | null = await catalog.loadTable({ namespace: ['raw'], name }, signal);
      return (
        table && { name, table, snapshotId: snapshotIdOf(table.metadata), schema: currentSchema(table.metadata), raw: name, current: name }
      );
    },
    rows: async () => ({ columns: [], rows: [] }),
    parse: async () => {
      throw new Error('no statement is parsed here');
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Counts how often each check is measured. */
export function countingMeasurer(measured: Map<string, number>, given: Partial<Measurer> = {}): Measurer {
  return {
    name: 'counting',
    answers: () => true,
    measure: async (checks) => {
      for (const { id } of checks) measured.set(id, (measured.get(id) ?? 0) + 1);
      return new Map(checks.map(({ id }) => [id, exactly(0, 'scan', 10)]));
    },
    ...given,
  };
}

export function partsOf(catalog: Catalog, measurers: readonly Measurer[], given: Partial<RunParts> = {}): RunParts {
  return {
    catalog,
    contracts: null,
    store: memoryCatalogStore().quality,
    objectStore: memoryStore('lake'),
    measurers,
    openEngine: async (_kind, pinned) => emptyEngine(pinned),
    clock: systemClock,
    logger: silentLogger,
    namespace: 'raw',
    limits: { parallel: 2, checkTimeoutMs: 1000, runTimeoutMs: 5000 },
    ...given,
  };
}
