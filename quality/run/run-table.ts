// The checks of one table in one run: pin it, see which results are there already, measure the others, judge and keep.

import type { Contracts, ContractInForce } from '../../catalog/contracts.ts';
import { writtenChain } from '../../lake/raw/offset-chain.ts';
import type { Check } from '../check.ts';
import type { CheckEngine, PinnedTable } from '../engine.ts';
import { judge } from '../judge.ts';
import type { Checkpoint, Finding, MeasureSession } from '../measurer.ts';
import type { CheckResult, Outcome } from '../result.ts';
import { readCheckpoints, writeCheckpoints } from './checkpoints.ts';
import { expectedText, foundText } from './expected-text.ts';
import { failure, measureChecks, type Settled } from './measure-checks.ts';
import { keyOfOutcome, otherTables, resultKey } from './result-key.ts';
import { resultOfRecord, storedResult } from './result-record.ts';
import type { RunParts } from './run-checks.ts';
import type { Run } from './run-record.ts';

export interface TableRun {
  readonly run: Run;
  readonly parts: RunParts;
  /** All of one table and one engine. */
  readonly checks: readonly Check[];
  readonly engineOf: (kind: Check['engine']) => Promise<CheckEngine>;
  /** The table's snapshot is chosen: it belongs to the run from now on. `measuring`: the one check that is measured next. */
  pinned(measuring?: string | null): Promise<void>;
  keep(result: CheckResult, isReused: boolean): void;
}

export async function runTable(table: TableRun, signal: AbortSignal): Promise<void> {
  const { checks, parts } = table;
  const [first] = checks;
  if (!first) return;
  let session: Prepared | Finding;
  try {
    session = await prepare(table, first, signal);
  } catch (error) {
    signal.throwIfAborted();
    session = failure(error);
  }
  if ('kind' in session) {
    const finding = session;
    return keepResults(
      table,
      checks.map((check) => ({ check, finding, durationMs: 0 })),
    );
  }
  await table.pinned();
  const keys = await keysOf(table, session);
  const open = await reuse(table, keys);
  const place: Place = { keys, pinned: session.session.table };
  const given = { measurers: parts.measurers, session: session.session, checkTimeoutMs: parts.limits.checkTimeoutMs };
  for (const part of await partsToMeasure(table, open, place)) {
    if (table.run.recovery) await table.pinned(part[0]?.id ?? null);
    for await (const settled of measureChecks(part, given, signal)) {
      signal.throwIfAborted();
      await keepResults(table, settled, place);
    }
  }
}

/** A check may end its process this often before it is left alone. */
const deathsMax = 3;

/** All together; after the process died, one by one and without those that ended it. */
async function partsToMeasure(table: TableRun, open: readonly Check[], place: Place): Promise<readonly (readonly Check[])[]> {
  const deaths = table.run.recovery?.deaths;
  if (deaths === undefined) return [open];
  const deadly = open.filter(({ id }) => (deaths.get(id) ?? 0) >= deathsMax);
  const reason = `measuring it ended the process of the quality jobs ${deathsMax} times`;
  if (deadly.length > 0)
    await keepResults(
      table,
      deadly.map((check) => ({ check, finding: { kind: 'error', reason }, durationMs: 0 })),
      place,
    );
  return open.filter((check) => !deadly.includes(check)).map((check) => [check]);
}

interface Prepared {
  readonly session: MeasureSession;
}

/** A finding when nothing of this table can be measured. */
async function prepare(
  { run, parts, checks, engineOf }: TableRun,
  { table: name, engine: kind }: Check,
  signal: AbortSignal,
): Promise<Prepared | Finding> {
  const { store, clock, objectStore, contracts, namespace } = parts;
  const engine = await engineOf(kind);
  const table = await engine.pin(name, signal);
  if (table === null) return { kind: 'skipped', reason: `there is no table ${namespace}.${name} yet` };
  const contract = await contractOf(contracts, namespace, name, signal);
  const needsSince = checks.some(({ scope }) => scope === 'new');
  const since = needsSince ? await readCheckpoints(store, name) : new Map<string, Checkpoint>();
  return { session: { runId: run.id, engine, table, contract, store, clock, objectStore, since } };
}

/** It says which columns nobody may see: without an answer nothing is measured. */
async function contractOf(
  contracts: Contracts | null,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ContractInForce | null> {
  return (await contracts?.activeContract({ namespace: [namespace], name }, signal)) ?? null;
}

async function keysOf({ checks, run, parts }: TableRun, { session }: Prepared): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  for (const check of checks) {
    const snapshotIds = [session.table.snapshotId];
    for (const name of otherTables(check, parts.namespace)) snapshotIds.push((await session.engine.pin(name))?.snapshotId ?? null);
    const contractDigest = session.contract?.digest ?? null;
    keys.set(check.id, resultKey({ check, snapshotIds, contractDigest, slot: slotOf(run, check) }));
  }
  return keys;
}

/** Checks whose result is not there yet. */
async function reuse({ checks, parts, keep }: TableRun, keys: ReadonlyMap<string, string>): Promise<readonly Check[]> {
  const found = await parts.store.getResults([...new Set(keys.values())]);
  const byCheck = new Map(found.map((stored) => [stored.checkId, resultOfRecord(stored)]));
  for (const check of checks) {
    const result = byCheck.get(check.id);
    if (result) keep({ ...result, check }, true);
  }
  return checks.filter(({ id }) => !byCheck.has(id));
}

interface Place {
  readonly keys: ReadonlyMap<string, string>;
  readonly pinned: PinnedTable;
}

/** Without a place: of checks that met no snapshot. */
export async function keepResults(table: TableRun, settled: readonly Settled[], place: Place | null = null): Promise<void> {
  const { run, parts } = table;
  const results = settled.map((one) => resultOf(run, one, place?.pinned.snapshotId ?? null, parts.clock.now() - one.durationMs));
  const stored = results.map((result) => {
    const slot = slotOf(run, result.check);
    const key = place?.keys.get(result.check.id) ?? `${result.check.id} ${run.id}`;
    return storedResult(result, keyOfOutcome(key, result.outcome, slot));
  });
  const added = new Set(await parts.store.addResults(stored));
  if (place) await writeCheckpoints(parts.store, place.pinned.name, checkpointsOf(results, place.pinned));
  // Another process may have been first: then its result stands.
  for (const [at, result] of results.entries()) table.keep(result, !added.has(stored[at]?.key ?? ''));
}

function checkpointsOf(results: readonly CheckResult[], { snapshotId, table }: PinnedTable): ReadonlyMap<string, Checkpoint> {
  const next = writtenChain(table.metadata)?.next ?? null;
  const seen = results.filter(
    ({ check, outcome }) => check.scope === 'new' && ['passed', 'warning', 'failed', 'learning'].includes(outcome),
  );
  return new Map(
    seen.flatMap(({ check, startedAt }) => (snapshotId === null ? [] : [[check.id, { snapshotId, checkedAt: startedAt, next }] as const])),
  );
}

function resultOf(run: Run, { check, finding, durationMs }: Settled, snapshotId: string | null, startedAt: number): CheckResult {
  const base = { runId: run.id, check, snapshotId, startedAt, durationMs, expected: expectedText(check) };
  if (finding.kind === 'measured') {
    const { measured, failing, keys } = finding;
    const judgement = judge(check, measured);
    const outcome: Outcome = judgement === 'open' ? 'unknown' : judgement;
    const found = foundText(check, measured);
    const told = finding.reason ?? (outcome === 'passed' ? found : `${found}; expected ${base.expected}`);
    const reason = judgement === 'open' ? `not exact enough to judge: ${found}; expected ${base.expected}` : told;
    return { ...base, outcome, measured, reason, failing: outcome === 'passed' ? null : failing, keys };
  }
  const measured = finding.kind === 'learning' ? finding.measured : null;
  return { ...base, outcome: finding.kind, measured, reason: finding.reason, failing: null, keys: [] };
}

function slotOf(run: Run, check: Check): number {
  return run.slots.get(check.id) ?? run.startedAt;
}
