// A session of checks over an engine, without a runner: what the measurers of rows say, judged.

import type { ContractInForce } from '../../catalog/contracts.ts';
import type { ContractColumn } from '../../contracts/contract.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import type { Check } from '../../quality/check.ts';
import type { CheckEngine } from '../../quality/engine.ts';
import { judge } from '../../quality/judge.ts';
import type { Checkpoint, Finding } from '../../quality/measurer.ts';
import { scanMeasurers } from '../../quality/plan/scan-measurers.ts';
import { systemClock } from '../../runtime/clock.ts';

export interface Found {
  readonly outcome: 'passed' | 'warning' | 'failed' | 'open' | 'unknown' | 'error' | 'skipped' | 'learning';
  readonly finding: Finding;
}

export interface MeasureOptions {
  readonly engine: CheckEngine;
  readonly store: ObjectStore;
  readonly now: number;
  readonly contracts?: ReadonlyMap<string, ContractInForce>;
  readonly since?: ReadonlyMap<string, Checkpoint>;
}

/** By check id; checks of several tables. */
export async function measureAll(checks: readonly Check[], options: MeasureOptions): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  const { engine, store, now, contracts, since = new Map() } = options;
  for (const [name, own] of Map.groupBy(checks, ({ table }) => table)) {
    const table = await engine.pin(name);
    if (!table) throw new Error(`no table ${name}`);
    const session = {
      runId: 'run',
      engine,
      table,
      since,
      contract: contracts?.get(name) ?? null,
      store: memoryCatalogStore().quality,
      clock: { ...systemClock, now: () => now },
      objectStore: store,
    };
    for (const measurer of scanMeasurers) {
      const asked = own.filter(({ id, measure }) => measurer.answers(measure) && !found.has(id));
      if (asked.length === 0) continue;
      for (const [id, finding] of await measurer.measure(asked, session, AbortSignal.timeout(120_000))) {
        const check = own.find((one) => one.id === id);
        if (!check) throw new Error(id);
        found.set(id, { finding, outcome: finding.kind === 'measured' ? judge(check, finding.measured) : finding.kind });
      }
    }
  }
  return found;
}

/** A contract that says which columns are the key and which are personal. */
export function contractOf(table: string, key: readonly string[], personal: readonly string[] = []): ContractInForce {
  const column = (name: string): ContractColumn => ({
    name,
    id: name,
    physicalType: null,
    keyPosition: key.includes(name) ? key.indexOf(name) + 1 : null,
    isRequired: false,
    isUnique: false,
    description: null,
    classification: null,
    pii: personal.includes(name) ? 'name' : null,
    mask: null,
    tags: [],
  });
  const contractTable = {
    name: table,
    physicalName: null,
    description: null,
    body: { type: 'object' },
    columns: [...new Set([...key, ...personal])].map(column),
    tags: [],
    quality: [],
  };
  return {
    contract: {
      id: table,
      version: '1.0.0',
      state: 'active',
      name: null,
      description: null,
      domain: null,
      owner: null,
      tags: [],
      compatibility: 'backward',
      policy: 'flag',
      tables: [contractTable],
      serviceLevels: [],
      rest: {},
    },
    table: contractTable,
    document: { name: `${table}.yaml`, text: '' },
    digest: '0',
    state: 'active',
    effective: { kind: 'now' },
    activatedAt: 0,
  };
}
