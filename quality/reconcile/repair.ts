// `foz verify --repair`: the current rows of a table become its source's again, without an edit of raw: what is missing or
// wrong is sent through the topic once more (postgres-repair.ts, cassandra-repair.ts), and the table is verified again.
// Nothing is sent where the lake is merely behind: comparing waits until it holds what the source held, and fails with
// LAKE_BEHIND when it does not. A repair that is run twice, or dies half-way, does no harm.

import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { identText } from '../../catalog/catalog.ts';
import { cassandraRepair } from './cassandra-repair.ts';
import type { Difference } from './compare-rows.ts';
import { masksOf } from './compared-columns.ts';
import { postgresRepair, signalRecord } from './postgres-repair.ts';
import { lakeRowsInput, reconcile, reconcileKeys, type Reconciled, type ReconcileInput } from './reconcile.ts';
import type { RepairRecord } from './repair-record.ts';

export interface RepairInput extends Omit<ReconcileInput, 'differencesMax' | 'deadlineMs'> {
  readonly topic: string;
  readonly repairId: string;
  /** How the connector of PostgreSQL is told to read rows; null: it listens to no signal topic. */
  readonly signals: { readonly topic: string; readonly topicPrefix: string } | null;
  /** Resolves when all have been written to every replica that is in sync. */
  readonly publish: (records: readonly RepairRecord[], signal: AbortSignal) => Promise<void>;
  readonly keysMax: number;
  readonly keysPerSignal: number;
  /** Of comparing, and of waiting for what was sent. */
  readonly waitMs: number;
  /** Says what would be sent, and sends nothing. */
  readonly isDryRun: boolean;
}

export interface Repaired {
  readonly id: string;
  readonly dryRun: boolean;
  /** Rows that the connector is asked to read again, in so many signals. */
  readonly read: number;
  readonly signals: number;
  /** Rows written and deleted by events, in so many records. */
  readonly written: number;
  readonly deleted: number;
  readonly records: number;
  /** Differences beyond `verify.repair.maxKeys`: for another run. */
  readonly left: number;
  /** Written so lately that they may be on their way. */
  readonly behind: number;
  readonly before: Reconciled;
  /** Null after a dry run. */
  readonly after: Reconciled | null;
}

const recheckPauseMs = 1_000;
/** Rows of Cassandra that still differ then are sent: one that was only on its way takes no harm. */
const recheckMaxMs = 5_000;

export async function repairTable(input: RepairInput, signal: AbortSignal): Promise<Repaired> {
  const before = await compared(input, signal);
  requireKeys(input, before);
  const chosen = before.differences.slice(0, input.keysMax);
  const plan =
    input.kind === 'postgres' ? await postgresPlan(input, before, chosen, signal) : await cassandraPlan(input, before, chosen, signal);
  const { records, signals, ...counts } = plan;
  const left = before.missing + before.extra + before.differing - chosen.length;
  const told = { id: input.repairId, dryRun: input.isDryRun, ...counts, signals: signals.length, records: records.length, left, before };
  if (input.isDryRun) return { ...told, after: null };
  if (chosen.length > 0) {
    await input.publish(records, signal);
    await input.publish(signals, signal);
    await settled(input, before, chosen, signal);
  }
  return { ...told, after: await compared(input, signal) };
}

function compared(input: RepairInput, signal: AbortSignal): Promise<Reconciled> {
  const deadlineMs = systemClock.now() + input.waitMs;
  return reconcile({ ...input, deadlineMs, recheckMaxMs, differencesMax: input.keysMax }, signal);
}

interface Plan extends Pick<Repaired, 'read' | 'written' | 'deleted' | 'behind'> {
  readonly records: readonly RepairRecord[];
  readonly signals: readonly RepairRecord[];
}

/** Rows whose key is masked in the lake can neither be asked for nor be written. */
function requireKeys({ masks, ident }: RepairInput, { table, differences }: Reconciled): void {
  const inForce = masksOf(masks, table);
  const masked = table.key.filter((name) => inForce?.whole.has(name));
  if (masked.length === 0 || differences.length === 0) return;
  throw new LakeError('CONFIG_INVALID', `${identText(ident)} cannot be repaired row by row: its key is masked`, {
    context: {
      expected: 'a key that the lake holds as it is',
      found: `masked: ${masked.join(', ')}`,
      next: 'foz table add TABLE --snapshot',
    },
  });
}

async function postgresPlan(
  input: RepairInput,
  before: Reconciled,
  differences: readonly Difference[],
  signal: AbortSignal,
): Promise<Plan> {
  const { position, table } = before;
  if (position.kind !== 'postgres') throw new LakeError('INTERNAL', `a PostgreSQL reading says it is ${position.kind}`);
  const rows = await lakeRowsInput(input, table, [], position, signal);
  const { snapshot, atMs } = position;
  const found = await postgresRepair({ ...input, table, rows, snapshot, atMs, differences, nowMs: systemClock.now() }, signal);
  const { topic, topicPrefix } = requireSignals(input, found.conditions.length);
  const collection = `${table.name.namespace}.${table.name.table}`;
  const signals = found.conditions.map((condition) =>
    signalRecord({ topic, topicPrefix, collection, repairId: input.repairId }, condition),
  );
  return { records: found.records, signals, read: found.read, written: 0, deleted: found.deleted, behind: 0 };
}

function requireSignals({ signals, ident }: RepairInput, count: number): { readonly topic: string; readonly topicPrefix: string } {
  if (signals !== null) return signals;
  if (count === 0) return { topic: '', topicPrefix: '' };
  throw new LakeError('CONFIG_INVALID', `${identText(ident)} cannot be repaired: its connector is not configured here`, {
    context: { expected: 'connectors.postgres in foz.yaml', found: 'no such setting' },
  });
}

async function cassandraPlan(
  input: RepairInput,
  before: Reconciled,
  differences: readonly Difference[],
  signal: AbortSignal,
): Promise<Plan> {
  const { position, table } = before;
  const rows = await lakeRowsInput(input, table, [], position, signal);
  const { records, written, deleted, behind } = await cassandraRepair(
    { ...input, table, rows, differences, nowMs: systemClock.now() },
    signal,
  );
  if (behind.length > 0 && behind.length === differences.length)
    throw new LakeError(
      'LAKE_BEHIND',
      `${identText(input.ident)} is behind its source: all rows that differ were written in the last minute`,
      {
        context: { expected: 'an agent that keeps up', found: `${behind.length} rows newer than all that has arrived`, next: 'foz status' },
      },
    );
  return { records, signals: [], read: 0, written, deleted, behind: behind.length };
}

/** Until the keys agree or the time is up: verifying again says what is left. */
async function settled(input: RepairInput, before: Reconciled, differences: readonly Difference[], signal: AbortSignal): Promise<void> {
  const deadlineMs = systemClock.now() + input.waitMs;
  const keys = differences.map(({ key }) => key);
  while (systemClock.now() < deadlineMs) {
    await systemClock.sleep(recheckPauseMs, signal);
    const found = await reconcileKeys({ ...input, deadlineMs, differencesMax: 1 }, before.table, keys, signal);
    if (found.differences.length === 0) return;
  }
}
