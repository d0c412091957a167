// Checks on real tables: the worker fills them from a log in memory, DuckDB computes over their files.

import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { Check } from '../../quality/check.ts';
import { openDuckdbEngine } from '../../quality/engine/duckdb-engine.ts';
import type { CheckEngine } from '../../quality/engine.ts';
import type { Finding, Measurer, MeasureSession } from '../../quality/measurer.ts';
import type { Measured } from '../../quality/result.ts';
import { systemClock, type Clock } from '../../runtime/clock.ts';
import type { QueryLab } from './query-fixture.ts';

export interface QualitySession extends AsyncDisposable {
  readonly session: MeasureSession;
  readonly engine: CheckEngine;
}

/** The lab's table as it stands now. */
export async function qualitySession(lab: QueryLab, given: { readonly clock?: Clock; readonly name: string }): Promise<QualitySession> {
  const engine = await openDuckdbEngine({
    catalog: lab.catalog,
    store: lab.store,
    cacheDir: `${lab.directory}/checks-${given.name}`,
    threads: 1,
  });
  const table = await engine.pin(lab.target.ident.name);
  if (table === null) throw new Error('the lab has no table yet');
  const session: MeasureSession = {
    runId: 'run-1',
    engine,
    table,
    contract: null,
    store: memoryCatalogStore().quality,
    clock: given.clock ?? systemClock,
    objectStore: lab.store,
    since: new Map(),
  };
  return { session, engine, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
}

export async function findingOf(measurer: Measurer, check: Check, session: MeasureSession): Promise<Finding | null> {
  return (await measurer.measure([check], session, new AbortController().signal)).get(check.id) ?? null;
}

export async function measuredBy(measurer: Measurer, check: Check, session: MeasureSession): Promise<Measured | null> {
  const finding = await findingOf(measurer, check, session);
  if (finding === null) return null;
  if (finding.kind !== 'measured') throw new Error(`${check.id}: ${finding.kind}, ${finding.reason}`);
  return finding.measured;
}
